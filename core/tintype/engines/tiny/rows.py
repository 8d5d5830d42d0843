"""A JSONL of chat rows as things to learn.

Each assistant message that is to be learnt (`weight` not 0) makes one lesson: what was said and
shown before it, and its text. The lessons of a row stay together: a batch of so many examples is
so many rows, as OpenAI counts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset import Example, Message, example, image_bytes, read_rows
from tintype.errors import EngineError


@dataclass(frozen=True, slots=True)
class RowPrompt:
    """What comes before an answer, as text."""

    earlier: str
    """All turns up to and including the last answer given."""
    asked: str
    """The turns since then."""

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.earlier}\n{self.asked}"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One answer to learn."""

    row: int
    """Which row it comes from, counting those with lessons."""
    images: tuple[int, ...]
    """Indices into `Lessons.images`."""
    prompt: RowPrompt
    answer: str


@dataclass(frozen=True, slots=True)
class Lessons:
    """All there is to learn in a file."""

    lessons: tuple[Lesson, ...]
    rows: int
    """Rows that hold a lesson."""
    images: tuple[str, ...]
    """The URL of every distinct image."""
    folder: Path
    """Where those that are files lie."""

    def image(self, index: int) -> bytes:
        """The bytes of an image.

        Raises:
            DatasetError: if it cannot be read.
        """
        return image_bytes(self.images[index], self.folder)


def prompt_of(turns: Iterable[tuple[str, str]]) -> RowPrompt:
    """A conversation of (role, text) as a prompt."""
    earlier: list[str] = []
    asked: list[str] = []
    for role, text in turns:
        asked.append(text)
        if role == "assistant":
            earlier, asked = earlier + asked, []
    return RowPrompt("\n".join(earlier), "\n".join(asked))


def read_lessons(path: Path, pulse: Callable[[], None] = lambda: None) -> Lessons:
    """Read a file; `pulse` is called for every row and may raise to stop.

    Raises:
        EngineError: if the file holds nothing to learn.
    """
    images: dict[str, int] = {}
    lessons: list[Lesson] = []
    rows = 0
    for row, urls in read_rows(path):
        pulse()
        found = list(_of_row(example(row), urls, rows, images)) if not row.flaw else []
        lessons.extend(found)
        rows += bool(found)
    if not lessons:
        raise EngineError(
            f"{path.name} has nothing to learn: no assistant message with text and a weight "
            "other than 0.",
            advice="Give every row an assistant message with the answer.",
        )
    return Lessons(tuple(lessons), rows, tuple(images), path.parent)


def _of_row(
    read: Example, urls: Sequence[str], row: int, images: dict[str, int]
) -> Iterator[Lesson]:
    """The lessons of one row; new images are added to `images`."""
    for at, message in enumerate(read.messages):
        if message.role != "assistant" or message.weight == 0 or not message.text:
            continue
        before = read.messages[:at]
        shown = tuple(
            images.setdefault(urls[image.ordinal], len(images))
            for earlier in before
            for image in earlier.images
        )
        yield Lesson(row, shown, prompt_of(_said(before)), message.text)


def _said(messages: Iterable[Message]) -> Iterator[tuple[str, str]]:
    return ((message.role, message.text) for message in messages)
