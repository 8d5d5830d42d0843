"""Which predicted box answers which true one."""

from collections.abc import Sequence
from dataclasses import dataclass

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

    Nothing said where nothing is counts as 1.
    """
    pairs = match(predicted, truth)
    boxes = len(predicted) + len(truth) - len(pairs)
    return sum(pair.iou for pair in pairs) / boxes if boxes else 1.0


def _same(a: str, b: str) -> bool:
    return a.strip().casefold() == b.strip().casefold()
