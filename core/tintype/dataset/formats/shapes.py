"""What the annotation tools' formats share: shapes as bounds, and images by their names."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tintype.dataset.formats.contract import Content, ImportOptions, Item, Region
from tintype.dataset.formats.images import ImageFinder
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.splits import Split
from tintype.errors import DatasetError

Sides = tuple[float, float, float, float]
OUTLINES = "outlines become their bounds."
NOT_USED = "shapes that enclose nothing (points, lines) are not used."


@dataclass(slots=True)
class Named:
    """Makes items of images that a source names."""

    files: Files
    options: ImportOptions
    log: ImportLog
    used: set[str] = field(default_factory=set)
    """The names of the images that were found."""
    finder: ImageFinder = field(init=False)

    def __post_init__(self) -> None:
        self.finder = ImageFinder(self.files, self.log, self.options.images)

    def item(
        self, name: str, content: Content, file: SourceFile, split: Split | None = None
    ) -> Item | None:
        """The item of an image; none if it is not there, which is noted."""
        try:
            found = self.finder.file(name, file.folder, split or file.split)
        except DatasetError as error:
            self.log.miss(f"{name}: {error}" if "may be" in error.message else name)
            return None
        self.used.add(found.name)
        return Item(content, (found.image,), f"{file.name}: {name}", 0, split or file.split)


def bounds(points: Sequence[tuple[float, float]]) -> Sides:
    """x_min, y_min, x_max and y_max around points."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)


def rotated(x: float, y: float, width: float, height: float, degrees: float) -> Sides:
    """The upright bounds of a box turned clockwise about its upper left corner."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return bounds([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners])


def region(label: object, sides: Iterable[float]) -> Region:
    """A box with its label."""
    left, top, right, bottom = sides
    return Region("" if label is None else str(label), left, top, right, bottom)
