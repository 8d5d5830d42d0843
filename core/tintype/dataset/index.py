"""Where each row of a file begins and ends, found in short runs while the file is in use.

Sixteen bytes a row, however long the rows. The scan only looks for line ends, so it goes at the
speed of the disk; a run ends when its time is up and the next goes on from there. A file that grows
meanwhile is followed, and a last line without an end is counted, and looked at again when there is
more of it.

Lines end with a line feed, as JSONL has it. A carriage return before it is dropped; one alone is no
line end, as providers see it.
"""

import codecs
import re
import threading
import time
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, count, repeat
from operator import add
from typing import Protocol

from tintype.dataset.example import Row
from tintype.dataset.files import PlainFile
from tintype.dataset.lifting import Lifted
from tintype.dataset.parsing import MAX_LINE_BYTES, ParsedLine, read_line, too_long

CHUNK_BYTES = 1 << 20
AT_ONCE = 16_000_000
"""Bytes of rows that are read in one go; a longer run is one long row."""

LONG_LINE = 4_000
"""Bytes."""

_INDENTED = re.compile(rb"\n[ \t\r\n\v\f]")
_BLANK = re.compile(rb"[ \t\r\n\v\f]*+")


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far the scan has come."""

    rows: int
    bytes_read: int
    size_bytes: int
    complete: bool = False


class LineIndex:
    """The rows of a file as far as they are known. Safe to use from several threads.

    Scans exclude each other; everything else reads without waiting for them, because what has been
    found is only added to: a row that was counted stays, and at most its end moves on.
    """

    def __init__(self, file: PlainFile, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._file = file
        self._chunk_bytes = chunk_bytes
        self._lock = threading.Lock()
        self._starts = array("Q")
        self._ends = array("Q")
        # Blank lines are rare: only where they shift the numbers of the lines after them.
        self._shifted_rows = array("Q")
        self._shifts = array("Q")
        self._position = 0
        self._line_start = 0
        self._line_number = 1
        self._solid = False
        self._provisional = False
        self.complete = False
        """Whether the end of the file has been reached."""

    @property
    def count(self) -> int:
        """Rows found so far."""
        return len(self._ends)

    @property
    def progress(self) -> IndexProgress:
        """How far the scan has come."""
        size = max(self._file.size_bytes, self._position)
        return IndexProgress(self.count, self._position, size, self.complete)

    def scan(self, budget_s: float, *, until: int | None = None) -> None:
        """Go on scanning until the time is up, the end is reached, or so many rows are known.

        Raises:
            DatasetError: if the file cannot be read.
        """
        deadline = time.monotonic() + budget_s
        with self._lock:
            while True:
                chunk = self._file.read(self._position, self._chunk_bytes)
                self._take(chunk)
                if len(chunk) < self._chunk_bytes:
                    self._finish()
                    return
                self.complete = False
                if time.monotonic() >= deadline or (until is not None and self.count >= until):
                    return

    def line(self, index: int) -> int:
        """The 1-based physical line of a row."""
        at = bisect_right(self._shifted_rows, index) - 1
        return index + 1 + (self._shifts[at] if at >= 0 else 0)

    def index_at(self, line: int) -> int:
        """The row at a physical line, or the first after it; `count` if there is none yet."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.line(middle) < line:
                low = middle + 1
            else:
                high = middle
        return low

    def size_bytes(self, index: int) -> int:
        """Length of a row's line, a carriage return included."""
        return self._ends[index] - self._starts[index]

    def sizes(self) -> "array[int]":
        """`size_bytes` of every row found so far."""
        count = self.count
        pairs = zip(self._starts[:count], self._ends[:count], strict=True)
        return array("Q", (end - start for start, end in pairs))

    def raw(self, index: int, *, max_bytes: int = MAX_LINE_BYTES) -> bytes:
        """The bytes of a row's line, or the first of them, without the line end.

        Raises:
            DatasetError: if the file cannot be read.
        """
        whole = self.size_bytes(index)
        raw = self._file.read(self._starts[index], min(whole, max_bytes))
        return raw.removesuffix(b"\r") if len(raw) == whole else raw

    def read(self, index: int) -> ParsedLine:
        """Read and parse a row; one that cannot be read is a row with a flaw.

        Raises:
            DatasetError: if the file cannot be read at all.
        """
        return read_row(self._file, index, self.line(index), self._starts[index], self._ends[index])

    def places(self, start: int, stop: int) -> "tuple[array[int], array[int], array[int]]":
        """Of rows that have been found: their lines, and where each begins and ends, in bytes."""
        shifted = self._shifted_rows and self._shifted_rows[0] < stop
        lines = map(self.line, range(start, stop)) if shifted else range(start + 1, stop + 1)
        return array("I", lines), self._starts[start:stop], self._ends[start:stop]

    def stretch(self, start: int, stop: int) -> "Readable":
        """The bytes of rows that have been found, one at least; see `stretch`."""
        return stretch(self._file, self._starts[start], self._ends[stop - 1])

    def _take(self, chunk: bytes) -> None:
        """Find the line ends in the next piece of the file."""
        base = self._position
        at = 0
        # Where lines are long, one after the other is found as fast.
        few = base > LONG_LINE * self.count
        odd = few or _INDENTED.search(chunk) is not None
        if base == 0 and chunk.startswith(codecs.BOM_UTF8):
            at = len(codecs.BOM_UTF8)
        while at < len(chunk):
            if not self._solid:
                at = self._pass_blank(chunk, at)
                continue
            end = chunk.find(b"\n", at)
            if end < 0:
                break
            self._add(base + end)
            self._line_number += 1
            self._line_start = base + end + 1
            self._solid = False
            at = end + 1 if odd else self._take_lines(chunk, end + 1)
        self._position = base + len(chunk)

    def _take_lines(self, chunk: bytes, at: int) -> int:
        """Take all whole lines from there on at once; none of them is blank or indented."""
        *lines, _ = chunk[at:].split(b"\n")
        if not lines:
            return at
        ends = array("Q", map(add, accumulate(map(len, lines)), count(self._line_start)))
        # The starts first: a row that is counted has both.
        self._starts.append(self._line_start)
        self._starts.extend(map(add, ends[:-1], repeat(1)))
        self._ends.extend(ends)
        self._line_number += len(lines)
        self._line_start = ends[-1] + 1
        return self._line_start - self._position

    def _pass_blank(self, chunk: bytes, at: int) -> int:
        """Pass over white space and blank lines to where a row has its first character."""
        found = _BLANK.match(chunk, at)
        end = found.end() if found else at
        last = chunk.rfind(b"\n", at, end)
        if last >= 0:
            self._line_number += chunk.count(b"\n", at, end)
            self._line_start = self._position + last + 1
        self._solid = end < len(chunk)
        return end

    def _finish(self) -> None:
        """At the end of the file: its last line may have no end."""
        rest = self._position - self._line_start
        if self._solid and 0 < rest < 4 and self._line_start:
            # The second half of the last line end of a file in UTF-16 or UTF-32 is no row.
            self._solid = self._file.read(self._line_start, rest).strip(b"\0") != b""
        if self._solid:
            self._add(self._position)
            self._provisional = True
        self.complete = True

    def _add(self, end: int) -> None:
        if self._provisional:
            # Moved, never taken away and added again: other threads read without the lock.
            self._ends[-1] = end
            self._provisional = False
            return
        index = len(self._starts)
        shift = self._line_number - index - 1
        if shift != (self._shifts[-1] if self._shifts else 0):
            self._shifted_rows.append(index)
            self._shifts.append(shift)
        self._starts.append(self._line_start)
        self._ends.append(end)


def end_of_run(index: LineIndex, start: int, max_rows: int, max_bytes: int) -> int:
    """Where a run of known rows ends that fits into the bytes, but has one row at least."""
    most = min(index.count, start + max_rows)
    _, starts, ends = index.places(start, most)
    return max(start + 1, start + bisect_right(ends, starts[0] + max_bytes)) if starts else start


class Readable(Protocol):
    """Something of which bytes can be read at any place, such as `PlainFile`."""

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes from there, or fewer where it ends."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a file, read at once."""

    data: bytes
    start: int
    """Where in the file it begins."""

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes from a place in the file, or fewer where the stretch ends."""
        return self.data[offset - self.start : offset - self.start + size]


def stretch(file: Readable, start: int, end: int) -> Readable:
    """The bytes from one place to another, read at once if they are not too many.

    Raises:
        DatasetError: if the file cannot be read.
    """
    return Stretch(file.read(start, end - start), start) if end - start < AT_ONCE else file


def read_row(file: Readable, index: int, line: int, start: int, end: int) -> ParsedLine:
    """Read and parse a row that stands between two bytes; what cannot be read is a flaw of it.

    Raises:
        DatasetError: if the file cannot be read at all.
    """
    size = end - start
    if size > MAX_LINE_BYTES:
        row = Row(index=index, line=line, offset=start, size_bytes=size)
        return ParsedLine(too_long(row), b"", Lifted(b""))
    raw = file.read(start, size)
    if len(raw) < size:
        flaw = "The file was truncated after it was opened."
        gone = Row(index=index, line=line, offset=start, size_bytes=len(raw), flaw=flaw)
        return ParsedLine(gone, b"", Lifted(b""))
    return read_line(raw.removesuffix(b"\r"), index=index, line=line, offset=start)
