"""What the four numbers of a box mean: their order, and what they are counted in."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tintype.detection.box import Box
from tintype.detection.written import Numbers

Size = tuple[int, int]
"""Width and height of the upright image, in pixels."""

Order = Literal["xyxy", "yxyx", "xywh", "cxcywh"]
"""Corners x first, corners y first, corner and extent, middle and extent."""

_ORDERS: dict[Order, str] = {
    "xyxy": "x first",
    "yxyx": "y first",
    "xywh": "left, top, width, height",
    "cxcywh": "middle, width, height",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What numbers are counted in."""

    name: str
    title: str
    """A phrase for a person."""
    extent: Callable[[Size], tuple[float, float]]
    """The numbers at the right and the lower edge of an image."""
    needs_size: bool = False
    """Whether they depend on the image."""
    most: int | None = None
    """The largest number there is, where they are bins."""
    places: int = 0
    """Decimal places that are written."""


def smart_resize(size: Size) -> Size:
    """The size at which Qwen2.5-VL sees an image: sides in multiples of 28, 3,136…1,003,520 pixels.

    Source: `smart_resize` of Qwen's image processor, at the limits of its cookbooks' examples
    (min_pixels 56 × 56, max_pixels 1280 × 28 × 28).
    """
    width, height = size
    fewest, most, step = 56 * 56, 1280 * 28 * 28, 28
    wide, high = max(step, round(width / step) * step), max(step, round(height / step) * step)
    if wide * high > most:
        by = math.sqrt(width * height / most)
        wide, high = (max(step, math.floor(side / by / step) * step) for side in size)
    elif wide * high < fewest:
        by = math.sqrt(fewest / (width * height))
        wide, high = (math.ceil(side * by / step) * step for side in size)
    return wide, high


def _constant(extent: float) -> Callable[[Size], tuple[float, float]]:
    return lambda _size: (extent, extent)


BINS = Unit("1024", "1024 bins", _constant(1024), most=1023)
THOUSAND_BINS = Unit("1000-bins", "1000 bins", _constant(1000), most=999)
THOUSANDTHS = Unit("1000", "thousandths of the image", _constant(1000))
FRACTIONS = Unit("1", "fractions 0…1 of the image", _constant(1), places=4)
PERCENT = Unit("100", "per cent of the image", _constant(100), places=2)
PIXELS = Unit("px", "pixels", lambda size: (float(size[0]), float(size[1])), needs_size=True)
RESIZED = Unit(
    "resized-px",
    "pixels of the image as Qwen2.5-VL resizes it",
    lambda size: tuple(map(float, smart_resize(size))),  # type: ignore[arg-type,return-value]
    needs_size=True,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """An order and a unit."""

    order: Order
    unit: Unit

    @property
    def name(self) -> str:
        """Such as `xyxy-px`."""
        return f"{self.order}-{self.unit.name}"

    @property
    def title(self) -> str:
        """Such as `pixels, x first`."""
        return f"{self.unit.title}, {_ORDERS[self.order]}"

    def corners(self, numbers: Numbers, size: Size | None) -> Numbers | None:
        """x_min, y_min, x_max, y_max in fractions of the image; possibly beyond 0…1 or reversed.

        None if the image's size matters and is not known.
        """
        if size is None and self.unit.needs_size:
            return None
        across, down = self.unit.extent(size or (1, 1))
        a, b, c, d = numbers
        if self.order == "yxyx":
            a, b, c, d = b, a, d, c
        elif self.order == "xywh":
            c, d = a + c, b + d
        elif self.order == "cxcywh":
            a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
        return a / across, b / down, c / across, d / down

    def box(self, label: str, numbers: Numbers, size: Size | None) -> Box | None:
        """A box within the image, its corners in order; none if that takes the image's size."""
        found = self.corners(numbers, size)
        if found is None:
            return None
        x_min, y_min, x_max, y_max = (min(max(side, 0.0), 1.0) for side in found)
        return Box(
            label, min(y_min, y_max), min(x_min, x_max), max(y_min, y_max), max(x_min, x_max)
        )

    def numbers(self, box: Box, size: Size | None) -> Numbers:
        """The numbers of a box, rounded as they are written.

        Raises:
            ValueError: if the image's size matters and is not given.
        """
        if size is None and self.unit.needs_size:
            raise ValueError("the size of the image must be known to write pixels")
        across, down = self.unit.extent(size or (1, 1))
        a, b, c, d = box.x_min * across, box.y_min * down, box.x_max * across, box.y_max * down
        if self.order == "yxyx":
            a, b, c, d = b, a, d, c
        elif self.order == "xywh":
            c, d = c - a, d - b
        elif self.order == "cxcywh":
            a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
        a, b, c, d = (self._rounded(number) for number in (a, b, c, d))
        return a, b, c, d

    def _rounded(self, number: float) -> float:
        extents = self.order not in ("xyxy", "yxyx")  # of whole numbers, two would be rounded
        rounded = round(number, 2 if extents and not self.unit.places else self.unit.places)
        return rounded if self.unit.most is None else min(max(rounded, 0), self.unit.most)
