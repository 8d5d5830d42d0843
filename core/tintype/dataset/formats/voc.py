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

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.box_files import write_voc
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
    WrittenRow,
)
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_names import folded
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.voc_xml import MAX_XML_BYTES, Annotation, read_annotation
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

_IMAGE_FOLDERS = ("jpegimages", "images", "imgs")
_MAX_LIST_BYTES = 20_000_000
_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class VocFile:
    """An annotation and the split it belongs to."""

    annotation: SourceFile
    images: Mapping[str, SourceFile]
    """The images that may be meant, by name and by stem, in lower case."""
    split: Split | None = None
    """None where the source does not say."""

    def image(self, filename: str) -> SourceFile | None:
        """The annotation's image: of the same name, else of the name that it gives."""
        stem = folded(self.annotation.stem)
        named = folded(PureWindowsPath(filename).name)
        return (
            self.images.get(stem)
            or self.images.get(named)
            or self.images.get(named.rsplit(".", 1)[0])
        )


class PascalVoc(FilesFormat):
    """Pascal VOC."""

    name = "voc"
    title = "Pascal VOC"
    about = "Boxes in XML files; they become <loc> answers to `detect a ; b ; c`."

    def recognise(self, files: Files) -> Detection | None:
        """A folder in one of the three layouts, by its first few XML files."""
        found = () if files.given else _annotations(files, _root(files))
        if not any(_is_annotation(file.annotation) for file in found[:_LOOKED_AT]):
            return None
        many = "1 annotation" if len(found) == 1 else f"{len(found):,} annotations"
        return Detection(f"a Pascal VOC folder of {many}")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the boxes of every annotation that has an image.

        Raises:
            DatasetError: if there are no annotations.
        """
        found = find_files(files, log)
        log.total = 2 * len(found)
        for file in found:
            item = _item(file, log)
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


def find_files(files: Files, log: ImportLog) -> tuple[VocFile, ...]:
    """Every annotation of a dataset, in order of name; what is wrong with its lists is logged.

    Raises:
        DatasetError: if there are none.
    """
    root = _root(files)
    found = _annotations(files, root)
    if not found:
        raise DatasetError(
            f"{files.root} holds no Pascal VOC annotations.",
            advice="Name the folder that holds `Annotations` and `JPEGImages`.",
            path=files.root,
        )
    lists = [
        file
        for file in files.names.values()
        if folded(file.folder) == _below(root, "imagesets/main")
    ]
    return _listed(found, lists, log) if lists else found


def _item(file: VocFile, log: ImportLog) -> Item | None:
    name = file.annotation.name
    try:
        annotation = read_annotation(file.annotation.read(MAX_XML_BYTES))
    except DatasetError as error:
        log.lose(name, error.line or 0, error.message)
        return None
    image = file.image(annotation.filename)
    if image is None:
        message = f"There is no image {annotation.filename or file.annotation.stem}."
        log.lose(name, 0, message, "missing-images")
        return None
    if annotation.parts:
        words = "boxes of parts (as of a head) are no objects: not used."
        log.note("parts-not-used", words, name, annotation.parts)
    return Item(boxes_of(annotation, log, name), (image.image,), name, 0, file.split)


def _numbers(sides: Sequence[str]) -> tuple[float, float, float, float] | None:
    try:
        y_min, x_min, y_max, x_max = (float(side[:40]) for side in sides)
    except ValueError:
        return None
    numbers = (y_min, x_min, y_max, x_max)
    return numbers if all(math.isfinite(number) for number in numbers) else None


def _is_annotation(file: SourceFile) -> bool:
    try:
        read_annotation(file.read(MAX_XML_BYTES))
    except DatasetError as error:
        return "annotation" in error.message and "is a <" not in error.message
    return True


def _root(files: Files) -> str:
    """The folder that holds the annotations: itself, or the only one in it that does."""
    found = {
        file.folder.rpartition("/")[0]
        for file in files.named(".xml", deep=3)
        if folded(file.folder).rpartition("/")[2] == "annotations"
    }
    return found.pop() if len(found) == 1 else ""


def _below(root: str, name: str) -> str:
    return folded(f"{root}/{name}" if root else name)


def _annotations(files: Files, root: str) -> tuple[VocFile, ...]:
    """The annotations in `Annotations`, else in the folders of splits, else in the folder."""
    found = files.named(".xml", deep=3)
    inner = [file for file in found if folded(file.folder) == _below(root, "annotations")]
    if inner:
        folders = [_below(root, name) for name in _IMAGE_FOLDERS]
        images = _images(files, [*folders, folded(root), inner[0].folder])
        return tuple(VocFile(file, images) for file in inner)
    by_folder: dict[str, list[SourceFile]] = {}
    for file in found:
        if file.folder_split is not None:
            by_folder.setdefault(file.folder, []).append(file)
    made: list[VocFile] = []
    for folder, annotations in by_folder.items():
        images = _images(files, [folder, f"{folder}/images"])
        made += [VocFile(file, images, file.folder_split) for file in annotations]
    if made:
        return tuple(made)
    flat = [file for file in found if file.folder == root] or found
    images = _images(files, [flat[0].folder, f"{flat[0].folder}/images".strip("/")]) if flat else {}
    return tuple(VocFile(file, images) for file in flat if file.folder == flat[0].folder)


def _images(files: Files, folders: Iterable[str]) -> Mapping[str, SourceFile]:
    """The images of folders by name and by stem, the first folder's first."""
    found: dict[str, SourceFile] = {}
    order = {folded(folder): at for at, folder in reversed(list(enumerate(folders)))}
    images = [image for image in files.images if folded(image.folder) in order]
    for image in sorted(images, key=lambda image: order[folded(image.folder)]):
        found.setdefault(folded(image.base), image)
        found.setdefault(folded(image.stem), image)
    return found


def _listed(
    files: tuple[VocFile, ...], lists: Sequence[SourceFile], log: ImportLog
) -> tuple[VocFile, ...]:
    """The files with the splits that the lists give them."""
    splits: dict[str, Split] = {}
    known = {file.annotation.stem for file in files}
    for listed, split in split_lists(lists):
        for line, stem in enumerate(listed_stems(listed), 1):
            if stem and stem not in known:
                log.lose(listed.name, line, f"There is no annotation {stem}.")
            elif stem and splits.setdefault(stem, split) != split:
                message = f"{stem} is in {splits[stem]} already."
                log.add(listed.name, line, message, f"kept in {splits[stem]}")
    if not splits:
        return files
    for file in files:
        if file.annotation.stem not in splits:
            log.add(file.annotation.name, 0, "It is in none of the splits.", "left out")
    return tuple(
        replace(file, split=splits[file.annotation.stem])
        for file in files
        if file.annotation.stem in splits
    )


def split_lists(files: Sequence[SourceFile]) -> list[tuple[SourceFile, Split]]:
    """The lists to be read. `trainval` only repeats what `train` and `val` say, where they are."""
    found: dict[Split, SourceFile] = {}
    texts = [file for file in files if file.suffix == ".txt"]
    for file in texts:
        split = split_named(file.stem)
        if split is not None:
            found.setdefault(split, file)
    union = next((file for file in texts if file.stem.lower() == "trainval"), None)
    if "train" not in found and union is not None:
        found["train"] = union
    order: tuple[Split, ...] = ("test", "valid", "train")
    return [(found[split], split) for split in order if split in found]


def listed_stems(file: SourceFile) -> list[str]:
    """The first word of every line; a number may follow it."""
    text = file.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
    return [_stem(line.strip()) for line in text.splitlines()]


def _stem(line: str) -> str:
    """The name in a line, without the number that may follow it."""
    name, _, number = line.rpartition(" ")
    return name.strip() if name and number in ("1", "-1", "0") else line
