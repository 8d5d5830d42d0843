"""COCO's average precision of predicted boxes with scores, pycocotools' to the last bit.

Per class, predictions by falling score, each takes the best free truth of its image. Source:
`cocoeval.py` of github.com/cocodataset/cocoapi.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tintype.evaluation.box_scores import POINTS, THRESHOLDS, BoxColumns, BoxedImage, overlaps

if TYPE_CHECKING:
    from tintype.evaluation.box_scores import Flags, Floats, Ints

MAX_PREDICTIONS = 100
"""Of each class in an image, those with the highest scores; COCO's cap."""
_GROUPS = 4096
"""Groups in a table: its size stays a few megabytes."""


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """COCO's average precision; none where no class has truths."""

    map50: float | None
    map50_95: float | None
    by_class: dict[str, float]
    """AP at IoU 0.5 of each class that has truths, by its label as it is compared."""
    curve: tuple[float, ...] = ()
    """Mean precision of the classes at IoU 0.5 at each of the 101 recalls 0, 0.01, … 1."""


def average_precision(
    images: Sequence[BoxedImage], *, max_predictions: int | None = MAX_PREDICTIONS
) -> AveragePrecision:
    """COCO's average precision of predictions with scores: all areas, 10 thresholds, 101 points."""
    labels: dict[str, int] = {}
    ordered = sorted(images, key=lambda image: image.id)  # type: ignore[arg-type, return-value]
    truths = BoxColumns.of([image.truths for image in ordered], labels)
    found = BoxColumns.of([image.predictions for image in ordered], labels)
    found = _best(found, len(labels), max_predictions)
    matches, ignored = _match(found, truths, len(labels))
    wanted = np.bincount(truths.label[~truths.crowd], minlength=len(labels))
    precisions: dict[int, Floats] = {}
    for label in np.flatnonzero(wanted):
        mine = np.flatnonzero(found.label == label)
        mine = mine[np.argsort(-found.score[mine], kind="stable")]
        precisions[int(label)] = _precision(matches[:, mine], ignored[:, mine], int(wanted[label]))
    if not precisions:
        return AveragePrecision(None, None, {})
    every = np.stack(list(precisions.values()))
    names = {number: name for name, number in labels.items()}
    return AveragePrecision(
        map50=float(every[:, 0].mean()),
        map50_95=float(every.mean()),
        by_class={names[label]: float(one[0].mean()) for label, one in precisions.items()},
        curve=tuple(every[:, 0].mean(axis=0).tolist()),
    )


def _best(found: BoxColumns, labels: int, most: int | None) -> BoxColumns:
    """Each image's and class's predictions together, best first, as many as count."""
    key = found.image * labels + found.label
    order = np.lexsort((-found.score, key))
    ranked = key[order]
    rank = np.arange(len(order)) - np.searchsorted(ranked, ranked, side="left")
    kept = order if most is None else order[rank < most]
    return BoxColumns(
        found.corners[kept],
        found.image[kept],
        found.label[kept],
        found.score[kept],
        found.crowd[kept],
    )


def _match(found: BoxColumns, truths: BoxColumns, labels: int) -> tuple["Flags", "Flags"]:
    """For each threshold: which predictions took a truth, and which are left out with a crowd.

    All groups (an image and a class) at the same time, rank by rank: the best prediction of each
    chooses first, then the second best. Groups of about as many truths share a table.
    """
    matches = np.zeros((len(THRESHOLDS), len(found.label)), bool)
    ignored = np.zeros_like(matches)
    groups, start, count = np.unique(
        found.image * labels + found.label, return_index=True, return_counts=True
    )
    # Crowds come last, as in pycocotools: they are taken only where nothing else is left.
    key = truths.image * labels + truths.label
    order = np.lexsort((truths.crowd, key))
    first = np.asarray(np.searchsorted(key[order], groups, side="left"))
    sizes = np.asarray(np.searchsorted(key[order], groups, side="right")) - first
    width = 1
    while (sizes >= width).any():
        here = np.flatnonzero((sizes >= width) & (sizes < 2 * width))
        for at in range(0, len(here), _GROUPS):
            some = here[at : at + _GROUPS]
            _match_groups(
                found, truths, order, first[some], sizes[some], start[some], count[some],
                matches, ignored,
            )  # fmt: skip
        width *= 2
    return matches, ignored


def _match_groups(
    found: BoxColumns,
    truths: BoxColumns,
    order: "Ints",
    first: "Ints",
    sizes: "Ints",
    start: "Ints",
    count: "Ints",
    matches: "Flags",
    ignored: "Flags",
) -> None:
    width = int(sizes.max())
    column = np.arange(width)
    there = column < sizes[:, None]
    mine = order[np.minimum(first[:, None] + column, len(order) - 1)]
    corners, crowd = truths.corners[mine], truths.crowd[mine] & there
    free = np.repeat(there[None], len(THRESHOLDS), axis=0)
    limits = np.minimum(np.array(THRESHOLDS), 1 - 1e-10)[:, None, None]
    for rank in range(int(count.max())):
        active = np.flatnonzero(count > rank)
        chosen = start[active] + rank
        overlap = overlaps(found.corners[chosen][:, None], corners[active], crowd[active])
        fits = free[:, active] & (overlap >= limits)
        plain = fits & ~crowd[active]
        usable = np.where(plain.any(-1, keepdims=True), plain, fits)
        best = np.where(usable, overlap, -1.0)
        at = width - 1 - np.argmax(best[..., ::-1], axis=-1)  # of equals, the last
        hit = np.take_along_axis(usable, at[..., None], -1)[..., 0]
        matches[:, chosen] = hit
        level, group = np.nonzero(hit)
        in_crowd = crowd[active][group, at[level, group]]
        ignored[level, chosen[group]] = in_crowd
        taken = ~in_crowd  # a crowd is never used up
        free[level[taken], active[group[taken]], at[level, group][taken]] = False


def _precision(matches: "Flags", ignored: "Flags", wanted: int) -> "Floats":
    """Precision at each of the 101 recalls, (thresholds, points)."""
    right = np.cumsum(matches & ~ignored, axis=1, dtype=np.float64)
    wrong = np.cumsum(~matches & ~ignored, axis=1, dtype=np.float64)
    recall = right / wanted
    precision = right / (right + wrong + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    result = np.zeros((len(matches), len(POINTS)))
    for level in range(len(matches)):
        at = np.searchsorted(recall[level], POINTS, side="left")
        reached = at < recall.shape[1]
        result[level, reached] = precision[level, at[reached]]
    return result
