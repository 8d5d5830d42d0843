"""A copy of a dataset that carries its images, fixed on the way.

The source is only read. Images in files, and on the network if that is wanted, become data URLs;
an image is encoded again only where the treatment asks for it, else its bytes stay as they are,
and a row in which nothing changes is copied byte for byte. What cannot be had or done is left as
it stands and said in a note.
"""

import asyncio
import copy
import dataclasses
import hashlib
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tintype.dataset.fetched import FETCH_TIMEOUT_S, MAX_FETCHED_BYTES
from tintype.dataset.files import image_bytes
from tintype.dataset.handle import Dataset
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin, slots
from tintype.dataset.repair import repaired
from tintype.dataset.treatment import Treatment, treat
from tintype.dataset.writing import FileSet, refuse_existing, refuse_source, row_bytes
from tintype.errors import DatasetError
from tintype.threads import in_thread

ROWS_AT_ONCE = 16
BYTES_AT_ONCE = 4_000_000
FETCHES = 8


@dataclass(frozen=True, slots=True)
class ExportNote:
    """Something that could not be done."""

    line: int
    """In the source, 1-based."""
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Exported:
    """How far an export has come."""

    rows: int = 0
    """Written so far."""
    dropped: int = 0
    images: int = 0
    """Images embedded or changed so far."""
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
) -> AsyncGenerator[Exported, None]:
    """Write a copy of a dataset, its images embedded and treated, without some of its lines.

    With `shard_bytes` a new file is begun (`name-2.jsonl`, …) before one grows larger than that.
    The files take their places at the end, all of them or none. Lines are named by their number in
    the source, 1-based.

    Raises:
        DatasetError: if the target is the source, exists, or cannot be written.
    """
    await asyncio.to_thread(refuse_source, target, dataset.path)
    treated = _Treated(dataset.folder, treatment or Treatment())
    dropped = frozenset(drop)
    done = Exported()
    with _Shards(target, shard_bytes, replace=replace) as shards:
        start = 0
        while lines := await dataset.lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
            start += len(lines)
            kept = [line for line in lines if line.row.line not in dropped]
            fetched = await _fetch(kept, dataset) if treated.treatment.fetch else {}
            notes = await in_thread(_write, kept, treated, fetched, shards)
            done = Exported(
                rows=shards.rows,
                dropped=start - shards.rows,
                images=treated.changed,
                bytes_written=shards.bytes_written,
                undone=done.undone + len(notes),
                notes=tuple(notes),
            )
            yield done
    yield dataclasses.replace(done, notes=(), files=shards.files)


class _Treated:
    """Images as they go into the copy; those treated last are remembered."""

    def __init__(self, folder: Path, treatment: Treatment) -> None:
        self.folder = folder
        self.treatment = treatment
        self.changed = 0
        self._known: dict[bytes, str] = {}
        self._chars = 0

    def url(self, url: str, fetched: "Mapping[str, bytes | DatasetError]") -> str:
        """The URL of an image in the copy.

        Raises:
            DatasetError: if it cannot be had or treated.
        """
        if origin(url) == "url" and url not in fetched:
            return url
        key = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._known:
            self._remember(key, self._treat(url, fetched))
        new = self._known[key]
        self.changed += new != url
        return new

    def _treat(self, url: str, fetched: "Mapping[str, bytes | DatasetError]") -> str:
        from tintype.images import data_url

        data = fetched.get(url)
        if isinstance(data, DatasetError):
            raise data
        data = image_bytes(url, self.folder) if data is None else data
        treated = treat(data, self.treatment)
        written = data_url(treated)
        if treated is data and origin(url) == "data" and not self.treatment.chat:
            return url
        return url if url == written else written

    def _remember(self, key: bytes, url: str) -> None:
        if self._chars > 32_000_000:
            self._known.clear()
            self._chars = 0
        self._known[key] = url
        self._chars += len(url)


class _Shards:
    """The files of the copy, begun one after the other."""

    def __init__(self, target: Path, limit: int | None, *, replace: bool) -> None:
        refuse_existing([target], replace=replace)
        self._target = target
        self._replace = replace
        self._limit = limit
        self._set = FileSet()
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self.rows = 0
        self.bytes_written = 0
        self.files: tuple[Path, ...] = ()

    def __enter__(self) -> "_Shards":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._set.__exit__(kind, error, trace)

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
        self.rows += 1


def _write(
    lines: Sequence[ParsedLine],
    treated: _Treated,
    fetched: "Mapping[str, bytes | DatasetError]",
    shards: _Shards,
) -> list[ExportNote]:
    notes: list[ExportNote] = []
    for line in lines:
        if line.row.flaw:
            notes.append(ExportNote(line.row.line, "", f"Left out: {line.row.flaw}"))
            continue
        shards.write(_row(line, treated, fetched, notes))
    return notes


def _row(
    line: ParsedLine,
    treated: _Treated,
    fetched: "Mapping[str, bytes | DatasetError]",
    notes: list[ExportNote],
) -> bytes:
    value = copy.deepcopy(line.row.value)
    for slot, url in zip(slots(value), line.every_url(), strict=True):
        slot.holder[slot.key] = url
    row = value
    if treated.treatment.chat:
        try:
            row = repaired(value)
        except DatasetError as error:
            notes.append(ExportNote(line.row.line, "", error.message))
    changed = row is not value
    for slot in list(slots(row)):
        if not slot.image:
            continue
        try:
            new = treated.url(slot.text, fetched)
        except DatasetError as error:
            notes.append(ExportNote(line.row.line, slot.place, error.message))
            continue
        changed = changed or new != slot.text
        slot.holder[slot.key] = new
    return row_bytes(row) if changed else line.raw + b"\n"


async def _fetch(
    lines: Sequence[ParsedLine], dataset: Dataset
) -> "dict[str, bytes | DatasetError]":
    """The images on the network that some rows name, or why they cannot be had."""
    from tintype.images import fetch

    at_once = asyncio.Semaphore(FETCHES)

    async def one(url: str) -> "bytes | DatasetError":
        async with at_once:
            try:
                return await fetch(
                    url,
                    max_bytes=MAX_FETCHED_BYTES,
                    timeout_s=FETCH_TIMEOUT_S,
                    allow_private=dataset.allow_private,
                )
            except DatasetError as error:
                return error

    urls = list(
        dict.fromkeys(
            image.reference
            for line in lines
            for image in line.row.images
            if image.origin == "url" and image.reference.lower().startswith(("http:", "https:"))
        )
    )
    return dict(zip(urls, await asyncio.gather(*map(one, urls)), strict=True))
