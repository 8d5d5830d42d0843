"""Where the image of a question came from, written so that it can be found again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class QuestionOrigin:
    """A dataset's row, a file, an address; or none of them."""

    path: Path | None = None
    """The dataset, if there is a line; else the image."""
    line: int = 0
    """1-based, as `Row.line`; 0 where it is no row."""
    url: str = ""

    def __str__(self) -> str:
        """As it is kept in the history, and as `origin` reads it."""
        if self.path is None:
            return self.url
        return f"{self.path}:{self.line}" if self.line else str(self.path)


def row_origin(path: Path, line: int) -> QuestionOrigin:
    """A row of a dataset."""
    return QuestionOrigin(path.absolute(), line)


def origin(source: str) -> QuestionOrigin:
    """Read what was kept; whether it is still there is not looked at.

    What came from a pipe, or from an earlier version, is no origin: all fields are empty.
    """
    if source.lower().startswith(("http://", "https://")):
        return QuestionOrigin(url=source)
    if not source.startswith("/"):
        return QuestionOrigin()
    name, _, line = source.rpartition(":")
    if name and line.isdecimal() and len(line) < 12:
        return QuestionOrigin(Path(name), int(line))
    return QuestionOrigin(Path(source))


def is_same_image(data: bytes, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an image is the one that kept messages refer to; true if they refer to none."""
    digests = [url.split(";")[0][7:] for url in _urls(messages) if url.startswith("sha256:")]
    return not digests or sha256(data).hexdigest() in digests


def _urls(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            image = part.get("image_url") if isinstance(part, Mapping) else None
            if isinstance(image, Mapping) and isinstance(image.get("url"), str):
                yield image["url"]
