"""What became of each box: found, given the wrong name, invented, or missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tintype.detection.box import Box, iou
from tintype.detection.matching import match

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
