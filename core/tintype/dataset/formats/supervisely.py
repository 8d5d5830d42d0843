"""Supervisely: a project of datasets, each with `img` and, in `ann`, a JSON file for each image.

Source: docs.supervisely.com, "Supervisely JSON format". A bitmap is a packed PNG as large as what
it covers, and where its upper left corner lies.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from tintype.dataset.formats.contract import Boxes, Detection, FilesFormat, ImportOptions, Item
from tintype.dataset.formats.json_files import head_text, listed, numbers, pixels, read_json
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import NOT_USED, OUTLINES, Sides, bounds, region
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError

_FOLDER = "ann"
_IMAGES = "img"
_ENCLOSING = ("rectangle", "polygon", "bitmap")


class Supervisely(FilesFormat):
    """Supervisely's projects of images."""

    name = "supervisely"
    title = "Supervisely"
    about = "Shapes in `ann`, a JSON file for each image of `img`; outlines become their bounds."

    def recognise(self, files: Files) -> Detection | None:
        """JSON files in `ann` with `objects` and `size`."""
        found = [] if files.given else [file for file in _files(files)[:20] if _is_ours(file)]
        return Detection(f"a Supervisely project ({found[0].name} …)") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the image of every file in `ann`."""
        found = _files(files)
        log.total = 2 * len(found)
        used: set[str] = set()
        for file in found:
            image = _image(file, files)
            if image is None:
                log.miss(file.name.removesuffix(".json"))
                continue
            used.add(image.name)
            try:
                boxes = _boxes(read_json(file), file, log)
            except DatasetError as error:
                log.lose(file.name, 0, error.message)
                continue
            yield Item(boxes, (image.image,), file.name, 0, file.folder_split)
        for image in files.images:
            if image.name not in used:
                words = "images have no file in `ann`: not labelled, so no negatives; left out."
                log.note("unlabelled", words, image.name)


FORMAT = Supervisely()


def _files(files: Files) -> list[SourceFile]:
    return [
        file
        for file in files.named(".json", deep=6)
        if file.folder.rpartition("/")[2].lower() == _FOLDER
    ]


def _is_ours(file: SourceFile) -> bool:
    text = head_text(file, 64 * 1024)
    return text.startswith("{") and '"size"' in text and '"objects"' in text


def _image(file: SourceFile, files: Files) -> SourceFile | None:
    """The image: `img/a.jpg` of `ann/a.jpg.json`, or of the old `ann/a.json`."""
    outer = file.folder.rpartition("/")[0]
    folder = f"{outer}/{_IMAGES}".strip("/")
    stems = [image for image in files.stems(file.stem) if image.folder == folder]
    return files.get(f"{folder}/{file.stem}") or (stems[0] if len(stems) == 1 else None)


def _boxes(value: Any, file: SourceFile, log: ImportLog) -> Boxes:
    regions, lost = [], False
    shapes = listed(value, "objects")
    if not isinstance(value, dict) or value.get("objects") != shapes:
        raise DatasetError("There is no list of objects: what the image shows is not known.")
    for shape in shapes:
        sides = _sides(shape)
        kind = str(shape.get("geometryType"))
        if sides is None:
            words = NOT_USED if kind not in _ENCLOSING else "shapes are damaged: left out."
            code = "shapes-not-used" if kind not in _ENCLOSING else "damaged-shapes"
            log.note(code, words, f"{file.name}: {kind}")
            lost = True
            continue
        if kind != "rectangle":
            log.note("outlines-to-boxes", OUTLINES, file.name)
        regions.append(region(shape.get("classTitle"), sides))
    if listed(value, "tags"):
        log.note("tags-not-used", "images have tags: not used.", file.name)
    size = value.get("size")
    size = size if isinstance(size, dict) else {}
    wide, high = (pixels(size.get(side)) for side in ("width", "height"))
    return Boxes(tuple(regions), (wide, high) if wide and high else None, lost=lost)


def _sides(shape: Mapping[str, Any]) -> Sides | None:
    """The bounds of a shape; none if it encloses nothing, or is damaged."""
    if shape.get("geometryType") == "bitmap":
        return _of_bitmap(shape.get("bitmap"))
    points = shape.get("points")
    outer = points.get("exterior") if isinstance(points, dict) else None
    pairs = [numbers(point, 2) for point in outer] if isinstance(outer, list) else []
    kept = [(pair[0], pair[1]) for pair in pairs if pair]
    if shape.get("geometryType") not in _ENCLOSING or len(kept) < 2:
        return None
    return bounds(kept)


def _of_bitmap(bitmap: Any) -> Sides | None:
    """The bounds of a bitmap: its origin, and the size that its PNG gives."""
    origin = numbers(bitmap.get("origin"), 2) if isinstance(bitmap, dict) else None
    if origin is None:
        return None
    try:
        packed = base64.b64decode(str(bitmap.get("data")))
        head = zlib.decompressobj().decompress(packed, 24)
    except (binascii.Error, ValueError, zlib.error):
        return None
    width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if len(head) < 24 or not head.startswith(b"\x89PNG") or not width or not height:
        return None
    return origin[0], origin[1], origin[0] + width, origin[1] + height
