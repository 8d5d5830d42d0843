"""Evaluations in an archive: the run's own files, and its dataset with every local image in it.

The answers that a tuned model gave are all that is left of it after its last day.
"""

import asyncio
import copy
import hashlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from tintype import evaluation, paths
from tintype.dataset import Dataset, image_bytes, open_dataset
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin, slots
from tintype.dataset.writing import row_bytes
from tintype.errors import DatasetError, FileError
from tintype.evaluation.plan import fingerprint
from tintype.evaluation.run_folder import (
    ANSWERS,
    BASELINES,
    GRADES,
    LEAKS,
    MANIFEST,
    OVERRIDES,
    ROWS,
)
from tintype.evaluation.text_scorers import ANSWERED
from tintype.images import data_url
from tintype.keeping.folder import BLOCK, ArchiveFolder, apart
from tintype.threads import in_thread

RUN_FILES = (MANIFEST, ROWS, ANSWERS, GRADES, OVERRIDES, LEAKS, BASELINES)
"""Of a run, what its scores can be made from again."""
DATASET = "dataset.jsonl"
_BYTES = 8 << 20


async def keep_runs(
    archive: ArchiveFolder, home: Path, models: frozenset[str], profile: str
) -> AsyncGenerator[str, None]:
    """Keep every evaluation that asked one of the models; yields what is being kept.

    Raises:
        FileError: if the archive cannot be written, or the folder of evaluations not read.
    """
    for run in await asyncio.to_thread(evaluation.runs_in, home):
        asked = {model.name for model in run.plan.models if model.profile == profile}
        if not asked & models:
            continue
        yield f"evaluation {run.id}"
        place = f"evaluations/{paths.safe_name(run.id)}"
        for name in RUN_FILES:
            if paths.is_file(run.folder / name):
                await in_thread(_copy, archive, f"{place}/{name}", run.folder / name)
        if archive.has(f"{place}/{DATASET}"):
            continue
        try:
            await _keep_dataset(archive, run, f"{place}/{DATASET}")
        except (DatasetError, FileError) as error:
            archive.miss(f"rows and images of evaluation {run.id}", error.message)


def _copy(archive: ArchiveFolder, path: str, source: Path) -> None:
    """Keep a file of a run; of a log that is being written, what is there now."""
    known = archive.parts.get(path)
    with source.open("rb") as file:
        if known is not None and hashlib.file_digest(file, "sha256").hexdigest() == known.sha256:
            return
        file.seek(0)
        with archive.part(path, f"evaluation: {source.name}") as part:
            while block := file.read(BLOCK):
                part.write(block)


async def _keep_dataset(archive: ArchiveFolder, run: evaluation.EvaluationRun, path: str) -> None:
    async with open_dataset(run.plan.dataset) as dataset:
        rows = []
        types = run.plan.question_types
        truth = run.plan.scorers != (ANSWERED.name,)
        async for batch in evaluation.read_rows(dataset, run.plan.rows, types=types, truth=truth):
            rows += [row.asked + row.digest for row in batch]
        if fingerprint(run.plan, rows, {})["rows"] != run.fingerprint["rows"]:
            raise DatasetError(f"{run.plan.dataset} has changed since it was asked.")
        wanted = None if run.plan.rows is None else frozenset(run.plan.rows)
        what = "the rows that were asked, with their images"
        async with apart(archive.part(path, what)) as part:
            start = 0
            while lines := await dataset.lines(start, 1000, _BYTES):
                start += len(lines)
                part.write(b"".join(await in_thread(_lines, lines, dataset, wanted)))


def _lines(
    lines: tuple[ParsedLine, ...], dataset: Dataset, wanted: frozenset[int] | None
) -> list[bytes]:
    """The rows as they are kept: those not asked for are empty objects, so that places stay."""
    return [
        embedded(line, dataset.folder) if wanted is None or line.row.index in wanted else b"{}\n"
        for line in lines
    ]


def embedded(
    line: ParsedLine, folder: Path, image: Callable[[str], bytes | None] = lambda url: None
) -> bytes:
    """A row with its images in it, as far as they are to be had; a damaged row stays as it is.

    Args:
        line: The row, with its bytes.
        folder: Where paths of images begin.
        image: Gives the image of a URL, if it is here.
    """
    if line.row.flaw or all(one.origin == "data" for one in line.row.images):
        return line.raw + b"\n"
    value, changed = copy.deepcopy(line.row.value), False
    for slot, url in zip(slots(value), line.every_url(), strict=True):
        slot.holder[slot.key] = new = _embedded(url, folder, image) if slot.image else url
        changed = changed or new != url
    return row_bytes(value) if changed else line.raw + b"\n"


def _embedded(url: str, folder: Path, image: Callable[[str], bytes | None]) -> str:
    match origin(url):
        case "data":
            return url
        case "url":
            data = image(url)
            return url if data is None else data_url(data)
    try:
        return data_url(image_bytes(url, folder))
    except DatasetError:
        return url
