"""Rows of JSON in the dialects of other trainers: LLaVA, ShareGPT, Alpaca, PaliGemma and others.

A file is a JSON list, or JSON values one after the other, each on a line or over several. What a
row may look like is known by `tintype.dataset.repair`; a file that holds chat rows already needs no
import, but a folder or an archive of such files is read like any other.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from tintype.dataset.files import PlainFile
from tintype.dataset.formats.contract import (
    Chat,
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
)
from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.json_files import read_json, read_values
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.row_dialects import filled, grounding, note_oddities
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.streams import BROKEN
from tintype.dataset.index import LineIndex
from tintype.dataset.places import slots
from tintype.dataset.repair import repaired
from tintype.errors import DatasetError

Shape = Literal["list", "lines", "spread"]

MAX_ROW_BYTES = 200_000_000
_HEAD_BYTES = 4 * 1024 * 1024
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".jsonlines")
_CODES = (
    ("places for images", "placeholders-differ"),
    ("There is no image", "missing-images"),
)
"""Codes of what is wrong with rows, by their words."""
_SPREAD = re.compile(r"""\{\s*\n\s*["}]""")
_SHAPES: dict[Shape, str] = {
    "list": "a JSON list of {}",
    "lines": "a file of {}",
    "spread": "a file of {}, each over several lines",
}
_KINDS = (
    ("conversations", "LLaVA's or ShareGPT's conversations"),
    ("prefix", "PaliGemma's prefixes and suffixes"),
    ("instruction", "Alpaca's instructions"),
    ("query", "ms-swift's queries"),
    ("messages", "messages"),
    ("texts", "pairs of turns (The Cauldron)"),
    ("contents", "Gemini's contents"),
    ("question", "questions and answers"),
    ("input", "inputs and outputs"),
    ("completion", "prompts and completions"),
    ("body", "requests of a batch"),
)


class JsonRows(FilesFormat):
    """Rows of other trainers."""

    name = "rows"
    title = "JSON rows (LLaVA, ShareGPT, Alpaca, PaliGemma, Florence-2, Qwen-VL, ms-swift, TRL)"
    about = "Conversations in the formats of other trainers; each image goes where its text says."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON list of rows, lines of JSON that are no chat rows yet, or a folder of such."""
        if files.given:
            return _kind(files.given)
        found = _files(files)
        what = _kind(found[0]) if found else None
        if what is None:
            return None
        if len(found) == 1:
            return Detection(f"a folder with {what.what}", "likely")
        return Detection(
            f"a folder of {len(found)} files: {found[0].name} is {what.what}", "likely"
        )

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every row that is a conversation with its images.

        Raises:
            DatasetError: if a file cannot be read, or is no JSON.
        """
        found = [files.given] if files.given else _files(files)
        if not found:
            raise DatasetError(f"{files.root} holds no rows of JSON.", path=files.root)
        yield from _read(found, files, options, log)


class ChatFolder(FilesFormat):
    """Folders and archives of chat rows as they should be."""

    name = "chat"
    title = "a folder of chat rows (OpenAI's JSONL)"
    about = "Chat rows as they are; images in files are embedded."

    def recognise(self, files: Files) -> Detection | None:
        """A folder or an archive with files of chat rows."""
        if files.given:
            is_ours = files.given.packed and _chat_files(files)
            return Detection("a compressed file of chat rows") if is_ours else None
        found = _chat_files(files)
        names = ", ".join(file.name for file in found[:3])
        return Detection(f"a folder of chat rows ({names})", "possible") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every row.

        Raises:
            DatasetError: if there is no such file, or one cannot be read.
        """
        found = _chat_files(files)
        if not found:
            raise DatasetError(f"{files.root} holds no file of chat rows.", path=files.root)
        yield from _read(found, files, options, log)


FORMATS = (JsonRows(), ChatFolder())


def _read(
    found: Iterable[SourceFile], files: Files, options: ImportOptions, log: ImportLog
) -> Iterator[Item]:
    images = ImageFinder(files, log, options.images)
    for file in found:
        name = file.base if files.given else file.name
        for line, value in json_rows(file, log):
            try:
                yield _item(value, images, file, line, name, log)
            except DatasetError as error:
                codes = (code for said, code in _CODES if said in error.message)
                log.lose(name, line, error.message, next(codes, ""))


def _files(files: Files) -> list[SourceFile]:
    """The files of a folder that hold rows."""
    return [file for file in files.named(*_SUFFIXES, deep=2)[:2000] if _kind(file)]


def _chat_files(files: Files) -> list[SourceFile]:
    found = files.named(".jsonl", ".ndjson", deep=1)[:100]
    return [file for file in found if _is_chat(first_row(file)[0])]


def count_chat_rows(path: Path) -> int | None:
    """How many rows a file of chat rows as they should be holds; none if it is something else."""
    try:
        given = None if path.is_dir() else Files.of(path).given
        row, shape = first_row(given) if given else (None, "lines")
        packed = given is not None and given.packed
        if packed or shape != "lines" or not _is_chat(row):
            return None
        with PlainFile(path) as file:
            index = LineIndex(file)
            while not index.complete:
                index.scan(1.0)
            return index.count
    except (DatasetError, OSError):
        return None


def _is_chat(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("messages"), list) and _repaired(row) is row


def _kind(file: SourceFile) -> Detection | None:
    if file.suffix not in _SUFFIXES:
        return None
    row, shape = first_row(file)
    made = _repaired(row)
    if made is None or (made is row and shape == "lines"):
        return None  # nothing known, or chat rows as they should be
    kind = next((words for key, words in _KINDS if key in row), "rows")
    return Detection(_SHAPES[shape].format(kind))


def _repaired(row: Any) -> Any:
    if not isinstance(row, dict):
        return None
    try:
        return repaired(filled(row))
    except DatasetError:
        return None


def first_row(file: SourceFile) -> tuple[Any, Shape]:
    """The first row of a file, and how rows are laid out in it."""
    for size in (64 * 1024, _HEAD_BYTES):
        head = file.head(size)
        encoding = json.detect_encoding(head) if head else "utf-8"
        text = head.decode(encoding, "replace").removeprefix("\ufeff").lstrip()
        try:
            row = json.JSONDecoder().raw_decode(text.removeprefix("[").lstrip())[0]
            return row, _shape(text)
        except (ValueError, RecursionError):
            continue
    return None, "lines"


def _shape(text: str) -> Shape:
    return "list" if text.startswith("[") else "spread" if _SPREAD.match(text) else "lines"


def _item(
    value: Any, images: ImageFinder, file: SourceFile, line: int, name: str, log: ImportLog
) -> Item:
    grounded = grounding(value)
    row = repaired(filled(value))
    place = f"{name}:{line}"
    note_oddities(value, row, place, log)
    sources: list[ImageSource] = []
    for slot in slots(row["messages"]):
        if slot.image:
            found = images.find(slot.text, file.folder, file.split)
            sources.append(found)
            if row is value and not isinstance(found, (bytes, str)):
                log.note("local-file", "images are files: embedded in the rows.", slot.text[:200])
    if grounded is not None and len(sources) == 1:
        return Item(grounded, tuple(sources), name, line, file.split)
    beside = {key: row[key] for key in ("tools", "parallel_tool_calls") if key in row}
    return Item(Chat(row["messages"], beside), tuple(sources), name, line, file.split)


def json_rows(file: SourceFile, log: ImportLog) -> Iterator[tuple[int, Any]]:
    """Every value with its line; of a list, which value it is.

    Raises:
        DatasetError: if the file cannot be read, or is no JSON.
    """
    start = file.head(4096)
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if wide or start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        if file.suffix != ".json":
            log.note("json-list", "files named .jsonl are JSON lists: read as such.", file.name)
        value = read_json(file)
        yield from enumerate(value if isinstance(value, list) else [value], 1)
    elif _shape(start.decode("utf-8-sig", "replace").lstrip()) == "spread":
        log.note("spread", "files have rows over several lines each: read as such.", file.name)
        yield from enumerate(read_values(file), 1)
    elif file.path is None:
        yield from _lines(file, log)
    else:
        yield from _indexed(file, log)


def _indexed(file: SourceFile, log: ImportLog) -> Iterator[tuple[int, Any]]:
    """The lines of a file on disk, one in memory at a time."""
    assert file.path is not None  # it is not in an archive
    with PlainFile(file.path) as plain:
        index = LineIndex(plain)
        while not index.complete:
            index.scan(1.0)
        log.total = 2 * index.count
        for at in range(index.count):
            line = index.read(at)
            if line.row.flaw:
                log.lose(file.base, line.row.line, line.row.flaw)
                continue
            for slot, url in zip(line.slots, line.every_url(), strict=True):
                slot.holder[slot.key] = url
            yield line.row.line, line.row.value


def _lines(file: SourceFile, log: ImportLog) -> Iterator[tuple[int, Any]]:
    """The lines of a member of an archive."""
    with file.open() as stream:
        number = 0
        while line := _line(stream, file):
            number += 1
            text = line.decode("utf-8-sig", "replace").strip()
            if not text:
                continue
            try:
                yield number, json.loads(text)
            except (ValueError, RecursionError) as error:
                log.lose(file.name, number, f"The line is no JSON: {error}.")


def _line(stream: IO[bytes], file: SourceFile) -> bytes:
    try:
        return stream.readline(MAX_ROW_BYTES)
    except BROKEN as error:
        raise DatasetError(
            f"{file.name} is damaged: {error}.", advice="Download or copy it again."
        ) from error
