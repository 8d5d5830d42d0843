"""Finding a blamed row again: the dataset a job was made from, if it is still there and the same.

Lines are numbers in the file that was sent. In a file that has changed since, the same number may
be another row; so the file is compared with its digest of then, which takes about 1 s per GB.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import DatasetError
from tintype.jobs.blaming import Blamed, source_of
from tintype.jobs.sending import digest_of
from tintype.resources import Job
from tintype.store import MadeFrom


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Where a blamed row is now."""

    path: Path
    index: int
    """0-based number of the row in the dataset."""
    changed: bool
    """The file is not the one that was trained on any more: the row may be another."""


async def find(row: Blamed, job: Job, made_from: MadeFrom) -> FoundRow:
    """Find the row that a provider complains about.

    Raises:
        DatasetError: if it is not known what the job was made from, or the file or the row is gone.
    """
    from tintype.dataset import open_dataset  # late: who lists jobs needs no dataset

    source = source_of(row, job, made_from)
    if source is None:
        raise DatasetError(
            "It is not known here which file this job was made from.",
            advice="Only jobs launched with Tintype lead back to their dataset.",
        )
    path = Path(source.path)
    if not await asyncio.to_thread(path.is_file):
        raise DatasetError(
            f"{path} is gone: the row cannot be shown.",
            advice=f"The provider named {row.place}.",
            path=path,
        )
    changed = await asyncio.to_thread(digest_of, path) != source.digest
    async with open_dataset(path) as dataset:
        if row.line is not None:
            index = await dataset.find_line(row.line)
        else:
            index = (row.example or 1) - 1
            await dataset.row(index)
    return FoundRow(path, index, changed)
