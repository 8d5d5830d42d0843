"""A box around something in an image."""

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
