"""A row turned into the messages one would send to a model: the question without its answer."""

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

from tintype.dataset.conversation import example
from tintype.dataset.example import ImagePart, Message
from tintype.dataset.files import image_bytes, image_path
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin, plain_url, slots
from tintype.errors import DatasetError


def wire_messages(line: ParsedLine, folder: Path) -> list[dict[str, Any]]:
    """The messages before the last one of the assistant; images in files become data URLs.

    Raises:
        DatasetError: if nothing is asked, or an image cannot be had.
    """
    value = copy.deepcopy(line.row.value)
    urls = [
        _sendable(url, folder) if slot.image else url
        for slot, url in zip(line.slots, line.every_url(), strict=True)
    ]
    for slot, url in zip(slots(value), urls, strict=True):
        slot.holder[slot.key] = url
    messages = _chat(value)
    if messages is None:
        images = [url for slot, url in zip(line.slots, urls, strict=True) if slot.image]
        messages = [_message(turn, images) for turn in example(line.row).prompt]
    if not messages:
        raise DatasetError(f"Line {line.row.line} has no question.", line=line.row.line)
    return messages


def _chat(value: Any) -> list[dict[str, Any]] | None:
    """The messages of a row in the usual shape, as they stand; none if it has another."""
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not all(
        isinstance(item, dict) and isinstance(item.get("role"), str) for item in messages
    ):
        return None
    answers = [at for at, item in enumerate(messages) if item["role"] == "assistant"]
    asked = messages[: answers[-1]] if answers else messages
    # `weight` says how to train; chat requests do not know it.
    return [{key: item for key, item in turn.items() if key != "weight"} for turn in asked]


def _message(turn: Message, images: list[str]) -> dict[str, Any]:
    if not turn.images:
        return {"role": turn.role or "user", "content": turn.text}
    parts: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, ImagePart):
            url = {"url": images[part.ordinal], "detail": part.detail}
            parts.append({"type": "image_url", "image_url": url})
        else:
            parts.append({"type": "text", "text": part.text})
    return {"role": turn.role or "user", "content": parts}


def _sendable(url: str, folder: Path) -> str:
    if origin(url) != "file":
        return plain_url(url)
    try:
        facts = image_path(url, folder).stat()
    except OSError:  # reading it says why
        return _encoded(url, folder, (0, 0))
    return _encoded(url, folder, (facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=4)
def _encoded(url: str, folder: Path, stamp: tuple[int, int]) -> str:
    """An image file as a data URL; questions about one image stand together, and share it."""
    from tintype.images import data_url

    return data_url(image_bytes(url, folder))
