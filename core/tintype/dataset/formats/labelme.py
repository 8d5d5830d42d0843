"""LabelMe: a JSON file of shapes for each image, in pixels of the upright image.

Source: github.com/wkentaro/labelme.
"""

import base64
import binascii
import math
from collections.abc import Iterator
from typing import Any

from tintype.dataset.files import MAX_IMAGE_BYTES
from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import Boxes, Detection, FilesFormat, ImportOptions, Item
from tintype.dataset.formats.json_files import head_text, listed, numbers, pixels, read_json
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import NOT_USED, OUTLINES, Named, Sides, bounds, region
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError

_ROUND = 2


class LabelMe(FilesFormat):
    """LabelMe."""

    name = "labelme"
    title = "LabelMe"
    about = "Shapes in a JSON file for each image; outlines become their bounds."

    def recognise(self, files: Files) -> Detection | None:
        """JSON files with `shapes` and `imagePath`."""
        found = [file for file in files.named(".json", deep=2)[:20] if _is_ours(file)]
        return Detection(f"LabelMe annotations ({found[0].name} …)") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the image of every file."""
        named = Named(files, options, log)
        found = [file for file in files.named(".json", deep=4) if _is_ours(file)]
        log.total = 2 * len(found)
        for file in found:
            try:
                value = read_json(file)
            except DatasetError as error:
                log.lose(file.name, 0, error.message)
                continue
            item = _item(value, file, named, log)
            if item is not None:
                yield item
        note_unlisted(files, named.used, log)


FORMAT = LabelMe()


def _is_ours(file: SourceFile) -> bool:
    text = head_text(file, 64 * 1024)
    return text.startswith("{") and '"shapes"' in text and '"version"' in text


def _item(value: Any, file: SourceFile, named: Named, log: ImportLog) -> Item | None:
    boxes = _boxes(value, file, log)
    name = str(value.get("imagePath") or f"{file.stem}.jpg").replace("\\", "/")
    inside = value.get("imageData")
    stems = [image for image in named.files.stems(file.stem) if image.folder == file.folder]
    if not named.files.get(f"{file.folder}/{name}".strip("/")) and stems:
        name = stems[0].base
    elif isinstance(inside, str) and not named.files.ending(name):
        try:
            data = base64.b64decode(inside[: MAX_IMAGE_BYTES * 4 // 3], validate=False)
        except (binascii.Error, ValueError):
            data = b""
        return Item(boxes, (data,), file.name, 0, file.folder_split)
    return named.item(name, boxes, file, file.folder_split)


def _boxes(value: Any, file: SourceFile, log: ImportLog) -> Boxes:
    regions, lost = [], False
    for shape in listed(value, "shapes"):
        sides = _sides(shape, file, log)
        if sides is None:
            lost = True
        else:
            regions.append(region(shape.get("label"), sides))
    size = (pixels(value.get("imageWidth")), pixels(value.get("imageHeight")))
    return Boxes(tuple(regions), size if all(size) else None, lost=lost)


def _sides(shape: Any, file: SourceFile, log: ImportLog) -> Sides | None:
    kind = str(shape.get("shape_type") or "polygon")
    given = shape.get("points")
    pairs = [numbers(point, 2) for point in given] if isinstance(given, list) else []
    points = [(pair[0], pair[1]) for pair in pairs if pair]
    if kind in ("point", "line", "linestrip", "points") or len(points) < _ROUND:
        log.note("shapes-not-used", NOT_USED, f"{file.name}: {kind}")
        return None
    if kind == "circle":
        (x, y), (a, b) = points[:2]
        radius = math.hypot(x - a, y - b)
        points = [(x - radius, y - radius), (x + radius, y + radius)]
    if kind != "rectangle":
        log.note("outlines-to-boxes", OUTLINES, file.name)
    return bounds(points)
