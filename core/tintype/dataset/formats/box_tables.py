"""Tables with a box on each line: TensorFlow, VoTT, Open Images, Kaggle, keras-retinanet, AutoML.

Columns are known by their names, never by their order: Open Images has XMin, XMax, YMin, YMax. Two
layouts have no header and are known by their shape: `path,x1,y1,x2,y2,class`, and Google AutoML's
`SET,path,class` with the corners of a box in eight columns. All lines of an image make one row.
Whether the numbers are pixels or fractions is decided by all of them.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.formats.box_layouts import SETS, BoxLayout, layout_of
from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
)
from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.json_files import number, pixels
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_names import is_absolute
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.table_text import (
    SUFFIXES,
    class_named,
    fields_of,
    first_rows,
    likely_delimiter,
    table_text,
)
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

_FOUR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d*,(?:\d{1,2}|\d{4,})|0?,\d+)")
_ONE = 1.001
"""The greatest fraction, made of others; no box in pixels ends there."""
REMOTE = "addresses in a bucket: the files of the same names beside the table are taken."


@dataclass(slots=True)
class _Image:
    """Everything that a table says of one image."""

    name: str
    line: int
    split: Split | None
    size: tuple[int, int] | None
    boxes: list[tuple[str, tuple[float, ...], int]] = field(default_factory=list)
    lost: bool = False


class BoxTables(FilesFormat):
    """Tables of boxes."""

    name = "boxtable"
    title = "table of boxes (TensorFlow, Kaggle, VoTT, AutoML, Open Images, RetinaNet)"
    about = "A table with a box on each line; all lines of an image become one row."

    def recognise(self, files: Files) -> Detection | None:
        """Tables with columns of boxes, or in one of the layouts without a header."""
        found = _tables(files)
        if not found:
            return None
        names = ", ".join(file.name for file, _ in found[:3])
        return Detection(f"a table of boxes ({names})")

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image of the tables."""
        finder = ImageFinder(files, log, options.images)
        codes = _codes(files)
        used: set[str] = set()
        for file, layout in _tables(files):
            images = _read(file, layout, log)
            log.total += 2 * len(images)
            convention = _Convention(layout, images, file, log)
            for image in images:
                found = _find(image, file, finder, log)
                if found is None:
                    continue
                used.add(found.name)
                regions = convention.regions(image, codes, options)
                boxes = Boxes(regions, image.size, fractions=convention.fractions, lost=image.lost)
                split = image.split or file.split
                yield Item(boxes, (found.image,), file.name, image.line, split)
        note_unlisted(files, used, log)


FORMAT = BoxTables()


def _tables(files: Files) -> list[tuple[SourceFile, BoxLayout]]:
    found = []
    for file in files.named(*SUFFIXES, deep=2)[:100]:
        layout = layout_of(first_rows(file))
        if layout is not None:
            found.append((file, layout))
    return found


def _codes(files: Files) -> dict[str, str]:
    """What codes of classes mean, from a table of two columns beside the boxes."""
    found: dict[str, str] = {}
    for file in files.named(".csv", deep=2) if not files.given else list(files.names.values()):
        if file.suffix != ".csv" or "class" not in file.base.lower():
            continue
        text = table_text(file)
        for _, fields in fields_of(io.StringIO(text, newline=""), ",", 0, None, file.name):
            if len(fields) == 2 and fields[0].startswith("/"):
                found[fields[0].strip()] = fields[1].strip()
    return found


def _read(file: SourceFile, layout: BoxLayout, log: ImportLog) -> list[_Image]:
    """The images of a table with their boxes, in the order in which they first occur."""
    text = table_text(file)
    lines = io.StringIO(text, newline="")
    first = text[: text.find("\n") + 1 or None]
    delimiter = "\t" if file.suffix == ".tsv" else likely_delimiter(first)
    images: dict[str, _Image] = {}
    header = layout.kind not in ("plain", "corners")
    for line, fields in fields_of(lines, delimiter, 0, log, file.name):
        if header:
            header = False
            continue
        if len(fields) <= max(layout.image, *layout.sides):
            log.lose(file.name, line, f"The line has only {len(fields)} fields.")
            continue
        _add(fields, line, file, layout, images, log)
    return list(images.values())


def _add(
    fields: Sequence[str],
    line: int,
    file: SourceFile,
    layout: BoxLayout,
    images: dict[str, _Image],
    log: ImportLog,
) -> None:
    name = fields[layout.image].strip()
    image = images.get(name)
    if image is None:
        split = _split(fields, layout, name, log)
        image = images[name] = _Image(name, line, split, _size(fields, layout))
    if layout.group >= 0 and fields[layout.group].strip() == "1":
        words = "boxes mark a group (IsGroupOf), not one object: left out."
        log.note("group-left-out", words, f"{file.name}:{line}")
        image.lost = True
        return
    texts = [fields[at].strip() for at in layout.sides]
    if layout.kind == "list":
        texts = _FOUR.findall(texts[0])
    label = fields[layout.label].strip() if 0 <= layout.label < len(fields) else ""
    if not any(texts):
        return  # a line without a box: a negative, if no other line has one
    sides = _four(texts, layout.kind)
    if sides is None:
        log.add(file.name, line, "The box is not four numbers.", "dropped")
        image.lost = True
        return
    image.boxes.append((label, sides, line))


def _four(texts: Sequence[str], kind: str) -> tuple[float, ...] | None:
    found = [number(_with_point(text)) for text in texts if text]
    kept = [side for side in found if side is not None]
    if len(kept) != len(found):
        return None
    if kind == "corners":
        across, down = kept[::2], kept[1::2]
        if len(kept) not in (4, 6, 8):
            return None
        return min(across), min(down), max(across), max(down)
    if len(kept) != 4:
        return None
    a, b, c, d = kept
    return (a - c / 2, b - d / 2, a + c / 2, b + d / 2) if kind == "centres" else (a, b, c, d)


def _with_point(text: str) -> str:
    """A number with a decimal point; a comma before three digits may part thousands: as it is."""
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _split(fields: Sequence[str], layout: BoxLayout, name: str, log: ImportLog) -> Split | None:
    said = fields[layout.split].strip() if layout.split >= 0 else ""
    if said.casefold() == "unassigned":
        words = "images are in no split (UNASSIGNED)."
        log.note("unassigned", words, name)
    return split_named(said) or SETS.get(said.casefold())


def _size(fields: Sequence[str], layout: BoxLayout) -> tuple[int, int] | None:
    if min(layout.size) < 0 or max(layout.size) >= len(fields):
        return None
    size = (pixels(fields[layout.size[0]]), pixels(fields[layout.size[1]]))
    return size if all(size) else None


class _Convention:
    """What the numbers of one table mean, decided by all of them."""

    def __init__(
        self, layout: BoxLayout, images: Sequence[_Image], file: SourceFile, log: ImportLog
    ) -> None:
        every = [(sides, image.size) for image in images for _, sides, _ in image.boxes]
        self.fractions = bool(every) and all(max(sides) <= _ONE for sides, _ in every)
        self._extents = layout.kind == "extents"
        self._log = log
        self._file = file
        if layout.kind == "list":
            self._extents = _are_extents(every)
            meaning = "x, y, width, height" if self._extents else "two corners"
            words = f"boxes are read as {meaning}, which fits the sizes of the images."
            log.note("box-convention", words, file.name, len(every))
        self._nameless = layout.label < 0
        if self._nameless:
            words = "boxes have no class: all are called `object` (--label names them)."
            log.note("no-class", words, file.name, len(every))

    def regions(
        self, image: _Image, codes: Mapping[str, str], options: ImportOptions
    ) -> tuple[Region, ...]:
        """The boxes of an image."""
        made = []
        for label, (a, b, c, d), line in image.boxes:
            name = (options.label or "object") if self._nameless else codes.get(label, "")
            name = name or class_named(label, options.names, self._log, f"{self._file.name}:{line}")
            corners = (a, b, a + c, b + d) if self._extents else (a, b, c, d)
            made.append(Region(name, *corners, line=line))
        return tuple(made)


def _are_extents(every: Sequence[tuple[tuple[float, ...], Any]]) -> bool:
    """Whether lists are x, y, width, height: as corners some are reversed, or all stay within."""
    if any(a >= c or b >= d for (a, b, c, d), _ in every):
        return True
    return all(
        size is None or (a + c <= size[0] and b + d <= size[1]) for (a, b, c, d), size in every
    )


def _find(
    image: _Image, file: SourceFile, finder: ImageFinder, log: ImportLog
) -> SourceFile | None:
    """The image's file; none if there is none, which is noted."""
    split = image.split or file.split
    try:
        found = finder.file(image.name, file.folder, split)
    except DatasetError as error:
        log.miss(f"{image.name}: {error}" if "may be" in error.message else image.name)
        return None
    if "://" in image.name and not is_absolute(image.name):
        log.note("remote-images", REMOTE, image.name)
    return found
