"""A box around something in an image, and the order in which boxes are written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Where something is, in fractions 0…1 of the upright image, the origin at the top left."""

    label: str
    y_min: float
    x_min: float
    y_max: float
    x_max: float


def area(box: Box) -> float:
    """The box's share of the image, 0…1; an inverted box has none."""
    return max(0.0, box.y_max - box.y_min) * max(0.0, box.x_max - box.x_min)


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0…1, whatever the labels; two empty boxes have none in common."""
    height = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    width = min(a.x_max, b.x_max) - max(a.x_min, b.x_min)
    if height <= 0 or width <= 0:
        return 0.0
    shared = height * width
    union = area(a) + area(b) - shared
    # Sides of 1e-160 underflow to no area; rounding may leave the union below what is shared.
    return min(1.0, shared / union) if union > 0 else 0.0


def reading_order(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Sort boxes as one reads: in lines from top to bottom, each from left to right.

    A box belongs to the line above it if its middle is no lower than the lower edge of the line's
    first box. An answer is learnt token by token, so its order must be visible in the image and
    must not change when a box moves by a pixel, as the order of the top edges alone would.
    """
    ordered: list[Box] = []
    line: list[Box] = []
    limit = 0.0
    for box in sorted(boxes, key=_by_middle):
        middle = (box.y_min + box.y_max) / 2
        if line and middle > limit:
            ordered.extend(_from_left(line))
            line = []
        if not line:
            limit = box.y_max
        line.append(box)
    ordered.extend(_from_left(line))
    return tuple(ordered)


def _by_middle(box: Box) -> tuple[float, float, str]:
    return (box.y_min + box.y_max) / 2, box.x_min, box.label


def _from_left(line: Sequence[Box]) -> list[Box]:
    return sorted(line, key=lambda box: ((box.x_min + box.x_max) / 2, box.y_min, box.label))
