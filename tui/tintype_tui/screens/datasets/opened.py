"""What is open: a dataset, how far it has been read, and the splits that belong to it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tintype.assessment import Assessment
from tintype.dataset import Dataset, open_dataset
from tintype.dataset.arrangement import Arrangement, RowValues, arranged
from tintype.dataset.box_sets import judge_boxes
from tintype.dataset.splits import siblings
from tintype.detection import Verdict
from tintype.errors import DatasetError
from tintype.selection.columns import LISTED, FieldColumns


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A dataset that is held open."""

    dataset: Dataset
    rows: int
    """Known so far."""
    share: float = 0.0
    """Of the file that has been read, 0…1."""
    complete: bool = False
    """Whether every row is known."""
    splits: Mapping[str, Path] | None = None
    """This file and those beside it, by split; none until they have been looked for."""
    boxes: Verdict | None = None
    """What the boxes of the answers are written in; none before that is known, or without any."""
    stale: bool = False
    """Whether the file has changed on the disk since."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.dataset.path

    @property
    def others(self) -> dict[str, Path]:
        """The splits beside this file."""
        return {name: path for name, path in (self.splits or {}).items() if path != self.path}

    def neighbour(self, by: int) -> Path | None:
        """The split that comes so many after this one; none if there is no other."""
        paths = list((self.splits or {}).values())
        if len(paths) < 2 or self.path not in paths:
            return None
        return paths[(paths.index(self.path) + by) % len(paths)]


async def holding(path: Path, row: int) -> AsyncGenerator[Opened, None]:
    """Open a dataset, read its index to the end, and hold it open until this is closed.

    The first value comes when `row` is known or is not there; then come the splits, and then the
    progress of the index.

    Raises:
        DatasetError: if it cannot be opened or read.
    """
    async with open_dataset(path) as dataset:
        while not dataset.complete and dataset.count <= row:
            await dataset.scan(until=row + 1)
        opened = Opened(dataset, dataset.count)
        yield opened
        named = (await asyncio.to_thread(siblings, path)).named()
        opened = replace(opened, splits={str(name): each for name, each in named.items()})
        async for progress in dataset.index():
            share = progress.bytes_read / max(1, dataset.size_bytes)
            opened = replace(opened, rows=progress.rows, share=share)
            if dataset.complete:
                with suppress(DatasetError):  # whoever reads the rows says it
                    opened = replace(opened, boxes=await judge_boxes(dataset))
            opened = replace(opened, complete=dataset.complete)
            yield opened
        await asyncio.Event().wait()  # held open until another takes its place


def arrange(
    wanted: Arrangement,
    opened: Opened | None,
    assessed: Assessment | None,
    columns: FieldColumns | None,
) -> Arrangement:
    """The arrangement with its indices, by what is known of the rows."""
    order = wanted.order
    sizes = opened.dataset.found.sizes() if opened else ()
    fields = {order: columns[order].first(columns.total)} if columns and order in LISTED else {}
    if assessed is None:
        return arranged(wanted, RowValues(bytes=sizes, fields=fields))
    known = assessed.figures
    values = RowValues(known.tokens, sizes, known.answer_chars, known.statuses, fields)
    return arranged(wanted, values)
