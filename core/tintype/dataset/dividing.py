"""A dataset divided: into splits, folds, or a subset of its rows.

The source is read twice and never written. The files appear together or not at all, rows keep their
order, and a row in which nothing changes is copied byte for byte. Images in files are embedded,
unless everything is written into the dataset's own folder, where their names still hold.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.dataset.conversation import example as read_example
from tintype.dataset.embed import Exported, distribute
from tintype.dataset.example import Example
from tintype.dataset.facets import SHORT_ANSWER
from tintype.dataset.files import image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin
from tintype.dataset.sampling import RowTraits, apportioned, drawn, drawn_groups, grouped
from tintype.dataset.splits import SPLITS
from tintype.dataset.treatment import Treatment
from tintype.detection import labels_in
from tintype.errors import DatasetError
from tintype.threads import in_thread

if TYPE_CHECKING:
    from tintype.images.likeness import Gallery

BYTES_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True)
class Divided:
    """How far a division has come."""

    read: int = 0
    """Rows looked at so far, by the first reading."""
    written: Exported = field(default_factory=Exported)
    """By the second."""
    rows: Mapping[Path, int] = field(default_factory=dict)
    """Rows of each file to be, once that is known."""
    images: Mapping[Path, int] = field(default_factory=dict)
    """Groups of rows that share images, in each file; likewise."""


Draw = Callable[[Sequence[RowTraits]], Mapping[int, Collection[Path]]]
"""Which files each row goes to: its index → paths."""


async def divide(
    dataset: Dataset,
    draw: Draw,
    *,
    near: bool = False,
    replace_files: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[Divided, None]:
    """Write the rows of a dataset into the files that a draw gives them.

    Lines that are no JSON go nowhere.

    Args:
        dataset: Open.
        draw: What goes where; `splitting`, `folding` and `picking` make some.
        near: Whether images that are alike, though not of the same bytes, count as one: each is
            decoded for that.
        replace_files: Whether files that exist may be overwritten.
        dry_run: Whether nothing is written: the last report says what would be.

    Raises:
        DatasetError: if the file cannot be read, nothing is left to write, or a target is the
            source, exists or cannot be written.
    """
    done, keys = Divided(), _ImageKeys(dataset.folder, near=near)
    traits: list[RowTraits] = []
    pace = RowPace()
    while lines := await dataset.lines(done.read, pace.rows, BYTES_AT_ONCE):
        traits += await in_thread(pace.work, len(lines), _traits_of, lines, keys)
        done = replace(done, read=done.read + len(lines))
        yield done
    where = await in_thread(draw, traits)
    done = await in_thread(_counted, done, traits, where)
    if not done.rows:
        raise DatasetError(f"{dataset.path.name} has no row to write.", path=dataset.path)
    yield done
    if dry_run:
        return
    targets = tuple(done.rows)
    beside = all(path.parent == dataset.path.parent for path in targets)
    steps = distribute(
        dataset,
        lambda _, index: where.get(index, ()),
        Treatment(embed=not beside),
        targets=targets,
        replace=replace_files,
    )
    async with aclosing(steps):
        async for written in steps:
            yield replace(done, written=written)


def splitting(
    folder: Path, *, valid: Fraction, test: Fraction, seed: int = 0, stratified: bool = False
) -> Draw:
    """Draw `train.jsonl`, `valid.jsonl` and `test.jsonl` in a folder; shares are of the rows."""
    shares = (1 - valid - test, valid, test)
    paths = [folder / f"{name}.jsonl" for name in SPLITS]

    def draw(rows: Sequence[RowTraits]) -> dict[int, tuple[Path, ...]]:
        found = apportioned(grouped(rows), shares, seed=seed, stratified=stratified)
        return {index: (paths[part],) for index, part in found.items()}

    return draw


def folding(folder: Path, folds: int, *, seed: int = 0, stratified: bool = False) -> Draw:
    """Draw `fold-1/train.jsonl`, `fold-1/valid.jsonl`, …: each row is in one `valid.jsonl`."""

    def draw(rows: Sequence[RowTraits]) -> dict[int, tuple[Path, ...]]:
        shares = [Fraction(1, folds)] * folds
        found = apportioned(grouped(rows), shares, seed=seed, stratified=stratified)
        names = {True: "valid.jsonl", False: "train.jsonl"}
        return {
            index: tuple(folder / f"fold-{at + 1}" / names[at == part] for at in range(folds))
            for index, part in found.items()
        }

    return draw


def picking(
    target: Path, count: int, *, how: str = "random", seed: int = 0, by_image: bool = False
) -> Draw:
    """Draw a subset of so many rows, or of all rows of so many images.

    Args:
        target: The file.
        count: Rows, or images.
        how: `first`, `random`, or `stratified` by label.
        seed: Of the draw.
        by_image: Whether images are counted; they are drawn by chance.
    """

    def draw(rows: Sequence[RowTraits]) -> dict[int, tuple[Path, ...]]:
        if by_image:
            chosen: Sequence[int] = drawn_groups(grouped(rows), count, seed=seed)
        elif how == "first":
            chosen = [row.index for row in rows[:count]]
        else:
            chosen = drawn(rows, count, seed=seed, stratified=how == "stratified")
        return dict.fromkeys(chosen, (target,))

    return draw


def labels_of(shown: Example) -> frozenset[str]:
    """Return the labels of a row: those of its boxes, else its answer if that is short."""
    answer = shown.answer.strip()
    if labels := labels_in(answer):
        return frozenset(labels)
    return frozenset({answer}) if 0 < len(answer) <= SHORT_ANSWER else frozenset()


def _traits_of(lines: Sequence[ParsedLine], keys: "_ImageKeys") -> list[RowTraits]:
    return [_traits(line, keys) for line in lines if not line.row.flaw]


def _traits(line: ParsedLine, keys: "_ImageKeys") -> RowTraits:
    shown = read_example(line.row)
    found = tuple(keys.of(line, ordinal) for ordinal in range(len(line.row.images)))
    if not found:
        said = "\n".join(" ".join(message.text.split()) for message in shown.messages)
        found = (_digest(said.encode("utf-8", "surrogatepass")),)
    return RowTraits(line.row.index, found, labels_of(shown))


def _gallery() -> "Gallery":
    from tintype.images.likeness import Gallery  # with NumPy, which only this needs

    return Gallery()


class _ImageKeys:
    """Keys that are equal for images of equal bytes, or for images that are alike."""

    def __init__(self, folder: Path, *, near: bool) -> None:
        self._folder = folder
        self._gallery = _gallery() if near else None
        self._alike: dict[str, str] = {}

    def of(self, line: ParsedLine, ordinal: int) -> str:
        """The key of an image of a row; one that cannot be read goes by its name."""
        data = line.data(ordinal)
        if data is None:
            url = line.url(ordinal)
            if origin(url) == "url":
                return url
            try:
                data = image_bytes(url, self._folder)
            except DatasetError:
                return _digest(url.encode("utf-8", "surrogatepass"))
        key = hashlib.sha256(data).hexdigest()
        if self._gallery is None:
            return key
        if key not in self._alike:
            self._alike[key] = self._like(data) or key
        return self._alike[key]

    def _like(self, data: bytes) -> str:
        """The name of the images that one is like; empty if it cannot be decoded."""
        from tintype.images.likeness import likeness

        assert self._gallery is not None
        try:
            return f"like {self._gallery.add(likeness(data)):08}"
        except DatasetError:
            return ""


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _counted(
    done: Divided, traits: Sequence[RowTraits], where: Mapping[int, Collection[Path]]
) -> Divided:
    rows: dict[Path, int] = {}
    images: dict[Path, int] = {}
    for group in grouped(traits):
        parts = [where.get(index, ()) for index in group.rows]
        for path in {path for paths in parts for path in paths}:
            images[path] = images.get(path, 0) + 1
        for path in (path for paths in parts for path in paths):
            rows[path] = rows.get(path, 0) + 1
    ordered = sorted(rows, key=lambda path: (path.parent, _place(path)))
    return replace(
        done,
        rows={path: rows[path] for path in ordered},
        images={path: images[path] for path in ordered},
    )


def _place(path: Path) -> int:
    names = [f"{name}.jsonl" for name in SPLITS]
    return names.index(path.name) if path.name in names else 0
