"""A copy of a dataset that carries its images, fixed on the way.

The source is only read. Images in files, and on the network if that is wanted, become data URLs;
an image is encoded again only where the treatment asks for it, else its bytes stay as they are,
and a row in which nothing changes is copied byte for byte. What cannot be had or done is left as
it stands and said in a note.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tintype.dataset.copied_rows import ExportNote, Fetched, TreatedImages, rows_of_copy
from tintype.dataset.fetched import fetch_images
from tintype.dataset.file_set import FileSet
from tintype.dataset.handle import Dataset
from tintype.dataset.nowhere import Nowhere
from tintype.dataset.pace import RowPace
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.treatment import Treatment
from tintype.dataset.writing import refuse_existing, refuse_source
from tintype.threads import in_thread

BYTES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Exported:
    """How far an export has come."""

    rows: int = 0
    """Written so far."""
    dropped: int = 0
    images: int = 0
    """Images embedded or changed so far, those that were only spelt otherwise among them."""
    on_the_web: int = 0
    """Images so far that stay URLs, because nobody asked to fetch them."""
    bytes_written: int = 0
    undone: int = 0
    """Notes so far: rows left out because they cannot be read, and what could not be fixed."""
    notes: tuple[ExportNote, ...] = ()
    """Those since the last report."""
    files: tuple[Path, ...] = ()
    """What was written: on the last report only."""


async def export(
    dataset: Dataset,
    target: Path,
    treatment: Treatment | None = None,
    *,
    drop: Collection[int] = (),
    shard_bytes: int | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[Exported, None]:
    """Write a copy of a dataset, its images embedded and treated, without some of its lines.

    With `shard_bytes` a new file is begun (`name-2.jsonl`, …) before one grows larger than that.
    The files take their places at the end, all of them or none. Lines are named by their number in
    the source, 1-based. With `dry_run` nothing is written: the reports say what would be.

    Raises:
        DatasetError: if the target is the source, exists, or cannot be written.
    """
    dropped = frozenset(drop)
    steps = distribute(
        dataset,
        lambda line, _: () if line in dropped else (target,),
        treatment,
        shard_bytes=shard_bytes,
        replace=replace,
        dry_run=dry_run,
        targets=(target,),
    )
    async with aclosing(steps):
        async for step in steps:
            yield step


async def distribute(
    dataset: Dataset,
    where: Callable[[int, int], Collection[Path]],
    treatment: Treatment | None = None,
    *,
    targets: Collection[Path],
    shard_bytes: int | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> AsyncGenerator[Exported, None]:
    """Write the rows of a dataset into several files, as `export` writes them into one.

    Args:
        dataset: Open; it is only read.
        where: The files that a row goes to, by its line (1-based) and its index (0-based).
        treatment: What is done to the images.
        targets: All files that `where` may name. They appear together.
        shard_bytes: As for `export`.
        replace: Whether files that exist may be overwritten.
        dry_run: Whether nothing is written.

    Raises:
        DatasetError: if a target is the source, exists, or cannot be written.
    """
    for target in targets:
        await asyncio.to_thread(refuse_source, target, dataset.path)
    done, start, pace = Exported(), 0, RowPace()
    async with Nowhere() if dry_run else FileSet() as files:
        beside = next(iter(targets)).parent
        treated = TreatedImages(dataset.folder, treatment or Treatment(), files, beside)
        replaces = replace or dry_run
        copies = {
            target: _Shards(files, target, shard_bytes, replace=replaces) for target in targets
        }
        while lines := await dataset.lines(start, pace.rows, BYTES_AT_ONCE):
            start += len(lines)
            chosen = [(line, where(line.row.line, line.row.index)) for line in lines]
            kept = [(line, [copies[path] for path in paths]) for line, paths in chosen if paths]
            fetching = treated.treatment.fetch
            rows_kept = [line.row for line, _ in kept] if fetching else []
            fetched = await fetch_images(rows_kept, allow_private=dataset.allow_private)
            notes, rows = await in_thread(pace.work, len(lines), _write, kept, treated, fetched)
            done = Exported(
                rows=done.rows + rows,
                dropped=done.dropped
                + len(lines)
                - len(kept)
                + sum(bool(line.row.flaw) for line, _ in kept),
                images=treated.changed,
                on_the_web=treated.on_the_web,
                bytes_written=sum(copy.bytes_written for copy in copies.values()),
                undone=done.undone + len(notes),
                notes=tuple(notes),
            )
            yield done
    written = tuple(path for copy in copies.values() for path in copy.files)
    yield dataclasses.replace(done, notes=(), files=() if dry_run else written)


class _Shards:
    """The files of one copy, begun one after the other."""

    def __init__(self, files: FileSet, target: Path, limit: int | None, *, replace: bool) -> None:
        refuse_existing([target], replace=replace)
        self._set = files
        self._target = target
        self._replace = replace
        self._limit = limit
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self.bytes_written = 0
        self.files: tuple[Path, ...] = ()

    def write(self, row: bytes) -> None:
        """Add a row, its line end included."""
        full = self._limit is not None and self._in_file + len(row) > self._limit
        if self._file is None or (full and self._in_file):
            number = len(self.files) + 1
            name = f"{self._target.stem}-{number}{self._target.suffix}"
            path = self._target if number == 1 else self._target.with_name(name)
            refuse_existing([path], replace=self._replace)
            self._file = self._set.open(path)
            self._in_file = 0
            self.files = (*self.files, path)
        self._file.write(row)
        self._in_file += len(row)
        self.bytes_written += len(row)


def _write(
    lines: Sequence[tuple[ParsedLine, Sequence[_Shards]]], treated: TreatedImages, fetched: Fetched
) -> tuple[list[ExportNote], int]:
    """Write rows; what could not be done, and how many were written."""
    notes: list[ExportNote] = []
    rows = 0
    for line, copies in lines:
        if line.row.flaw:
            notes.append(ExportNote(line.row.line, "", f"Left out: {line.row.flaw}"))
            continue
        for row in rows_of_copy(line, treated, fetched, notes):
            rows += 1
            for each in copies:
                each.write(row)
    return notes, rows
