"""Rows of JSON in the dialects of other trainers: LLaVA, ShareGPT, Alpaca, PaliGemma and others.

A file is a JSON list, or one JSON value a line. What a row may look like is known by
`tintype.dataset.repair`; a file that holds chat rows already needs no import.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tintype.dataset.files import PlainFile, read_plain_file
from tintype.dataset.formats.contract import Chat, Detection, ImageSource, ImportOptions, Item
from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files
from tintype.dataset.index import LineIndex
from tintype.dataset.places import slots
from tintype.dataset.repair import repaired
from tintype.dataset.splits import split_of
from tintype.errors import DatasetError

MAX_LIST_BYTES = 500_000_000
_HEAD_BYTES = 4 * 1024 * 1024
_MOST_LISTED = 2000
_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
_KINDS = (
    ("conversations", "LLaVA's or ShareGPT's conversations"),
    ("prefix", "PaliGemma's prefixes and suffixes"),
    ("instruction", "Alpaca's instructions"),
    ("query", "ms-swift's queries"),
    ("messages", "messages"),
    ("question", "questions and answers"),
)


class JsonRows:
    """Rows of other trainers."""

    name = "rows"
    title = "JSON rows (LLaVA, ShareGPT, Alpaca, PaliGemma, ms-swift, TRL)"
    about = "Conversations in the formats of other trainers; each image goes where its text says."
    options = ()

    def detect(self, path: Path) -> Detection | None:
        """A JSON list of rows, lines of JSON that are no chat rows yet, or a folder of such."""
        if path.is_dir():
            files = _files(path)
            found = _detect(files[0]) if files else None
            if found is None:
                return None
            if len(files) == 1:
                return Detection(f"a folder with {found.what}", "likely")
            what = f"a folder of {len(files)} files: {files[0].name} is {found.what}"
            return Detection(what, "likely")
        return _detect(path)

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every row that is a conversation with its images.

        Raises:
            DatasetError: if a file cannot be read, or is no JSON.
        """
        files = _files(source) if source.is_dir() else [source]
        if not files:
            raise DatasetError(f"{source} holds no rows of JSON.", path=source)
        images = ImageFinder(
            Files(source if source.is_dir() else source.parent), log, options.images
        )
        for path in files:
            file = path.relative_to(source).as_posix() if source.is_dir() else path.name
            for line, value in _rows(path, log):
                try:
                    yield _item(value, images, file, line, split_of(path))
                except DatasetError as error:
                    log.lose(file, line, error.message)


FORMAT = JsonRows()


def _files(folder: Path) -> list[Path]:
    """The files of a folder that hold rows, those in the folders in it included."""
    inner = [path for path in sorted(folder.iterdir())[:_MOST_LISTED] if path.is_dir()]
    listed = [path for each in (folder, *inner) for path in sorted(each.iterdir())]
    return [path for path in listed[:_MOST_LISTED] if _detect(path)]


def _detect(path: Path) -> Detection | None:
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    row = _first(head)
    if not isinstance(row, dict):
        return None
    try:
        made = repaired(row)
    except DatasetError:
        return None
    listed = head.startswith(b"[")
    if made is row and not listed:
        return None  # chat rows as they should be
    kind = next((words for key, words in _KINDS if key in row), "rows")
    return Detection(f"a JSON list of {kind}" if listed else f"a file of {kind}")


def _item(value: Any, images: ImageFinder, file: str, line: int, split: Any) -> Item:
    row = repaired(value)
    sources: list[ImageSource] = [
        images.find(slot.text) for slot in slots(row["messages"]) if slot.image
    ]
    beside = {name: row[name] for name in ("tools", "parallel_tool_calls") if name in row}
    return Item(Chat(row["messages"], beside), tuple(sources), file, line, split)


def _rows(source: Path, log: ImportLog) -> Iterator[tuple[int, Any]]:
    """Every value with its line; of a list, which value it is."""
    with PlainFile(source) as file:
        if file.read(0, 64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            yield from enumerate(_list(source), 1)
            return
        index = LineIndex(file)
        while not index.complete:
            index.scan(1.0)
        log.total = 2 * index.count
        for at in range(index.count):
            line = index.read(at)
            if line.row.flaw:
                log.lose(source.name, line.row.line, line.row.flaw)
                continue
            for slot, url in zip(line.slots, line.every_url(), strict=True):
                slot.holder[slot.key] = url
            yield line.row.line, line.row.value


def _list(source: Path) -> Iterable[Any]:
    data = read_plain_file(source, max_bytes=MAX_LIST_BYTES)
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{source.name} is no JSON: {error}.", path=source) from error
    return value if isinstance(value, list) else [value]


def _first(head: bytes) -> Any:
    """The first row of a file, of which the beginning is known."""
    text = head.decode("utf-8", "replace").removeprefix("[").lstrip()
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
