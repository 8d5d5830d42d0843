"""Datasets from and to other formats, as the public API has them."""

import asyncio
import dataclasses
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tintype import rules
from tintype.dataset import open_dataset
from tintype.dataset.embed import export
from tintype.dataset.writing import require_room
from tintype.errors import DatasetError
from tintype.library.datasets import provider_name, typed
from tintype.library.work import Work

if TYPE_CHECKING:
    from tintype.dataset.formats import ImportProgress, ImportReport
    from tintype.library.trainings import Connection
    from tintype.settings import Profile


def import_dataset(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    format: str = "",
    *,
    prompt: str = "",
    system: str = "",
    link: bool = False,
    valid_share: float = 0.0,
    test_share: float = 0.0,
    sample: int = 0,
    seed: int = 0,
    boxes: str = "paligemma",
    replace: bool = False,
    **more: object,
) -> "Work[ImportProgress, ImportReport]":
    """Convert a dataset into chat rows: train.jsonl, valid.jsonl, test.jsonl.

    The result says what was written, what was lost, and what was odd.

    Args:
        source: A file, a folder, or an archive.
        folder: Where to write.
        format: Its name, as in `tintype import`; by default it is recognised.
        prompt: What is asked of every image, where the source has no question.
        system: A system prompt for every row.
        link: Refer to image files instead of putting them inside.
        valid_share: The share of the images drawn for validation, where the source has no splits.
        test_share: The share drawn for the test split, likewise.
        sample: How many images are taken; 0 takes all.
        seed: The random seed of what is drawn.
        boxes: The convention that boxes are written in, as `tintype boxes` names it.
        replace: Whether existing files are overwritten.
        more: The format's own options, e.g. `delimiter=";"` for tables.

    Raises:
        DatasetError: if the source is of no known format or cannot be read, or the target exists or
            cannot be written.
        PluginError: if a format from outside fails.
    """

    def steps() -> "AsyncGenerator[ImportProgress, None]":
        from tintype.dataset import formats

        keep: Literal["link", "embed"] = "link" if link else "embed"
        options = formats.ImportOptions(
            keep=keep,
            prompt=prompt,
            system=system,
            valid_share=valid_share,
            test_share=test_share,
            sample=sample,
            seed=seed,
            boxes=boxes,
            replace=replace,
            more=more,
        )
        return formats.import_dataset(typed(source), typed(folder), format, options)

    return Work(steps, _imported)


def _imported(step: "ImportProgress") -> "ImportReport":
    assert step.report is not None  # the last step has it
    return step.report


Images = Literal["auto", "inside", "web", "files"]
"""In the rows, those on the web too where the provider does not fetch them; all in the rows; those
on the web stay there; all as files below an address."""


_FETCH = {"auto": None, "inside": True, "web": False, "files": True}


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
                made = dataclasses.replace(
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
