"""The chat row as values.

A row of JSON may hold megabytes of base64. It is parsed when it is needed, the images' URLs are
taken out at once (`ImagePart` says where an image is, not what it is), and the text that is left
is small. `Row` is what the rules judge: the JSON as it stands, however odd. `Example` is what
people look at and engines learn from: messages of text and images.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["data", "url", "file"]


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image in a message, by reference."""

    ordinal: int
    """Which image of the row, from 0, in the order of the JSON."""
    origin: Origin
    """A data URL in the row, an http(s) URL, or a file relative to the dataset."""
    place: str
    """Where in the row, e.g. `messages[1].content[0]`."""
    reference: str = ""
    """The URL or the relative path; for a data URL only its head, e.g. `data:image/png;base64,`."""
    media_type: str = ""
    """As declared in a data URL; the bytes may say otherwise."""
    encoded_chars: int = 0
    """Length of the base64 text of a data URL."""
    misspelling: str = ""
    """How the data are miswritten, as a phrase such as `line breaks or spaces in it`; empty if they
    are a data URL without white space."""
    detail: str = "auto"
    """`auto`, `low`, `high`, or whatever the row says."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text in a message."""

    text: str


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: str
    parts: tuple[Part, ...]
    weight: float | None = None
    """On assistant messages: 0 means do not learn this one; none means 1."""
    name: str | None = None
    tool_calls: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        """All text of the message, parts joined by a newline."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The images of the message, in order."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file, parsed, its data URLs taken out."""

    index: int
    """0-based among the rows that are not blank."""
    line: int
    """1-based physical line in the file, as editors and providers count."""
    offset: int
    """Where the line begins, in bytes."""
    size_bytes: int
    """Length of the line without its line end."""
    value: Any = None
    """The JSON value; every data URL in it is replaced by its head. None if it cannot be parsed."""
    images: tuple[ImagePart, ...] = ()
    """Every image of the row, those in odd places too."""
    flaw: str = ""
    """Empty, or why the line is no JSON: a sentence with the column where it breaks."""
    oddities: tuple[str, ...] = ()
    """What parses, but not alike everywhere: a key given twice, half a surrogate pair, a byte order
    mark. A sentence each."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row that can be read as a conversation."""

    index: int
    line: int
    messages: tuple[Message, ...]
    tools: tuple[Any, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Top-level keys other than `messages`, `tools`."""

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The images of all messages, in order."""
        return tuple(image for message in self.messages for image in message.images)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """What comes before the last assistant message (all of it, if there is none)."""
        for at in range(len(self.messages) - 1, -1, -1):
            if self.messages[at].role == "assistant":
                return self.messages[:at]
        return self.messages

    @property
    def answer(self) -> str:
        """The last assistant message's text, or empty."""
        for message in reversed(self.messages):
            if message.role == "assistant":
                return message.text
        return ""
