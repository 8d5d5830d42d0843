"""What became of every box of a run, counted in columns: by image, by label, by pair of labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tintype.evaluation.box_scores import (
    MATCH,
    THRESHOLDS,
    BoxedImage,
    PackedBoxes,
    explain,
    one_to_one,
    operating_point,
    without_crowds,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Flags = NDArray[np.bool_]

NOTHING = ""
"""In a confusion: no truth (invented), or no prediction (missed)."""


@dataclass(frozen=True, slots=True)
class BoxTable:
    """Boxes of many images, matched once. Images are numbered from 0, as they were given."""

    images: int
    boxes: PackedBoxes
    partner: "Ints"
    """(predictions,): the truth of its label that each takes at IoU ≥ 0.5; −1 for none."""
    shared: "Floats"
    """(predictions,): IoU with the best free truth of its label, however little."""
    duplicates: "Flags"
    """(predictions,)."""
    confused: "Flags"
    """(predictions,)."""

    @classmethod
    def of(cls, images: Sequence[BoxedImage]) -> "BoxTable":
        """Match the boxes of images whose ids are their places."""
        boxes = without_crowds(PackedBoxes.of(images))
        # The best pairs are taken first, so those below a threshold never get in the way of others.
        best, shared = one_to_one(boxes, 0.0)
        partner = np.where(shared >= MATCH, best, -1)
        return cls(len(images), boxes, partner, shared, *explain(boxes, partner))

    @property
    def _right(self) -> "Flags":
        return self.partner >= 0

    def f1s(self) -> list[float]:
        """F1 of each image: 2 × right / boxes of both sides; 1 where there is no box at all."""
        right, found, truths = self._by_image()
        boxes = found + truths
        values: list[float] = np.where(boxes > 0, 2 * right / np.maximum(boxes, 1), 1.0).tolist()
        return values

    def _by_image(self) -> tuple["Ints", "Ints", "Ints"]:
        found, truths = self.boxes.found.image, self.boxes.truths.image
        size = self.images
        return (
            np.bincount(found[self._right], minlength=size),
            np.bincount(found, minlength=size),
            np.bincount(truths, minlength=size),
        )

    def figures(self) -> dict[str, Any]:
        """Precision, recall, F1, fates, mean IoU, by label, confusion, errors of counts."""
        tp, found, truths = (int(one.sum()) for one in self._by_image())
        duplicates, confused = int(self.duplicates.sum()), int(self.confused.sum())
        return {
            **_rates(tp, found, truths),
            "right": tp,
            "missed": truths - tp - confused,
            "invented": found - tp - duplicates - confused,
            "misnamed": confused,
            "duplicates": duplicates,
            "mean_iou": self._mean_iou(),
            "by_label": self._by_label(),
            "confusion": self.confusion(),
            "count_error": self._count_error(),
        }

    def operating_points(self) -> dict[str, float | None]:
        """Average precision of predictions without scores, at 0.5 and from 0.5 to 0.95."""
        levels = [operating_point(self.boxes, self.shared >= at) for at in THRESHOLDS]
        known = [one for one in levels if one is not None]
        return {
            "ap50_without_scores": levels[0],
            "ap50_95_without_scores": sum(known) / len(known) if known else None,
        }

    def _mean_iou(self) -> float | None:
        """Mean over images of matched IoU / boxes of both sides, as `detection.mean_iou`."""
        if not self.images:
            return None
        found, size = self.boxes.found.image, self.images
        overlap = np.bincount(found, weights=self.shared, minlength=size)
        pairs = np.bincount(found[self.shared > 0], minlength=size)
        _, said, truths = self._by_image()
        boxes = said + truths - pairs
        return float(np.where(boxes > 0, overlap / np.maximum(boxes, 1), 1.0).mean())

    def _by_label(self) -> dict[str, Mapping[str, Any]]:
        """By label, the commonest in the truth first."""
        size = self.boxes.labels
        right = np.bincount(self.boxes.found.label[self._right], minlength=size)
        found = np.bincount(self.boxes.found.label, minlength=size)
        truths = np.bincount(self.boxes.truths.label, minlength=size)
        names = self.boxes.names
        order = sorted(range(size), key=lambda at: (-int(truths[at]), names[at]))
        return {
            names[at]: {
                "truths": int(truths[at]),
                **_rates(int(right[at]), int(found[at]), int(truths[at])),
            }
            for at in order
        }

    def confusion(self) -> list[tuple[str, str, int]]:
        """How often each label was predicted as which, `(truth, prediction, boxes)`; most first.

        Boxes are paired by falling IoU from 0.5 on, whatever their labels, one to one.
        """
        partner, _ = one_to_one(self.boxes, MATCH, by_label=False)
        found, truths, size = self.boxes.found.label, self.boxes.truths.label, self.boxes.labels
        padded = np.append(truths, size)  # the last is nothing, and so is −1
        missed = np.ones(len(truths), bool)
        missed[partner[partner >= 0]] = False
        truth = np.concatenate([padded[partner], truths[missed]])
        said = np.concatenate([found, np.full(int(missed.sum()), size, found.dtype)])
        codes, counts = np.unique(truth * (size + 1) + said, return_counts=True)
        names = (*self.boxes.names, NOTHING)
        pairs = [
            (names[code // (size + 1)], names[code % (size + 1)], number)
            for code, number in zip(codes.tolist(), counts.tolist(), strict=True)
        ]
        return sorted(pairs, key=lambda one: (-one[2], one[:2]))

    def _count_error(self) -> dict[str, float | None]:
        size = self.boxes.labels
        if not size:
            return count_error([])._asdict()
        shape = (self.images, size)
        truths = np.zeros(shape, np.intp)
        found = np.zeros(shape, np.intp)
        np.add.at(truths, (self.boxes.truths.image, self.boxes.truths.label), 1)
        np.add.at(found, (self.boxes.found.image, self.boxes.found.label), 1)
        there = (truths > 0) | (found > 0)
        pairs = zip(truths[there].tolist(), found[there].tolist(), strict=True)
        return count_error(list(pairs))._asdict()


def _rates(right: int, found: int, truths: int) -> dict[str, float | None]:
    return {
        "precision": right / found if found else None,
        "recall": right / truths if truths else None,
        "f1": 2 * right / (found + truths) if found + truths else None,
    }


class CountError(NamedTuple):
    """Errors of counts; none where nothing was counted."""

    mae: float | None
    """Mean of |prediction − truth|."""
    bias: float | None
    """Mean of prediction − truth: above 0, it sees too many."""
    exact: float | None
    """Share of right counts."""


def count_error(counts: Sequence[Sequence[int]]) -> CountError:
    """Compare counts, `(truth, prediction)` for each image and class."""
    if not counts:
        return CountError(None, None, None)
    errors = [prediction - truth for truth, prediction in counts]
    return CountError(
        sum(map(abs, errors)) / len(errors),
        sum(errors) / len(errors),
        errors.count(0) / len(errors),
    )
