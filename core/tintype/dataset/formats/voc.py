"""Pascal VOC: boxes in XML files.

Three layouts are in use: the original one (`Annotations`, `JPEGImages`, `ImageSets/Main`), folders
for each split with images and annotations side by side, as Roboflow exports them, and one folder
with everything. Names of folders are taken in any case of letters. What is wrong with an annotation
is reported with its file and line, and with what became of it; nothing is dropped in silence.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from tintype.dataset.files import read_plain_file
from tintype.dataset.formats.box_files import write_voc
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    ImportOptions,
    Item,
    Region,
    WrittenRow,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.voc_xml import MAX_XML_BYTES, Annotation, read_annotation
from tintype.dataset.splits import Split, split_named
from tintype.dataset.writing import FileSet
from tintype.errors import DatasetError

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_IMAGE_FOLDERS = ("jpegimages", "images", "imgs")
_MAX_LIST_BYTES = 20_000_000
_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class VocFile:
    """An annotation and the split it belongs to."""

    annotation: Path
    images: Mapping[str, Path]
    """The images that may be meant, by name and by stem, in lower case."""
    split: Split | None = None
    """None where the source does not say."""

    def image(self, filename: str) -> Path | None:
        """The annotation's image: of the same name, else of the name that it gives."""
        stem = self.annotation.stem.lower()
        named = PureWindowsPath(filename).name.lower()
        return (
            self.images.get(stem)
            or self.images.get(named)
            or self.images.get(named.rsplit(".", 1)[0])
        )


class PascalVoc:
    """Pascal VOC."""

    name = "voc"
    title = "Pascal VOC"
    about = "Boxes in XML files; they become <loc> answers to `detect a ; b ; c`."
    options = ()

    def detect(self, path: Path) -> Detection | None:
        """A folder in one of the three layouts, by its first few XML files."""
        if not path.is_dir():
            return None
        found = _annotations(_root(path))
        if not any(_is_annotation(file.annotation) for file in found[:_LOOKED_AT]):
            return None
        return Detection(f"a Pascal VOC folder of {len(found):,} annotations")

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the boxes of every annotation that has an image.

        Raises:
            DatasetError: if there are no annotations, or the folder cannot be read.
        """
        files = find_files(source, log)
        log.total = 2 * len(files)
        for file in files:
            item = _item(file, source, log)
            if item is not None:
                yield item

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """See `box_files.write_voc`."""
        yield from write_voc(rows, target, files, log)


FORMAT = PascalVoc()


def boxes_of(annotation: Annotation, log: ImportLog, file: str) -> Boxes:
    """The boxes of an annotation; those without numbers are dropped, which is logged."""
    regions: list[Region] = []
    for item in annotation.objects:
        sides = _numbers(item.sides)
        if sides is None:
            name = item.label or "an object without a name"
            log.add(file, item.line, f"{name}: a side is missing or not a number.", "dropped")
        else:
            y_min, x_min, y_max, x_max = sides
            regions.append(Region(item.label, x_min, y_min, x_max, y_max, item.line))
    size = (annotation.width, annotation.height)
    return Boxes(tuple(regions), size, lost=len(regions) < len(annotation.objects))


def find_files(folder: Path, log: ImportLog) -> tuple[VocFile, ...]:
    """Every annotation of a dataset, in order of name; what is wrong with its lists is logged.

    Raises:
        DatasetError: if there are none, or the folder cannot be read.
    """
    try:
        folder = _root(folder)
        files = _annotations(folder)
        if not files:
            raise DatasetError(
                f"{folder} holds no Pascal VOC annotations.",
                advice="Name the folder that holds `Annotations` and `JPEGImages`.",
                path=folder,
            )
        lists = _inside(folder, "imagesets", "main")
        return _listed(files, lists, log) if lists is not None else files
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}.", path=folder) from error


def _item(file: VocFile, folder: Path, log: ImportLog) -> Item | None:
    name = _name(file.annotation, folder)
    try:
        annotation = read_annotation(read_plain_file(file.annotation, max_bytes=MAX_XML_BYTES))
    except DatasetError as error:
        log.lose(name, error.line or 0, error.message)
        return None
    path = file.image(annotation.filename)
    if path is None:
        log.lose(name, 0, f"There is no image {annotation.filename or file.annotation.stem}.")
        return None
    return Item(boxes_of(annotation, log, name), (path,), name, 0, file.split)


def _numbers(sides: Sequence[str]) -> tuple[float, float, float, float] | None:
    try:
        y_min, x_min, y_max, x_max = (float(side[:40]) for side in sides)
    except ValueError:
        return None
    numbers = (y_min, x_min, y_max, x_max)
    return numbers if all(math.isfinite(number) for number in numbers) else None


def _is_annotation(path: Path) -> bool:
    try:
        read_annotation(read_plain_file(path, max_bytes=MAX_XML_BYTES))
    except DatasetError as error:
        return "annotation" in error.message and "is a <" not in error.message
    return True


def _root(folder: Path) -> Path:
    """The folder that holds the annotations: itself, or the only one in it that does."""
    for _ in range(2):  # VOCdevkit/VOC2007
        if _inside(folder, "annotations") is not None:
            return folder
        inner = [path for path in folder.iterdir() if path.is_dir() and not split_named(path.name)]
        holding = [path for path in inner if _inside(path, "annotations") is not None]
        if len(inner) != 1 and len(holding) != 1:
            return folder
        folder = (holding or inner)[0] if not _xml(folder) else folder
    return folder


def _annotations(folder: Path) -> tuple[VocFile, ...]:
    annotations = _inside(folder, "annotations")
    if annotations is not None:
        folders = [found for name in _IMAGE_FOLDERS if (found := _inside(folder, name))]
        images = _images([*folders, folder, annotations])
        return tuple(VocFile(path, images) for path in _xml(annotations))
    files: list[VocFile] = []
    for inner in sorted(folder.iterdir()):
        split = split_named(inner.name)
        if split is not None and inner.is_dir():
            images = _images([inner, *(found for found in [_inside(inner, "images")] if found)])
            files += [VocFile(path, images, split) for path in _xml(inner)]
    if files:
        return tuple(files)
    images = _images([folder])
    return tuple(VocFile(path, images) for path in _xml(folder))


def _inside(folder: Path, *names: str) -> Path | None:
    """A folder within a folder by its name in any case of letters."""
    for name in names:
        found = [path for path in sorted(folder.iterdir()) if path.name.lower() == name]
        folder = next((path for path in found if path.is_dir()), Path())
        if folder == Path():
            return None
    return folder


def _xml(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".xml")


def _images(folders: Iterable[Path]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in _SUFFIXES:
                found.setdefault(path.name.lower(), path)
                found.setdefault(path.stem.lower(), path)
    return found


def _listed(files: tuple[VocFile, ...], folder: Path, log: ImportLog) -> tuple[VocFile, ...]:
    """The files with the splits that the lists give them."""
    splits: dict[str, Split] = {}
    known = {file.annotation.stem for file in files}
    for path, split in _lists(folder):
        name = f"{folder.parent.name}/{folder.name}/{path.name}"
        for line, stem in enumerate(_names(path), 1):
            if stem and stem not in known:
                log.lose(name, line, f"There is no annotation {stem}.")
            elif stem and splits.setdefault(stem, split) != split:
                message = f"{stem} is in {splits[stem]} already."
                log.add(name, line, message, f"kept in {splits[stem]}")
    if not splits:
        return files
    for file in files:
        if file.annotation.stem not in splits:
            name = f"{file.annotation.parent.name}/{file.annotation.name}"
            log.add(name, 0, "It is in none of the splits.", "left out")
    return tuple(
        replace(file, split=splits[file.annotation.stem])
        for file in files
        if file.annotation.stem in splits
    )


def _lists(folder: Path) -> list[tuple[Path, Split]]:
    """The lists to be read. `trainval` only repeats what `train` and `val` say, where they are."""
    found: dict[Split, Path] = {}
    texts = [path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".txt"]
    for path in texts:
        split = split_named(path.stem)
        if split is not None:
            found.setdefault(split, path)
    union = next((path for path in texts if path.stem.lower() == "trainval"), None)
    if "train" not in found and union is not None:
        found["train"] = union
    order: tuple[Split, ...] = ("test", "valid", "train")
    return [(found[split], split) for split in order if split in found]


def _names(path: Path) -> list[str]:
    """The first word of every line; a number may follow it."""
    text = read_plain_file(path, max_bytes=_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
    return [line.split()[0] if line.split() else "" for line in text.splitlines()]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
