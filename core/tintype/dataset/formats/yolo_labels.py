"""The lines of YOLO's label files: boxes, outlines, oriented boxes and poses, each line by itself.

A line is the class and the centre, width and height as fractions of the upright image; a sixth
number is a confidence, three or more points are an outline, and `kpt_shape` says how many numbers
of a pose follow a box. Source: docs.ultralytics.com/datasets.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tintype.dataset.formats.contract import Boxes, Region
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import SourceFile
from tintype.errors import DatasetError

MAX_LABEL_BYTES = 20_000_000
_DECIMAL = re.compile(r"[-+]?\d*,\d+|[01]")
_MOST = 1.5
"""A fraction above this is no fraction: boxes reach a little beyond their image, not by half."""


@dataclass(frozen=True, slots=True)
class Classes:
    """What the numbers of classes mean."""

    names: Mapping[int, str]
    where: str
    """The file that says so; empty if none does."""
    pose: int = 0
    """How many numbers of key points follow a box; 0 if there are none."""


@dataclass(slots=True)
class LabelReader:
    """Reads label files, and notes what is not used."""

    classes: Classes
    log: ImportLog
    image_size: Callable[[SourceFile], tuple[int, int]]
    """Width and height of an image as it is shown."""
    _lost: bool = field(default=False)

    def boxes(self, label: SourceFile, image: SourceFile) -> Boxes:
        """The boxes of an image.

        Raises:
            DatasetError: if the file cannot be read.
        """
        text = label.read(MAX_LABEL_BYTES).decode("utf-8-sig", "replace")
        regions: list[Region] = []
        self._lost = False
        absolute = False
        for at, line in enumerate(text.splitlines(), 1):
            words = label_words(line.partition("#")[0])
            if not words:
                continue
            sides = self._sides(words, label, at)
            name = self._name(words[0], label, at) if sides else ""
            if sides is None or not name:
                self._lost = True
                continue
            absolute = absolute or max(map(abs, sides)) > _MOST
            regions.append(Region(name, *sides, line=at))
        if absolute:
            return self._in_pixels(regions, label, image)
        corners = tuple(_corners(region) for region in regions)
        return Boxes(corners, fractions=True, lost=self._lost)

    def _name(self, number: str, label: SourceFile, line: int) -> str:
        key = _whole(number)
        name = self.classes.names.get(key, "") if key is not None else self._named(number, label)
        if not name and not self.classes.names and key is not None:
            words = (
                "boxes have numbers of classes, and no file names them: called class_0, class_1 …"
            )
            self.log.note("no-names", words, label.name)
            return f"class_{key}"
        if not name:
            words = (
                f"boxes have a class that {self.classes.where or 'no file'} does not name: dropped."
            )
            self.log.note("unknown-class", words, f"{label.name}:{line} (class {number[:20]})")
        return name

    def _named(self, word: str, label: SourceFile) -> str:
        """A class that is written by its name, as the names are known; any, if none are."""
        names = {name.casefold(): name for name in self.classes.names.values()}
        name = names.get(word.casefold(), "" if names else word)
        if name:
            self.log.note(
                "names-as-classes", "boxes name their class instead of its number.", label.name
            )
        return name

    def _sides(
        self, words: Sequence[str], label: SourceFile, line: int
    ) -> tuple[float, float, float, float] | None:
        """Centre, width and height of a line; none if it is damaged, which is noted."""
        found = _floats(words[1:])
        if found is None or len(found) < 4:
            self.log.add(
                label.name, line, "The line is not a class and at least 4 numbers.", "dropped"
            )
            return None
        if len(found) == 4 or self._is_box(found):
            return found[0], found[1], found[2], found[3]
        return self._outline(found)

    def _is_box(self, found: Sequence[float]) -> bool:
        """Whether a longer line begins with a box; notes what follows it."""
        if len(found) == 5:
            words = "boxes have a sixth number (a confidence: are these a model's?): left out."
            self.log.note("sixth-column", words)
            return True
        pose = self.classes.pose and len(found) in (4 + self.classes.pose, 5 + self.classes.pose)
        if pose or len(found) % 2:
            self.log.note("keypoints-not-used", "sets of key points are not used: boxes only.")
            return True
        return False

    def _outline(self, found: Sequence[float]) -> tuple[float, float, float, float]:
        if len(found) == 8 and _is_rotated(found):
            words = "oriented boxes become their upright bounds, which are larger."
            self.log.note("rotation-not-used", words)
        else:
            words = "outlines become their bounds."
            self.log.note("masks-not-used", words)
        across, down = found[::2], found[1::2]
        left, top, right, bottom = min(across), min(down), max(across), max(down)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top

    def _in_pixels(self, regions: Sequence[Region], label: SourceFile, image: SourceFile) -> Boxes:
        """Boxes in pixels: centre and size, or corners if only these lie within the image."""
        size = self.image_size(image)
        centred = tuple(_corners(region) for region in regions)
        reading, kept = "centre and size", centred
        if not _within(centred, size):
            if not _within(regions, size):
                raise DatasetError("The numbers are neither fractions nor pixels within the image.")
            reading, kept = "corners", tuple(regions)
        words = f"boxes are in pixels, not fractions: read as {reading}, which fits the images."
        self.log.note("not-normalised", words, label.name, len(regions))
        return Boxes(kept, size, lost=self._lost)


def label_words(line: str) -> list[str]:
    """The fields of a line, set apart by spaces or commas; decimal commas are points."""
    words = line.split()
    if len(words) > 4 and all(_DECIMAL.fullmatch(word) for word in words[1:]):
        return [words[0], *(word.replace(",", ".") for word in words[1:])]
    return line.replace(",", " ").split()


def _corners(region: Region) -> Region:
    across, down = region.x_max / 2, region.y_max / 2
    return Region(
        region.label,
        region.x_min - across,
        region.y_min - down,
        region.x_min + across,
        region.y_min + down,
        region.line,
    )


def _within(regions: Sequence[Region], size: tuple[int, int]) -> bool:
    return all(
        -1 <= region.x_min < region.x_max <= size[0] + 1
        and -1 <= region.y_min < region.y_max <= size[1] + 1
        for region in regions
    )


def _is_rotated(found: Sequence[float]) -> bool:
    """Whether four points are a rectangle that does not stand upright."""
    x, y = found[::2], found[1::2]
    crossing = abs(x[0] + x[2] - x[1] - x[3]) + abs(y[0] + y[2] - y[1] - y[3])
    upright = len({round(side, 3) for side in x}) <= 2 and len({round(side, 3) for side in y}) <= 2
    return crossing < 0.01 and not upright


def _floats(words: Sequence[str]) -> list[float] | None:
    try:
        found = [float(word[:40]) for word in words]
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


def _whole(text: str) -> int | None:
    found = _floats([text])
    return int(found[0]) if found and found[0].is_integer() and 0 <= found[0] < 10**6 else None
