"""Which convention the boxes of a set are written in, found out from the set itself.

The same four numbers may be pixels, thousandths or fractions, x or y first; read in the wrong way
they look plausible and are always wrong. Each reading that the notation allows is judged by all
boxes together: a box must have its corners in order and lie within its image, and of the readings
that hold, the one with the smallest range explains the numbers best (boxes in pixels of 640 × 480
never exceed 640; thousandths soon do). That is the likelihood of numbers drawn evenly from the
range, so it grows with every box. What numbers cannot show, such as x first or y first in square
ranges, is decided by the habit of the notation, and said to be a habit.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tintype.detection import frame as frames
from tintype.detection import written as notations
from tintype.detection.convention import CONVENTIONS, EDGE, Convention
from tintype.detection.frame import Frame, Size, Unit
from tintype.detection.written import Notation, Numbers, Written, find_written

Certainty = Literal["certain", "likely", "either", "unclear", "mixed"]
"""`either`: two readings give the same boxes. `mixed`: some rows only hold in another reading."""

_IMPOSSIBLE = -60.0
"""For a box that does not hold in a reading; below any that does, whose range is 10⁴ at most."""
_UNUSUAL = 3.0
"""What a reading that is not the notation's habit must make up for: a factor of 20."""
_CERTAIN = 12.0
"""A factor of 160,000 to the next reading."""
_LIKELY = 2.0
_MOST_SAID = 3
"""Readings whose faults are said."""
_SAME = 0.01
"""Corners so near to each other, in sides of the image, are the same box."""
_MIXED = 0.05
"""Share of boxes outside the best reading from which a set counts as mixed."""
_UNKNOWN_SIDE = 2000.0
"""Taken for the sides of an image whose size is not known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a set's boxes are written in."""

    convention: Convention
    certainty: Certainty
    evidence: tuple[str, ...]
    """Sentences for a person."""
    others: tuple[Frame, ...] = ()
    """Readings that are nearly as likely."""
    boxes: int = 0
    """Judged."""
    rows: int = 0
    """With boxes in this notation."""
    other_rows: int = 0
    """With boxes in another notation."""


@dataclass(frozen=True, slots=True)
class _Sample:
    numbers: Numbers
    size: Size | None


@dataclass(frozen=True, slots=True)
class _Reading:
    frame: Frame
    score: float
    outside: int


_XYXY, _YXYX = "xyxy", "yxyx"
_SQUARE: Sequence[Unit] = (frames.THOUSANDTHS, frames.FRACTIONS, frames.PERCENT)
_ANY: Sequence[Frame] = (
    Frame("xyxy", frames.PIXELS),
    *(Frame("xyxy", unit) for unit in _SQUARE),
    *(Frame("xywh", unit) for unit in (frames.PIXELS, *_SQUARE)),
    *(Frame("cxcywh", unit) for unit in (frames.PIXELS, *_SQUARE)),
    *(Frame("yxyx", unit) for unit in (frames.PIXELS, *_SQUARE)),
)
_CORNERS = tuple(one for one in _ANY if one.order in (_XYXY, _YXYX))
_QWENS = (*_CORNERS, Frame("xyxy", frames.RESIZED))
_EXTENTS = tuple(one for one in _ANY if one.order not in (_XYXY, _YXYX))
_X_FIRST = tuple(one for one in _ANY if one.order == _XYXY)


def _allowed(notation: Notation) -> tuple[Sequence[Frame], Sequence[Frame]]:
    """The readings of a notation, and those among them that are its habit."""
    usual = [one.frame for one in CONVENTIONS.values() if one.notation is notation]
    habit = [one for one in usual if one.unit is not frames.RESIZED]
    if notation in (notations.LOC_TOKENS, notations.FLORENCE):
        return usual, usual
    if notation is notations.JSON_EXTENTS:
        return _EXTENTS, [one for one in _EXTENTS if one.order == "xywh"]
    if notation is notations.JSON_SIDES:
        return _X_FIRST, _X_FIRST
    if notation in (notations.QWEN_TAGS, notations.INTERN_TAGS, notations.JSON_KEYS["bbox_2d"]):
        return _QWENS, habit
    if notation is notations.JSON_KEYS["box_2d"]:
        return _CORNERS, habit
    return _ANY, [*habit, *_X_FIRST]


def judge_convention(rows: Iterable[tuple[str, Size | None]]) -> Verdict | None:
    """Find out what the boxes of a set mean.

    Args:
        rows: Each answer with the size of its upright image in pixels, if that is known. Some
            hundreds are enough; rows without boxes do no harm.

    Returns:
        None if no row holds a box.
    """
    by_notation: dict[str, list[tuple[tuple[Written, ...], Size | None]]] = {}
    known: dict[str, Notation] = {}
    for text, size in rows:
        notation, found = find_written(text)
        if notation is not None:
            known[notation.name] = notation
            by_notation.setdefault(notation.name, []).append((found, size))
    if not by_notation:
        return None
    name = max(by_notation, key=lambda name: len(by_notation[name]))
    notation, taken = known[name], by_notation[name]
    samples = [_Sample(one.numbers, size) for found, size in taken for one in found]
    return _judged(notation, samples, len(taken), sum(map(len, by_notation.values())) - len(taken))


def _judged(notation: Notation, samples: Sequence[_Sample], rows: int, other_rows: int) -> Verdict:
    allowed, usual = _allowed(notation)
    habit = {frame.name: at for at, frame in reversed([*enumerate(usual)])}
    readings = [_read(frame, samples, frame.name in habit) for frame in allowed]
    highest = max(readings, key=lambda one: one.score)
    same = [one for one in readings if _same(highest.frame, one.frame, samples)] or [highest]
    best = min(same, key=lambda one: habit.get(one.frame.name, len(habit)))
    different = [one for one in readings if one not in same]
    near = [one for one in different if highest.score - one.score < _LIKELY]
    equal = [one for one in same if one is not best and one.frame.name in habit]
    certainty: Certainty = "likely"
    if best.outside > 1 and best.outside >= _MIXED * len(samples):
        certainty = "mixed"
    elif near:
        certainty = "unclear"
    elif equal:
        certainty = "either"
    elif all(highest.score - one.score >= _CERTAIN for one in different):
        certainty = "certain"
    evidence = (*_evidence(best, different, samples), *_doubts(certainty, samples, other_rows))
    others = tuple(one.frame for one in (*near, *equal))
    return Verdict(
        _named(notation, best.frame), certainty, evidence, others, len(samples), rows, other_rows
    )


def _named(notation: Notation, frame: Frame) -> Convention:
    """The family's that writes so, or one without a name."""
    for one in CONVENTIONS.values():
        if (one.notation.name, one.frame.name) == (notation.name, frame.name):
            return one
    return Convention(notation, frame)


def _read(frame: Frame, samples: Sequence[_Sample], is_usual: bool) -> _Reading:
    score, outside = 0.0 if is_usual else -_UNUSUAL, 0
    for one in samples:
        size = one.size or (round(_UNKNOWN_SIDE), round(_UNKNOWN_SIDE))
        corners = frame.corners(one.numbers, size)
        across, down = frame.unit.extent(size)
        if corners is not None and _holds(corners):
            score -= 2 * math.log(across) + 2 * math.log(down)
        else:
            score += _IMPOSSIBLE
            outside += 1
    return _Reading(frame, score, outside)


def _holds(corners: Numbers) -> bool:
    x_min, y_min, x_max, y_max = corners
    in_order = x_min < x_max and y_min < y_max
    return in_order and min(x_min, y_min) >= -EDGE and max(x_max, y_max) <= 1 + EDGE


def _same(one: Frame, other: Frame, samples: Sequence[_Sample]) -> bool:
    """Whether two readings give the same boxes."""
    for sample in samples:
        a, b = one.corners(sample.numbers, sample.size), other.corners(sample.numbers, sample.size)
        if a is None or b is None or any(abs(x - y) > _SAME for x, y in zip(a, b, strict=True)):
            return False
    return True


def _evidence(
    best: _Reading, others: Sequence[_Reading], samples: Sequence[_Sample]
) -> Iterable[str]:
    total = len(samples)
    highest = max(max(one.numbers) for one in samples)
    yield f"Boxes: {total:,}. The largest number is {highest:,g}."
    inside = total - best.outside
    yield f"Read as {best.frame.title}, {inside:,} of {total:,} lie within their image."
    against = [one for one in others if one.outside > best.outside]
    for one in sorted(against, key=lambda one: -one.score)[:_MOST_SAID]:
        beyond = f"{one.outside:,} of {total:,}"
        yield f"Read as {one.frame.title}, {beyond} are reversed or reach beyond it."


_WORDS: dict[Certainty, str] = {
    "certain": "",
    "likely": "The numbers alone do not decide; this is what the notation usually means.",
    "either": "Another reading gives the same boxes.",
    "unclear": "The numbers alone do not decide between the readings.",
    "mixed": "Some rows seem to be written in another convention than the rest.",
}


def _doubts(certainty: Certainty, samples: Sequence[_Sample], other_rows: int) -> Iterable[str]:
    if words := _WORDS[certainty]:
        yield words
    if unknown := sum(one.size is None for one in samples):
        yield f"Boxes in images of unknown size: {unknown:,}."
    if other_rows:
        yield f"Rows with boxes in another notation: {other_rows:,}."
    kinds = {one.size for one in samples}
    if len(kinds) == 1 and certainty != "certain":
        yield "All images are of one size."
