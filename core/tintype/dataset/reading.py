"""A file read from beginning to end, for engines and threads that have no event loop."""

from collections.abc import Iterator
from pathlib import Path

from tintype.dataset.example import Row
from tintype.dataset.files import PlainFile, refuse_foreign
from tintype.dataset.index import LineIndex


def read_rows(path: Path) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Every row that is not blank, with the raw URL of every image in it.

    A line that is no JSON is a row with a flaw; one row is in memory at a time.

    Raises:
        DatasetError: if the file is missing, not a regular file, unreadable, or certainly no text.
    """
    with PlainFile(path) as file:
        refuse_foreign(file)
        index = LineIndex(file)
        at = 0
        while not index.complete or at < index.count:
            if at >= index.count:
                index.scan(0.0)
                continue
            line = index.read(at)
            yield line.row, line.urls()
            at += 1
