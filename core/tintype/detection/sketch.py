"""The boxes of one image while a person draws: chosen, moved, resized, named, deleted, undone.

One value, replaced whole. Places are fractions 0…1 of the upright image.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from tintype.detection.box import Box, area
from tintype.detection.box_edits import DrawnBox

Side = Literal["x_min", "y_min", "x_max", "y_max"]
WHOLE: frozenset[Side] = frozenset(("x_min", "y_min", "x_max", "y_max"))
"""All four sides: to move a box is to move them together."""
LOWER_RIGHT: frozenset[Side] = frozenset(("x_max", "y_max"))
UPPER_LEFT: frozenset[Side] = frozenset(("x_min", "y_min"))
LEAST = 1 / 1024
"""The least width and height of a box."""

_State = tuple[tuple[DrawnBox, ...], int]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Boxes being drawn, and the way there and back."""

    boxes: tuple[DrawnBox, ...] = ()
    at: int = 0
    """Which box is chosen; meaningless if there is none."""
    done: tuple[_State, ...] = ()
    """What `undo` goes back to, the latest last."""
    undone: tuple[_State, ...] = ()
    gesture: str = ""
    """What goes on: further steps of the same gesture are undone together."""

    @property
    def chosen(self) -> Box | None:
        """The box that is chosen."""
        return self.boxes[self.at].box if self.boxes else None

    def next(self, by: int) -> "Sketch":
        """Choose the next box, or the previous one, round the end."""
        return self.choosing((self.at + by) % max(1, len(self.boxes)))

    def choosing(self, at: int) -> "Sketch":
        """Choose a box."""
        return replace(self, at=at, gesture="")

    def drawn(self, box: Box) -> "Sketch":
        """A new box, the last and chosen."""
        return self._changed((*self.boxes, DrawnBox(box)), len(self.boxes))

    def deleted(self) -> "Sketch":
        """Without the box that is chosen."""
        if not self.boxes:
            return self
        rest = self.boxes[: self.at] + self.boxes[self.at + 1 :]
        return self._changed(rest, min(self.at, max(0, len(rest) - 1)))

    def renamed(self, label: str) -> "Sketch":
        """The chosen box of another class."""
        return self if self.chosen is None else self._put(replace(self.chosen, label=label))

    def moved(self, sides: Collection[Side], across: float, down: float) -> "Sketch":
        """Some sides of the chosen box moved; of the same sides, all steps are undone together."""
        if self.chosen is None:
            return self
        if (box := moved(self.chosen, sides, across, down)) == self.chosen:
            return self
        made, gesture = self._put(box), "".join(sorted(sides))
        return replace(
            made, done=self.done if gesture == self.gesture else made.done, gesture=gesture
        )

    def undo(self) -> "Sketch":
        """As before the latest step; the same if there was none."""
        if not self.done:
            return self
        boxes, at = self.done[-1]
        return Sketch(boxes, at, self.done[:-1], (*self.undone, (self.boxes, self.at)))

    def redo(self) -> "Sketch":
        """As before it was undone; the same if nothing was."""
        if not self.undone:
            return self
        boxes, at = self.undone[-1]
        return Sketch(boxes, at, (*self.done, (self.boxes, self.at)), self.undone[:-1])

    def _put(self, box: Box) -> "Sketch":
        made = replace(self.boxes[self.at], box=box)
        return self._changed((*self.boxes[: self.at], made, *self.boxes[self.at + 1 :]), self.at)

    def _changed(self, boxes: tuple[DrawnBox, ...], at: int) -> "Sketch":
        return Sketch(boxes, at, (*self.done, (self.boxes, self.at)))


def moved(box: Box, sides: Collection[Side], across: float, down: float) -> Box:
    """Return a box with some of its sides moved, kept inside the image and its sides in order."""
    x_min, x_max = _along(box.x_min, box.x_max, "x_min" in sides, "x_max" in sides, across)
    y_min, y_max = _along(box.y_min, box.y_max, "y_min" in sides, "y_max" in sides, down)
    return Box(box.label, y_min, x_min, y_max, x_max)


def _along(low: float, high: float, is_low: bool, is_high: bool, by: float) -> tuple[float, float]:
    if is_low and is_high:
        by = min(max(by, -low), 1 - high)
        return low + by, high + by
    if is_low:
        low = min(max(0.0, low + by), high - LEAST)
    if is_high:
        high = max(min(1.0, high + by), low + LEAST)
    return low, high


def spanned(label: str, one: tuple[float, float], other: tuple[float, float]) -> Box:
    """Return the box between two corners, each x and y, kept inside the image."""
    (left, right), (top, bottom) = (
        sorted(min(max(0.0, side), 1.0) for side in pair) for pair in zip(one, other, strict=True)
    )
    return Box(label, top, left, max(bottom, top + LEAST), max(right, left + LEAST))


def grip(
    sketch: Sketch, place: tuple[float, float], near: tuple[float, float]
) -> tuple[int, frozenset[Side]] | None:
    """Return what a pointer takes hold of: a box, and which of its sides.

    The chosen box comes first, then the smaller ones, so that none lies out of reach.

    Args:
        sketch: The boxes.
        place: Where the pointer is, x and y.
        near: How near to a side is on it, in x and in y.
    """
    (x, y), (across, down) = place, near
    order = sorted(range(len(sketch.boxes)), key=lambda at: area(sketch.boxes[at].box))
    for at in sorted(order, key=lambda each: each != sketch.at):
        box = sketch.boxes[at].box
        inside_x = box.x_min - across <= x <= box.x_max + across
        inside_y = box.y_min - down <= y <= box.y_max + down
        if not (inside_x and inside_y):
            continue
        far: dict[Side, float] = {
            "x_min": abs(x - box.x_min) / across,
            "x_max": abs(x - box.x_max) / across,
            "y_min": abs(y - box.y_min) / down,
            "y_max": abs(y - box.y_max) / down,
        }
        pairs: tuple[tuple[Side, Side], ...] = (("x_min", "x_max"), ("y_min", "y_max"))
        nearest = (min(pair, key=far.__getitem__) for pair in pairs)
        sides = frozenset(side for side in nearest if far[side] <= 1)
        return at, sides or WHOLE
    return None


@dataclass(frozen=True, slots=True)
class Drag:
    """A pointer that holds a box, some of its sides, or the first corner of a new box."""

    sketch: Sketch
    """As it was when it took hold, the box that is held being chosen."""
    start: tuple[float, float]
    """Where it took hold: x and y."""
    sides: frozenset[Side] = frozenset()
    """None for a new box."""

    def to(self, place: tuple[float, float], label: str) -> Sketch:
        """The boxes with the pointer at a place: one step, however it came there."""
        if place == self.start:
            return self.sketch
        if not self.sides:
            return self.sketch.drawn(spanned(label, self.start, place))
        across, down = place[0] - self.start[0], place[1] - self.start[1]
        return self.sketch.moved(self.sides, across, down)


def take_hold(
    sketch: Sketch, place: tuple[float, float], near: tuple[float, float], *, new: bool = False
) -> Drag:
    """Return a drag that begins at a place.

    Args:
        sketch: The boxes.
        place: x and y.
        near: How near to a side, in x and in y, is on it.
        new: Whether a box is begun even where there is one.
    """
    held = None if new else grip(sketch, place, near)
    if held is None:
        return Drag(replace(sketch, gesture=""), place)
    return Drag(sketch.choosing(held[0]), place, held[1])
