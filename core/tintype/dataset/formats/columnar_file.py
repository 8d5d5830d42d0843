"""One Parquet or Arrow file: its rows in slices, and images as references to their cells."""

import importlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.formats.sources import SourceFile
from tintype.errors import DatasetError

ROWS_AT_ONCE = 64
_BOMB_BYTES = 4_000_000_000
_BOMB_RATIO = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """An image in a cell."""

    table: "TableFile" = field(repr=False, compare=False)
    place: str
    row: int
    column: str
    at: int
    """Which image of a list; -1 if the cell is no list."""
    size_bytes: int
    name: str = ""
    """The file name that the cell gives, if any."""

    def read(self, max_bytes: int) -> bytes:
        """Its encoded bytes; see `StoredImage`."""
        value = self.table.value(self.row, self.column)
        value = value[self.at] if self.at >= 0 else value
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise DatasetError("The cell has changed while it was read.")
        if len(data) > max_bytes:
            raise DatasetError(f"The cell has {len(data):,} bytes; at most {max_bytes:,} are read.")
        return data


class TableFile:
    """A file of columns; not for several threads."""

    def __init__(self, file: SourceFile) -> None:
        """Open a file.

        Raises:
            DatasetError: if it is damaged, or pyarrow is not installed.
        """
        self.file = file
        self._arrow = load_pyarrow()
        self._values: dict[str, tuple[Iterator[Any], int, list[Any]]] = {}
        with self._translated():
            self._open()

    def _open(self) -> None:
        if self.file.head(4) == b"PAR1":
            parquet = importlib.import_module("pyarrow.parquet").ParquetFile(self._source())
            _refuse_bomb(parquet.metadata, self.file)
            schema, self.count = parquet.schema_arrow, parquet.metadata.num_rows
        else:
            reader = self._reader()
            schema = reader.schema
            self.count = getattr(reader, "num_record_batches", 0)
        self.columns: Sequence[str] = schema.names
        self.metadata = (schema.metadata or {}).get(b"huggingface", b"")

    def rows(
        self, images: Collection[str], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row with its number from 0; images in cells as `Cell`s.

        Raises:
            DatasetError: if the file is damaged.
        """
        number = 0
        held = {name for name in self.columns if name.casefold() in images}
        for batch in self._batches(columns):
            for row in self._listed(batch):
                for name in held & row.keys():
                    row[name] = self._cells(row[name], number, name)
                yield number, row
                number += 1

    def value(self, row: int, column: str) -> Any:
        """The value of one cell; cheap if rows are asked for in their order."""
        batches, start, values = self._values.get(column, (iter(()), 0, []))
        if not values or row < start:
            batches, start, values = self._batches([column]), 0, []
        while row >= start + len(values):
            start += len(values)
            try:
                values = self._listed(next(batches).column(0))
            except StopIteration:
                raise DatasetError("The file has changed while it was read.") from None
        self._values[column] = (batches, start, values)
        return values[row - start]

    def _cells(self, value: Any, row: int, column: str, at: int = -1) -> Any:
        """A value with references in place of the images in it."""
        if isinstance(value, list):
            return [self._cells(each, row, column, number) for number, each in enumerate(value)]
        data = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(data, bytes) and data:
            path = value.get("path") if isinstance(value, dict) else ""
            place = self.file.place
            return Cell(self, place, row, column, at, len(data), str(path or ""))
        if isinstance(value, dict):
            return value.get("path") or None
        return value

    def _listed(self, values: Any) -> list[Any]:
        with self._translated():
            listed: list[Any] = values.to_pylist()
            return listed

    def _source(self) -> Any:
        path = self.file.path
        if path is not None:
            return self._arrow.memory_map(str(path))
        return self._arrow.PythonFile(self.file.open(), "r")

    def _reader(self) -> Any:
        ipc = self._arrow.ipc
        if self.file.head(6) == b"ARROW1":
            return ipc.open_file(self._source())
        return ipc.open_stream(self._source())

    def _batches(self, columns: Sequence[str] | None) -> Iterator[Any]:
        with self._translated():
            if self.file.head(4) == b"PAR1":
                parquet = importlib.import_module("pyarrow.parquet").ParquetFile(self._source())
                names = list(columns) if columns is not None else None
                yield from parquet.iter_batches(ROWS_AT_ONCE, columns=names)
                return
            reader = self._reader()
            numbered = getattr(reader, "num_record_batches", None)
            batches = map(reader.get_batch, range(numbered)) if numbered is not None else reader
            for batch in batches:
                batch.validate(full=True)  # offsets of a stranger's file may lead anywhere
                kept = batch.select(list(columns)) if columns is not None else batch
                for start in range(0, kept.num_rows, ROWS_AT_ONCE):
                    yield kept.slice(start, ROWS_AT_ONCE)

    def _translated(self) -> "_Translated":
        return _Translated(self.file, self._arrow)


class _Translated:
    """Turns pyarrow's errors into ours."""

    def __init__(self, file: SourceFile, arrow: Any) -> None:
        self._file = file
        self._arrow = arrow

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (self._arrow.ArrowException, OSError, UnicodeDecodeError)):
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise DatasetError(
                f"{self._file.name} is damaged, or of a kind that cannot be read: {reason}."
            ) from error


def load_pyarrow() -> Any:
    """Import pyarrow and return it.

    Raises:
        DatasetError: if it is not installed.
    """
    try:
        importlib.import_module("pyarrow.ipc")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise DatasetError(
            "Parquet and Arrow files are read by pyarrow, which is not installed.",
            advice="Install it with `pip install 'tintype[parquet]'`, or `pip install pyarrow`.",
        ) from error


def _refuse_bomb(metadata: Any, file: SourceFile) -> None:
    """Refuse a file whose columns grow beyond all measure when they are decompressed."""
    for at in range(metadata.num_row_groups):
        size = metadata.row_group(at).total_byte_size
        if size > max(_BOMB_BYTES, _BOMB_RATIO * max(1, file.size_bytes)):
            raise DatasetError(
                f"{file.name} claims {size:,} bytes in one row group: it is not read."
            )
