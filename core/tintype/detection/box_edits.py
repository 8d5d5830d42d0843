"""An answer with its boxes changed: drawn, moved, renamed, deleted, in the answer's own convention.

What does not change stays as it is written, to the character. Where a notation says one label for
several boxes, or several boxes in one bracket, the whole answer is written again, if it says
nothing but boxes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tintype.detection.box import Box
from tintype.detection.convention import LOC, Convention, converted
from tintype.detection.frame import Size
from tintype.detection.judging import Verdict, judge_convention
from tintype.detection.loc_text import clean_label
from tintype.detection.written import find_written

NO_BOXES = ("", "none", "[]", "{}", "no objects")
"""Answers that say that there is nothing, whatever is said where nothing is left."""
NOTHING_LEFT = "none"
"""What an answer without boxes becomes in a notation that has no word for it."""
_LABELS = (
    "label",
    "class",
    "class_name",
    "category",
    "category_name",
    "name",
    "object",
    "text_content",
    "ref",
    "text",
)


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box as it is to be."""

    box: Box
    ordinal: int | None = None
    """Which of the answer's boxes it was, the first is 0; none for a new one."""


def convention_of(answer: str, size: Size | None, verdict: Verdict | None) -> Convention:
    """Return what the boxes of one answer are read and written in.

    Args:
        answer: Of a row.
        size: Width and height of its upright image in pixels, if known.
        verdict: On the whole set, which is right wherever the answer has the same notation.
    """
    usual = verdict.convention if verdict else LOC
    notation, _ = find_written(answer)
    if notation is None or notation is usual.notation:
        return usual
    own = judge_convention([(answer, size)])
    return own.convention if own is not None else usual


def redrawn(text: str, convention: Convention, size: Size | None, boxes: Sequence[DrawnBox]) -> str:
    """Return an answer with these boxes and no others; new ones come last.

    Args:
        text: The answer.
        convention: Of its boxes; of those drawn, where it has none.
        size: Width and height of the upright image in pixels; some conventions need it.
        boxes: In the order of the answer.

    Raises:
        ValueError: if that cannot be written without losing what else the answer says.
    """
    if not all(one.box.label for one in boxes if one.ordinal is None):
        raise ValueError("a new box has no class yet")
    parsed = convention.read(text, size)
    if not parsed.boxes:
        if text.strip().rstrip(".").casefold() not in NO_BOXES:
            raise ValueError("the answer has words in it and no boxes")
        return convention.write([one.box for one in boxes], size) if boxes else text
    if not boxes:
        converted(text, convention, convention, size)  # raises if it says more
        return convention.write((), size) or NOTHING_LEFT
    made = _in_place(text, parsed.spans, parsed.boxes, convention, size, boxes)
    if made is not None and _says(made, convention, size, boxes):
        return made
    converted(text, convention, convention, size)
    return convention.write([one.box for one in boxes], size)


def _in_place(
    text: str,
    spans: Sequence[tuple[int, int]],
    before: Sequence[Box],
    convention: Convention,
    size: Size | None,
    boxes: Sequence[DrawnBox],
) -> str | None:
    """The answer with only those boxes written again that differ; none if some share a place."""
    if any(start < end for (_, end), (start, _) in pairwise(spans)):
        return None
    kept = {one.ordinal: one.box for one in boxes if one.ordinal is not None}
    between = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
    pieces: list[tuple[str, str]] = []  # what stands before a box that is not the first, and it
    for at, ((start, end), was) in enumerate(zip(spans, before, strict=True)):
        if at in kept:
            chunk = text[start:end]
            chunk = chunk if kept[at] == was else _renewed(chunk, convention, size, kept[at])
            pieces.append((between[at - 1] if at else "", chunk))
    usual = between[-1] if between else _separator(convention, size, before[0])
    new = [one.box for one in boxes if one.ordinal is None]
    pieces += [(usual, _piece(convention, size, box)) for box in new]
    body = "".join((lead if at else "") + chunk for at, (lead, chunk) in enumerate(pieces))
    return text[: spans[0][0]] + body + text[spans[-1][1] :]


def _renewed(chunk: str, convention: Convention, size: Size | None, box: Box) -> str:
    """A box written again in its place; what else its JSON object holds stays."""
    fresh = _piece(convention, size, box)
    try:
        old, new = json.loads(chunk), json.loads(fresh)
    except ValueError:
        return fresh
    sides = [name for name in new if name != "label"]
    if not isinstance(old, dict) or any(name not in old for name in sides):
        return fresh
    named = next((name for name in _LABELS if isinstance(old.get(name), str)), "label")
    changed: dict[str, Any] = {**old, **{name: new[name] for name in sides}, named: new["label"]}
    return json.dumps(changed, ensure_ascii=False)


def _piece(convention: Convention, size: Size | None, box: Box) -> str:
    """A box as it stands in an answer, without what encloses all boxes."""
    text = convention.write([box], size)
    (start, end), *_ = convention.read(text, size).spans
    return text[start:end]


def _separator(convention: Convention, size: Size | None, box: Box) -> str:
    """What stands between two boxes."""
    text = convention.write([box, box], size)
    (_, end), (start, _) = convention.read(text, size).spans
    return text[end:start]


def _says(text: str, convention: Convention, size: Size | None, boxes: Sequence[DrawnBox]) -> bool:
    """Whether an answer says these boxes, as closely as they can be written."""
    found = convention.read(text, size).boxes
    return len(found) == len(boxes) and all(
        clean_label(one.label) == clean_label(drawn.box.label)
        and convention.frame.numbers(one, size) == convention.frame.numbers(drawn.box, size)
        for one, drawn in zip(found, boxes, strict=True)
    )
