"""Tables of images, questions and answers made into chat rows, one for each line.

Which column is which is told by its name, or said. A table from a spreadsheet may be separated by
semicolons or tabs, begin with a byte order mark, and quote what it likes. A line that cannot be
used is reported and the rest goes on.
"""

import csv
import io
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.files import image_path, read_plain_file
from tintype.dataset.formats.images import ImageKeeper
from tintype.dataset.formats.report import ImportLog, ImportProgress, ImportReport, Keep
from tintype.dataset.formats.tables import find_tables
from tintype.dataset.places import origin
from tintype.dataset.splits import SPLITS, Split, draw_splits, split_named
from tintype.dataset.writing import SplitWriter, chat_row, refuse_existing
from tintype.errors import DatasetError
from tintype.threads import stepwise

MAX_TABLE_BYTES = 200_000_000

DELIMITERS = (",", ";", "\t", "|")
IMAGE_NAMES = ("image", "img", "picture", "photo", "image_path", "image_file", "image_url", "path",
               "file", "filename", "file_name", "url")  # fmt: skip
QUESTION_NAMES = ("question", "prompt", "instruction", "query", "text", "input")
ANSWER_NAMES = ("answer", "response", "completion", "output", "caption", "label", "class", "target")
SPLIT_NAMES = ("split", "subset", "set")


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How to import."""

    keep: Keep = "embed"
    system: str = ""
    """The system prompt; none if empty."""
    image: str = ""
    """The column of the image; empty means the one whose name says so."""
    question: str = ""
    answer: str = ""
    prompt: str = ""
    """What is asked of every image, where the table has no column of questions."""
    delimiter: str = ""
    """Empty means the one that makes sense of the first line."""
    images: Path | None = None
    """What the names of images are relative to; none means the folder of the table."""
    seed: int = 0
    """Where the source has no splits: how they are drawn, by image."""
    valid_share: float = 0.1
    test_share: float = 0.1
    replace: bool = False
    """Whether files that exist may be overwritten."""


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
class CsvEntry:
    """One usable line of a table."""

    line: int
    """1-based physical line on which it begins."""
    image: str
    question: str
    answer: str
    split: Split | None = None


def import_csv(
    source: Path, target: Path, options: CsvOptions | None = None
) -> AsyncGenerator[ImportProgress, None]:
    """Write tables as `train.jsonl`, `valid.jsonl` and `test.jsonl` into `target`.

    `source` is a table, whose siblings for the other splits are taken too (`tintype.dataset.splits`
    says which those are), or a folder that holds them. The last report holds the result; the files
    appear all together, just before it.

    Raises:
        DatasetError: if a table cannot be read or lacks a column, or the target exists.
    """
    return stepwise(_import(source, target, options or CsvOptions()))


def find_columns(header: str, options: CsvOptions) -> Columns:
    """Tell the columns from the first line of a table.

    Raises:
        DatasetError: if one is missing, naming those that there are.
    """
    best: DatasetError | None = None
    most = 0
    for delimiter in [options.delimiter] if options.delimiter else DELIMITERS:
        names = next(csv.reader([header], delimiter=delimiter), [])
        try:
            return _columns([name.strip() for name in names], delimiter, options)
        except DatasetError as error:
            if len(names) > most:
                best, most = error, len(names)
    raise best or DatasetError("The table is empty.")


def read_entries(text: str, options: CsvOptions, log: ImportLog, file: str) -> Iterator[CsvEntry]:
    """The usable lines of a table; what is wrong with the others goes to the log.

    Raises:
        DatasetError: if a column is missing.
    """
    lines = io.StringIO(text, newline="")
    columns = find_columns(lines.readline(), options)
    reader = csv.reader(lines, delimiter=columns.delimiter, strict=True)
    begin = 2
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            log.add(file, begin, f"The line cannot be read: {error}.", "left out")
            begin = reader.line_num + 2
            continue
        if fields:
            entry = _entry(fields, begin, columns, options, log, file)
            if entry is not None:
                yield entry
        begin = reader.line_num + 2


def _columns(names: Sequence[str], delimiter: str, options: CsvOptions) -> Columns:
    known = {name.casefold(): at for at, name in reversed(list(enumerate(names)))}

    def find(said: str, usual: Sequence[str], what: str) -> int:
        for name in [said] if said else usual:
            if name.casefold() in known:
                return known[name.casefold()]
        listed = ", ".join(name[:40] for name in names[:20])
        raise DatasetError(
            f"The table has no column {said}." if said else f"No column is named like {what}.",
            advice=f"Say which it is. The columns are: {listed}.",
            line=1,
        )

    asks = options.question or not options.prompt
    return Columns(
        delimiter=delimiter,
        count=len(names),
        image=find(options.image, IMAGE_NAMES, "an image"),
        question=find(options.question, QUESTION_NAMES, "a question") if asks else -1,
        answer=find(options.answer, ANSWER_NAMES, "an answer"),
        split=next((known[name] for name in SPLIT_NAMES if name in known), -1),
    )


def _entry(
    fields: Sequence[str],
    line: int,
    columns: Columns,
    options: CsvOptions,
    log: ImportLog,
    file: str,
) -> CsvEntry | None:
    if len(fields) != columns.count:
        message = f"The line has {len(fields)} fields instead of {columns.count}."
        log.add(file, line, message, "left out")
        return None
    asked = fields[columns.question] if columns.question >= 0 else options.prompt
    image, question, answer = fields[columns.image].strip(), asked.strip(), fields[columns.answer]
    for text, what in ((image, "image"), (question, "question"), (answer.strip(), "answer")):
        if not text:
            log.add(file, line, f"The {what} is empty.", "left out")
            return None
    said = fields[columns.split] if columns.split >= 0 else ""
    split = split_named(said)
    if said.strip() and split is None:
        log.add(file, line, f"{said[:40]!r} is no split.", "left out")
        return None
    return CsvEntry(line, image, question, answer.strip(), split)


def _import(
    source: Path, target: Path, options: CsvOptions
) -> Generator[ImportProgress, None, None]:
    refuse_existing([target / f"{split}.jsonl" for split in SPLITS], replace=options.replace)
    tables = find_tables(source)
    log = ImportLog(total=0)
    read: list[tuple[Path, Split | None, list[CsvEntry]]] = []
    for split, path in tables:
        entries = []
        for entry in read_entries(_text(path), options, log, _name(path, tables)):
            entries.append(entry)
            log.total += 1
        read.append((path, split, entries))
        yield log.progress()
    keeper = ImageKeeper(target, options.keep)
    drawn = _draw(read, options)
    addresses: set[str] = set()
    with SplitWriter(target) as writer:
        for path, split, entries in read:
            file = _name(path, tables)
            for entry in entries:
                url = _url(entry, path, keeper, log, file, options)
                if url:
                    if url == entry.image:
                        addresses.add(url)
                    row = chat_row(entry.question, entry.answer, url, system=options.system)
                    writer.write(split or entry.split or drawn[entry.image], row)
                if log.step():
                    yield log.progress()
    yield log.progress(
        ImportReport(
            rows=sum(writer.counts.values()),
            images=len(keeper.digests) + len(addresses),
            splits={name: writer.counts[name] for name in writer.files},
            files=writer.files,
            problems=tuple(log.problems),
        )
    )


def _url(
    entry: CsvEntry,
    table: Path,
    keeper: ImageKeeper,
    log: ImportLog,
    file: str,
    options: CsvOptions,
) -> str:
    """The image's URL in the row; empty if it cannot be had, which is logged."""
    if origin(entry.image) != "file":
        return entry.image
    try:
        return keeper.take(image_path(entry.image, options.images or table.parent))[0]
    except DatasetError as error:
        log.add(file, entry.line, str(error), "left out")
        return ""


def _draw(
    read: Sequence[tuple[Path, Split | None, Sequence[CsvEntry]]], options: CsvOptions
) -> dict[str, Split]:
    """A split for each image of which the source does not say it."""
    return draw_splits(
        (
            entry.image
            for _, split, entries in read
            for entry in entries
            if split is None and entry.split is None
        ),
        seed=options.seed,
        valid_share=options.valid_share,
        test_share=options.test_share,
    )


def _text(path: Path) -> str:
    data = read_plain_file(path, max_bytes=MAX_TABLE_BYTES)
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
