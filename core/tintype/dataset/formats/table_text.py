"""Tables as text: decoded, and cut into fields with their lines.

A table from a spreadsheet may be separated by semicolons or tabs, begin with a byte order mark or
Excel's `sep=`, and quote what it likes. A line that cannot be read is reported, the rest goes on.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import SourceFile
from tintype.errors import DatasetError

MAX_TABLE_BYTES = 500_000_000
"""Tables with embedded photographs are large; larger ones are for other formats."""
SUFFIXES = (".csv", ".tsv")
DELIMITERS = (",", ";", "\t", "|", "\\")
_DIGITS = 20
"""A number of more of them is none of a class; Python reads none of thousands."""


def table_text(file: SourceFile, size: int = 0) -> str:
    """A table decoded, or its first bytes if a size is given.

    Raises:
        DatasetError: if it cannot be read, is JSON, or not in UTF-8 or UTF-16.
    """
    data = file.head(size) if size else file.read(MAX_TABLE_BYTES)
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[{")):
        raise DatasetError(
            f"{file.base} is JSON, not a table.",
            advice="Try `tintype import` without the name of a format, which detects it.",
        )
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        errors = "replace" if size else "strict"
        return data.decode("utf-16" if wide else "utf-8-sig", errors).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"{file.base} is not UTF-8: see line {line}.",
            advice="Save it again with the encoding UTF-8.",
            line=line,
        ) from error


def reader_of(lines: Iterable[str], delimiter: str, *, strict: bool) -> Any:
    """A `csv` reader.

    Raises:
        DatasetError: if that is no delimiter.
    """
    csv.field_size_limit(MAX_TABLE_BYTES)  # by itself 128 KiB, which no photograph fits into
    try:
        return csv.reader(lines, delimiter=delimiter, strict=strict)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"{delimiter!r} is not a delimiter.",
            advice="--delimiter takes one character, or tab.",
        ) from error


def fields_of(
    lines: io.StringIO, delimiter: str, before: int, log: ImportLog | None, file: str
) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank with its number, after so many lines that were read already."""
    reader = reader_of(lines, delimiter, strict=log is not None)
    begin = before + 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if log is not None:
                log.lose(file, begin, f"The line cannot be read: {error}.")
            begin = reader.line_num + before + 1
            continue
        if fields:
            yield begin, fields
        begin = reader.line_num + before + 1


def class_named(label: str, names: Sequence[str], log: ImportLog, place: str) -> str:
    """What a label says; of a number, the class of that number, if that is known."""
    if not label.isdecimal():
        return label
    number = int(label[-_DIGITS:]) if not label[:-_DIGITS].strip("0") else len(names)
    if number < len(names):
        return names[number]
    log.note("no-names", "classes are numbers without names (--names gives them).", place)
    return label


def likely_delimiter(header: str) -> str:
    """The delimiter that cuts a first line into most fields."""
    counted = [
        (len(next(reader_of([header], each, strict=False), [])), each) for each in DELIMITERS
    ]
    return max(counted, key=lambda pair: pair[0])[1]


def first_rows(file: SourceFile, size: int = 64 * 1024) -> Sequence[Sequence[str]]:
    """The first few lines as fields; none if it is no table."""
    try:
        text = table_text(file, size)
    except DatasetError:
        return []
    lines = text.splitlines(keepends=True)[:20]
    if not lines:
        return []
    delimiter = "\t" if file.suffix == ".tsv" else likely_delimiter(lines[0])
    found = fields_of(io.StringIO("".join(lines), newline=""), delimiter, 0, None, file.name)
    return [fields for _, fields in found]
