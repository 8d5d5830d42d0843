"""Any row read as a conversation, as well as it can be.

Looking must work before judging does: a row of preference pairs, a prompt with its completion, a
row in ShareGPT's shape, or plain nonsense is shown as messages of text and images. What cannot be
read as that becomes text. Nothing here raises, and nothing is judged: that is for the rules.
"""

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tintype.dataset.example import Example, ImagePart, Message, Part, Row, TextPart

_STEP = re.compile(r"[.\[]")
_USUAL_KEYS = {"role", "content"}
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SHAREGPT_ROLES = {"human": "user", "gpt": "assistant"}
_PAIRS = (
    ("prompt", "completion"),
    ("question", "answer"),
    ("instruction", "output"),
    ("prefix", "suffix"),
    ("input", "output"),
)
_MAX_TEXT = 200_000
"""Characters of an odd row that are shown."""


class _Images:
    """The images of a row by where they are."""

    def __init__(self, images: tuple[ImagePart, ...]) -> None:
        self.images = images
        self._by_place: dict[str, list[ImagePart]] = {}
        for image in images:
            for place in _enclosing(image.place):
                self._by_place.setdefault(place, []).append(image)

    def under(self, place: str) -> tuple[ImagePart, ...]:
        """Those at a place or within it."""
        return tuple(self._by_place.get(place, ()))


@lru_cache(maxsize=4096)
def _enclosing(place: str) -> frozenset[str]:
    """A place and those around it: `a[0].b` lies in `a[0]` and `a`. Deep ones are left out."""
    ends = [found.start() for found in _STEP.finditer(place)][:8]
    return frozenset((place, *(place[:end] for end in ends if end)))


def example(row: Row) -> Example:
    """Read a row as a conversation; never raises.

    A row with a flaw has no messages. Of preference pairs, the preferred answer is the assistant's
    and the other bears the role `rejected`.
    """
    value = row.value
    if row.flaw:
        return Example(row.index, row.line, ())
    images = _Images(row.images)
    if not isinstance(value, dict):
        return Example(row.index, row.line, (_odd("row", value, images, ""),))
    messages, used = _messages(value, images)
    if row.images:
        shown = {image.ordinal for message in messages for image in message.images}
        if left := tuple(image for image in row.images if image.ordinal not in shown):
            messages = _with_images(messages, left)
    tools = value.get("tools", value.get("functions"))
    used = used | {"tools"}
    extra = {key: item for key, item in value.items() if key not in used}
    return Example(
        row.index, row.line, messages, tuple(tools) if isinstance(tools, list) else (), extra
    )


def plain(text: str) -> str:
    """Text that can be encoded: half a surrogate pair becomes a replacement character."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _messages(value: dict[str, Any], images: _Images) -> tuple[tuple[Message, ...], set[str]]:
    """The messages of a row and the keys that they came from."""
    for key in ("messages", "conversations"):
        if isinstance(value.get(key), list):
            return tuple(_turns(value[key], images, key)), {key}
    body = value.get("body")
    if isinstance(body, dict) and isinstance(body.get("messages"), list):
        return tuple(_turns(body["messages"], images, "body.messages")), {"body"}
    if "preferred_output" in value or "non_preferred_output" in value:
        keys = {"input", "preferred_output", "non_preferred_output"}
        return tuple(_preference(value, images)), keys
    for prompt, completion in _PAIRS:
        if prompt in value and completion in value:
            return (
                _odd("user", value[prompt], images, prompt),
                _odd("assistant", value[completion], images, completion),
            ), {prompt, completion}
    return (_odd("row", value, images, ""),), set(value)


def _preference(value: dict[str, Any], images: _Images) -> Iterator[Message]:
    asked = value.get("input")
    if isinstance(asked, dict) and isinstance(asked.get("messages"), list):
        yield from _turns(asked["messages"], images, "input.messages")
    elif asked is not None:
        yield _odd("user", asked, images, "input")
    for key, role in (("preferred_output", "assistant"), ("non_preferred_output", "rejected")):
        outputs = value.get(key)
        for message in _turns(outputs if isinstance(outputs, list) else [outputs], images, key):
            yield Message(role, message.parts, name=message.name, tool_calls=message.tool_calls)


def _turns(items: list[Any], images: _Images, place: str) -> Iterator[Message]:
    for at, item in enumerate(items):
        here = f"{place}[{at}]"
        yield (
            _turn(item, images, here) if isinstance(item, dict) else _odd("", item, images, here)
        )


def _turn(item: dict[str, Any], images: _Images, place: str) -> Message:
    said = item.get("role", item.get("from"))
    if item.keys() == _USUAL_KEYS and isinstance(said, str):  # as almost all are
        return Message(plain(said), _parts(item["content"], images, f"{place}.content"))
    role = plain(said) if isinstance(said, str) else ""
    if "role" not in item:
        role = _SHAREGPT_ROLES.get(role, role)
    key = "content" if "content" in item else "value"
    parts = _parts(item.get(key), images, f"{place}.{key}")
    refusal = item.get("refusal")
    if not parts and isinstance(refusal, str):
        parts = (TextPart(plain(refusal)),)
    name = item.get("name")
    return Message(
        role,
        parts,
        weight=_number(item.get("weight")),
        name=plain(name) if isinstance(name, str) else None,
        tool_calls=_calls(item),
    )


def _parts(content: Any, images: _Images, place: str) -> tuple[Part, ...]:
    if content is None:
        return ()
    if not isinstance(content, list):
        return _part(content, images, place)
    parts: list[Part] = []
    for at, item in enumerate(content):
        parts += _part(item, images, f"{place}[{at}]")
    return tuple(parts)


def _part(item: Any, images: _Images, place: str) -> tuple[Part, ...]:
    found = images.under(place)
    text = item.get("text") if isinstance(item, dict) else item
    if isinstance(text, str) and not (found and text is item):
        return (TextPart(plain(text)), *found)
    return found or (TextPart(_spell(item)),)


def _odd(role: str, value: Any, images: _Images, place: str) -> Message:
    """A message made of whatever is there."""
    if isinstance(value, str) or not place:
        found = images.under(place) if place else images.images
        text = () if found and isinstance(value, str) else (TextPart(_spell(value)),)
        return Message(role, (*found, *text))
    return Message(role, _parts(value, images, place))


def _with_images(messages: tuple[Message, ...], left: tuple[ImagePart, ...]) -> tuple[Message, ...]:
    """Images beside the conversation belong to the first question, as LLaVA's rows have it."""
    for at, message in enumerate(messages):
        if message.role == "user":
            first = Message(
                message.role,
                (*left, *message.parts),
                message.weight,
                message.name,
                message.tool_calls,
            )
            return (*messages[:at], first, *messages[at + 1 :])
    return (Message("user", left), *messages)


def _calls(item: dict[str, Any]) -> tuple[Any, ...]:
    calls = item.get("tool_calls")
    if isinstance(calls, list):
        return tuple(calls)
    single = item.get("function_call")
    return (single,) if isinstance(single, dict) else ()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _spell(value: Any) -> str:
    if isinstance(value, str):
        return plain(value[:_MAX_TEXT])
    return plain(json.dumps(value, ensure_ascii=False, indent=2)[:_MAX_TEXT])
