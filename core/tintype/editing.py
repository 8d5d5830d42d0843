"""Editing a dataset: steps that are written down at once, undone and done again in any session.

The file is never written. When it has changed meanwhile, edits stay with the rows that hold what
they held, wherever those stand now; the others are kept aside and said (`Edits.lost`).
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tintype.dataset import Dataset
from tintype.dataset.edits import EditedRow, Edits, content_key, laid_over
from tintype.dataset.parsing import ParsedLine
from tintype.paths import exists
from tintype.settings.folders import folders
from tintype.store.database import Database
from tintype.store.edits import EditTable, KeptEdits
from tintype.threads import in_thread

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 16_000_000


async def over(dataset: Dataset) -> Edits:
    """Return what lies over a dataset, by the store of this person.

    Raises:
        StoreError: if there is a store that cannot be read.
        DatasetError: if the file cannot be read.
    """
    file = folders().store_file
    if not await asyncio.to_thread(exists, file):
        return Edits()
    database = await asyncio.to_thread(Database, file)
    try:
        return await edits_of(EditTable(database), dataset)
    finally:
        await asyncio.to_thread(database.close)


async def edits_of(table: EditTable, dataset: Dataset) -> Edits:
    """Return what lies over a dataset; rows that stand elsewhere by now are found again.

    Raises:
        StoreError: if the store cannot be used.
        DatasetError: if the file cannot be read.
    """
    path = await _name(dataset)
    kept = await asyncio.to_thread(table.read, path)
    if not kept.version:
        return Edits()
    version = await _version(dataset)
    if kept.version != version:
        lines = await _placed(dataset, kept)
        await asyncio.to_thread(table.move, path, version, lines)
        kept = await asyncio.to_thread(table.read, path)
    return await in_thread(laid_over, kept.rows, kept.done, kept.undone)


async def edit(table: EditTable, dataset: Dataset, what: str, rows: Iterable[EditedRow]) -> None:
    """Write down a step and lay it over the dataset.

    Args:
        table: Where.
        dataset: Open.
        what: It in words: `relabel cat as dog`.
        rows: What the rows become.

    Raises:
        StoreError: if it cannot be written down; then nothing has changed.
    """
    every = tuple(rows)
    if every:
        at, version = datetime.now(UTC), await _version(dataset)
        await in_thread(table.add, await _name(dataset), version, what, every, at=at)
        await _refresh(table, dataset)


async def undo(table: EditTable, dataset: Dataset) -> str:
    """Take the latest step back and return what it was; empty if there is none.

    Raises:
        StoreError: if the store cannot be used.
    """
    what = await in_thread(table.undo, await _name(dataset))
    await _refresh(table, dataset)
    return what


async def redo(table: EditTable, dataset: Dataset) -> str:
    """Do again what was taken back last and return what it was; empty if nothing was.

    Raises:
        StoreError: if the store cannot be used.
    """
    what = await in_thread(table.redo, await _name(dataset))
    await _refresh(table, dataset)
    return what


async def _refresh(table: EditTable, dataset: Dataset) -> None:
    dataset.edits = await edits_of(table, dataset)


async def _name(dataset: Dataset) -> Path:
    return await asyncio.to_thread(dataset.path.resolve)


async def _version(dataset: Dataset) -> str:
    return f"{await dataset.fingerprint()} {dataset.stamp.mtime_ns}"


async def _placed(dataset: Dataset, kept: KeptEdits) -> dict[int, int]:
    """Where every row that was ever edited stands now: line before → line now.

    First each is looked for where it stood, then anywhere else, in the order of the lines before.
    What the file does not hold gets a negative line of its own.
    """
    wanted = {row.line: row.key for row in kept.every}
    async for _ in dataset.index():
        pass
    found = await in_thread(_in_place, dataset, wanted)
    missing = {line: key for line, key in wanted.items() if line not in found}
    if missing:
        found.update(await _elsewhere(dataset, missing, set(found.values())))
    free = iter(range(-1, -2 * len(wanted) - 2, -1))
    return {line: found.get(line) or next(free) for line in wanted}


def _in_place(dataset: Dataset, wanted: dict[int, bytes]) -> dict[int, int]:
    found: dict[int, int] = {}
    for line, key in wanted.items():
        source = dataset.source_at_line(line) if line > 0 else None
        if source is not None and not source.row.flaw and content_key(source) == key:
            found[line] = line
    return found


async def _elsewhere(
    dataset: Dataset, missing: dict[int, bytes], taken: set[int]
) -> dict[int, int]:
    waiting: dict[bytes, deque[int]] = defaultdict(deque)
    for line in sorted(missing, key=abs):
        waiting[missing[line]].append(line)
    found: dict[int, int] = {}
    start = 0
    while lines := await dataset.source_lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
        start += len(lines)
        for line, key in await in_thread(_keys, lines):
            if line not in taken and waiting.get(key):
                found[waiting[key].popleft()] = line
    return found


def _keys(lines: Iterable[ParsedLine]) -> list[tuple[int, bytes]]:
    return [(line.row.line, content_key(line)) for line in lines if not line.row.flaw]
