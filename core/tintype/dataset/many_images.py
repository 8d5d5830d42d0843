"""Rows with more images than a provider takes, made into several."""

from typing import Any

from tintype.dataset.places import slots
from tintype.errors import DatasetError


def split_row(value: Any, most: int) -> list[Any]:
    """Return a chat row as rows of so many images at most; the row alone if it has no more.

    The row is split between its questions. Each part begins with the system prompt and lacks what
    was said before it.

    Raises:
        DatasetError: if a single question has more images, or the row is no chat row.
    """
    if _images(value) <= most:
        return [value]
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise DatasetError(f"The row has more than {most} images and is no chat row to be split.")
    begins = [at for at, message in enumerate(messages) if message.get("role") == "user"]
    lead = messages[: begins[0]] if begins else messages
    parts: list[list[Any]] = []
    held = most
    for start, end in zip(begins, [*begins[1:], len(messages)], strict=True):
        asked = messages[start:end]
        images = _images({"messages": asked})
        if images > most:
            raise DatasetError(f"One question has {images} images: at most {most} can be kept.")
        if held + images > most:
            parts.append(list(lead))
            held = 0
        parts[-1] += asked
        held += images
    return [{**value, "messages": part} for part in parts] or [value]


def _images(value: Any) -> int:
    return sum(slot.image for slot in slots(value))
