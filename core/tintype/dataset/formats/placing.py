"""Boxes of a source brought onto their image, and what was wrong with them."""

from collections.abc import Callable, Mapping, Sequence

from tintype.dataset.formats.contract import Boxes, Region
from tintype.dataset.formats.report import ImportProblem
from tintype.detection import Box, clean_label, reading_order
from tintype.images.facts import ImageFacts

BOX_ORDERS: Mapping[str, Callable[[Sequence[Box]], Sequence[Box]]] = {
    "reading": reading_order,
    "label": lambda boxes: sorted(reading_order(boxes), key=lambda box: box.label),
    "file": tuple,
}
"""The orders in which boxes may stand in an answer."""


def placed(
    boxes: Boxes, facts: ImageFacts, file: str
) -> tuple[tuple[Box, ...], tuple[ImportProblem, ...]]:
    """The boxes as fractions of the upright image, and what was wrong.

    Edges are taken as continuous, from 0 to the image's width and height. Boxes that reach
    beyond the image are clamped, those with reversed corners turned, empty ones and those without
    a name dropped. A problem whose `done` is `left out` concerns the whole image.
    """
    size, problems = _size(boxes, facts, file)
    if size is None:
        return (), tuple(problems)
    found = [_box(region, size, file) for region in boxes.regions]
    kept = tuple(box for box, _ in found if box is not None)
    return kept, (*problems, *(problem for _, wrong in found for problem in wrong))


def _size(
    boxes: Boxes, facts: ImageFacts, file: str
) -> tuple[tuple[int, int] | None, list[ImportProblem]]:
    """The size that the sides are measured in; none if that cannot be known."""
    if boxes.fractions:
        return (1, 1), []
    real = (facts.width, facts.height)
    if facts.orientation >= 5:
        real = (facts.height, facts.width)
    said = boxes.size or (0, 0)
    if said == real:
        return real, []
    if not all(said):
        message = "It does not say the image's size."
        return real, [ImportProblem(file, 0, message, f"{real[0]}×{real[1]} taken, its real size")]
    message = f"It says {said[0]}×{said[1]}, but the image has {real[0]}×{real[1]}."
    if abs(said[0] * real[1] / (said[1] * real[0]) - 1) < 0.02:
        return said, [ImportProblem(file, 0, message, "boxes scaled to the image")]
    return None, [ImportProblem(file, 0, message, "left out")]


def _box(
    region: Region, size: tuple[int, int], file: str
) -> tuple[Box | None, list[ImportProblem]]:
    problems: list[ImportProblem] = []

    def report(message: str, done: str) -> None:
        name = region.label or "an object without a name"
        problems.append(ImportProblem(file, region.line, f"{name}: {message}", done))

    label = clean_label(region.label)
    if not label:
        report("it has no name.", "dropped")
        return None, problems
    x_min, y_min, x_max, y_max = region.x_min, region.y_min, region.x_max, region.y_max
    width, height = size
    if y_min > y_max or x_min > x_max:
        report("the corners are reversed.", "swapped")
        y_min, y_max = sorted((y_min, y_max))
        x_min, x_max = sorted((x_min, x_max))
    if y_min == y_max or x_min == x_max:
        report(f"the box is empty ({_corners(region)}).", "dropped")
        return None, problems
    inside = max(y_min, 0.0), max(x_min, 0.0), min(y_max, float(height)), min(x_max, float(width))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        report(f"the box lies outside the image ({_corners(region)}).", "dropped")
        return None, problems
    if inside != (y_min, x_min, y_max, x_max):
        report(f"the box reaches beyond the image ({_corners(region)}).", "clamped")
    top, left, bottom, right = inside
    return Box(label, top / height, left / width, bottom / height, right / width), problems


def _corners(region: Region) -> str:
    return f"x {region.x_min:.6g}…{region.x_max:.6g}, y {region.y_min:.6g}…{region.y_max:.6g}"
