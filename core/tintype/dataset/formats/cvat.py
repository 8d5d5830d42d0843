"""CVAT for images 1.1: an XML file with boxes and outlines in pixels.

What CVAT exports for video has frames instead of images, and is not read. Source:
docs.cvat.ai, "CVAT for image".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
)
from tintype.dataset.formats.json_files import number, pixels
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import NOT_USED, OUTLINES, Named, Sides, bounds, region, rotated
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.errors import DatasetError

_MAX_BYTES = 300_000_000
_MAX_DEPTH = 40
_SHAPE_DEPTH = 3
_SHAPES = frozenset(
    {"box", "polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton"}
)


@dataclass(slots=True)
class _Image:
    name: str
    size: tuple[int, int] | None
    regions: list[Region] = field(default_factory=list)
    lost: bool = False


class Cvat(FilesFormat):
    """CVAT's XML."""

    name = "cvat"
    title = "CVAT XML"
    about = "Boxes of images in one XML file; outlines become their bounds."

    def recognise(self, files: Files) -> Detection | None:
        """An XML file of `annotations` with images, or with the tracks of a video."""
        found = _files(files)
        if not found:
            return None
        video = "<track" in found[0].head(65536).decode("utf-8", "replace")
        kind = "CVAT annotations of a video" if video else "CVAT annotations"
        return Detection(f"{kind} ({found[0].name})")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image.

        Raises:
            DatasetError: if there are only tracks of a video.
        """
        named = Named(files, options, log)
        for file in _files(files):
            for image in _read(file, log):
                boxes = Boxes(tuple(image.regions), image.size, lost=image.lost)
                item = named.item(image.name, boxes, file)
                if item is not None:
                    yield item
        note_unlisted(files, named.used, log)


FORMAT = Cvat()


def _files(files: Files) -> list[SourceFile]:
    found = files.named(".xml", deep=2)[:50]
    return [file for file in found if b"<annotations" in file.head(4096)]


@dataclass(slots=True)
class _Collector:
    """Collects what matters while the parser goes through the file."""

    log: ImportLog
    images: list[_Image] = field(default_factory=list)
    tracks: int = 0
    depth: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise DatasetError("The XML is nested too deeply.")
        self.tracks += tag == "track"
        if tag == "image":
            size = (pixels(attributes.get("width")), pixels(attributes.get("height")))
            self.images.append(_Image(attributes.get("name", ""), size if all(size) else None))
        elif self.images and tag in _SHAPES and self.depth == _SHAPE_DEPTH:
            self._shape(tag, attributes, self.images[-1])

    def end(self, tag: str) -> None:
        self.depth -= 1

    def _shape(self, tag: str, attributes: dict[str, str], image: _Image) -> None:
        sides = _sides(tag, attributes, image.name, self.log)
        if sides is None:
            image.lost = True
        else:
            image.regions.append(region(attributes.get("label"), sides))


def _read(file: SourceFile, log: ImportLog) -> list[_Image]:
    collector = _Collector(log)
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise DatasetError("The XML has a document type, which is not allowed in an annotation.")

    parser.StartElementHandler, parser.EndElementHandler = collector.start, collector.end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(file.read(_MAX_BYTES), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise DatasetError(f"{file.name} is no XML that can be read: {error}.") from error
    if collector.tracks and not collector.images:
        raise DatasetError(
            f"{file.name} holds CVAT's annotations of a video ({collector.tracks:,} tracks): the "
            "frames are not there.",
            advice="Export the task from CVAT with its images, as COCO, YOLO or CVAT for images.",
        )
    return collector.images


def _sides(tag: str, values: Mapping[str, str], place: str, log: ImportLog) -> Sides | None:
    if tag == "box":
        left, top, right, bottom = (number(values.get(key)) for key in ("xtl", "ytl", "xbr", "ybr"))
        if left is None or top is None or right is None or bottom is None:
            log.add(place, 0, "A box is not four numbers.", "dropped")
            return None
        turn = number(values.get("rotation")) or 0.0
        if not turn:
            return left, top, right, bottom
        log.note("rotation-not-used", "turned boxes become their upright bounds.", place)
        return _about_centre(left, top, right, bottom, turn)
    pairs = [point.split(",")[:2] for point in values.get("points", "").split(";") if "," in point]
    points = [(number(x), number(y)) for x, y in pairs]
    kept = [(x, y) for x, y in points if x is not None and y is not None]
    if tag != "polygon" or len(kept) < 3:
        log.note("shapes-not-used", NOT_USED, f"{place}: {tag}")
        return None
    log.note("outlines-to-boxes", OUTLINES, place)
    return bounds(kept)


def _about_centre(left: float, top: float, right: float, bottom: float, turn: float) -> Sides:
    width, height = right - left, bottom - top
    x, y = (left + right) / 2, (top + bottom) / 2
    a, b, c, d = rotated(0.0, 0.0, width, height, turn)
    across, down = (c - a) / 2, (d - b) / 2
    return x - across, y - down, x + across, y + down
