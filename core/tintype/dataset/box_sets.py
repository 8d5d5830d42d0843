"""The boxes of a whole dataset: which convention they are in, and a copy of it in another.

A set is judged by rows taken at equal distances; of each image only what its header says is read.
"""

import asyncio
import copy
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tintype.dataset.conversation import example
from tintype.dataset.file_set import FileSet
from tintype.dataset.files import image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.nowhere import Nowhere
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import slots
from tintype.dataset.reshaping import answers, reshaped
from tintype.dataset.rewriting import ChangedRow, changed
from tintype.dataset.row_size import upright_size
from tintype.dataset.spread import scattered
from tintype.dataset.treatment import Treatment
from tintype.dataset.writing import refuse_existing, refuse_source, row_bytes
from tintype.detection import Convention, Verdict, find_written, judge_convention
from tintype.detection.convention import converted
from tintype.threads import in_thread

SAMPLE = 240
"""Rows by which a set is judged."""
ROWS_AT_ONCE = 64
BYTES_AT_ONCE = 8_000_000
ONE_ROW = 200_000_000


@dataclass(frozen=True, slots=True)
class BoxNote:
    """A row that was left as it is."""

    line: int
    """1-based."""
    message: str


@dataclass(frozen=True, slots=True)
class Converted:
    """How far a conversion has come."""

    rows: int = 0
    """Written so far."""
    changed: int = 0
    """Rows of those whose boxes are written in the other convention."""
    left: int = 0
    """Rows with boxes that were left as they are."""
    notes: tuple[BoxNote, ...] = ()
    """Those since the last report: why rows were left."""


async def judge_boxes(dataset: Dataset, *, most: int = SAMPLE) -> Verdict | None:
    """Find out which convention a dataset's boxes are written in; none if it holds no boxes.

    Judged by `most` of the rows known so far, scattered over them.

    Raises:
        DatasetError: if the file cannot be read.
    """
    picked = scattered(dataset.count, most)
    samples: list[tuple[str, tuple[int, int] | None]] = []
    for index in picked:
        for line in await dataset.lines(index, 1, BYTES_AT_ONCE):
            samples += await asyncio.to_thread(_samples, line, dataset)
    return await asyncio.to_thread(judge_convention, samples)


async def convert_boxes(
    dataset: Dataset,
    target: Path,
    source: Convention,
    to: Convention,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[Converted, None]:
    """Write a copy of a dataset whose answers have their boxes in another convention.

    Rows without boxes, and those whose boxes cannot be converted without loss, are copied byte for
    byte; the latter are noted. The file takes its place at the end; with `dry_run` nothing is
    written.

    Raises:
        DatasetError: if the target is the source, exists, or cannot be written.
    """
    await asyncio.to_thread(refuse_source, target, dataset.path)
    await asyncio.to_thread(refuse_existing, [target], replace=overwrite)
    done = Converted()
    async with Nowhere() if dry_run else FileSet() as files:
        file = files.open(target)
        while lines := await dataset.lines(done.rows, ROWS_AT_ONCE, BYTES_AT_ONCE):
            made = await asyncio.to_thread(_converted, lines, dataset, source, to)
            await asyncio.to_thread(file.writelines, (row for row, _, _ in made))
            notes = tuple(note for _, _, note in made if note is not None)
            done = Converted(
                done.rows + len(made),
                done.changed + sum(changed for _, changed, _ in made),
                done.left + len(notes),
                notes,
            )
            yield done
    yield replace(done, notes=())


@dataclass(frozen=True, slots=True)
class Reboxed:
    """How far a conversion has been worked out that is laid over the file."""

    read: int
    found: tuple[ChangedRow, ...]
    """Since the last report; likewise the next."""
    notes: tuple[BoxNote, ...] = ()
    """Why rows with boxes stay as they are."""


async def rebox(
    dataset: Dataset, source: Convention, to: Convention
) -> AsyncGenerator[Reboxed, None]:
    """Work out what rows become with their boxes in another convention; nothing is changed by that.

    Args:
        dataset: Open; it goes on from the rows as they were edited so far.
        source: What the boxes are read as.
        to: What they are written in.

    Raises:
        DatasetError: if the file cannot be read.
    """
    start, wanted = 0, Treatment(boxes=(source, to))
    while lines := await dataset.source_lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
        start += len(lines)
        found, notes = await in_thread(_reboxed, lines, dataset, wanted)
        yield Reboxed(start, tuple(found), tuple(notes))


def _reboxed(
    lines: Sequence[ParsedLine], dataset: Dataset, treatment: Treatment
) -> tuple[list[ChangedRow], list[BoxNote]]:
    found: list[ChangedRow] = []
    notes: list[BoxNote] = []
    for line in lines:
        said: list[str] = []
        size = partial(upright_size, line, dataset.folder)
        change = partial(reshaped, treatment=treatment, size=size, note=said.append)
        row = changed(line, dataset.edits.rows.get(line.row.line), change)
        found += [row] if row is not None else []
        notes += [BoxNote(line.row.line, message) for message in said]
    return found, notes


@dataclass(frozen=True, slots=True)
class BoxedRow:
    """A row with boxes, to show what a convention makes of them."""

    line: int
    """1-based."""
    answer: str
    image: bytes
    """Encoded."""
    size: tuple[int, int]
    """Width and height of the upright image in pixels."""


async def boxed_rows(dataset: Dataset, most: int = 3) -> tuple[BoxedRow, ...]:
    """Return some rows with boxes and an image, scattered over those looked at.

    Raises:
        DatasetError: if the file cannot be read.
    """
    looked_at = scattered(dataset.count, SAMPLE)
    boxed = [
        index
        for index in looked_at
        if find_written((await dataset.example(index)).answer)[0] is not None
    ]
    last = len(boxed) - 1
    found: list[BoxedRow] = []
    places = range(most if boxed else 0)
    for index in sorted({boxed[at * last // max(1, most - 1)] for at in places}):
        (line,) = await dataset.lines(index, 1, ONE_ROW)
        row = await in_thread(_boxed_row, line, dataset)
        found += [row] if row is not None else []
    return tuple(found)


def _boxed_row(line: ParsedLine, dataset: Dataset) -> BoxedRow | None:
    size = upright_size(line, dataset.folder)
    if size is None:
        return None
    data = line.data(0)
    data = image_bytes(line.url(0), dataset.folder) if data is None else data
    return BoxedRow(line.row.line, example(line.row).answer, data, size)


def _samples(line: ParsedLine, dataset: Dataset) -> list[tuple[str, tuple[int, int] | None]]:
    texts = [holder[key] for holder, key in answers(line.row.value)]
    size = upright_size(line, dataset.folder) if texts else None
    return [(text, size) for text in texts]


_Made = tuple[bytes, bool, BoxNote | None]


def _converted(
    lines: Sequence[ParsedLine], dataset: Dataset, source: Convention, to: Convention
) -> list[_Made]:
    return [_row(line, dataset, source, to) for line in lines]


def _row(line: ParsedLine, dataset: Dataset, source: Convention, to: Convention) -> _Made:
    as_it_is = line.raw + b"\n"
    value = copy.deepcopy(line.row.value)
    changed, size = False, None
    for holder, key in answers(value):
        if size is None and (source.needs_size or to.needs_size):
            size = upright_size(line, dataset.folder)
        try:
            text = converted(holder[key], source, to, size)
        except ValueError as error:
            return as_it_is, False, BoxNote(line.row.line, f"Left as it is: {error}.")
        changed = changed or text != holder[key]
        holder[key] = text
    if not changed:
        return as_it_is, False, None
    for slot, url in zip(slots(value), line.every_url(), strict=True):
        slot.holder[slot.key] = url
    return row_bytes(value), True, None
