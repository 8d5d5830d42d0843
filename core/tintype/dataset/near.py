"""Images that occur more than once in datasets: the same bytes, or the same image in other bytes.

Within a file that is repetition; between splits it is a leak, for the model is tested on what it
has learnt. Each distinct image is decoded once, small.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import ImagePart
from tintype.dataset.files import image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.parsing import ParsedLine
from tintype.errors import DatasetError
from tintype.threads import in_thread

if TYPE_CHECKING:
    from tintype.images.likeness import Likeness

ROWS_AT_ONCE = 64
BYTES_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where an image stands."""

    path: Path
    line: int
    """1-based."""
    ordinal: int
    """Which image of the row, from 0."""


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """Images that are the same or alike."""

    places: tuple[ImagePlace, ...]
    """At least two, in the order of the files and lines."""
    same: bool
    """Whether all have the same bytes."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files it occurs in."""
        return tuple(dict.fromkeys(place.path for place in self.places))

    @property
    def is_leak(self) -> bool:
        """Whether it occurs in more than one file."""
        return len(self.paths) > 1


@dataclass(frozen=True, slots=True)
class Repeats:
    """How far the search has come."""

    rows: int = 0
    """Looked at so far."""
    unread: int = 0
    """Rows of those that are no JSON: of these nothing is known."""
    images: int = 0
    """Of those rows."""
    distinct: int = 0
    """With different bytes."""
    unknown: int = 0
    """That could not be looked at: on the network, missing or damaged."""
    groups: tuple[ImageGroup, ...] = ()
    """On the last report only."""
    repeated: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    """On the last report only: lines that have the same words about the same or a like image as an
    earlier line of their file."""

    def leaking(self, path: Path) -> tuple[int, ...]:
        """The lines of a file with an image that another file has too, in order."""
        found = {
            place.line
            for group in self.groups
            if group.is_leak
            for place in group.places
            if place.path == path
        }
        return tuple(sorted(found))


async def find_repeats(datasets: Sequence[Dataset]) -> AsyncGenerator[Repeats, None]:
    """Find the images that occur more than once in one or several open datasets.

    Images on the network are not fetched: they are compared by their addresses alone.

    Raises:
        DatasetError: if a file cannot be read.
    """
    search = await in_thread(_Search)
    for dataset in datasets:
        start = 0
        while lines := await dataset.lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
            start += len(lines)
            await in_thread(search.add, lines, dataset)
            yield search.report()
    yield await in_thread(search.finished)


class _Search:
    def __init__(self) -> None:
        from tintype.images.likeness import Gallery, likeness  # with NumPy, which only this needs

        self._gallery, self._likeness = Gallery(), likeness
        self._group_of: dict[bytes, int] = {}
        self._alone: dict[bytes, list[ImagePlace]] = {}
        self._places: dict[int, list[tuple[bytes, ImagePlace]]] = {}
        self._said: dict[bytes, list[tuple[Path, int]]] = {}
        """Lines by their words and the groups of their images."""
        self._rows = self._unread = self._images = self._unknown = 0

    def add(self, lines: Sequence[ParsedLine], dataset: Dataset) -> None:
        """Look at the images of some rows."""
        for line in lines:
            self._rows += 1
            seen = [self._look(line, part, dataset) for part in line.row.images]
            self._unread += bool(line.row.flaw)
            if not line.row.flaw:
                said = [(one.role, one.text) for one in read_example(line.row).messages]
                key = hashlib.blake2b(json.dumps([seen, said]).encode(), digest_size=16).digest()
                self._said.setdefault(key, []).append((dataset.path, line.row.line))

    def _look(self, line: ParsedLine, part: ImagePart, dataset: Dataset) -> str:
        """Put an image to those that are like it; what all of them are known by."""
        self._images += 1
        place = ImagePlace(dataset.path, line.row.line, part.ordinal)
        try:
            if part.origin == "url":
                raise DatasetError("Images on the network are not fetched.")
            data = line.data(part.ordinal)
            return self._add(
                image_bytes(line.url(part.ordinal), dataset.folder) if data is None else data,
                place,
            )
        except DatasetError:
            self._unknown += 1
            key = line.key(part.ordinal)
            self._alone.setdefault(key, []).append(place)
            return key.hex()

    def _add(self, data: bytes, place: ImagePlace) -> str:
        key = hashlib.sha256(data).digest()
        if key not in self._group_of:
            self._group_of[key] = self._gallery.add(self._likeness(data))
        group = self._group_of[key]
        self._places.setdefault(group, []).append((key, place))
        return str(group)

    def report(self) -> Repeats:
        """How far it has come."""
        distinct = len(self._group_of) + len(self._alone)
        return Repeats(self._rows, self._unread, self._images, distinct, self._unknown)

    def finished(self) -> Repeats:
        """What was found, leaks first, then the largest groups."""
        groups = [
            ImageGroup(tuple(place for _, place in found), len({key for key, _ in found}) == 1)
            for found in self._places.values()
            if len(found) > 1
        ]
        groups += [
            ImageGroup(tuple(places), same=True)
            for places in self._alone.values()
            if len(places) > 1
        ]
        groups.sort(key=lambda group: (not group.is_leak, -len(group.places)))
        repeated: dict[Path, list[int]] = {}
        for lines in self._said.values():
            seen: set[Path] = set()
            for path, line in lines:
                if path in seen:
                    repeated.setdefault(path, []).append(line)
                seen.add(path)
        again = {path: tuple(sorted(lines)) for path, lines in repeated.items()}
        return replace(self.report(), groups=tuple(groups), repeated=again)


@dataclass(frozen=True, slots=True)
class LikenessProgress:
    """How far the search for images like one has come."""

    rows: int = 0
    """Looked at so far."""
    found: tuple[int, ...] = ()
    """On the last report only: indices of rows, the one itself first, then the most alike."""


async def most_alike(
    dataset: Dataset, index: int, ordinal: int = 0, *, most: int = 24
) -> AsyncGenerator[LikenessProgress, None]:
    """Find the rows whose images look most like an image of a row, by its fingerprint.

    Images on the network, and those that cannot be read, are passed over.

    Raises:
        DatasetError: if the image cannot be had, or the file cannot be read.
    """
    from tintype.images.likeness import distance, likeness

    wanted = await in_thread(likeness, await dataset.image(index, ordinal))
    nearest: dict[int, float] = {}
    known: dict[bytes, Likeness | None] = {}

    def look(lines: Sequence[ParsedLine]) -> None:
        for line in lines:
            for part in line.row.images:
                key = line.key(part.ordinal)
                if key not in known:
                    known[key] = _likeness_of(line, part, dataset)
                if (seen := known[key]) is not None:
                    far = min(distance(wanted, seen), nearest.get(line.row.index, 9.0))
                    nearest[line.row.index] = far

    rows = 0
    while lines := await dataset.lines(rows, ROWS_AT_ONCE, BYTES_AT_ONCE):
        await in_thread(look, lines)
        rows += len(lines)
        yield LikenessProgress(rows)
    nearest.pop(index, None)
    others = sorted(nearest, key=lambda row: (nearest[row], row))
    yield LikenessProgress(rows, (index, *others[:most]))


def _likeness_of(line: ParsedLine, part: ImagePart, dataset: Dataset) -> "Likeness | None":
    from tintype.images.likeness import likeness

    try:
        if part.origin == "url":
            return None
        data = line.data(part.ordinal)
        url = line.url(part.ordinal)
        return likeness(image_bytes(url, dataset.folder) if data is None else data)
    except DatasetError:
        return None
