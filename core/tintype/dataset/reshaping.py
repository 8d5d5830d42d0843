"""What a treatment does to a row beside its images' bytes: dialect, level of detail, boxes."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tintype.dataset.many_images import split_row
from tintype.dataset.repair import repaired
from tintype.dataset.treatment import Treatment
from tintype.detection.convention import converted
from tintype.errors import DatasetError

Size = tuple[int, int]
Note = Callable[[str], None]


def reshaped(value: Any, treatment: Treatment, size: Callable[[], Size | None], note: Note) -> Any:
    """Return a row as the treatment wants it; the same object if nothing has to change.

    Args:
        value: A JSON row, its image data in place. It is not changed.
        treatment: What is wanted.
        size: Finds width and height of the row's only image in pixels; none if not known.
        note: Called with a sentence for what cannot be done; that stays as it is.
    """
    row = value
    if treatment.chat:
        try:
            row = repaired(value)
        except DatasetError as error:
            note(error.message)
    if treatment.detail:
        row = _with_detail(row, treatment.detail)
    if treatment.boxes is not None:
        try:
            row = _with_boxes(row, treatment, size)
        except ValueError as error:
            note(f"Its boxes are left as they are: {error}.")
    return row


def parts_of(row: Any, most: int | None, note: Note) -> list[Any]:
    """Return a row, or the rows that it is made into because of its images."""
    try:
        parts = split_row(row, most) if most else [row]
    except DatasetError as error:
        note(error.message)
        return [row]
    if len(parts) > 1:
        images = sum(1 for _ in image_parts(row))
        note(f"Its {images} images are split over {len(parts)} rows.")
    return parts


def image_parts(row: Any) -> Iterator[Any]:
    """Find the parts of a row's messages that are an image in chat's own words."""
    for message in _messages(row):
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "image_url":
                yield part


def answers(row: Any) -> Iterator[tuple[Any, Any]]:
    """Find the texts of the assistant's messages: what holds each, and under which key."""
    for message in _messages(row):
        if message.get("role") != "assistant":
            continue
        content = message.get("content")
        if isinstance(content, str):
            yield message, "content"
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part, "text"


def _messages(row: Any) -> Iterator[dict[str, Any]]:
    messages = row.get("messages") if isinstance(row, dict) else None
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            yield message


def _with_detail(row: Any, detail: str) -> Any:
    wanted = [part for part in image_parts(row) if isinstance(part.get("image_url"), dict)]
    if all(part["image_url"].get("detail") == detail for part in wanted):
        return row
    made = copy.deepcopy(row)
    for part in image_parts(made):
        if isinstance(part.get("image_url"), dict):
            part["image_url"]["detail"] = detail
    return made


def _with_boxes(row: Any, treatment: Treatment, size: Callable[[], Size | None]) -> Any:
    source, to = treatment.boxes  # type: ignore[misc]
    made, changed = copy.deepcopy(row), False
    for holder, key in answers(made):
        known = size() if source.needs_size or to.needs_size else None
        text = converted(holder[key], source, to, known)
        changed = changed or text != holder[key]
        holder[key] = text
    return made if changed else row
