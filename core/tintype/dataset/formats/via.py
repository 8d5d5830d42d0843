"""VGG Image Annotator: regions of images in a CSV table or a JSON file, in pixels.

Source: www.robots.ox.ac.uk/~vgg/software/via.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
)
from tintype.dataset.formats.json_files import head_text, number, read_json
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import NOT_USED, OUTLINES, Named, Sides, bounds, region
from tintype.dataset.formats.sources import Files, SourceFile

_MAX_BYTES = 200_000_000
_LABELS = ("class", "label", "name", "type", "category", "object")

_Found = tuple[str, Any, Any]
"""The name of an image, a shape, and its attributes; the shape is none where there is none."""


class Via(FilesFormat):
    """VGG Image Annotator."""

    name = "via"
    title = "VGG Image Annotator"
    about = "Regions in a CSV table or a JSON file; outlines become their bounds."

    def recognise(self, files: Files) -> Detection | None:
        """A table with `region_shape_attributes`, or JSON with them."""
        found = _files(files)
        return Detection(f"VGG Image Annotator's regions ({found[0].name})") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image."""
        named = Named(files, options, log)
        for file in _files(files):
            images: dict[str, list[Region]] = {}
            lost: set[str] = set()
            for name, shape, attributes in _regions(file):
                regions = images.setdefault(name, [])
                if not isinstance(shape, dict) or not shape:
                    continue
                sides = _sides(shape, name, log)
                if sides is None:
                    lost.add(name)
                else:
                    regions.append(region(_label(attributes), sides))
            for name, regions in images.items():
                if not regions and name not in lost:
                    words = (
                        "images have no region: perhaps not labelled, so no negatives; left out."
                    )
                    log.note("unlabelled", words, name)
                    continue
                item = named.item(name, Boxes(tuple(regions), lost=name in lost), file)
                if item is not None:
                    yield item
        note_unlisted(files, named.used, log)


FORMAT = Via()


def _files(files: Files) -> list[SourceFile]:
    tables = files.named(".csv", ".json", deep=2)[:100]
    return [file for file in tables if "region_attributes" in head_text(file, 64 * 1024)]


def _regions(file: SourceFile) -> Iterator[_Found]:
    if file.suffix == ".csv":
        text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
        csv.field_size_limit(_MAX_BYTES)
        lines = (line for line in io.StringIO(text, newline="") if not line.startswith("//"))
        for row in csv.DictReader(lines):
            name = row.get("filename") or row.get("#filename") or ""
            shape, attributes = row.get("region_shape_attributes"), row.get("region_attributes")
            yield str(name), _parsed(shape), _parsed(attributes)
        return
    value = read_json(file)
    images = value.get("_via_img_metadata", value) if isinstance(value, dict) else {}
    for image in images.values() if isinstance(images, dict) else ():
        if not isinstance(image, dict):
            continue
        regions = image.get("regions")
        listed = list(regions.values()) if isinstance(regions, dict) else regions
        name = str(image.get("filename", ""))
        yield name, None, None
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                yield name, each.get("shape_attributes"), each.get("region_attributes")


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _label(attributes: Any) -> str:
    """The class among the attributes: by its usual names, else the first one."""
    if not isinstance(attributes, dict):
        return ""
    values = {str(key).lower(): value for key, value in attributes.items()}
    found = next((values[key] for key in _LABELS if key in values), None)
    found = found if found is not None else next(iter(values.values()), "")
    if isinstance(found, dict):  # a check box: the one that is ticked
        found = next((key for key, ticked in found.items() if ticked), "")
    return str(found)


def _sides(shape: Mapping[str, Any], place: str, log: ImportLog) -> Sides | None:
    at = {key: number(value) for key, value in shape.items() if not isinstance(value, list)}
    x, y, width, height = (at.get(key) for key in ("x", "y", "width", "height"))
    if x is not None and y is not None and width is not None and height is not None:
        return x, y, x + width, y + height
    across, down = shape.get("all_points_x"), shape.get("all_points_y")
    if isinstance(across, list) and isinstance(down, list) and shape.get("name") != "polyline":
        pairs = [(number(a), number(b)) for a, b in zip(across, down, strict=False)]
        points = [(a, b) for a, b in pairs if a is not None and b is not None]
        if len(points) > 2:
            log.note("outlines-to-boxes", OUTLINES, place)
            return bounds(points)
    x, y = at.get("cx"), at.get("cy")
    wide, high = at.get("rx", at.get("r")), at.get("ry", at.get("r"))
    if x is not None and y is not None and wide is not None and high is not None:
        log.note("outlines-to-boxes", OUTLINES, place)
        return x - wide, y - high, x + wide, y + high
    log.note("shapes-not-used", NOT_USED, f"{place}: {shape.get('name')}")
    return None
