"""Systematic errors of predicted boxes: which one correction would raise IoU most, and by how much.

Models trained elsewhere answer in their own convention: y before x, thousandths of the image,
pixels of a resized copy, width and height for the second corner. Each is a correction that can be
tried, because it moves all boxes alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tintype.evaluation.box_scores import overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CORRECTIONS: Mapping[str, str] = {
    "transposed": "x and y are exchanged",
    "scaled_1000": "coordinates are thousandths of the image",
    "shifted": "every box is shifted by the same amount",
    "wrong_resize": "coordinates belong to the image at another size",
    "xywh": "the second corner is a width and a height",
}
"""What each correction supposes, in words."""
WORTH = 0.05
"""A correction that gains less mean IoU is none."""


@dataclass(frozen=True, slots=True)
class BoxDiagnosis:
    """What is wrong with all boxes alike."""

    mean_iou_raw: float
    name: str
    """One of `CORRECTIONS`; empty if none helps."""
    mean_iou_fixed: float
    """With the correction applied."""


def diagnose(
    truths: Sequence[Sequence[float]],
    predictions: Sequence[Sequence[float]],
    width: float,
    height: float,
) -> BoxDiagnosis:
    """Find the correction of predicted boxes that raises their mean IoU most.

    Args:
        truths: `[x1, y1, x2, y2]` in pixels.
        predictions: The same boxes, in the same order.
        width: Of the image, in pixels.
        height: Likewise.
    """
    wanted = np.array(truths, np.float64).reshape(-1, 4)
    found = np.array(predictions, np.float64).reshape(-1, 4)
    raw = _mean_iou(found, wanted)
    tried = {
        name: _mean_iou(fixed, wanted)
        for name, fixed in _corrected(found, wanted, width, height).items()
    }
    best = max(tried, key=lambda name: tried[name], default="")
    if not best or tried[best] < raw + WORTH:
        return BoxDiagnosis(raw, "", raw)
    return BoxDiagnosis(raw, best, tried[best])


def _corrected(
    found: "Floats", wanted: "Floats", width: float, height: float
) -> dict[str, "Floats"]:
    if not len(found):
        return {}
    size = np.array([width, height, width, height])
    offsets = (wanted - found).reshape(-1, 2)  # of both corners, by axis
    ratios = wanted[found != 0] / found[found != 0]
    factor = float(np.median(ratios)) if ratios.size else 1.0
    return {
        "transposed": found[:, [1, 0, 3, 2]],
        "scaled_1000": found * size / 1000,
        "shifted": found + np.tile(np.median(offsets, axis=0), 2),
        "wrong_resize": found * factor,
        "xywh": np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1),
    }


def _mean_iou(found: "Floats", wanted: "Floats") -> float:
    if not len(found):
        return 0.0
    return float(overlaps(found, wanted, np.zeros(len(found), bool)).mean())
