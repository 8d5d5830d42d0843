"""Rules for what a message says: a string, or parts that its role may have.

Source: OpenAI's specification of 2025-04-29, schemas `ChatCompletionRequest…Message` and their
content parts.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tintype.rules.case import Case
from tintype.rules.messages import MESSAGE_KEYS, where
from tintype.rules.problem import Problem, quoted

PART_TYPES: dict[str, frozenset[str]] = {
    "system": frozenset({"text"}),
    "user": frozenset({"text", "image_url"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": frozenset({"text"}),
    "function": frozenset(),
}
_PART_KEYS = {
    "text": frozenset({"type", "text"}),
    "refusal": frozenset({"type", "refusal"}),
    "image_url": frozenset({"type", "image_url"}),
}
_IMAGE_SHAPE = 'Write {"type": "image_url", "image_url": {"url": "…"}}.'
_OTHER_PARTS = {
    "image": _IMAGE_SHAPE,
    "input_image": _IMAGE_SHAPE,
    "image_file": _IMAGE_SHAPE,
    "input_text": 'Write {"type": "text", "text": "…"}.',
    "output_text": 'Write {"type": "text", "text": "…"}.',
}


def is_there(case: Case) -> Iterator[Problem]:
    """A message says something; only an assistant who calls a tool or refuses may be silent."""
    for at, message in case.messages:
        role, content = message.get("role"), message.get("content")
        if content is not None or not _known(role):
            continue
        if role == "assistant" and any(
            message.get(key) for key in ("tool_calls", "function_call", "refusal", "audio")
        ):
            continue
        text = f"{where(case, at)}: 'content' is missing."
        yield case.problem("content", "error", text, place=f"messages[{at}]")


def is_text_or_parts(case: Case) -> Iterator[Problem]:
    """Content is a string, or a list of parts of the types that the role may have."""
    for at, message in case.messages:
        role, content = message.get("role"), message.get("content")
        if content is None or isinstance(content, str) or not isinstance(role, str):
            continue
        place = f"messages[{at}].content"
        if not isinstance(content, list) or role == "function":
            text = f"{where(case, at)}: 'content' is neither a string nor a list of parts."
            yield case.problem("content", "error", text, place=place)
        elif not content:
            text = f"{where(case, at)}: 'content' is an empty list."
            yield case.problem("content", "error", text, place=place)
        else:
            for number, part in enumerate(content):
                yield from _part(case, at, f"{place}[{number}]", part, PART_TYPES.get(role))


def _part(
    case: Case, at: int, place: str, part: Any, allowed: frozenset[str] | None
) -> Iterator[Problem]:
    def problem(what: str, fix: str = "") -> Problem:
        return case.problem("content", "error", f"{where(case, at)}: {what}", place=place, fix=fix)

    if not isinstance(part, dict):
        yield problem("a part of the content is not a dictionary.")
        return
    kind = part.get("type")
    if not isinstance(kind, str):
        yield problem("a part of the content has no type.")
    elif kind not in _PART_KEYS:
        yield problem(f"there are no parts of type {quoted(kind)}.", _OTHER_PARTS.get(kind, ""))
    elif allowed is not None and kind not in allowed and kind != "image_url":
        yield problem(f"a message of this role has no parts of type {quoted(kind)}.")
    else:
        yield from _inside(part, kind, problem)


def _inside(part: dict[str, Any], kind: str, problem: Callable[..., Problem]) -> Iterator[Problem]:
    for key in part.keys() - _PART_KEYS[kind]:
        if part[key] is not None:
            yield problem(f"a part contains an extra {quoted(key)}.", "Remove it.")
    if kind != "image_url":
        if not isinstance(part.get(kind), str):
            yield problem(f"a part of type '{kind}' has no {kind} that is a string.")
        return
    image = part.get("image_url")
    if isinstance(image, str):
        yield problem("'image_url' is a string where an object is required.", _IMAGE_SHAPE)
    elif not isinstance(image, dict) or not isinstance(image.get("url"), str):
        yield problem("a part of type 'image_url' has no url that is a string.", _IMAGE_SHAPE)
    else:
        for key in image.keys() - {"url", "detail"}:
            yield problem(f"'image_url' contains an extra {quoted(key)}.", "Remove it.")


def is_no_empty_answer(case: Case) -> Iterator[Problem]:
    """An answer that is to be learnt says something."""
    for at, message in case.messages:
        if message.get("role") != "assistant" or message.get("weight") == 0:
            continue
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        texts = [p.get("text", p.get("refusal")) for p in parts if isinstance(p, dict)]
        said = content if isinstance(content, str) else "".join(t for t in texts if type(t) is str)
        calls = message.get("tool_calls") or message.get("function_call")
        if content is not None and not calls and not said.strip():
            text = f"{where(case, at)}: the answer is empty; the model would learn empty answers."
            place = f"messages[{at}].content"
            yield case.problem("empty_answer", "warning", text, place=place)


def _known(role: Any) -> bool:
    return isinstance(role, str) and role in MESSAGE_KEYS


RULES = (is_there, is_text_or_parts, is_no_empty_answer)
