"""What rows of other trainers need before they are conversations, and what is odd in them.

ms-swift keeps boxes beside its texts and marks their places with `<ref-object>` and `<bbox>`;
Qwen-VL writes an image's name between `<img>` tags; LLaVA's rows have more or fewer `<image>` than
images.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tintype.dataset.foreign_images import IMAGE_COLUMNS, PLACEHOLDER
from tintype.dataset.formats.contract import Boxes, Region
from tintype.dataset.formats.json_files import numbers
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.repair import LISTS
from tintype.detection import parse_boxes
from tintype.errors import DatasetError

_MARK = re.compile(r"<ref-object>|<bbox>")
_MARKS = re.compile(r"(?:\s*<ref-object>\s*<bbox>[\s,;.]*)+")
_ASKED = 2
_PICTURE = re.compile(r"(?:Picture \d{1,4}:\s*)?<img>([^<]{1,2000})</img>")
_SEGMENTS = re.compile(r"<seg\d{3}>")


def filled(row: Any) -> Any:
    """A row whose marks are filled: images named in texts stand in `images`, boxes in the texts.

    The same object if there is nothing to fill.

    Raises:
        DatasetError: if there are more marks than objects.
    """
    key = next((name for name in LISTS if isinstance(_get(row, name), list)), "")
    if not key:
        return row
    turns = row[key]
    if isinstance(row.get("objects"), dict) and any(_MARK.search(text) for text in _texts(turns)):
        row = {**row, key: _grounded(turns, row["objects"])}
    elif any("<img>" in text for text in _texts(turns)):
        row = _with_image(row, key)
    return row


def grounding(row: Any) -> Boxes | None:
    """The boxes of a row of ms-swift whose answer is nothing but marks."""
    turns, objects = _get(row, "messages"), _get(row, "objects")
    if not isinstance(objects, dict) or not isinstance(turns, list) or len(turns) != _ASKED:
        return None
    said = [turn.get("content") for turn in turns if isinstance(turn, dict)]
    texts = [text for text in said if isinstance(text, str)]
    names, boxes = objects.get("ref"), objects.get("bbox")
    if len(texts) != _ASKED:
        return None
    if _MARK.search(texts[0]) or not _MARKS.fullmatch(texts[1]):
        return None
    four = [numbers(box) for box in boxes] if isinstance(boxes, list) else []
    if not isinstance(names, list) or len(names) != len(four) or None in four or not four:
        return None
    kind = objects.get("bbox_type")
    scale = {"norm1": 1.0, "norm1000": 1000.0}.get(str(kind), 0.0)
    regions = []
    for name, (a, b, c, d) in zip(names, (box for box in four if box), strict=True):
        by = scale or 1.0
        regions.append(Region(str(name), a / by, b / by, c / by, d / by))
    question = PLACEHOLDER.sub("", texts[0]).strip()
    return Boxes(tuple(regions), fractions=bool(scale), question=question)


def note_oddities(value: Any, row: Any, place: str, log: ImportLog) -> None:
    """Note what is odd in a row that was read, and was put right or kept.

    Raises:
        DatasetError: if the row cannot be a row of a dataset: an image in an answer, or none.
    """
    messages = row["messages"]
    _note_roles(messages, place, log)
    images = sum(_images(message) for message in messages)
    if not images:
        log.note("text-only", "rows have no image.", place)
    named = any(_get(value, name) for name in IMAGE_COLUMNS)
    turns = _turns(value)
    marked = _has_parts(turns) or any(PLACEHOLDER.search(text) for text in _texts(turns))
    if named and images and not marked and turns[0] is not value:
        words = "rows name an image but have no `<image>` in their texts: put first."
        log.note("placeholder-missing", words, place)
    _note_answer(messages, place, log)


def _note_roles(messages: Any, place: str, log: ImportLog) -> None:
    roles = [message.get("role") for message in messages]
    if any(one == other for one, other in itertools.pairwise(roles)):
        log.note("same-role-twice", "rows have two turns of one role in a row: kept.", place)
    for message in messages:
        if message.get("role") == "assistant" and _images(message):
            words = "rows have an image in an answer, which no provider takes: left out."
            log.note("image-in-answer", words, place)
            raise DatasetError("There is an image in an answer, which no provider takes.")


def _note_answer(messages: Any, place: str, log: ImportLog) -> None:
    answer = messages[-1].get("content") if messages else None
    if messages and messages[-1].get("role") == "assistant" and not answer:
        words = "rows have an empty answer (nothing to detect), which OpenAI refuses."
        log.note("empty-answer", words, place)
        return
    if not isinstance(answer, str) or "<loc" not in answer or "<loc_" in answer:
        return
    if _SEGMENTS.search(answer):
        log.note("masks-not-used", "<seg> tokens stay in the answers and are not drawn.", place)
    flaws = [flaw.message for flaw in parse_boxes(answer).flaws if "of 4" in flaw.message]
    if flaws:
        log.note(
            "broken-box", "boxes in answers are broken: rows left out.", f"{place}: {flaws[0]}"
        )
        raise DatasetError(f"A box of the answer has {flaws[0]}.")


def _turns(value: Any) -> Any:
    return next((value[name] for name in LISTS if isinstance(_get(value, name), list)), [value])


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _texts(turns: Any) -> Iterator[str]:
    for turn in turns:
        if isinstance(turn, Mapping):
            yield from (text for text in turn.values() if isinstance(text, str))


def _has_parts(turns: Any) -> bool:
    return any(isinstance(part, list) for turn in turns if isinstance(turn, Mapping)
               for part in turn.values())  # fmt: skip


def _images(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return sum(1 for part in parts if isinstance(part, dict) and part.get("type") == "image_url")


def _grounded(turns: Any, objects: Mapping[str, Any]) -> Any:
    """Turns with the names and boxes of ms-swift's `objects` at their marks."""
    names = iter(objects.get("ref") or ())
    boxes = iter(objects.get("bbox") or ())

    def fill(found: re.Match[str]) -> str:
        try:
            if found[0] == "<ref-object>":
                return str(next(names))
            box = next(boxes)
        except StopIteration:
            raise DatasetError("The texts have more marks than there are objects.") from None
        four = numbers(box)
        return json.dumps(
            [round(side) if side.is_integer() else side for side in four or ()] or box
        )

    return [
        {
            key: _MARK.sub(fill, text) if isinstance(text, str) else text
            for key, text in turn.items()
        }
        if isinstance(turn, dict)
        else turn
        for turn in turns
    ]


def _with_image(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A row with the images of its `<img>` tags in `images`."""
    names: list[str] = []

    def take(found: re.Match[str]) -> str:
        names.append(found[1].strip())
        return "<image>"

    turns = [
        {name: _PICTURE.sub(take, text) if isinstance(text, str) else text
         for name, text in turn.items()}
        if isinstance(turn, dict)
        else turn
        for turn in row[key]
    ]  # fmt: skip
    return {**row, key: turns, "images": names}
