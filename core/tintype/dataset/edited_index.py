"""The rows of a file with what lies over them."""

import time

from tintype.dataset.edits import Edits, laid
from tintype.dataset.index import LineIndex, end_of_run, read_row
from tintype.dataset.parsing import ParsedLine

BATCH_S = 0.08


class EditedIndex(LineIndex):
    """A line index whose rows are read as they were edited."""

    edits = Edits()
    """Replaced whole; threads that read meanwhile see the one or the other."""

    def read(self, index: int) -> ParsedLine:
        """Read and parse a row as it was edited; see `LineIndex.read`."""
        line = self.source(index)
        edit = self.edits.rows.get(line.row.line)
        return line if edit is None or edit.text is None else laid(line, edit.text)

    def source(self, index: int) -> ParsedLine:
        """Read and parse a row as it stands in the file."""
        return super().read(index)

    def source_at(self, line: int) -> ParsedLine | None:
        """Return the row at a 1-based physical line as it stands in the file, if there is one."""
        index = self.index_at(line)
        there = index < self.count and self.line(index) == line
        return self.source(index) if there else None

    def start_of(self, index: int, max_bytes: int) -> tuple[bytes, int]:
        """Return the beginning of a row as it was edited, and the bytes of the whole."""
        if self.line(index) in self.edits.rows:
            whole = self.read(index).raw
            return whole[:max_bytes], len(whole)
        return self.raw(index, max_bytes=max_bytes), self.size_bytes(index)

    def read_some(
        self, start: int, stop: int, max_bytes: int, *, edited: bool
    ) -> tuple[ParsedLine, ...]:
        """Read rows for 80 ms at most, as many as fit into the bytes, but one at least."""
        deadline = time.monotonic() + BATCH_S
        stop = end_of_run(self, start, stop - start, max_bytes)
        places = zip(*self.places(start, stop), strict=True)
        source, edits = self.stretch(start, stop), self.edits.rows if edited else {}
        lines: list[ParsedLine] = []
        for index, place in enumerate(places, start):
            if lines and time.monotonic() > deadline:
                break
            line = read_row(source, index, *place)
            edit = edits.get(line.row.line)
            lines.append(line if edit is None or edit.text is None else laid(line, edit.text))
        return tuple(lines)
