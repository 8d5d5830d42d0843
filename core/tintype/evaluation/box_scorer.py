"""The scorer of boxes: what is read from an answer, its score, and the figures over all images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tintype.detection import Box, parse_boxes
from tintype.evaluation.answer_case import AnswerCase, Scorer, unusable
from tintype.evaluation.average_precision import average_precision
from tintype.evaluation.box_answers import read_boxes
from tintype.evaluation.box_doctor import CORRECTIONS, diagnose
from tintype.evaluation.box_scores import (
    BoxCounts,
    BoxedImage,
    LabelledBox,
    count_boxes,
    same_label,
)
from tintype.evaluation.box_table import BoxTable
from tintype.evaluation.headline import RowScore
from tintype.evaluation.normalising import normalise
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


def _score_all(cases: Sequence[AnswerCase]) -> tuple[list[RowScore], Mapping[str, Any]]:
    """Score answers, all boxes at once: the same as one by one, and the figures over all."""
    read_all = [boxed(case, at) for at, case in enumerate(cases)]
    images = [image for image, _, _ in read_all]
    table = BoxTable.of(images)
    scores = []
    for value, (_, reason, format_ok) in zip(table.f1s(), read_all, strict=True):
        if reason:
            scores.append(RowScore("unscored_model", 0.0, False, reason))
        else:
            scores.append(RowScore("ok", value, format_ok))
    scored = any(box.score is not None for image in images for box in image.predictions)
    figures = table.figures() | {"doctor": _doctor(cases, images)}
    if scored:
        precise = average_precision(images)
        figures |= {"map50": precise.map50, "map50_95": precise.map50_95}
        return scores, figures | {"ap_by_label": precise.by_class, "curve": precise.curve}
    return scores, figures | table.operating_points()


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
        one = diagnose(_by_label(image.truths), _by_label(image.predictions), width, height)
        raw.append(one.mean_iou_raw)
        if one.name:
            found.setdefault(one.name, []).append(one.mean_iou_fixed - one.mean_iou_raw)
    name = max(found, key=lambda one: sum(found[one]), default="")
    gain = sum(found.get(name, ())) / len(sized)
    if gain < 0.05:
        return None
    before = sum(raw) / len(raw)
    return {"name": name, "words": CORRECTIONS[name], "iou": before, "gain": gain}


def _by_label(boxes: Sequence[LabelledBox]) -> list[tuple[float, float, float, float]]:
    """Corners label by label, in the written order: what is wrong with them changes any other."""
    return [box.corners for box in sorted(boxes, key=lambda box: same_label(box.label))]


BOXES = Scorer(
    "boxes",
    "F1 of each image's boxes at IoU ≥ 0.5, same label, one to one; no box where none is: 1.",
    "mean F1",
    1,
    _score,
    batch=_score_all,
)
