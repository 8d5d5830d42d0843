"""Datasets written as others, as the public API has them: fixed, split, edited."""

import copy
import dataclasses
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype import rules
from tintype.dataset.copied_rows import ExportNote
from tintype.dataset.dividing import Divided, divide, folding, splitting
from tintype.dataset.embed import Exported, export
from tintype.dataset.file_set import FileSet
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import slots
from tintype.dataset.writing import refuse_existing, refuse_source, row_bytes
from tintype.errors import DatasetError
from tintype.library.datasets import Source, opened_source, provider_name, typed
from tintype.library.work import Work
from tintype.threads import in_thread

if TYPE_CHECKING:
    from tintype.library.trainings import Connection
    from tintype.settings import Profile

BYTES_AT_ONCE = 8_000_000


def fix(
    dataset: Source,
    target: str | os.PathLike[str],
    provider: "str | Profile | Connection | None" = None,
    *,
    max_side: int | None = None,
    fetch: bool | None = None,
    replace: bool = False,
) -> Work[Exported, Exported]:
    """Write a fixed copy of a dataset: images inside, in sizes and formats that a provider takes.

    The result's `files` are what was written, `notes` what could not be done.

    Args:
        dataset: A file, or what `open` gave; it is only read.
        target: The file to write.
        provider: As for `check`.
        max_side: Shrink larger images to this longest side, in pixels.
        fetch: Whether images on the network are put inside too; by default where the provider does
            not fetch them itself.
        replace: Whether an existing file is overwritten.

    Raises:
        SettingsError: if nobody of this name is known.
        DatasetError: if the target exists or cannot be written, or the file cannot be read.
    """
    treatment = rules.fixing(
        rules.rules_of(provider_name(provider)), fetch=fetch, max_side=max_side
    )

    async def steps() -> AsyncGenerator[Exported, None]:
        notes: list[ExportNote] = []
        async with (
            opened_source(dataset) as handle,
            aclosing(export(handle, typed(target), treatment, replace=replace)) as exporting,
        ):
            async for step in exporting:
                notes += step.notes
                yield dataclasses.replace(step, notes=tuple(notes)) if step.files else step

    return Work(steps, lambda step: step)


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
