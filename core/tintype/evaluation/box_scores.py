"""Predicted boxes against the truth: what became of each, and the figures of one operating point.

Language models give no scores with their boxes, so precision, recall and F1 lead; made-up scores of
1.0 for every box would make average precision depend on the order in which they were written.
For predictions with scores see `average_precision`.

Boxes are `[x1, y1, x2, y2]`, continuous, in any unit. One whose corners are not in order overlaps
with nothing.
"""

import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Flags = NDArray[np.bool_]

THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10))
POINTS = np.linspace(0.0, 1.0, 101)
"""Recalls at which COCO reads precision."""
MATCH = 0.5
"""IoU from which on a box is found."""
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box with its label."""

    label: str
    corners: tuple[float, float, float, float]
    """x1, y1, x2, y2."""
    score: float | None = None
    """0 to 1; none if the model gives none."""
    crowd: bool = False
    """A truth that stands for many: predictions in it are neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """One image: what is in it, and what a model says is."""

    id: Hashable
    truths: Sequence[LabelledBox]
    predictions: Sequence[LabelledBox]


@dataclass(frozen=True, slots=True)
class BoxCounts:
    """What became of every box at IoU ≥ 0.5, pooled over images and classes."""

    tp: int
    fn: int
    duplicates: int
    """Boxes on a truth of their label that another box has taken."""
    confused: int
    """Boxes on a free truth of another label."""
    invented: int
    """Boxes on nothing."""
    missed: int
    """Truths that no box found, not even under another label."""

    @property
    def fp(self) -> int:
        """Wrong boxes of all three kinds."""
        return self.duplicates + self.confused + self.invented

    @property
    def precision(self) -> float | None:
        """Right boxes / predicted boxes; none where nothing was predicted."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """Right boxes / true boxes; none where there are none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """2 tp / (2 tp + fp + fn); none where there is no box at all."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else None


def same_label(label: str) -> str:
    """A label as it is compared: Unicode form, white space and capitals do not matter."""
    return " ".join(unicodedata.normalize("NFKC", label).translate(_INVISIBLE).split()).casefold()


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    return float(overlaps(_corners([first]), _corners([second]), np.zeros(1, bool))[0])


def _corners(boxes: Iterable[Sequence[float]]) -> "Floats":
    return np.array(list(boxes), np.float64).reshape(-1, 4)


def overlaps(found: "Floats", truth: "Floats", crowd: "Flags") -> "Floats":
    """IoU of boxes pair by pair, (…, 4) each; with a crowd, over the area of the found box.

    Corners are made from sizes as pycocotools makes them, for the sake of the last bit.
    """
    size, true_size = found[..., 2:] - found[..., :2], truth[..., 2:] - truth[..., :2]
    low = np.maximum(found[..., :2], truth[..., :2])
    high = np.minimum(found[..., :2] + size, truth[..., :2] + true_size)
    wide = np.maximum(high - low, 0)
    inside = wide[..., 0] * wide[..., 1]
    area, true_area = size[..., 0] * size[..., 1], true_size[..., 0] * true_size[..., 1]
    union = np.where(crowd, area, area + true_area - inside)
    valid = (size > 0).all(-1) & (true_size > 0).all(-1)
    result: Floats = np.zeros_like(inside)
    np.divide(inside, union, out=result, where=valid & (union > 0))
    return result


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """All boxes of one side, as columns."""

    corners: "Floats"
    image: "Ints"
    label: "Ints"
    score: "Floats"
    crowd: "Flags"

    @classmethod
    def of(cls, boxes: Sequence[Sequence[LabelledBox]], labels: dict[str, int]) -> "BoxColumns":
        """Pack boxes, given by image; new labels are numbered."""
        flat = [box for one in boxes for box in one]
        names: dict[str, int] = {}
        for box in flat:
            if box.label not in names:
                names[box.label] = labels.setdefault(same_label(box.label), len(labels))
        return cls(
            _corners(box.corners for box in flat),
            np.repeat(np.arange(len(boxes)), [len(one) for one in boxes]),
            np.array([names[box.label] for box in flat], np.intp),
            np.array([1.0 if box.score is None else box.score for box in flat], np.float64),
            np.array([box.crowd for box in flat], np.bool_),
        )


@dataclass(frozen=True, slots=True)
class PackedBoxes:
    """Truths and predictions of a set of images, by ascending image id."""

    truths: BoxColumns
    found: BoxColumns
    labels: int
    """How many there are."""
    names: tuple[str, ...] = ()
    """Of the labels, as they are compared."""

    @classmethod
    def of(cls, images: Sequence[BoxedImage]) -> "PackedBoxes":
        """Pack the boxes of images."""
        ordered = sorted(images, key=lambda image: image.id)  # type: ignore[arg-type, return-value]
        labels: dict[str, int] = {}
        truths = BoxColumns.of([image.truths for image in ordered], labels)
        found = BoxColumns.of([image.predictions for image in ordered], labels)
        return cls(truths, found, len(labels), tuple(labels))


def count_boxes(images: Sequence[BoxedImage]) -> BoxCounts:
    """Count what became of every box at IoU ≥ 0.5; crowds are left out."""
    boxes = without_crowds(PackedBoxes.of(images))
    partner, _ = one_to_one(boxes, MATCH)
    duplicates, confused = explain(boxes, partner)
    tp, found = int((partner >= 0).sum()), len(partner)
    fn = len(boxes.truths.label) - tp
    return BoxCounts(
        tp=tp,
        fn=fn,
        duplicates=int(duplicates.sum()),
        confused=int(confused.sum()),
        invented=found - tp - int(duplicates.sum()) - int(confused.sum()),
        missed=fn - int(confused.sum()),
    )


def average_precision_without_scores(
    images: Sequence[BoxedImage], threshold: float = MATCH
) -> float | None:
    """Mean over the classes that have truths of precision × the share of recalls reached.

    It is what pycocotools gives if every wrong box is ranked first, whatever the written order.
    None where there are no truths.
    """
    boxes = without_crowds(PackedBoxes.of(images))
    return operating_point(boxes, one_to_one(boxes, threshold)[0] >= 0)


def operating_point(boxes: PackedBoxes, matched: "Flags") -> float | None:
    """As `average_precision_without_scores`, of boxes that have been matched."""
    right = np.bincount(boxes.found.label[matched], minlength=boxes.labels)
    found = np.bincount(boxes.found.label, minlength=boxes.labels)
    truths = np.bincount(boxes.truths.label, minlength=boxes.labels)
    known = truths > 0
    if not known.any():
        return None
    precision = right[known] / np.maximum(found[known], 1)
    recall = right[known] / truths[known]
    reached = np.searchsorted(POINTS, recall, side="right")
    return float((precision * reached / len(POINTS)).mean())


def without_crowds(boxes: PackedBoxes) -> PackedBoxes:
    """The same without truths that stand for many."""
    truths, plain = boxes.truths, ~boxes.truths.crowd
    kept = BoxColumns(
        truths.corners[plain],
        truths.image[plain],
        truths.label[plain],
        truths.score[plain],
        truths.crowd[plain],
    )
    return PackedBoxes(kept, boxes.found, boxes.labels, boxes.names)


def _pairs(found_key: "Ints", truth_key: "Ints") -> tuple["Ints", "Ints"]:
    """Indices of every predicted box with every true box of the same key."""
    order = np.argsort(truth_key, kind="stable")
    ranked = truth_key[order]
    first = np.searchsorted(ranked, found_key, side="left")
    count = np.searchsorted(ranked, found_key, side="right") - first
    found = np.repeat(np.arange(len(found_key)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return found, order[np.repeat(first, count) + within]


def one_to_one(
    boxes: PackedBoxes, threshold: float, *, by_label: bool = True
) -> tuple["Ints", "Floats"]:
    """The truth that each prediction takes, pairs by falling IoU, and their IoU.

    Returns:
        (predictions,): index of the truth or −1; and IoU, 0 where there is none.
    """
    found_key, truth_key = boxes.found.image, boxes.truths.image
    if by_label:
        found_key = found_key * boxes.labels + boxes.found.label
        truth_key = truth_key * boxes.labels + boxes.truths.label
    found, truth = _pairs(found_key, truth_key)
    overlap = overlaps(
        boxes.found.corners[found], boxes.truths.corners[truth], np.zeros(len(found), bool)
    )
    near = (overlap >= threshold) & (overlap > 0)
    found, truth, overlap = found[near], truth[near], overlap[near]
    order = np.lexsort((truth, found, -overlap))
    partner, shared = [-1] * len(boxes.found.label), [0.0] * len(boxes.found.label)
    taken = bytearray(len(boxes.truths.label))
    ranked = zip(found[order].tolist(), truth[order].tolist(), overlap[order].tolist(), strict=True)
    for one, other, value in ranked:
        if partner[one] < 0 and not taken[other]:
            partner[one], shared[one], taken[other] = other, value, 1
    return np.array(partner, np.intp), np.array(shared, np.float64)


def explain(boxes: PackedBoxes, partner: "Ints") -> tuple["Flags", "Flags"]:
    """Of each prediction: whether it is a duplicate, and whether it is confused with a label."""
    taken = np.zeros(len(boxes.truths.label), bool)
    taken[partner[partner >= 0]] = True
    wrong = np.flatnonzero(partner < 0)
    found, truth = _pairs(boxes.found.image[wrong], boxes.truths.image)
    overlap = overlaps(
        boxes.found.corners[wrong[found]], boxes.truths.corners[truth], np.zeros(len(found), bool)
    )
    near = overlap >= MATCH
    found, truth, overlap = wrong[found[near]], truth[near], overlap[near]
    same = boxes.found.label[found] == boxes.truths.label[truth]
    duplicates, confused = np.zeros(len(partner), bool), np.zeros(len(partner), bool)
    duplicates[found[same & taken[truth]]] = True
    free = np.flatnonzero(~same & ~taken[truth])
    order = np.lexsort((truth[free], found[free], -overlap[free]))
    used: set[int] = set()
    for one, other in zip(found[free][order].tolist(), truth[free][order].tolist(), strict=True):
        if not duplicates[one] and not confused[one] and other not in used:
            confused[one] = True
            used.add(other)
    return duplicates, confused
