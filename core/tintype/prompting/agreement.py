"""Whether an answer agrees with the right one, and several with each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

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


@dataclass(frozen=True, slots=True)
class Consensus:
    """How far several answers to one question agree."""

    answers: tuple[tuple[str, int], ...]
    """Each different answer, as it was written first, with how often it was given; the commonest
    first. Case and spaces make no difference."""
    iou: float | None = None
    """Mean IoU of all pairs of answers, 0…1, where they hold boxes; none where they do not."""

    @property
    def number(self) -> int:
        """How many answers there are."""
        return sum(times for _, times in self.answers)

    @property
    def share(self) -> float | None:
        """The share of the commonest answer, 0…1; none without answers."""
        return self.answers[0][1] / self.number if self.answers else None


def consensus(texts: Sequence[str]) -> Consensus:
    """Compare answers to one question; what a model thought before it answered is left out."""
    said = [set_apart(text)[1] for text in texts]
    first: dict[str, str] = {}
    for text in said:
        first.setdefault(_plain(text), text)
    counted = Counter(map(_plain, said)).most_common()
    answers = tuple((first[plain], times) for plain, times in counted)
    boxes = [parse_boxes(text).boxes for text in said]
    overlaps = [mean_iou(one, other) for one, other in combinations(boxes, 2)]
    found = any(boxes) and overlaps
    return Consensus(answers, sum(overlaps) / len(overlaps) if found else None)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
