"""Rows of other shapes as the chat rows that providers take, nothing lost on the way.

Rows come in many dialects: ShareGPT's and LLaVA's `conversations`, messages whose images stand in a
list beside them and whose texts say `<image>` (LLaMA-Factory, ms-swift, TRL), pairs of a question
and an answer, PaliGemma's prefix and suffix, parts in the Responses API's words, image data pasted
into a text. Here each becomes `messages` with an image part where its image belongs. What cannot be
said in that shape is an error with its reason, never left out in silence.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tintype.dataset.foreign_images import (
    IMAGE_COLUMNS,
    image_part,
    images_in,
    is_image_part,
    marks,
    numbered_in,
    source_in,
    text_part,
    typed,
)
from tintype.dataset.places import holds_data
from tintype.dataset.responses import as_messages
from tintype.errors import DatasetError

ROLES: Mapping[str, str] = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
    "model": "assistant", "bot": "assistant", "ai": "assistant", "chatgpt": "assistant",
    "system": "system", "developer": "developer", "tool": "tool", "function": "function",
}  # fmt: skip
PAIRS = (
    ("question", "answer"),
    ("prefix", "suffix"),
    ("query", "response"),
    ("instruction", "output"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("input", "output"),
    ("prompt", "answer"),
    ("text", "label"),
    ("human", "gpt"),
    ("user", "assistant"),
)
"""Names of the question's and the answer's column."""
LISTS = ("messages", "conversations", "conversation", "texts", "contents")
"""Names of the list of turns."""


def repaired(value: Any) -> Any:
    """The row as chat messages with image parts; the same object if nothing has to change.

    Args:
        value: A JSON row, its image data in place. It is not changed. What stands beside
            `messages` stays; of other dialects, only the conversation, its images and tools do.

    Raises:
        DatasetError: if it is no conversation, or its images cannot be placed.
    """
    if not isinstance(value, dict):
        raise DatasetError("The row is not a JSON object.")
    try:
        return _repaired(value)
    except RecursionError:
        raise DatasetError("The row is nested too deeply.") from None


def _repaired(given: dict[str, Any]) -> Any:
    value = as_messages(given)
    key = next((name for name in LISTS if _has_turns(name, value.get(name))), "")
    columns = [name for name in IMAGE_COLUMNS if images_in(value.get(name))]
    images = [image for name in columns for image in images_in(value[name])]
    marked = key != "messages" or any(name in value for name in IMAGE_COLUMNS)
    turns = _turns(value, key) if key else list(_pair(value))
    placing = _Placing(images, numbered_in(turns) if marked and images else [], marked=marked)
    messages = [placing.message(turn, at) for at, turn in enumerate(turns)]
    placing.finish(messages)
    kept = (
        {name: item for name, item in value.items() if name not in {key, *columns}}
        if key == "messages"
        else {name: value[name] for name in ("tools",) if name in value}
    )
    made = {"messages": messages, **kept}
    return given if made == given else made


class _Placing:
    """Puts the images of a row where they belong: by number, or one after the other."""

    def __init__(self, images: list[str], numbered: list[str], *, marked: bool) -> None:
        self._images = images
        self._numbered = numbered
        """The places with numbers, the first image's first."""
        self._marked = marked
        """Whether `<image>` in a text means one of them."""
        self._used: set[int] = set()
        self._of_user = True
        """Whether the turn may hold images: those pasted into another's text stay there."""

    def message(self, turn: Any, at: int) -> Any:
        """A turn in the shape of chat."""
        if not isinstance(turn, dict):
            raise DatasetError(f"Turn {at + 1} is not a JSON object.")
        role = turn.get("role", turn.get("from"))
        if not isinstance(role, str):
            raise DatasetError(f"Turn {at + 1} has no role.")
        said = next((name for name in _SAID if name in turn), "")
        content = turn.get(said)
        kept = {name: item for name, item in turn.items() if name not in ("role", "from", said)}
        known = ROLES.get(role.lower(), role)
        self._of_user = known == "user"
        parts = list(self._parts(content))
        made = {"role": known, "content": _simplest(parts, content), **kept}
        if not said:
            del made["content"]
        return turn if made == turn else made

    def finish(self, messages: list[Any]) -> None:
        """Images that no text has a place for stand before the first question.

        Raises:
            DatasetError: if there are fewer than places, or some places but fewer than images.
        """
        if len(self._used) == len(self._images):
            return
        if self._used:
            raise DatasetError(
                f"The texts have {len(self._used)} places for images, but there are "
                f"{len(self._images)} images."
            )
        for at, message in enumerate(messages):
            if message["role"] == "user":
                content = message.get("content")
                parts = content if isinstance(content, list) else [text_part(content or "")]
                messages[at] = {**message, "content": [*map(image_part, self._images), *parts]}
                return
        raise DatasetError("There is an image, but no question about it.")

    def _parts(self, content: Any) -> Iterator[Any]:
        if isinstance(content, str):
            yield from self._text_parts(content)
            return
        for part in content if isinstance(content, list) else ():
            yield from self._part(part)

    def _part(self, part: Any) -> Iterator[Any]:
        if isinstance(part, str):
            yield from self._text_parts(part)
            return
        part = typed(part) if isinstance(part, dict) and "type" not in part else part
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "input_text", "output_text") and isinstance(part.get("text"), str):
            yield from self._text_parts(part["text"], part)
        elif kind in ("image", "input_image", "image_url"):
            source = source_in(part)
            detail = part.get("detail")
            yield (
                part
                if is_image_part(part)
                else image_part(self._take() if source is None else source, detail)
            )
        else:
            yield part

    def _text_parts(self, text: str, part: Any = None) -> Iterator[Any]:
        """A text cut where images belong; the part as it is if there is nothing to cut."""
        if self._of_user and holds_data(text):
            yield image_part(text.strip())
            return
        at = 0
        for found in marks(text, pasted=self._of_user, placeholders=self._marked):
            if before := text[at : found.start()].strip("\n"):
                yield text_part(before)
            pasted = holds_data(found[0])
            yield image_part(found[0] if pasted else self._take(found[0]))
            at = found.end()
        rest = text[at:].strip("\n") if at else text
        if not at and isinstance(part, dict) and part.get("type") == "text":
            yield part
        elif rest or not at:
            yield text_part(rest)

    def _take(self, mark: str = "") -> str:
        numbered = mark in self._numbered
        at = self._numbered.index(mark) if numbered else len(self._used)
        if at >= len(self._images):
            raise DatasetError(
                f"The texts have more places for images than there are images "
                f"({len(self._images)})."
            )
        self._used.add(at)
        return self._images[at]


def _turns(value: dict[str, Any], key: str) -> list[Any]:
    """The turns of a conversation, led by the system prompt if that stands beside it."""
    turns = [each for turn in value[key] for each in _spoken(turn)]
    system = value.get("system") if key != "messages" else None
    return [{"role": "system", "content": system}, *turns] if system else turns


_SAID = ("content", "value", "text", "parts")
"""Names of what a turn says."""


def _has_turns(name: str, value: Any) -> bool:
    usual = name in ("messages", "conversations", "conversation")
    return isinstance(value, list) and (usual or all(isinstance(turn, dict) for turn in value))


def _spoken(turn: Any) -> Iterator[Any]:
    """A turn as it is; of one that names who speaks by its keys, a turn for each of them."""
    known = any(name in turn for name in ("role", "from", *_SAID))
    who = [] if known else [name for name in turn if name in ROLES]
    if not who:
        yield turn
    for name in who:
        yield {"role": name, "content": turn[name]}


def _pair(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row of columns as turns."""
    both = (pair for pair in PAIRS if all(isinstance(value.get(name), str) for name in pair))
    names = next(both, None)
    if names is None:
        raise DatasetError("There is neither a conversation nor a question with an answer.")
    if isinstance(value.get("system"), str) and value["system"]:
        yield {"role": "system", "content": value["system"]}
    history = value.get("history") or []
    if not isinstance(history, list) or not all(map(_is_exchange, history)):
        raise DatasetError("The history is not a list of questions with their answers.")
    for earlier in history:
        yield {"role": "user", "content": earlier[0]}
        yield {"role": "assistant", "content": earlier[1]}
    asked, answer = value[names[0]], value[names[1]]
    more = value.get("input") if names[0] == "instruction" else ""
    yield {
        "role": "user",
        "content": f"{asked}\n{more}" if more and isinstance(more, str) else asked,
    }
    yield {"role": "assistant", "content": answer}


def _is_exchange(earlier: Any) -> bool:
    return isinstance(earlier, list) and len(earlier) == 2


def _simplest(parts: list[Any], content: Any) -> Any:
    """Parts as they are, or the one text that they were."""
    if isinstance(content, list):
        return content if parts == content else parts
    if not any(part.get("type") == "image_url" for part in parts):
        return content
    return parts
