"""Datasets written as others, as the public API has them: converted, split, edited."""

import asyncio
import copy
import dataclasses
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tintype import rules
from tintype.dataset import open_dataset
from tintype.dataset.dividing import Divided, divide, folding, splitting
from tintype.dataset.embed import export
from tintype.dataset.file_set import FileSet
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import slots
from tintype.dataset.writing import refuse_existing, refuse_source, require_room, row_bytes
from tintype.errors import DatasetError
from tintype.library.datasets import Source, opened_source, provider_name, typed
from tintype.library.work import Work
from tintype.threads import in_thread

if TYPE_CHECKING:
    from tintype.library.models import Connection
    from tintype.settings import Profile

Images = Literal["auto", "inside", "web", "files"]
"""In the rows, those on the web too where the provider does not fetch them; all in the rows; those
on the web stay there; all as files below an address."""
_FETCH = {"auto": None, "inside": True, "web": False, "files": True}
BYTES_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True)
class Conversion:
    """How far a dataset has been written in another format; at the end, what became of it."""

    done: int = 0
    """Rows looked at."""
    total: int = 0
    rows: int = 0
    """Rows written, or that would be."""
    lost: int = 0
    """Rows that cannot be written."""
    problems: tuple[str, ...] = ()
    """What is lost or changed in single rows: sentences."""
    notices: tuple[str, ...] = ()
    """What is lost or changed in many."""
    size_bytes: int | None = None
    """What was written, or would be; none where it is not known."""
    files: tuple[Path, ...] = ()
    """On the last one only, and not of a dry run."""
    complete: bool = False


def convert(
    dataset: str | os.PathLike[str],
    target: str | os.PathLike[str],
    to: str = "jsonl",
    provider: "str | Profile | Connection | None" = None,
    *,
    images: Images = "auto",
    address: str = "",
    shard_bytes: int | None = None,
    alone: bool = False,
    replace: bool = False,
    dry_run: bool = False,
) -> Work[Conversion, Conversion]:
    """Write a dataset of chat rows in another format; what that cannot hold is said.

    Args:
        dataset: A JSONL file; of other formats see `import_dataset`.
        target: A file for `jsonl`, a folder for other formats.
        to: `jsonl`, as a provider takes it, with rows of too many images split; or a format.
        provider: By whose rules `jsonl` is written; as for `check`.
        images: Where the images of `jsonl` are.
        address: Below which image files will be served (`images="files"`).
        shard_bytes: Begin a new file of `jsonl` before one grows larger; by default as large as the
            provider takes in one request.
        alone: Write only this file in other formats, and not the splits beside it.
        replace: Whether what is there may be overwritten.
        dry_run: Whether nothing is written: the result says what would be lost.

    Raises:
        DatasetError: if the file cannot be read, the format is not written, the target exists or
            cannot be written, or there is no room for it.
        SettingsError: if nobody of this name is known.
    """
    if (images == "files") != bool(address):
        raise DatasetError(
            "Images as files need the address at which they will be served.",
            advice='Give images="files" and address="https://…".',
        )
    if to != "jsonl":
        return Work(
            lambda: _other(typed(dataset), typed(target), to, alone, replace, dry_run), _last
        )
    judged_by = rules.rules_of(provider_name(provider))
    treatment = dataclasses.replace(
        rules.fixing(judged_by, fetch=_FETCH[images]),
        most_images=judged_by.max_images,
        url_base=address,
    )

    async def steps() -> AsyncGenerator[Conversion, None]:
        made = Conversion()
        async with open_dataset(typed(dataset)) as source:
            async for _ in source.index():
                pass
            if not dry_run:
                await asyncio.to_thread(require_room, typed(target), source.size_bytes)
            most = shard_bytes or judged_by.max_file_bytes
            exporting = export(
                source, typed(target), treatment, shard_bytes=most, replace=replace, dry_run=dry_run
            )
            async with aclosing(exporting):
                async for step in exporting:
                    notes = (f"line {one.line}: {one.place} {one.message}" for one in step.notes)
                    made = dataclasses.replace(
                        made,
                        done=step.rows + step.dropped,
                        total=source.count,
                        rows=step.rows,
                        lost=step.dropped,
                        problems=(*made.problems, *(" ".join(one.split()) for one in notes)),
                        size_bytes=step.bytes_written,
                        files=step.files,
                    )
                    yield made
        yield dataclasses.replace(made, complete=True)

    return Work(steps, _last)


async def _other(
    source: Path, target: Path, to: str, alone: bool, replaces: bool, dry_run: bool
) -> AsyncGenerator[Conversion, None]:
    from tintype.dataset.formats import export_dataset

    exporting = export_dataset(source, target, to, alone=alone, replace=replaces, dry_run=dry_run)
    async with aclosing(exporting):
        async for step in exporting:
            made = Conversion(step.done, step.total)
            if (report := step.report) is not None:
                made = replace(
                    made,
                    rows=report.rows,
                    lost=report.lost,
                    problems=tuple(f"{p.file}:{p.line}: {p.message}" for p in report.problems),
                    notices=tuple(f"{n.count:,} {n.words}" for n in report.notices),
                    files=() if dry_run else (target,),
                    complete=True,
                )
            yield made


def _last(step: Conversion) -> Conversion:
    return step


def split(
    dataset: Source,
    folder: str | os.PathLike[str],
    *,
    valid: float = 0.1,
    test: float = 0.1,
    folds: int = 0,
    stratified: bool = False,
    near: bool = False,
    seed: int = 0,
    replace: bool = False,
    dry_run: bool = False,
) -> Work[Divided, Divided]:
    """Write `train.jsonl`, `valid.jsonl` and `test.jsonl`; rows that share an image stay together.

    The result's `rows` has how many rows each file has.

    Args:
        dataset: A file, or what `open` gave; it is only read.
        folder: Where to write.
        valid: The share of the rows for validation, 0 to 1.
        test: The share for the test split.
        folds: If not 0, so many folders instead, each row in the `valid.jsonl` of one.
        stratified: Whether each part has its share of every label.
        near: Whether images that are alike, though not of the same bytes, count as one.
        seed: The random seed.
        replace: Whether existing files are overwritten.
        dry_run: Whether nothing is written.

    Raises:
        DatasetError: if the shares are none, the file cannot be read, or a target exists or cannot
            be written.
    """
    shares = [Fraction(str(share)) for share in (valid, test)]
    if min(shares) < 0 or sum(shares) >= 1 or folds < 0 or folds == 1:
        raise DatasetError(
            f"Nothing can be split into {valid:g} and {test:g}, or {folds} folds.",
            advice="Shares are 0 or more and below 1 in all; folds are 2 or more.",
        )
    path = typed(folder)
    if folds:
        draw = folding(path, folds, seed=seed, stratified=stratified)
    else:
        draw = splitting(path, valid=shares[0], test=shares[1], seed=seed, stratified=stratified)

    async def steps() -> AsyncGenerator[Divided, None]:
        async with opened_source(dataset) as handle:
            dividing = divide(handle, draw, near=near, replace_files=replace, dry_run=dry_run)
            async with aclosing(dividing):
                async for step in dividing:
                    yield step

    return Work(steps, lambda step: step)


@dataclass(frozen=True, slots=True)
class EditedCopy:
    """How far a copy with changed rows has been written."""

    rows: int = 0
    """Written."""
    changed: int = 0
    """Of them, those that the change made another."""
    dropped: int = 0
    """Rows that the change left out, and lines that are no JSON."""
    file: Path | None = None
    """On the last one only."""


def edit(
    dataset: Source,
    target: str | os.PathLike[str],
    change: Callable[[dict[str, Any]], dict[str, Any] | None],
    *,
    replace: bool = False,
) -> Work[EditedCopy, EditedCopy]:
    """Write a copy of a dataset with each row changed by a function.

    Args:
        dataset: A file, or what `open` gave; it is only read.
        target: The file to write.
        change: Given a row's JSON, images in place, returns what it becomes; none leaves it out.
            It may change what it is given.
        replace: Whether an existing file is overwritten.

    Raises:
        DatasetError: if the file cannot be read, or the target exists or cannot be written.
    """

    async def steps() -> AsyncGenerator[EditedCopy, None]:
        path = typed(target)
        async with opened_source(dataset) as handle:
            await in_thread(refuse_source, path, handle.path)
            await in_thread(refuse_existing, [path], replace=replace)
            done, start, pace = EditedCopy(), 0, RowPace()
            async with FileSet() as files:
                file = files.open(path)
                while lines := await handle.lines(start, pace.rows, BYTES_AT_ONCE):
                    start += len(lines)
                    made = await in_thread(pace.work, len(lines), _edited, lines, change)
                    await in_thread(file.writelines, [row for row, _ in made])
                    done = EditedCopy(
                        done.rows + len(made),
                        done.changed + sum(changed for _, changed in made),
                        done.dropped + len(lines) - len(made),
                    )
                    yield done
        yield dataclasses.replace(done, file=path)

    return Work(steps, lambda step: step)


def _edited(
    lines: Sequence[ParsedLine], change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> list[tuple[bytes, bool]]:
    made = []
    for line in lines:
        if line.row.flaw or not isinstance(line.row.value, dict):
            continue
        value = copy.deepcopy(line.row.value)
        for slot, url in zip(list(slots(value)), line.every_url(), strict=True):
            slot.holder[slot.key] = url
        new = change(copy.deepcopy(value))
        if new is not None:
            same = new == value
            made.append((line.raw + b"\n" if same else row_bytes(new), not same))
    return made
