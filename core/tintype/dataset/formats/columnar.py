"""Parquet and Arrow: Hugging Face's datasets, on disk and as files.

Read by columns and in slices of a few rows, never whole; images stay references to their cells
until they are written. `pyarrow` is imported where a file is read (the extra `parquet`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.columnar_file import Cell, TableFile
from tintype.dataset.formats.columns import IMAGES, ColumnRows
from tintype.dataset.formats.contract import (
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
    WrittenRow,
)
from tintype.dataset.formats.images import ImageFinder, image_data
from tintype.dataset.formats.parquet_writing import write_parquet
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError

_MAGIC = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\xff\xff\xff\xff": "Arrow"}
_SUFFIXES = {"parquet": (".parquet", ".pq"), "arrow": (".arrow", ".feather", ".ipc")}
_OBJECTS = ("objects", "annotations", "object")
_LOOKED_AT = 2000
_PROBED = 60


class Columnar(FilesFormat):
    """Parquet, or Arrow."""

    def __init__(self, name: str, title: str, about: str) -> None:
        self.name = name
        self.title = title
        self.about = about

    def recognise(self, files: Files) -> Detection | None:
        """Files of this kind by their first bytes."""
        found = self._files(files)
        if not found:
            return None
        if files.given:
            return Detection("a Parquet file" if self.name == "parquet" else "an Arrow file")
        names = ", ".join(file.name for file in found[:3])
        more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
        return Detection(f"a folder of {self.title} ({names}{more})")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every row of every file.

        Raises:
            DatasetError: if a file is damaged, or pyarrow is not installed.
        """
        finder = ImageFinder(files, log, options.images)
        for file in self._files(files):
            table = TableFile(file)
            log.total += 2 * table.count
            columns = ColumnRows(_finding(finder, file), options, log, class_names(table, files))
            _decide(columns, table)
            name = file.base if files.given else file.name
            for at, row in table.rows(IMAGES):
                yield from columns.items(row, name, at + 1, file.split)

    def _files(self, files: Files) -> list[SourceFile]:
        found = [files.given] if files.given else list(files.names.values())
        return [
            file
            for file in found
            if (files.given or file.suffix in _SUFFIXES[self.name])
            and not file.base.startswith("cache-")
            and self._is_ours(file)
        ][:10_000]

    def _is_ours(self, file: SourceFile) -> bool:
        head = file.head(8)
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")
        return kind.lower() == self.name


class Parquet(Columnar):
    """Parquet, which is also written."""

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """See `parquet_writing.write_parquet`."""
        yield from write_parquet(rows, target, files, log)


FORMATS = (
    Parquet("parquet", "Parquet", "Hugging Face's datasets in Parquet files (extra `parquet`)."),
    Columnar("arrow", "Arrow", "Hugging Face's datasets on disk, and Arrow files."),
)


def class_names(table: TableFile, files: Files) -> dict[str, Sequence[str]]:
    """The names of numbered classes by their columns, from the schema or what lies beside it."""
    features: Any = {}
    try:
        features = json.loads(table.metadata)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        folder = table.file.folder
        beside = files.get(f"{folder}/dataset_info.json" if folder else "dataset_info.json")
        if beside is not None:
            try:
                features = json.loads(beside.read(10_000_000)).get("features", {})
            except (ValueError, DatasetError, AttributeError, RecursionError):
                features = {}
    found: dict[str, Sequence[str]] = {}
    _collect(features, "", found, 0)
    return found


def _collect(value: Any, column: str, found: dict[str, Sequence[str]], deep: int) -> None:
    if deep > 12:
        return
    if isinstance(value, list):
        for each in value[:5]:
            _collect(each, column, found, deep + 1)
    elif isinstance(value, dict):
        names = value.get("names")
        if isinstance(names, dict):  # of a README: {"0": "cat"}
            names = [names[key] for key in sorted(names, key=str)]
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            found.setdefault(column.casefold(), names)
        for key, inner in value.items():
            inside = column if key in ("feature", "_type", "names") else str(key)
            _collect(inner, inside, found, deep + 1)


def _finding(finder: ImageFinder, file: SourceFile) -> Any:
    def find(cell: Any, name: str) -> Sequence[ImageSource]:
        if isinstance(cell, list):
            return [image for each in cell for image in find(each, name)]
        if isinstance(cell, Cell):
            return [cell]
        if isinstance(cell, Mapping):
            cell = cell.get("path") or ""
        if not cell or not isinstance(cell, str):
            raise DatasetError("The image's cell is empty.")
        return [finder.find(cell, file.folder, file.split)]

    return find


def _decide(columns: ColumnRows, table: TableFile) -> None:
    """Find out what the numbers of boxes mean, by the sizes of the first images."""
    objects = next((name for name in table.columns if name.casefold() in _OBJECTS), None)
    if objects is None:
        return
    boxes: list[tuple[Sequence[float], tuple[int, int] | None]] = []
    wanted = [objects, *(name for name in table.columns if name.casefold() in ("width", "height"))]
    images = [name for name in table.columns if name.casefold() in IMAGES]
    needs_images = len(wanted) < 3 and images
    for at, row in table.rows(IMAGES, wanted + (images[:1] if needs_images else [])):
        if at >= (_PROBED if needs_images else _LOOKED_AT):
            break
        size = _size(row, images[0] if needs_images else "")
        boxes += [(box, size) for box in columns.objects.four(row[objects]) if box]
    if boxes:
        columns.objects.decide(boxes)


def _size(row: Mapping[str, Any], image: str) -> tuple[int, int] | None:
    from tintype.images import probe

    lower = {key.casefold(): value for key, value in row.items()}
    width, height = lower.get("width"), lower.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    cell = row.get(image)
    if not isinstance(cell, Cell):
        return None
    try:
        return probe(image_data(cell), verify=False).upright_size
    except DatasetError:
        return None
