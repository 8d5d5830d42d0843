"""Tables of images, questions and answers, or of images and their classes: a row for each line.

Which column is which is known by its name, or said. An image may be a name, an address, its data,
or the index of another row that has the same (VLMEvalKit); columns A, B, C … are choices. A line
that cannot be used is reported and the rest goes on.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.contract import (
    Detection,
    FilesFormat,
    FormatOption,
    ImageSource,
    ImportOptions,
    Item,
    Label,
    Question,
    WrittenRow,
)
from tintype.dataset.formats.images import ImageFinder, ImageKeeper
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.table_columns import TableColumns, find_columns
from tintype.dataset.formats.table_text import (
    SUFFIXES,
    class_named,
    fields_of,
    first_rows,
    table_text,
)
from tintype.dataset.splits import SPLITS, Split, split_named
from tintype.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Entry:
    """One usable line of a table."""

    line: int
    """1-based physical line on which it begins."""
    image: str
    question: str
    answer: str
    split: Split | None = None
    index: str = ""
    labelled: bool = False


class CsvTable(FilesFormat):
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

    def recognise(self, files: Files) -> Detection | None:
        """A file named .csv or .tsv that is no JSON, or a folder with such files."""
        tables = _tables(files)
        if files.given:
            return (
                Detection("a table", "likely") if tables and first_rows(tables[0], 4096) else None
            )
        what = f"a folder of {len(tables)} tables" if len(tables) > 1 else "a folder of a table"
        return Detection(what, "likely") if tables else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield each usable line; a folder stands for the tables of its splits.

        Raises:
            DatasetError: if a table cannot be read or lacks a column.
        """
        tables = find_tables(files)
        images = ImageFinder(files, log, options.images)
        for split, table in tables:
            file = _name(table, tables)
            known: dict[str, ImageSource] = {}
            for entry in read_entries(table_text(table), options, log, file):
                try:
                    image = known.get(entry.image) if entry.index else None
                    if image is not None:
                        words = "rows show the image of another row, by its index."
                        log.note("images-repeated", words, f"{file}:{entry.line}")
                    else:
                        image = images.find(entry.image, table.folder, split or entry.split)
                except DatasetError as error:
                    log.lose(file, entry.line, str(error))
                    continue
                known[entry.index] = image
                content = _content(entry, options, log, file)
                yield Item(content, (image,), file, entry.line, split or entry.split)

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """Write `table.csv` and its images; rows that are no single question go to the log."""
        images = ImageKeeper(target, "link", files, verify=False)
        with io.TextIOWrapper(files.open(target / "table.csv"), "utf-8", newline="") as text:
            table = csv.writer(text)
            table.writerow(("image", "question", "answer", "split"))
            for row in rows:
                try:
                    table.writerow((*_fields(row, images, log), row.split))
                except DatasetError as error:
                    log.lose(row.file, row.line, error.message)
                yield


FORMAT = CsvTable()


def find_tables(files: Files) -> tuple[tuple[Split | None, SourceFile], ...]:
    """The tables that are meant, by split; None where no name says which.

    A table is itself alone; a folder is all tables that belong together.

    Raises:
        DatasetError: if there is none, or it cannot be known which one is meant.
    """
    found = _tables(files)
    if not found:
        raise DatasetError(f"{files.root} holds no table (.csv, .tsv).", path=files.root)
    if files.given:
        return ((found[0].split, found[0]),)
    of_splits: dict[Split, SourceFile] = {}
    for file in found:
        if file.split is not None:
            of_splits.setdefault(file.split, file)
    if of_splits:
        return tuple((split, of_splits[split]) for split in SPLITS if split in of_splits)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:8])
        raise DatasetError(
            f"{files.root} holds several tables.",
            advice=f"Name one of them: {names}.",
            path=files.root,
        )
    return ((None, found[0]),)


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
    for line, fields in fields_of(lines, columns.delimiter, before, log, file):
        entry = _entry(fields, line, columns, options, log, file)
        if entry is not None:
            yield entry


def _content(entry: Entry, options: ImportOptions, log: ImportLog, file: str) -> Question | Label:
    if not entry.labelled:
        return Question(entry.question, entry.answer)
    return Label(class_named(entry.answer, options.names, log, f"{file}:{entry.line}"))


def _entry(
    fields: Sequence[str],
    line: int,
    columns: TableColumns,
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
        if not text and not (columns.labelled and what == "question"):
            log.lose(file, line, f"The {what} is empty.", f"no-{what}")
            return None
    said = fields[columns.split] if columns.split >= 0 else ""
    split = split_named(said)
    if said.strip() and split is None:
        log.lose(file, line, f"{said[:40]!r} is no split.")
        return None
    choices = [(letter, fields[at].strip()) for letter, at in columns.choices]
    question = "\n".join([question, *(f"{letter}. {text}" for letter, text in choices if text)])
    if columns.choices:
        words = "questions have choices: named below the question, the answer as it stands."
        log.note("choices", words)
    index = fields[columns.index].strip() if columns.index >= 0 else ""
    return Entry(line, image, question, answer.strip(), split, index, columns.labelled)


def _fields(row: WrittenRow, images: ImageKeeper, log: ImportLog) -> tuple[str, str, str]:
    asked = [turn for turn in row.example.messages if turn.role != "system"]
    if len(row.images) != 1 or [turn.role for turn in asked] != ["user", "assistant"]:
        raise DatasetError("The row is not one question about one image.")
    if len(asked) < len(row.example.messages):
        log.add(row.file, row.line, "A table cannot hold a system prompt.", "left away")
    return images.url(images.take(row.images[0])), asked[0].text, asked[1].text


def _tables(files: Files) -> list[SourceFile]:
    """The tables of a folder, else those in the folders of its splits."""
    found = files.named(*SUFFIXES, deep=3)
    if files.given or not found:
        return found
    top = min(file.name.count("/") for file in found)
    return [file for file in found if file.name.count("/") == top]


def _name(file: SourceFile, tables: Sequence[tuple[Split | None, SourceFile]]) -> str:
    """The table's name, with its folder's where the folders tell the tables apart."""
    alike = sum(other.base == file.base for _, other in tables) > 1
    return file.name if alike else file.base
