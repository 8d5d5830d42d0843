"""Chat rows written as Parquet, as Hugging Face's trainers read them: `messages` and `images`."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tintype.dataset.example import Message, TextPart
from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.columnar_file import load_pyarrow
from tintype.dataset.formats.contract import WrittenRow
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.splits import Split
from tintype.errors import DatasetError

GROUP_BYTES = 64_000_000
"""About how many bytes of images a row group holds: readers load one at a time."""
GROUP_ROWS = 1000


class _Table:
    """The file of one split, written group by group."""

    def __init__(self, file: Any) -> None:
        arrow = load_pyarrow()
        text = arrow.string()
        part = arrow.struct([("type", text), ("text", text)])
        message = arrow.struct([("role", text), ("content", arrow.list_(part))])
        image = arrow.struct([("bytes", arrow.binary()), ("path", text)])
        self._arrow = arrow
        self._schema = arrow.schema(
            [("messages", arrow.list_(message)), ("images", arrow.list_(image))]
        )
        parquet = importlib.import_module("pyarrow.parquet")
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, row: WrittenRow) -> None:
        """Take a row; a full group is written."""
        images = [row.images[image.ordinal] for image in row.example.images]
        cells = [
            {"bytes": None, "path": image}
            if isinstance(image, str)
            else {"bytes": image, "path": None}
            for image in images
        ]
        messages = [_message(message) for message in row.example.messages]
        self._rows.append({"messages": messages, "images": cells})
        self._bytes += sum(map(len, images))
        if self._bytes > GROUP_BYTES or len(self._rows) >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
        self._rows, self._bytes = [], 0


def write_parquet(
    rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
) -> Iterator[None]:
    """Write `train.parquet`, and so on, images inside.

    Raises:
        DatasetError: if pyarrow is not installed.
    """
    tables: dict[Split, _Table] = {}
    try:
        for row in rows:
            messages = row.example.messages
            if not messages or any(each.tool_calls for each in messages):
                words = "The row is no conversation, or calls tools, which the columns do not hold."
                log.lose(row.file, row.line, words)
            else:
                if row.split not in tables:
                    tables[row.split] = _Table(files.open(target / f"{row.split}.parquet"))
                tables[row.split].add(row)
                if row.example.tools or any(each.weight is not None for each in messages):
                    words = "rows have weights or tools, which the columns do not hold."
                    log.note("details-left-out", words, f"{row.file}:{row.line}")
            yield
    finally:
        for table in tables.values():
            table.close()
    if not tables:
        raise DatasetError("There is no row to write.")


def _message(message: Message) -> dict[str, Any]:
    parts = [
        {"type": "text", "text": part.text.encode("utf-8", "replace").decode()}
        if isinstance(part, TextPart)
        else {"type": "image", "text": None}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}
