"""Tables of images, questions and answers: a row for each line.

Which column is which is known by its name, or said. A table from a spreadsheet may be separated by
semicolons or tabs, begin with a byte order mark or Excel's `sep=`, and quote what it likes. A line
that cannot be used is reported and the rest goes on.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tintype.dataset.files import read_plain_file
from tintype.dataset.formats.contract import (
    Detection,
    FormatOption,
    ImportOptions,
    Item,
    Question,
    WrittenRow,
)
from tintype.dataset.formats.images import ImageFinder, ImageKeeper
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files
from tintype.dataset.splits import Split, siblings, split_named, split_of
from tintype.dataset.writing import FileSet
from tintype.errors import DatasetError

MAX_TABLE_BYTES = 500_000_000
"""Tables with embedded photographs are large; larger ones are for other formats."""
SUFFIXES = frozenset({".csv", ".tsv"})
DELIMITERS = (",", ";", "\t", "|")
IMAGE_NAMES = ("image", "img", "picture", "photo", "image_path", "image_file", "image_url", "path",
               "file", "filename", "file_name", "url")  # fmt: skip
QUESTION_NAMES = ("question", "prompt", "instruction", "query", "text", "input")
ANSWER_NAMES = ("answer", "response", "completion", "output", "caption", "label", "class", "target")
CAPTION_NAMES = (*ANSWER_NAMES, "text", "description", "title")
"""Names of the answer where the question is given."""
SPLIT_NAMES = ("split", "subset", "set")
_HEAD_BYTES = 64 * 1024
_ESCAPED = {"\\t": "\t", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a table."""

    delimiter: str
    count: int
    image: int
    question: int
    """-1 if the same is asked every time."""
    answer: int
    split: int
    """-1 if the table does not say."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One usable line of a table."""

    line: int
    """1-based physical line on which it begins."""
    image: str
    question: str
    answer: str
    split: Split | None = None


class CsvTable:
    """A table with a header."""

    name = "csv"
    title = "CSV table"
    about = "A table with an image, a question and an answer on each line; each becomes a row."
    options = (
        FormatOption("image", "The column of the images."),
        FormatOption("question", "The column of the questions."),
        FormatOption("answer", "The column of the answers."),
        FormatOption("delimiter", "The delimiter; detected by default."),
    )

    def detect(self, path: Path) -> Detection | None:
        """A file named .csv or .tsv that is no JSON, or a folder with such files."""
        if path.is_dir():
            tables = _tables(path)
            what = f"a folder of {len(tables)} tables" if len(tables) > 1 else "a folder of a table"
            return Detection(what, "likely") if tables else None
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).lstrip(b"\xef\xbb\xbf \r\n\t")
        return None if head.startswith((b"{", b"[{")) else Detection("a table")

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield each usable line; a folder stands for the tables of its splits.

        Raises:
            DatasetError: if a table cannot be read or lacks a column.
        """
        tables = find_tables(source)
        for split, path in tables:
            file = _name(path, tables)
            images = ImageFinder(Files(path.parent), log, options.images)
            for entry in read_entries(_text(path), options, log, file):
                try:
                    image = images.find(entry.image)
                except DatasetError as error:
                    log.lose(file, entry.line, str(error))
                    continue
                content = Question(entry.question, entry.answer)
                yield Item(content, (image,), file, entry.line, split or entry.split)

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """Write `table.csv` and its images; rows that are no single question go to the log."""
        images = ImageKeeper(target, "link", files)
        with io.TextIOWrapper(files.open(target / "table.csv"), "utf-8", newline="") as text:
            table = csv.writer(text)
            table.writerow(("image", "question", "answer"))
            for row in rows:
                try:
                    table.writerow(_fields(row, images, log))
                except DatasetError as error:
                    log.lose("", row.line, error.message)
                yield


FORMAT = CsvTable()


def find_tables(source: Path) -> tuple[tuple[Split | None, Path], ...]:
    """The tables that are meant, by split; None where no name says which.

    A table is itself alone; a folder is all tables that belong together.

    Raises:
        DatasetError: if there is none, or it cannot be known which one is meant.
    """
    if not source.is_dir():
        return ((split_of(source), source),)
    path = _first_table(source)
    return tuple(siblings(path).named().items()) if split_of(path) else ((None, path),)


def find_columns(header: str, options: ImportOptions) -> Columns:
    """Find the columns by the first line of a table.

    Raises:
        DatasetError: if one is missing, naming those that there are and the option that helps.
    """
    best: DatasetError | None = None
    most = 0
    said = _said(options, "delimiter")
    for delimiter in [_ESCAPED.get(said.lower(), said)] if said else DELIMITERS:
        names: list[str] = next(_rows([header], delimiter, strict=False), [])
        try:
            return _columns([name.strip() for name in names], delimiter, options)
        except DatasetError as error:
            if len(names) > most:
                best, most = error, len(names)
    raise best or DatasetError("The table is empty.")


def read_entries(text: str, options: ImportOptions, log: ImportLog, file: str) -> Iterator[Entry]:
    """The usable lines of a table; what is wrong with the others goes to the log.

    Raises:
        DatasetError: if a column is missing.
    """
    lines = io.StringIO(text, newline="")
    header, before = lines.readline(), 1
    if header[:4].lower() == "sep=":
        options = replace(options, more={**options.more, "delimiter": header[4:5]})
        header, before = lines.readline(), 2
    columns = find_columns(header, options)
    reader = _rows(lines, columns.delimiter, strict=True)
    begin = before + 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            log.lose(file, begin, f"The line cannot be read: {error}.")
            begin = reader.line_num + before + 1
            continue
        if fields:
            entry = _entry(fields, begin, columns, options, log, file)
            if entry is not None:
                yield entry
        begin = reader.line_num + before + 1


def _rows(lines: Iterable[str], delimiter: str, *, strict: bool) -> Any:
    csv.field_size_limit(MAX_TABLE_BYTES)  # by itself 128 KiB, which no photograph fits into
    try:
        return csv.reader(lines, delimiter=delimiter, strict=strict)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"{delimiter!r} is not a delimiter.",
            advice="--delimiter takes one character, or tab.",
        ) from error


def _said(options: ImportOptions, name: str) -> str:
    return str(options.more.get(name, "") or "")


def _columns(names: Sequence[str], delimiter: str, options: ImportOptions) -> Columns:
    known = {name.casefold(): at for at, name in reversed(list(enumerate(names)))}

    def find(option: str, usual: Sequence[str], more: str = "") -> int:
        said = _said(options, option)
        for name in [said] if said else usual:
            if name.casefold() in known:
                return known[name.casefold()]
        listed = ", ".join(name[:40] for name in names[:20])
        raise DatasetError(
            f"The table has no column {said}." if said else f"There is no column named {option}.",
            advice=f"Name it with --{option}{more}. The columns are: {listed}.",
            line=1,
        )

    asks = _said(options, "question") or not options.prompt
    image = find("image", IMAGE_NAMES)
    instead = ", or use one question for all rows: --prompt"
    asked = find("question", QUESTION_NAMES, instead) if asks else -1
    return Columns(
        delimiter=delimiter,
        count=len(names),
        image=image,
        question=asked,
        answer=find("answer", ANSWER_NAMES if asks else CAPTION_NAMES),
        split=next((known[name] for name in SPLIT_NAMES if name in known), -1),
    )


def _entry(
    fields: Sequence[str],
    line: int,
    columns: Columns,
    options: ImportOptions,
    log: ImportLog,
    file: str,
) -> Entry | None:
    if len(fields) != columns.count:
        log.lose(file, line, f"The line has {len(fields)} fields instead of {columns.count}.")
        return None
    asked = fields[columns.question] if columns.question >= 0 else options.prompt
    image, question, answer = fields[columns.image].strip(), asked.strip(), fields[columns.answer]
    for text, what in ((image, "image"), (question, "question"), (answer.strip(), "answer")):
        if not text:
            log.lose(file, line, f"The {what} is empty.")
            return None
    said = fields[columns.split] if columns.split >= 0 else ""
    split = split_named(said)
    if said.strip() and split is None:
        log.lose(file, line, f"{said[:40]!r} is no split.")
        return None
    return Entry(line, image, question, answer.strip(), split)


def _fields(row: WrittenRow, images: ImageKeeper, log: ImportLog) -> tuple[str, str, str]:
    asked = [turn for turn in row.example.messages if turn.role != "system"]
    if len(row.images) != 1 or [turn.role for turn in asked] != ["user", "assistant"]:
        raise DatasetError("The row is not one question about one image.")
    if len(asked) < len(row.example.messages):
        log.add("", row.line, "A table cannot hold a system prompt.", "left away")
    return images.url(images.take(row.images[0])), asked[0].text, asked[1].text


def _first_table(folder: Path) -> Path:
    found = _tables(folder)
    if not found:
        named = [inner for inner in sorted(folder.iterdir()) if split_named(inner.name)]
        found = [table for inner in named if inner.is_dir() for table in _tables(inner)[:1]]
    if not found:
        raise DatasetError(f"{folder} holds no table (.csv, .tsv).", path=folder)
    of_splits = [table for table in found if split_of(table) is not None]
    if len(found) > 1 and not of_splits:
        names = ", ".join(table.name for table in found[:8])
        raise DatasetError(
            f"{folder} holds several tables.", advice=f"Name one of them: {names}.", path=folder
        )
    return (of_splits or found)[0]


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _text(path: Path) -> str:
    data = read_plain_file(path, max_bytes=MAX_TABLE_BYTES)
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[{")):
        raise DatasetError(
            f"{path.name} is JSON, not a table.",
            advice=f"Try `tintype import {path} DIR`, which detects the format.",
            path=path,
        )
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"{path.name} is not UTF-8: see line {line}.",
            advice="Save it again with the encoding UTF-8.",
            path=path,
            line=line,
        ) from error


def _name(path: Path, tables: Sequence[tuple[Split | None, Path]]) -> str:
    """The table's name, with its folder's where the folders tell the tables apart."""
    alike = sum(other.name == path.name for _, other in tables) > 1
    return f"{path.parent.name}/{path.name}" if alike else path.name
