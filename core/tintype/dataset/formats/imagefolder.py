"""Folders of images: named by their class, or with a `metadata` file that says more of each.

`train/red/1.jpg` is of the class `red`; folders named as splits are splits. With `metadata.csv` or
`metadata.jsonl` (Hugging Face's imagefolder) each line names an image in `file_name` and says in
other columns what is on it. Images about which nothing is said are no dataset yet.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.columns import ColumnRows
from tintype.dataset.formats.contract import (
    Detection,
    FilesFormat,
    ImageSource,
    ImportOptions,
    Item,
    Label,
)
from tintype.dataset.formats.images import ImageFinder, image_data
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.table_text import likely_delimiter
from tintype.dataset.splits import Split, split_of_folder
from tintype.errors import DatasetError

_MAX_BYTES = 500_000_000
_PROBED = 300
_FEWEST_CLASSES = 2
_PLAIN = frozenset({"images", "imgs", "image", "img", "photos", "pictures", "jpegimages", "data"})
NOTHING_SAID = "{count:,} images, and nothing that says what is on them"


class ImageFolder(FilesFormat):
    """Class folders."""

    name = "imagefolder"
    title = "Folders of images"
    about = "Images in folders named by their class."

    def recognise(self, files: Files) -> Detection | None:
        """Images in at least two folders that are no splits."""
        if files.given:
            return None
        placed = class_of(files)
        classes = {label for label, _ in placed.values() if label}
        if len(classes) < _FEWEST_CLASSES:
            return None
        return Detection(f"a folder of {len(classes)} classes of images", "possible")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image with its class."""
        placed = class_of(files)
        if not any(label for label, _ in placed.values()):
            count = len(files.images)
            log.note("unlabelled", "images, and nothing that says what is on them.", count=count)
            raise DatasetError(
                f"{files.root} holds {NOTHING_SAID.format(count=count)}: they are not labelled, "
                "which is not the same as negatives.",
                advice="Put each image into a folder named by its class, or add a table.",
                path=files.root,
            )
        log.total = 2 * len(placed)
        for image, (label, split) in placed.items():
            if label:
                yield Item(Label(label), (image.image,), image.name, 0, split)
            else:
                words = "images lie in no folder of a class: not labelled; left out."
                log.note("unlabelled", words, image.name)
        for folder in files.empty_folders:
            log.note("empty-class", "folders of classes hold no image.", folder)


class ImageMetadata(FilesFormat):
    """Images with a metadata file."""

    name = "metadata"
    title = "Images with metadata.csv or metadata.jsonl"
    about = "Hugging Face's imagefolder: each line names an image, and says what is on it."

    def recognise(self, files: Files) -> Detection | None:
        """A metadata file in the folder, or in those of its splits."""
        found = _metadata(files)
        if not found:
            return None
        return Detection(f"images with {', '.join(file.name for file in found[:3])}")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every line whose image is there."""
        finder = ImageFinder(files, log, options.images)
        used: set[str] = set()
        for file in _metadata(files):
            rows = list(_rows(file, log))
            log.total += 2 * len(rows)

            def find(cell: Any, name: str, file: SourceFile = file) -> Sequence[ImageSource]:
                found = finder.file(str(cell), file.folder, file.folder_split)
                used.add(found.name)
                return [found.image]

            columns = ColumnRows(find, options, log)
            _decide(columns, rows, finder, file)
            for line, row in rows:
                yield from columns.items(row, file.name, line, file.folder_split)
        note_unlisted(files, used, log)


FORMATS = (ImageFolder(), ImageMetadata())


def class_of(files: Files) -> dict[SourceFile, tuple[str, Split | None]]:
    """The class of each image, empty if it has none, and its split."""
    images = files.images
    common = _common([image.name.split("/")[:-1] for image in images])
    folders = {image: image.name.split("/")[len(common) : -1] for image in images}
    outer = {inner[0] for inner in folders.values() if inner}
    if not all(split_of_folder(name) for name in outer):
        # Beside folders of classes, one that holds images itself is a class, whatever its name.
        return {
            image: (inner[0], None) if len(inner) == 1 and inner[0].lower() not in _PLAIN
            else _placed(inner, common)
            for image, inner in folders.items()
        }  # fmt: skip
    return {image: _placed(inner, common) for image, inner in folders.items()}


def _common(folders: Sequence[Sequence[str]]) -> Sequence[str]:
    """The folders that all images share."""
    shared: list[str] = []
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return shared


def _placed(folders: Sequence[str], common: Sequence[str]) -> tuple[str, Split | None]:
    split = next((found for name in reversed(common) if (found := split_of_folder(name))), None)
    for at, name in enumerate(folders):
        inner = split_of_folder(name)
        if inner is None and name.lower() not in _PLAIN:
            return name, split
        split = inner or split
        if at == len(folders) - 1 and inner is None:
            return "", split
    return "", split


def _metadata(files: Files) -> list[SourceFile]:
    return [
        file
        for file in files.named(".csv", ".jsonl", deep=3)
        if file.base.lower() in ("metadata.csv", "metadata.jsonl")
        and b"file_name" in file.head(8192)
    ]


def _rows(file: SourceFile, log: ImportLog) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row with its line."""
    text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    if file.suffix == ".csv":
        csv.field_size_limit(_MAX_BYTES)
        delimiter = likely_delimiter(text.partition("\n")[0])
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        for row in reader:
            yield reader.line_num, {key: value for key, value in row.items() if key}
        return
    for line, written in enumerate(text.split("\n"), 1):
        if not written.strip():
            continue
        try:
            value = json.loads(written)
        except (ValueError, RecursionError) as error:
            log.lose(file.name, line, f"The line is no JSON: {error}.")
            continue
        if isinstance(value, dict):
            yield line, value


def _decide(
    columns: ColumnRows,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    finder: ImageFinder,
    file: SourceFile,
) -> None:
    """Find out what the numbers of boxes mean, by the sizes of the first images."""
    boxes: list[tuple[Sequence[float], tuple[int, int] | None]] = []
    for at, (_, row) in enumerate(rows):
        four = [box for box in columns.objects.four(row.get("objects")) if box]
        size = _size(row, finder, file) if four and at < _PROBED else None
        boxes += [(box, size) for box in four]
    if boxes:
        columns.objects.decide(boxes)


def _size(row: Mapping[str, Any], finder: ImageFinder, file: SourceFile) -> tuple[int, int] | None:
    from tintype.images import probe

    try:
        image = finder.file(str(row.get("file_name", "")), file.folder, file.folder_split).image
        facts = probe(image_data(image), verify=False)
    except DatasetError:
        return None
    size = (facts.width, facts.height)
    return (size[::-1] if facts.orientation >= 5 else size) if all(size) else None
