"""CreateML: a JSON list of images, each with boxes by their centre, width and height in pixels.

Source: developer.apple.com, "Building an object detector data source".
"""

from collections.abc import Iterator
from typing import Any

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import Boxes, Detection, FilesFormat, ImportOptions, Item
from tintype.dataset.formats.json_files import first_value, head_text, listed, number, read_json
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import Named, region
from tintype.dataset.formats.sources import Files, SourceFile

_SIDES = ("x", "y", "width", "height")


class CreateMl(FilesFormat):
    """CreateML."""

    name = "createml"
    title = "CreateML"
    about = "Boxes in a JSON list of images, by their centre."

    def recognise(self, files: Files) -> Detection | None:
        """A JSON list whose first object has `annotations` with `coordinates`."""
        found = _files(files)
        return Detection(f"CreateML annotations ({found[0].name})") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image of the lists."""
        named = Named(files, options, log)
        for file in _files(files):
            value = read_json(file)
            for entry in listed({"images": value}, "images"):
                item = named.item(str(_image(entry)), _boxes(entry, file, log), file)
                if item is not None:
                    yield item
        note_unlisted(files, named.used, log)


FORMAT = CreateMl()


def _files(files: Files) -> list[SourceFile]:
    return [file for file in files.named(".json", deep=2)[:200] if _is_ours(file)]


def _is_ours(file: SourceFile) -> bool:
    text = head_text(file)
    if not text.startswith("[") or '"coordinates"' not in text:
        return False
    first = first_value(text)
    return isinstance(first, dict) and bool(_image(first)) and "annotations" in first


def _image(entry: Any) -> Any:
    return entry.get("image") or entry.get("imagefilename") or entry.get("filename") or ""


def _boxes(entry: Any, file: SourceFile, log: ImportLog) -> Boxes:
    regions, lost = [], False
    for each in listed(entry, "annotations"):
        at = each.get("coordinates")
        sides = [number(at.get(side)) for side in _SIDES] if isinstance(at, dict) else [None]
        x, y, width, height = sides if None not in sides else (None,) * 4
        if x is None or y is None or width is None or height is None:
            log.add(file.name, 0, f"{_image(entry)}: a box is not four numbers.", "dropped")
            lost = True
            continue
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        regions.append(region(each.get("label"), corners))
    return Boxes(tuple(regions), lost=lost)
