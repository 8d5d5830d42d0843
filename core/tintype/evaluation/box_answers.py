"""Boxes in an answer that should be JSON: a list of `{"label": …, "box": [x1, y1, x2, y2]}`."""

from dataclasses import dataclass
from typing import Any

from tintype.evaluation.box_scores import LabelledBox
from tintype.evaluation.json_scores import FENCE, objects_in, strict_json


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """What could be read."""

    parsed: bool
    """Whether there are boxes, or an empty list; prose without boxes is not the empty list."""
    boxes: tuple[LabelledBox, ...]
    format_ok: bool
    """Whether it is a bare JSON list and nothing else."""
    truncated: bool
    """Whether a length limit cut it."""


def read_boxes(raw: str, finish_reason: str = "stop") -> BoxAnswer:
    """Read the boxes of an answer; every whole object counts where the list is not whole."""
    truncated = finish_reason == "length"
    is_json, value = strict_json(raw)
    if is_json and isinstance(value, list):
        boxes = [_box(item) for item in value]
        if None not in boxes:
            return BoxAnswer(True, tuple(box for box in boxes if box), True, truncated)
    found = tuple(filter(None, map(_box, objects_in(raw))))
    fences = FENCE.findall(raw)
    empty = len(fences) == 1 and strict_json(fences[0]) == (True, [])
    return BoxAnswer(bool(found) or empty, found, False, truncated)


def _box(value: Any) -> LabelledBox | None:
    if not isinstance(value, dict) or not isinstance(value.get("label"), str):
        return None
    corners = value.get("box")
    if not isinstance(corners, list) or len(corners) != 4:
        return None
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in corners):
        return None
    score = value.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        score = None
    x1, y1, x2, y2 = map(float, corners)
    return LabelledBox(value["label"], (x1, y1, x2, y2), None if score is None else float(score))
