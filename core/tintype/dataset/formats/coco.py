"""COCO: one JSON file for each split, with images, annotations and categories.

Ids may be numbers or texts, have gaps, and belong to their file: two files may number the same
classes differently. Boxes are x, y, width and height in pixels of the image as the file gives its
size. Source: cocodataset.org, "Data format"; Roboflow's export has a category 0 that names the
project.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.box_files import write_coco
from tintype.dataset.formats.coco_files import (
    annotation_files,
    note_others,
    nothing_found,
    results_file,
)
from tintype.dataset.formats.contract import (
    Boxes,
    Captions,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
    WrittenRow,
)
from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.json_files import (
    listed,
    numbers,
    pixels,
    read_json,
    same_id,
)
from tintype.dataset.formats.masks import slim
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError


@dataclass(slots=True)
class _Image:
    """An image of a file, with what is annotated on it."""

    name: str
    size: tuple[int, int] | None
    regions: list[Region] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    lost: bool = False


class Coco(FilesFormat):
    """COCO: detection, key points, masks and captions."""

    name = "coco"
    title = "COCO"
    about = "Boxes or captions in JSON files with images, annotations and categories."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON object with `images` and `annotations`, in the folder or one below."""
        found = annotation_files(files)
        if not found:
            results = results_file(files)
            what = "a model's boxes with scores (COCO results)"
            return Detection(f"{what}, {results.name}") if results else None
        names = ", ".join(file.name for file in found[:3])
        kind = "COCO annotations" if files.given else "a COCO dataset"
        sure = files.given or any(file.name.count("/") < 2 for file in found)
        return Detection(f"{kind} ({names})", "certain" if sure else "likely")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image that something is said of."""
        found = annotation_files(files)
        if not found:
            raise nothing_found(files)
        note_others(files, found, log)
        finder = ImageFinder(files, log, options.images)
        classes: dict[str, str] = {}
        boxed: set[str] = set()
        used: set[str] = set()
        for file in found:
            images = _read(file, classes, log)
            log.total += 2 * len(images)
            boxed.update(region.label for image in images for region in image.regions)
            for image in images:
                item = _item(image, file, finder, log, used)
                if item is not None:
                    yield item
        note_unlisted(files, used, log)
        for name in classes:
            if boxed and name not in boxed:
                words = "classes have no box: they are not named in the question."
                log.note("class-without-boxes", words, name)

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """See `box_files.write_coco`."""
        yield from write_coco(rows, target, files, log)


FORMAT = Coco()


def note_unlisted(files: Files, used: set[str], log: ImportLog) -> None:
    """Note the images that lie beside those that were used, and of which nothing is said."""
    folders = {name.rpartition("/")[0] for name in used}
    for file in files.images if folders else ():
        if file.folder in folders and file.name not in used:
            log.note("unlisted-images", UNLISTED, file.name)
            log.unlabelled += 1


UNLISTED = "images beside the others are in no annotation: not labelled, so no negatives; left out."


def _read(file: SourceFile, classes: dict[str, str], log: ImportLog) -> list[_Image]:
    """The images of a file of which something is said; none if it says nothing of any."""
    value = read_json(file, slim)
    annotations = listed(value, "annotations")
    images: dict[str, _Image] = {}
    for image in listed(value, "images"):
        size = (pixels(image.get("width")), pixels(image.get("height")))
        name = str(image.get("file_name") or image.get("coco_url") or "")
        made = _Image(name, size if all(size) else None)
        known = images.setdefault(same_id(image.get("id")), made)
        if known.name != name:
            words = "images have the id of another image: which boxes are theirs is not known."
            log.note("image-ids", words, f"{file.name}: {name}")
            log.lost += 1
            known.lost = True
    if not annotations:
        for found in images.values():
            log.note("unlabelled", f"images without any annotation in {file.name}: not labelled, "
                     "so no negatives; left out.", found.name)  # fmt: skip
        return []
    names = _names(value, file, classes, log)
    reader = _Annotations(file, names, images, log)
    for annotation in annotations:
        reader.add(annotation)
    reader.finish()
    return list(images.values())


def _names(value: Any, file: SourceFile, classes: dict[str, str], log: ImportLog) -> dict[str, str]:
    """The names of the classes of a file by their ids; said if another file has other ids."""
    names = {
        same_id(each.get("id")): str(each.get("name") or "") for each in listed(value, "categories")
    }
    if any(classes.setdefault(name, key) != key for key, name in names.items()):
        words = "files number the same classes differently: they are joined by name."
        log.note("categories-differ", words, file.name)
    return names


class _Annotations:
    """Puts the annotations of one file on its images."""

    def __init__(
        self,
        file: SourceFile,
        names: Mapping[str, str],
        images: Mapping[str, _Image],
        log: ImportLog,
    ) -> None:
        self._file = file
        self._names = names
        self._images = images
        self._log = log
        self._ids: set[str] = set()
        self._count = 0

    def add(self, annotation: Mapping[str, Any]) -> None:
        """Put one annotation on its image; what cannot be used is noted."""
        self._count += 1
        self._ids.add(same_id(annotation["id"]) if "id" in annotation else "")
        image = self._images.get(same_id(annotation.get("image_id")))
        if image is None:
            self._note(
                "no-image", "annotations of images that are not listed: left out.", annotation
            )
            return
        caption = annotation.get("caption")
        if isinstance(caption, str):
            image.captions += [caption.strip()] if caption.strip() else []
            return
        region = self._region(annotation)
        if region is None:
            image.lost = True
        else:
            image.regions.append(region)

    def finish(self) -> None:
        """Say what is true of the file as a whole."""
        if len(self._ids - {""}) < self._count:
            words = "ids of annotations are repeated or missing; they are not needed."
            self._log.note("annotation-ids", words, self._file.name)

    def _region(self, annotation: Mapping[str, Any]) -> Region | None:
        if same_id(annotation.get("iscrowd", 0)) in ("1", "True"):
            words = "regions mark a crowd (iscrowd), not one object: left out."
            self._note("crowd-left-out", words, annotation)
            return None
        sides = self._sides(annotation)
        if sides is None:
            return None
        label = self._names.get(same_id(annotation.get("category_id")), "")
        if not label:
            self._note(
                "unknown-class", "boxes have a class that is not listed: left out.", annotation
            )
            return None
        left, top, width, height = sides
        return Region(label, left, top, left + width, top + height)

    def _sides(self, annotation: Mapping[str, Any]) -> tuple[float, ...] | None:
        given, outline = annotation.get("bbox"), annotation.get("segmentation")
        sides = numbers(given) or numbers(outline)
        if sides is None:
            self._note(
                "no-box", "annotations have neither a box nor an outline: left out.", annotation
            )
            return None
        if outline:
            words = "outlines (polygons, RLE) are not used: boxes only."
            self._log.note("masks-not-used", words)
        if annotation.get("keypoints"):
            self._log.note("keypoints-not-used", "sets of key points are not used: boxes only.")
        if isinstance(given, list) and any(isinstance(side, str) for side in given):
            self._note(
                "numbers-as-text", "boxes are written as texts: read as numbers.", annotation
            )
        if sides[2] <= 0 or sides[3] <= 0:
            self._note(
                "empty-boxes-left-out", "boxes have no width or height: left out.", annotation
            )
            return None
        return sides

    def _note(self, code: str, words: str, annotation: Mapping[str, Any]) -> None:
        place = f"{self._file.name}: annotation {same_id(annotation.get('id', '?'))}"
        self._log.note(code, words, place)


def _item(
    image: _Image, file: SourceFile, finder: ImageFinder, log: ImportLog, used: set[str]
) -> Item | None:
    split = file.split
    try:
        found = finder.file(image.name, file.folder, split)
    except DatasetError as error:
        log.miss(f"{image.name}: {error}" if "may be" in error.message else image.name)
        return None
    used.add(found.name)
    if image.captions:
        return Item(Captions(tuple(image.captions)), (found.image,), file.name, 0, split)
    boxes = Boxes(tuple(image.regions), image.size, lost=image.lost)
    return Item(boxes, (found.image,), f"{file.name}: {image.name}", 0, split)
