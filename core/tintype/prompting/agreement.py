"""Whether an answer agrees with the right one."""

from dataclasses import dataclass

from tintype.detection import mean_iou, parse_boxes
from tintype.prompting.signs import set_apart

GOOD_IOU = 0.5
"""From here on a box counts as found, as mAP@50 has it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an answer compares with the right one."""

    good: bool
    """Whether it counts as right."""
    iou: float | None = None
    """Mean IoU, 0…1, where the right answer holds boxes; none where words are compared."""


def agreement(said: str, expected: str) -> Agreement | None:
    """Compare an answer with the right one; none where no right one is known.

    Boxes are compared by mean IoU, everything else word for word except for case and spaces; what
    a model thought before it answered is left out.
    """
    if not expected:
        return None
    said, expected = set_apart(said)[1], set_apart(expected)[1]
    truth = parse_boxes(expected).boxes
    if truth:
        overlap = mean_iou(parse_boxes(said).boxes, truth)
        return Agreement(overlap >= GOOD_IOU, overlap)
    return Agreement(_plain(said) == _plain(expected))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
