"""The scorer of boxes: what is read from an answer, its score, and the figures over all images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tintype.detection import Box, parse_boxes
from tintype.evaluation.box_answers import read_boxes
from tintype.evaluation.box_doctor import CORRECTIONS, diagnose
from tintype.evaluation.box_scores import (
    BoxCounts,
    BoxedImage,
    LabelledBox,
    average_precision,
    average_precision_without_scores,
    count_boxes,
    iou,
    same_label,
)
from tintype.evaluation.counting import count_error
from tintype.evaluation.headline import RowScore
from tintype.evaluation.normalising import normalise
from tintype.evaluation.scorers import AnswerCase, Scorer, unusable
from tintype.evaluation.text_scores import without_thinking


@dataclass(frozen=True, slots=True)
class BoxReading:
    """The boxes of a text, in pixels where the image's size is known, else in fractions."""

    boxes: tuple[LabelledBox, ...]
    parsed: bool
    format_ok: bool


def read(text: str, size: tuple[int, int] | None, finish_reason: str = "stop") -> BoxReading:
    """Read boxes written as `<loc0102>… label`, or as a JSON list of labels and corners in pixels.

    A text without boxes holds none; whether that is an answer is for the caller to say.
    """
    parsed = parse_boxes(text)
    if parsed.boxes:
        found = tuple(_in_pixels(box, size) for box in parsed.boxes)
        return BoxReading(found, True, not parsed.flaws)
    listed = read_boxes(text, finish_reason)
    return BoxReading(listed.boxes, listed.parsed, listed.format_ok)


def _in_pixels(box: Box, size: tuple[int, int] | None) -> LabelledBox:
    width, height = size or (1, 1)
    corners = (box.x_min * width, box.y_min * height, box.x_max * width, box.y_max * height)
    return LabelledBox(box.label, corners)


def boxed(case: AnswerCase, number: int = 0) -> tuple[BoxedImage, str, bool]:
    """Truth and prediction of an answer; why it is no answer (empty if it is one); its form."""
    truth = read(case.truths[0] if case.truths else "", case.size)
    reason = unusable(case)
    said = without_thinking(case.answer) or ""
    if not truth.boxes and normalise(said) == normalise(case.truths[0] if case.truths else ""):
        return BoxedImage(number, (), ()), "", True
    found = read(said, case.size, case.finish_reason)
    if not reason and not found.parsed:
        reason = "cut off" if case.finish_reason == "length" else "no boxes"
    boxes = () if reason else found.boxes
    return BoxedImage(number, truth.boxes, boxes), reason, found.format_ok and not reason


def _score(case: AnswerCase) -> RowScore:
    image, reason, format_ok = boxed(case)
    if reason:
        return RowScore("unscored_model", 0.0, False, reason)
    counts = count_boxes([image])
    value = 1.0 if counts.f1 is None else counts.f1
    return RowScore("ok", value, format_ok, in_words(counts))


def in_words(counts: BoxCounts) -> str:
    """What became of the boxes, in a line."""
    said = [
        (counts.tp, "right"),
        (counts.missed, "missed"),
        (counts.invented, "invented"),
        (counts.confused, "misnamed"),
        (counts.duplicates, "twice"),
    ]
    return ", ".join(f"{number} {word}" for number, word in said if number) or "no boxes, rightly"


def _summary(cases: Sequence[AnswerCase]) -> Mapping[str, Any]:
    read_all = [boxed(case, at) for at, case in enumerate(cases)]
    images = [image for image, _, _ in read_all]
    counts = count_boxes(images)
    scored = any(box.score is not None for image in images for box in image.predictions)
    figures: dict[str, Any] = {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "right": counts.tp,
        "missed": counts.missed,
        "invented": counts.invented,
        "misnamed": counts.confused,
        "duplicates": counts.duplicates,
        "mean_iou": _mean_iou(images),
        "by_label": by_label(images),
        "confusion": confusion(images),
        "count_error": count_error(_counts(images))._asdict(),
        "doctor": _doctor(cases, images),
    }
    if scored:
        precise = average_precision(images)
        figures |= {"map50": precise.map50, "map50_95": precise.map50_95}
        figures["ap_by_label"] = precise.by_class
        return figures
    levels = [average_precision_without_scores(images, float(at)) for at in _LEVELS]
    known = [one for one in levels if one is not None]
    figures["ap50_without_scores"] = levels[0]
    figures["ap50_95_without_scores"] = sum(known) / len(known) if known else None
    return figures


_LEVELS = np.linspace(0.5, 0.95, 10)


def _mean_iou(images: Sequence[BoxedImage]) -> float | None:
    """Mean over images of `detection.mean_iou`: matched overlap over boxes of both sides."""
    from tintype.detection import mean_iou

    def plain(boxes: Sequence[LabelledBox]) -> list[Box]:
        return [
            Box(one.label, one.corners[1], one.corners[0], one.corners[3], one.corners[2])
            for one in boxes
        ]

    values = [mean_iou(plain(one.predictions), plain(one.truths)) for one in images]
    return sum(values) / len(values) if values else None


def by_label(images: Sequence[BoxedImage]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and number of truths of each label, the commonest first."""
    split: dict[str, tuple[list[BoxedImage], int]] = {}
    labels = {
        same_label(box.label) for image in images for box in (*image.truths, *image.predictions)
    }
    for label in labels:
        own = [
            BoxedImage(
                image.id,
                [box for box in image.truths if same_label(box.label) == label],
                [box for box in image.predictions if same_label(box.label) == label],
            )
            for image in images
        ]
        split[label] = (own, sum(len(image.truths) for image in own))
    found = {}
    for label, (own, number) in sorted(split.items(), key=lambda one: (-one[1][1], one[0])):
        counts = count_boxes(own)
        found[label] = {
            "truths": number,
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
        }
    return found


NOTHING = ""
"""In a confusion: no truth (invented), or no prediction (missed)."""


def confusion(images: Sequence[BoxedImage]) -> list[tuple[str, str, int]]:
    """How often each label was predicted as which, `(truth, prediction, boxes)`; most first.

    Boxes are paired by falling IoU from 0.5 on, whatever their labels, one to one.
    """
    counts: dict[tuple[str, str], int] = {}
    for image in images:
        for pair in _pairs(image):
            counts[pair] = counts.get(pair, 0) + 1
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [(truth, found, number) for (truth, found), number in ranked]


def _pairs(image: BoxedImage) -> list[tuple[str, str]]:
    near = [
        (overlap, at, other)
        for at, found in enumerate(image.predictions)
        for other, truth in enumerate(image.truths)
        if (overlap := iou(found.corners, truth.corners)) >= 0.5
    ]
    near.sort(key=lambda one: (-one[0], one[1], one[2]))
    taken: dict[int, int] = {}
    for _, at, other in near:
        if at not in taken and other not in taken.values():
            taken[at] = other
    truths = [same_label(box.label) for box in image.truths]
    pairs = [
        (truths[taken[at]] if at in taken else NOTHING, same_label(box.label))
        for at, box in enumerate(image.predictions)
    ]
    missed = set(range(len(truths))) - set(taken.values())
    return pairs + [(truths[other], NOTHING) for other in sorted(missed)]


def _counts(images: Sequence[BoxedImage]) -> list[tuple[int, int]]:
    counted = []
    for image in images:
        truths = [same_label(box.label) for box in image.truths]
        found = [same_label(box.label) for box in image.predictions]
        counted += [(truths.count(label), found.count(label)) for label in {*truths, *found}]
    return counted


def _doctor(cases: Sequence[AnswerCase], images: Sequence[BoxedImage]) -> dict[str, Any] | None:
    """The correction that would raise mean IoU most, of images with as many boxes as truths."""
    sized = [
        (case.size, image)
        for case, image in zip(cases, images, strict=True)
        if case.size and image.truths and len(image.truths) == len(image.predictions)
    ][:500]
    if not sized:
        return None
    found: dict[str, list[float]] = {}
    raw: list[float] = []
    for (width, height), image in sized:
        truths = sorted((same_label(box.label), box.corners) for box in image.truths)
        said = sorted((same_label(box.label), box.corners) for box in image.predictions)
        one = diagnose(
            [corners for _, corners in truths], [corners for _, corners in said], width, height
        )
        raw.append(one.mean_iou_raw)
        if one.name:
            found.setdefault(one.name, []).append(one.mean_iou_fixed - one.mean_iou_raw)
    name = max(found, key=lambda one: sum(found[one]), default="")
    gain = sum(found.get(name, ())) / len(sized)
    if gain < 0.05:
        return None
    before = sum(raw) / len(raw)
    return {"name": name, "words": CORRECTIONS[name], "iou": before, "gain": gain}


BOXES = Scorer(
    "boxes",
    "F1 of each image's boxes at IoU ≥ 0.5, same label, one to one; no box where none is: 1.",
    "mean F1",
    1,
    _score,
    _summary,
)
