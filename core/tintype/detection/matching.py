"""Which predicted box answers which true one, and what became of each box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tintype.detection.box import Box, iou


@dataclass(frozen=True, slots=True)
class Pair:
    """A predicted box and the true box it answers."""

    predicted: int
    """Index into the predicted boxes."""
    truth: int
    """Index into the true boxes."""
    iou: float


def match(
    predicted: Sequence[Box],
    truth: Sequence[Box],
    *,
    threshold: float = 0.0,
    by_label: bool = True,
) -> tuple[Pair, ...]:
    """Pair boxes greedily, best overlap first; each box belongs to one pair at most.

    Only boxes of the same label are paired (case does not count) unless `by_label` is false, and
    only those that overlap by more than nothing and at least `threshold`.
    """
    candidates = [
        Pair(i, j, overlap)
        for i, said in enumerate(predicted)
        for j, true in enumerate(truth)
        if (not by_label or _same(said.label, true.label))
        and (overlap := iou(said, true)) > 0
        and overlap >= threshold
    ]
    # Ties go to the earlier boxes, so that the answer does not depend on chance.
    candidates.sort(key=lambda pair: (-pair.iou, pair.predicted, pair.truth))
    taken_predicted: set[int] = set()
    taken_truth: set[int] = set()
    pairs = []
    for pair in candidates:
        if pair.predicted not in taken_predicted and pair.truth not in taken_truth:
            taken_predicted.add(pair.predicted)
            taken_truth.add(pair.truth)
            pairs.append(pair)
    return tuple(pairs)


def mean_iou(predicted: Sequence[Box], truth: Sequence[Box]) -> float:
    """Mean overlap of matched boxes, 0…1; a missed or an invented box counts as 0.

    Nothing said where nothing is counts as 1. The overlap of two boxes is the area of their
    intersection over that of their union.

    Args:
        predicted: What a model says is there, such as `tintype.boxes(reply.text)`.
        truth: What is there; boxes are matched within a label, in any order.
    """
    pairs = match(predicted, truth)
    boxes = len(predicted) + len(truth) - len(pairs)
    return sum(pair.iou for pair in pairs) / boxes if boxes else 1.0


def _same(a: str, b: str) -> bool:
    return a.strip().casefold() == b.strip().casefold()


SAME_PLACE = 0.5
"""From this overlap on, two boxes of different labels are about the same thing."""

Fate = Literal["found", "misnamed", "invented", "missed"]


@dataclass(frozen=True, slots=True)
class BoxMatch:
    """One box, predicted or true, and what became of it."""

    fate: Fate
    box: Box
    """The predicted box; for `missed` the true one."""
    iou: float = 0.0
    """Overlap with the true box, 0…1; 0 where there is none."""
    truth: Box | None = None
    """The true box that it answers, or stands on."""


def compare(predicted: Sequence[Box], truth: Sequence[Box]) -> tuple[BoxMatch, ...]:
    """Tell the fate of every box: the predicted ones in their order, then those that were missed.

    Pairs are those of `match`, by label. Of what is left, a box that covers a true one of another
    label by at least `SAME_PLACE` is misnamed, and the true one is not counted as missed as well.
    """
    by_label = {pair.predicted: pair for pair in match(predicted, truth)}
    answered = {pair.truth for pair in by_label.values()}
    left = [at for at in range(len(truth)) if at not in answered]
    findings = []
    for at, box in enumerate(predicted):
        if at in by_label:
            pair = by_label[at]
            findings.append(BoxMatch("found", box, pair.iou, truth[pair.truth]))
            continue
        other = max(left, key=lambda one: iou(box, truth[one]), default=None)
        if other is not None and (overlap := iou(box, truth[other])) >= SAME_PLACE:
            left.remove(other)
            findings.append(BoxMatch("misnamed", box, overlap, truth[other]))
        else:
            findings.append(BoxMatch("invented", box))
    findings += [BoxMatch("missed", truth[at], truth=truth[at]) for at in left]
    return tuple(findings)
