"""Rows whose turns stand in two lists, or in a request, as messages.

OpenAI's Responses API has `input` and `output`, its batches a `body`, TRL `prompt` and
`completion`. Sources: platform.openai.com/docs/api-reference/responses, docs/guides/batch;
huggingface.co/docs/trl/dataset_formats.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tintype.errors import DatasetError

_WORDS = ("input_text", "output_text", "text")


def as_messages(value: dict[str, Any]) -> dict[str, Any]:
    """A row of such lists, or of a batch's `body`, as `messages`; others as they are.

    Raises:
        DatasetError: if an item is neither a message nor empty: a call of a tool, or reasoning.
    """
    body = value.get("body")
    row = body if "custom_id" in value and isinstance(body, dict) else value
    asked, answered = row.get("prompt"), row.get("completion")
    if isinstance(asked, list) and isinstance(answered, list):
        kept = {key: each for key, each in row.items() if key not in ("prompt", "completion")}
        return {"messages": [*asked, *answered], **kept}
    if not any(isinstance(row.get(key), list) for key in ("input", "output")):
        return row
    items = [
        *_items(row.get("instructions"), "system"),
        *_items(row.get("input"), "user"),
        *_items(row.get("output"), "assistant"),
    ]
    return {"messages": items} if items else value


def _items(value: Any, role: str) -> Iterator[dict[str, Any]]:
    """The messages of a text or a list of items; a text is said by `role`."""
    if isinstance(value, str) and value:
        yield {"role": role, "content": value}
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            raise DatasetError(f"An item of the row's {role} is not a JSON object.")
        kind = item.get("type", "message")
        if kind == "message":
            yield {"role": item.get("role", role), "content": _simple(item.get("content"))}
        elif kind != "reasoning" or item.get("summary") or item.get("content"):
            raise DatasetError(f"The row has an item of the type {kind}: only messages are read.")


def _simple(content: Any) -> Any:
    """A content that is nothing but one text as that text."""
    only: Any = content[0] if isinstance(content, list) and len(content) == 1 else None
    is_text = isinstance(only, Mapping) and only.get("type") in _WORDS
    return only.get("text") if is_text else content
