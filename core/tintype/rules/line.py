"""Rules for a line as a whole: JSON, an object, of the shape that fine-tuning takes."""

import json
from collections.abc import Iterator
from typing import Any

from tintype.dataset.foreign_images import IMAGE_COLUMNS
from tintype.rules.case import Case
from tintype.rules.problem import Problem, quoted

LINE_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
"""OpenAI's specification, schema `FineTuneChatRequestInput`."""

FIXED = "A fixed copy (`tintype embed`) writes it as chat, each image where it belongs."

_SHAPES: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"preferred_output", "non_preferred_output"}),
        "This is a preference row (DPO), which is not for vision models; put the preferred answer "
        "into an assistant message.",
    ),
    (
        frozenset({"preferred_completion"}),
        "This is a preference row (DPO), which is not for vision models; put the preferred answer "
        "into an assistant message.",
    ),
    (
        frozenset({"prompt", "completion"}),
        "This is the old prompt and completion shape; make the prompt a user message and the "
        "completion an assistant message.",
    ),
    (
        frozenset({"custom_id", "body"}),
        "This is a request of the Batch API; the messages are in its body.",
    ),
    (
        frozenset({"conversations"}),
        f"These are LLaVA's or ShareGPT's conversations. {FIXED}",
    ),
    (
        frozenset({"contents"}),
        "This is Gemini's shape; contents become messages, and parts become content.",
    ),
    (
        frozenset({"instruction", "output"}),
        f"This is Alpaca's shape. {FIXED}",
    ),
    (
        frozenset({"image", "question", "answer"}),
        f"These are plain columns. {FIXED}",
    ),
    (
        frozenset({"prefix", "suffix"}),
        f"This is PaliGemma's prefix and suffix. {FIXED}",
    ),
    (
        frozenset({"query", "response"}),
        f"This is ms-swift's query and response. {FIXED}",
    ),
    (
        frozenset({"input"}),
        f"This is the shape of the Responses API. {FIXED}",
    ),
)


_IMAGE_LIST = f"LLaMA-Factory, ms-swift and TRL keep their images there. {FIXED}"
_OTHER_KEYS = {
    "weight": "Only assistant messages have a weight.",
    **dict.fromkeys(IMAGE_COLUMNS, _IMAGE_LIST),
}


def is_json(case: Case) -> Iterator[Problem]:
    """The line can be parsed."""
    if case.row.flaw:
        message = f"Example {case.number} cannot be parsed. Error: line contains invalid json: "
        yield case.problem("json", "error", message + case.row.flaw.removeprefix("Not JSON: "))


def is_object(case: Case) -> Iterator[Problem]:
    """The line is an object: not an array of rows, not a bare value."""
    value = case.row.value
    if case.row.flaw or isinstance(value, dict):
        return
    start = quoted(json.dumps(value, ensure_ascii=False)[:80] if _is_small(value) else value, 20)
    yield case.problem(
        "not_object",
        "error",
        "Expected file to have JSONL format, where every line is a JSON dictionary. "
        f"Line {case.row.line} is not a dictionary (HINT: line starts with: {start})",
        fix="Write one JSON object per line, without brackets around them or commas between them."
        if isinstance(value, list)
        else "",
    )


def has_messages(case: Case) -> Iterator[Problem]:
    """The line has `messages`; other known shapes are called by their names."""
    value = case.row.value
    if not isinstance(value, dict) or "messages" in value:
        return
    fix = next((words for keys, words in _SHAPES if keys <= value.keys()), "")
    yield case.problem(
        "messages_missing", "error", f"Example {case.number} is missing key 'messages'", fix=fix
    )


def has_no_other_keys(case: Case) -> Iterator[Problem]:
    """Nothing stands beside what a line may hold."""
    value = case.row.value
    if not isinstance(value, dict) or "messages" not in value:
        return
    for key in value:
        if key not in LINE_KEYS:
            fix = _OTHER_KEYS.get(key, "Remove it; other keys are not accepted.")
            message = f"Example {case.number} contains an extra {quoted(key)}."
            yield case.problem("extra_key", "error", message, place=quoted(key), fix=fix)


def is_unambiguous(case: Case) -> Iterator[Problem]:
    """Every parser reads the same in it."""
    for oddity in case.row.oddities:
        if "byte order mark" not in oddity:  # judged with the file
            yield case.problem("ambiguous", "warning", oddity)


def _is_small(value: Any) -> bool:
    return not isinstance(value, list) or len(value) < 100


RULES = (is_json, is_object, has_messages, has_no_other_keys, is_unambiguous)
