"""The data of a job that is to move: found on this machine, and converted to the target's rules."""

import dataclasses
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from tintype import paths, rules
from tintype.dataset import open_dataset
from tintype.dataset.copied_rows import ExportNote
from tintype.dataset.embed import export
from tintype.dataset.formats import ImportProblem, ImportProgress, export_dataset
from tintype.dataset.treatment import Treatment
from tintype.errors import DatasetError
from tintype.moving.changes import RowChange, changes
from tintype.store import KeptJob, Source
from tintype.trainer_logs import LOCAL

WITH_IMAGES = "-with-images"
"""How a restored file is called that has the images of its URLs inside."""


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file as the target takes it."""

    path: Path
    """The source itself where nothing changes."""
    changed: tuple[RowChange, ...] = ()
    undone: tuple[str, ...] = ()
    """What could not be done: sentences."""


def data_of(kept: KeptJob) -> tuple[Path, Path | None]:
    """The training file of a job, and its validation file if it had one; blocking.

    Raises:
        DatasetError: if one is not here.
    """
    origin = kept.made_from
    if kept.profile == LOCAL:
        raise DatasetError(
            f"{kept.job.id} is a training of another tool, whose data are not known here.",
            advice="Launch the dataset itself: `tintype train PATH -p PROFILE`.",
        )
    if origin.training is None:
        raise DatasetError(
            f"It is not known what {kept.job.id} was trained on: it was not launched here.",
            advice=f"`tintype keep {kept.job.id}` fetches its files, `tintype keep restore` puts "
            "them here.",
        )
    return _found(origin.training), _found(origin.validation) if origin.validation else None


def has_changed(kept: KeptJob) -> bool:
    """Whether the training file here is another than the one the job was made from; blocking."""
    source = kept.made_from.training
    if source is None or not paths.is_file(paths.as_path(source.path)):
        return False
    with paths.as_path(source.path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != source.digest


def _found(source: Source) -> Path:
    path = paths.as_path(source.path)
    whole = path.with_name(f"{path.stem}{WITH_IMAGES}{path.suffix}")
    if paths.is_file(whole):
        return whole
    if paths.is_file(path):
        return path
    raise DatasetError(
        f"{path} is not here any more.",
        advice="`tintype keep restore` puts the files of an archive back.",
        path=path,
    )


async def convert(source: Path, target: Path, provider: str) -> AsyncGenerator[MovedFile, None]:
    """Convert a file to a provider's rules; the last value is whole.

    Rows that stay as they are are copied byte for byte; where none changes nothing is written.

    Args:
        source: It is only read.
        target: Written only if something changes; what is there is replaced.
        provider: By its name.

    Raises:
        DatasetError: if the source cannot be read, or the target not be written.
        SettingsError: if there is no such provider.
    """
    judged_by = rules.rules_of(provider)
    treatment = dataclasses.replace(rules.fixing(judged_by), most_images=judged_by.max_images)
    found: list[RowChange] = []
    undone: list[str] = []
    async with open_dataset(source) as dataset:
        async with aclosing(changes(dataset, treatment, judged_by)) as looking:
            async for batch in looking:
                found += batch
                yield MovedFile(source, tuple(found))
        if not found and not dataset.stamp.edits:
            return
        writing = export(dataset, target, treatment, replace=True)
        async with aclosing(writing) as steps:
            async for step in steps:
                undone += [f"line {one.line}: {one.message}" for one in step.notes]
    yield MovedFile(target, tuple(found), tuple(undone))


async def in_form(
    training: Path, validation: Path | None, folder: Path, format: str
) -> AsyncGenerator[ImportProgress, None]:
    """Write a job's files in another trainer's form, images beside them; the last has the report.

    A row that cannot be read, or whose image cannot be had, is left out: a trainer would end there.

    Args:
        training: The training file.
        validation: The validation file, if there is one.
        folder: It must not exist.
        format: As `tintype convert` names it.

    Raises:
        DatasetError: if a file cannot be read, or the folder exists.
    """
    lost: list[ImportProblem] = []
    with paths.scratch_folder() as scratch:
        for split, source in (("train", training), ("valid", validation)):
            if source is None:
                continue
            lost += await _whole_rows(source, scratch / f"{split}.jsonl")
        async with aclosing(export_dataset(scratch / "train.jsonl", folder, format)) as steps:
            async for step in steps:
                if step.report is not None:
                    report = dataclasses.replace(
                        step.report,
                        lost=step.report.lost + len({(one.file, one.line) for one in lost}),
                        problems=(*lost, *step.report.problems),
                    )
                    step = dataclasses.replace(step, report=report)
                yield step


async def _whole_rows(source: Path, target: Path) -> list[ImportProblem]:
    """Write the rows of a file with their images inside; return why others were left out."""
    notes: list[ExportNote] = []
    async with open_dataset(source) as dataset:
        while True:
            left_out, known = {note.line for note in notes}, len(notes)
            treatment = Treatment(fetch=True, chat=True)
            writing = export(dataset, target, treatment, drop=left_out, replace=True)
            async with aclosing(writing) as steps:
                async for step in steps:
                    notes += step.notes
            if len(notes) == known:
                break
    return [ImportProblem(source.name, note.line, note.message, "left out") for note in notes]
