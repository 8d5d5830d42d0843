"""Boxes of a source brought onto their image, and what was wrong with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

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


Frame = Literal["upright", "stored"]
"""Whether the sides of boxes are measured in the image as it is shown, or as it is stored."""
TURNED = "the EXIF orientation turns the image, and its boxes are those of the stored one: turned."
AS_SHOWN = "the EXIF orientation turns the image: its boxes are taken to be those of it as shown."


def placed(
    boxes: Boxes, facts: ImageFacts, file: str, undecided: Frame = "upright"
) -> tuple[tuple[Box, ...], tuple[ImportProblem, ...]]:
    """The boxes as fractions of the upright image, and what was wrong.

    Edges are taken as continuous, from 0 to the image's width and height. Boxes that reach
    beyond the image are clamped, those with reversed corners turned, empty ones and those without
    a name dropped. A problem whose `done` is `left out` concerns the whole image.

    Args:
        boxes: The boxes, in the size that the source gives.
        facts: The image.
        file: Where it is said.
        undecided: What the boxes are measured in where the size fits both.
    """
    size, frame, problems = _size(boxes, facts, file, undecided)
    if size is None:
        return (), tuple(problems)
    found = [_box(region, size, file) for region in boxes.regions]
    kept = tuple(box for box, _ in found if box is not None)
    if frame == "stored":
        kept = tuple(turned(box, facts.orientation) for box in kept)
    return kept, (*problems, *(problem for _, wrong in found for problem in wrong))


def frame_of(boxes: Boxes, facts: ImageFacts) -> Frame | None:
    """What the boxes of a turned image are measured in, by its size; none if that fits both."""
    stored = (facts.width, facts.height)
    if facts.orientation < 5 or boxes.fractions or boxes.size is None or stored[0] == stored[1]:
        return None
    if _alike(boxes.size, stored[::-1]):
        return "upright"
    return "stored" if _alike(boxes.size, stored) else None


def turned(box: Box, orientation: int) -> Box:
    """A box of the stored image as it lies in the upright one; fractions of either."""
    left, top, right, bottom = box.x_min, box.y_min, box.x_max, box.y_max
    if orientation in (2, 3, 7, 8):
        left, right = 1 - right, 1 - left
    if orientation in (3, 4, 6, 7):
        top, bottom = 1 - bottom, 1 - top
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    return Box(box.label, top, left, bottom, right)


def _size(
    boxes: Boxes, facts: ImageFacts, file: str, undecided: Frame
) -> tuple[tuple[int, int] | None, Frame, list[ImportProblem]]:
    """The size that the sides are measured in, none if that cannot be known; and the frame."""
    frame, exif = _frame(boxes, facts, file, undecided)
    if boxes.fractions:
        return (1, 1), frame, exif
    real = (facts.width, facts.height)
    if facts.orientation >= 5 and frame == "upright":
        real = (facts.height, facts.width)
    said = boxes.size
    if said is None or said == real:
        return real, frame, exif
    if not all(said):
        message = "It does not say the image's size."
        done = f"{real[0]}×{real[1]} taken, its real size"
        return real, frame, [*exif, ImportProblem(file, 0, message, done, "size-missing")]
    message = f"It says {said[0]}×{said[1]}, but the image has {real[0]}×{real[1]}."
    if _alike(said, real):
        problem = ImportProblem(file, 0, message, "boxes scaled to the image", "size-differs")
        return said, frame, [*exif, problem]
    return None, frame, [ImportProblem(file, 0, message, "left out", "size-differs")]


def _frame(
    boxes: Boxes, facts: ImageFacts, file: str, undecided: Frame
) -> tuple[Frame, list[ImportProblem]]:
    """What the sides are measured in, and what has to be said of it."""
    if facts.orientation <= 1 or not boxes.regions:
        return "upright", []
    by_size = frame_of(boxes, facts)
    frame = by_size or (undecided if boxes.size else "upright")
    if frame == "stored":
        return frame, [ImportProblem(file, 0, TURNED, "turned", "turned-with-image")]
    return frame, [] if by_size else [ImportProblem(file, 0, AS_SHOWN, "kept", "exif-orientation")]


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have the same shape."""
    return all((*one, *other)) and abs(one[0] * other[1] / (one[1] * other[0]) - 1) < 0.02


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
