"""Two versions of a dataset compared: rows and images that were added, are gone, or changed.

Rows are the same by what they hold, wherever they stand. Of those that are only in one version, two
are a changed row if they ask the same of the same images, or else show the same images.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field

from tintype.dataset.conversation import example as read_example
from tintype.dataset.handle import Dataset
from tintype.dataset.parsing import ParsedLine
from tintype.threads import in_thread

ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True)
class ChangedPair:
    """A row of one version and what it is in the other."""

    before: int
    """Its line, 1-based; likewise the next."""
    after: int
    what: str
    """`answer`, or `question` if that changed too."""


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """How far the comparison has come, and at its end what differs."""

    read: int = 0
    """Rows of both versions, so far."""
    same: int = 0
    """Rows that both have."""
    added: tuple[int, ...] = ()
    """Lines of the second version that the first has not, in order."""
    gone: tuple[int, ...] = ()
    """Lines of the first version that the second has not."""
    changed: tuple[ChangedPair, ...] = ()
    images_added: int = 0
    images_gone: int = 0
    complete: bool = False

    @property
    def is_none(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.gone or self.changed)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    keys: tuple[bytes, bytes, bytes]
    """Of the content, the question and the images; the last is empty where there is none."""


@dataclass(slots=True)
class _Version:
    rows: list[_Row] = field(default_factory=list)
    images: set[bytes] = field(default_factory=set)

    def add(self, lines: Iterable[ParsedLine]) -> None:
        for line in lines:
            if not line.row.flaw:
                keys = [_image(line, ordinal) for ordinal in range(len(line.row.images))]
                self.images.update(keys)
                value = json.dumps(line.row.value, sort_keys=True).encode("ascii")
                shown = read_example(line.row)
                asked = [f"{message.role}\n{message.text}" for message in shown.prompt]
                every = [*keys, *line.other_keys()]
                question = _digest(["\0".join(asked).encode("utf-8", "surrogatepass"), *every])
                own = _digest(keys) if keys else b""
                content = _digest([value, *every])
                self.rows.append(_Row(line.row.line, (content, question, own)))


async def compare_versions(
    before: Dataset, after: Dataset
) -> AsyncGenerator[VersionDifference, None]:
    """Compare two open datasets; lines that are no JSON are left out.

    Raises:
        DatasetError: if a file cannot be read.
    """
    versions = _Version(), _Version()
    read = 0
    for dataset, version in zip((before, after), versions, strict=True):
        start = 0
        while lines := await dataset.lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
            start += len(lines)
            read += len(lines)
            await in_thread(version.add, lines)
            yield VersionDifference(read)
    yield await in_thread(_difference, *versions, read)


def _difference(before: _Version, after: _Version, read: int) -> VersionDifference:
    same, old, new = _paired(before.rows, after.rows, 0)
    answers, old, new = _paired(old, new, 1)
    questions, old, new = _paired(old, new, 2)
    changed = [ChangedPair(one, two, "answer") for one, two in answers.items()]
    changed += [ChangedPair(one, two, "question") for one, two in questions.items()]
    return VersionDifference(
        read,
        len(same),
        tuple(row.line for row in new),
        tuple(row.line for row in old),
        tuple(sorted(changed, key=lambda pair: pair.after)),
        len(after.images - before.images),
        len(before.images - after.images),
        complete=True,
    )


def _paired(
    old: Sequence[_Row], new: Sequence[_Row], key: int
) -> tuple[dict[int, int], list[_Row], list[_Row]]:
    """Rows that have a key in common, each once, as line before → line after; and the others."""
    waiting: dict[bytes, list[int]] = {}
    for row in reversed(old):
        if row.keys[key]:
            waiting.setdefault(row.keys[key], []).append(row.line)
    pairs: dict[int, int] = {}
    left: list[_Row] = []
    for row in new:
        lines = waiting.get(row.keys[key])
        if lines:
            pairs[lines.pop()] = row.line
        else:
            left.append(row)
    return pairs, [row for row in old if row.line not in pairs], left


def _image(line: ParsedLine, ordinal: int) -> bytes:
    """What is equal for equal images: by their bytes, where the row has them."""
    data = line.data(ordinal)
    return line.key(ordinal) if data is None else hashlib.sha256(data).digest()[:16]


def _digest(pieces: Sequence[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()
