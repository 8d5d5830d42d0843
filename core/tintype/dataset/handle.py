"""A dataset that is open: the handle everything else works through.

Opening reads the first megabyte and no more. The rest of the index is made by whoever needs it:
`index` in the background, or any call that asks for a row further on. Reading and parsing happen in
threads; what comes back is small, since images stay in the file until one is asked for.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tintype.dataset.conversation import example as read_example
from tintype.dataset.edited_index import EditedIndex
from tintype.dataset.edits import Edits
from tintype.dataset.example import Example, Row
from tintype.dataset.fetched import FetchedImages
from tintype.dataset.files import FileStamp, PlainFile, image_bytes
from tintype.dataset.index import IndexProgress
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.wire import wire_messages
from tintype.errors import DatasetError

SCAN_S = 0.05
"""How long one run of the scan lasts."""
BATCH_ROWS = 1000
BATCH_BYTES = 8_000_000
MAX_SOURCE_BYTES = 64 * 1024
FINGERPRINT_BYTES = 64 * 1024

_BASE64 = re.compile(r"(data:[^\s\"\\,]{0,200},)([A-Za-z0-9+/=_\\-]{64,})")


class Dataset:
    """A JSONL file of any size. Made by `open_dataset`."""

    def __init__(self, file: PlainFile, *, allow_private: bool = False) -> None:
        self._file = file
        self.found = self._index = EditedIndex(file)
        """The rows found so far, to be read in threads."""
        self.allow_private = allow_private
        """Whether images may be fetched from this machine and its local networks."""
        self._fetched = FetchedImages()
        self.path = file.path

    @property
    def edits(self) -> Edits:
        """What lies over the file: every row that is read is the edited one."""
        return self._index.edits

    @edits.setter
    def edits(self, edits: Edits) -> None:
        self._index.edits = edits

    @property
    def folder(self) -> Path:
        """What the names of image files are relative to."""
        return self.path.parent

    @property
    def stamp(self) -> FileStamp:
        """The file as it was when it was opened, and what lies over it."""
        return replace(self._file.stamp, edits=self.edits.version)

    @property
    def size_bytes(self) -> int:
        """The size of the file just now."""
        return self._file.size_bytes

    @property
    def count(self) -> int:
        """Rows found so far; all of them once `complete`."""
        return self._index.count

    @property
    def complete(self) -> bool:
        """Whether the end of the file has been reached."""
        return self._index.complete

    @property
    def progress(self) -> IndexProgress:
        """How far the index has come."""
        return self._index.progress

    def line_of(self, index: int) -> int:
        """The 1-based physical line of a row that has been found."""
        return self._index.line(index)

    async def index(self) -> AsyncGenerator[IndexProgress, None]:
        """Find the rows not found yet, in runs of 50 ms; a file that has grown is taken up again.

        Raises:
            DatasetError: if the file cannot be read.
        """
        while True:
            await self.scan()
            yield self.progress
            if self.complete:
                return

    async def scan(self, *, until: int | None = None) -> None:
        """Scan for 50 ms at most, or until so many rows are known.

        Raises:
            DatasetError: if the file cannot be read.
        """
        await asyncio.to_thread(self._index.scan, SCAN_S, until=until)

    async def row(self, index: int) -> Row:
        """A row, indexed as far as need be.

        Raises:
            DatasetError: if there is no such row.
        """
        return (await self._line(index)).row

    async def example(self, index: int) -> Example:
        """A row read as a conversation, however odd it is.

        Raises:
            DatasetError: if there is no such row.
        """
        return read_example(await self.row(index))

    async def rows(
        self, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[tuple[Row, ...], None]:
        """Rows in batches of 80 ms or 1,000 at most.

        Raises:
            DatasetError: if the file cannot be read.
        """
        at = max(0, start)
        while stop is None or at < stop:
            wanted = BATCH_ROWS if stop is None else min(BATCH_ROWS, stop - at)
            lines = await self.lines(at, wanted, BATCH_BYTES)
            if not lines:
                return
            at += len(lines)
            yield tuple(line.row for line in lines)

    async def find_line(self, line: int) -> int:
        """The row at a 1-based physical line of the file, or the first one after it.

        Raises:
            DatasetError: if there is none.
        """
        while not self.complete and self._index.index_at(line) >= self.count:
            await self.scan()
        index = self._index.index_at(line)
        if index >= self.count:
            raise DatasetError(
                f"{self.path.name} has no row at or after line {line:,}.", path=self.path
            )
        return index

    async def source(self, index: int, *, max_bytes: int = MAX_SOURCE_BYTES) -> str:
        """The beginning of a row as it stands in the file, base64 elided, for a person to look at.

        Raises:
            DatasetError: if there is no such row.
        """
        await self._reach(index)
        raw, size = await asyncio.to_thread(self._index.start_of, index, max_bytes)
        more = size - len(raw)
        text = _BASE64.sub(_elide, raw.decode(errors="replace"))
        return f"{text}… ({more:,} bytes more)" if more > 1 else text

    async def image(self, index: int, ordinal: int) -> bytes:
        """The encoded bytes of an image of a row; fetched if it is on the network.

        Raises:
            DatasetError: with the reason why it cannot be had.
        """
        await self._reach(index)
        read, path = self._index.read, self.path
        found = await asyncio.to_thread(lambda: _image(read(index), ordinal, path))
        if isinstance(found, bytes):
            return found
        return await self._fetched.get(found, allow_private=self.allow_private)

    async def messages(self, index: int) -> list[dict[str, Any]]:
        """A row's question as wire messages, ready to be sent: up to the last assistant message.

        Images in the row and in files go as data URLs, those on the network as their address.

        Raises:
            DatasetError: if the row is damaged, is no conversation, or lacks an image.
        """
        await self._reach(index)
        return await asyncio.to_thread(self.question_at, index)

    def question_at(self, index: int) -> list[dict[str, Any]]:
        """As `messages`, of a row that has been found: blocking."""
        line = self._index.read(index)
        if line.row.flaw:
            raise DatasetError(
                f"Line {line.row.line} cannot be read. {line.row.flaw}",
                path=self.path,
                line=line.row.line,
            )
        return wire_messages(line, self.folder)

    def line_at(self, index: int) -> ParsedLine:
        """A row that has been found, with its bytes: blocking."""
        return self._index.read(index)

    def source_at_line(self, line: int) -> ParsedLine | None:
        """Return the row at a 1-based line that has been found, as it stands in the file."""
        return self._index.source_at(line)

    async def changed(self) -> bool:
        """Whether the file has been changed, replaced or removed since it was opened."""
        return await asyncio.to_thread(self._file.changed)

    async def fingerprint(self) -> str:
        """A name for what the file holds: it changes when the file is another.

        Made of the size and of its first and last 64 KB, so that a gigabyte costs no more than a
        page: enough to know a file again, not to prove that it is untouched.

        Raises:
            DatasetError: if the file cannot be read.
        """
        return await asyncio.to_thread(self._fingerprint)

    async def lines(self, start: int, max_rows: int, max_bytes: int) -> tuple[ParsedLine, ...]:
        """The next rows together with their bytes, for passes that look at the images too.

        As many as fit into the bytes, but one at least; none at the end of the file.

        Raises:
            DatasetError: if the file cannot be read.
        """
        return await self._lines(start, max_rows, max_bytes, edited=True)

    async def source_lines(
        self, start: int, max_rows: int, max_bytes: int
    ) -> tuple[ParsedLine, ...]:
        """As `lines`, but as the rows stand in the file, without what lies over it."""
        return await self._lines(start, max_rows, max_bytes, edited=False)

    def close(self) -> None:
        """Close the file; `open_dataset` does it."""
        self._file.close()

    def _fingerprint(self) -> str:
        size = self._file.size_bytes
        digest = hashlib.blake2b(f"{size} ".encode(), digest_size=16)
        digest.update(self._file.read(0, FINGERPRINT_BYTES))
        digest.update(self._file.read(max(0, size - FINGERPRINT_BYTES), FINGERPRINT_BYTES))
        return digest.hexdigest()

    async def _line(self, index: int) -> ParsedLine:
        await self._reach(index)
        return await asyncio.to_thread(self._index.read, index)

    async def _lines(
        self, start: int, max_rows: int, max_bytes: int, *, edited: bool
    ) -> tuple[ParsedLine, ...]:
        while start >= self.count and not self.complete:
            await self.scan()
        stop, read = min(self.count, start + max_rows), self._index.read_some
        if start >= stop:
            return ()
        return await asyncio.to_thread(read, start, stop, max_bytes, edited=edited)

    async def _reach(self, index: int) -> None:
        while index >= self.count and not self.complete:
            await self.scan(until=index + 1)
        if not 0 <= index < self.count:
            raise DatasetError(
                f"{self.path.name} has {self.count:,} row{'s' * (self.count != 1)}; "
                f"there is no row {index + 1:,}.",
                path=self.path,
            )


def _image(line: ParsedLine, ordinal: int, path: Path) -> bytes | str:
    """The encoded bytes of an image of a row of this file; the address of one on the network."""
    images = line.row.images
    if not 0 <= ordinal < len(images):
        text = f"image{'s' * (len(images) != 1)}, no number {ordinal + 1}."
        raise DatasetError(
            f"Line {line.row.line} has {len(images)} {text}", path=path, line=line.row.line
        )
    image = images[ordinal]
    if image.origin == "url" and image.reference.lower().startswith(("http:", "https:")):
        return image.reference
    return image_bytes(line.url(ordinal), path.parent)


def _elide(found: re.Match[str]) -> str:
    return f"{found[1]}… ({len(found[2]):,} characters)"
