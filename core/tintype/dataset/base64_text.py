"""Base64 that stands inside a text, said in a few words instead of a wall of letters.

An image pasted into a prompt, a data URL in Markdown, bytes spelt out by another tool: what a
person is to see is that it is there and how large it is.
"""

import re
from dataclasses import replace

from tintype.dataset.example import Example, Message, TextPart

FEWEST = 120
"""Characters from which a run of base64 letters is no word, path or hash any more."""

_RUN = re.compile(
    r"(?:data:(?P<type>[\w.+-]+/[\w.+-]+)?[^,\s]{0,100};base64,\s*)?"
    r"(?P<data>[A-Za-z0-9+/_-]{60,}(?:(?:\s|\\n|\\r){1,4}[A-Za-z0-9+/_-]{16,})*={0,2})"
)
_HEADS = {
    "/9j/": "image/jpeg",
    "iVBOR": "image/png",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBER": "application/pdf",
}
"""How the base64 of a file of each kind begins."""


def elided(text: str) -> str:
    """The text with each run of base64 replaced by its kind and size: `▣ image/png 12.0 KB`.

    A run has at least 120 letters, in one line or in several, with upper and lower case and
    digits among them; a data URL is replaced with its head.
    """
    return _RUN.sub(_said, text) if len(text) >= FEWEST else text


def displayed(example: Example) -> Example:
    """A conversation as people look at it: base64 inside its texts is elided."""
    return replace(example, messages=tuple(map(_displayed, example.messages)))


def _displayed(message: Message) -> Message:
    parts = tuple(
        TextPart(elided(part.text)) if isinstance(part, TextPart) else part
        for part in message.parts
    )
    return replace(message, parts=parts)


def _said(found: re.Match[str]) -> str:
    data = found["data"]
    mixed = re.search("[a-z]", data) and re.search("[A-Z]", data) and re.search("[0-9]", data)
    if len(data) < FEWEST or not (mixed or found["type"]):
        return found[0]
    kind = found["type"] or next(
        (kind for head, kind in _HEADS.items() if data.startswith(head)), ""
    )
    size = len("".join(data.split())) * 3 / 4000
    return f"▣ {kind or 'base64'} {size:,.1f} KB inside the text"
