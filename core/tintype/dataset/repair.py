"""Rows of other shapes as the chat rows that providers take, nothing lost on the way.

Rows come in many dialects: ShareGPT's and LLaVA's `conversations`, messages whose images stand in a
list beside them and whose texts say `<image>` (LLaMA-Factory, ms-swift, TRL), pairs of a question
and an answer, PaliGemma's prefix and suffix, parts in the Responses API's words, image data pasted
into a text. Here each becomes `messages` with an image part where its image belongs. What cannot be
said in that shape is an error with its reason, never left out in silence.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tintype.dataset.places import holds_data, misspelling, plain_url
from tintype.errors import DatasetError

PLACEHOLDER = re.compile(r"<image>|<image_\d{1,3}>"
                         r"|<\|image\|>|<\|image_pad\|>|<\|vision_start\|><\|image_pad\|>"
                         r"<\|vision_end\|>")  # fmt: skip
"""What stands for an image in the texts of other trainers."""
_NUMBERED = re.compile(r"<image_\d{1,3}>")
PASTED = re.compile(
    r"(?:data:image/[\w.+-]{1,20};base64,\s{0,2}"
    r"|(?<![A-Za-z0-9+/])(?=/9j/|iVBORw0KGgo|R0lGOD|UklGR))"
    r"[A-Za-z0-9+/]{60,}(?:\s[A-Za-z0-9+/]{20,})*={0,2}"
)
"""Image data within a text."""

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
IMAGE_COLUMNS = ("images", "image", "image_url", "image_path", "img")
LISTS = ("messages", "conversations", "conversation", "texts", "contents")
"""Names of the list of turns."""
_SOURCES = ("bytes", "url", "image_url", "image", "path", "file_name", "source")


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


def _repaired(value: dict[str, Any]) -> Any:
    key = next((name for name in LISTS if _has_turns(name, value.get(name))), "")
    columns = [name for name in IMAGE_COLUMNS if _images_in(value.get(name))]
    images = [image for name in columns for image in _images_in(value[name])]
    marked = key != "messages" or any(name in value for name in IMAGE_COLUMNS)
    turns = _turns(value, key) if key else list(_pair(value))
    placing = _Placing(images, _numbered_in(turns) if marked and images else [], marked=marked)
    messages = [placing.message(turn, at) for at, turn in enumerate(turns)]
    placing.finish(messages)
    kept = (
        {name: item for name, item in value.items() if name not in {key, *columns}}
        if key == "messages"
        else {name: value[name] for name in ("tools",) if name in value}
    )
    made = {"messages": messages, **kept}
    return value if made == value else made


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
                parts = content if isinstance(content, list) else [_text(content or "")]
                messages[at] = {**message, "content": [*map(_image, self._images), *parts]}
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
        part = _typed(part) if isinstance(part, dict) and "type" not in part else part
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "input_text", "output_text") and isinstance(part.get("text"), str):
            yield from self._text_parts(part["text"], part)
        elif kind in ("image", "input_image", "image_url"):
            source = _source(part)
            detail = part.get("detail")
            yield (
                part
                if _is_image_part(part)
                else _image(self._take() if source is None else source, detail)
            )
        else:
            yield part

    def _text_parts(self, text: str, part: Any = None) -> Iterator[Any]:
        """A text cut where images belong; the part as it is if there is nothing to cut."""
        if self._of_user and holds_data(text):
            yield _image(text.strip())
            return
        at = 0
        for found in _marks(text, pasted=self._of_user, placeholders=self._marked):
            if before := text[at : found.start()].strip("\n"):
                yield _text(before)
            pasted = holds_data(found[0])
            yield _image(found[0] if pasted else self._take(found[0]))
            at = found.end()
        rest = text[at:].strip("\n") if at else text
        if not at and isinstance(part, dict) and part.get("type") == "text":
            yield part
        elif rest or not at:
            yield _text(rest)

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


def _numbered_in(turns: Any) -> list[str]:
    """The numbered places for images that texts have, each once, by their numbers."""
    if isinstance(turns, str):
        return _NUMBERED.findall(turns)
    inner = turns.values() if isinstance(turns, dict) else turns if isinstance(turns, list) else ()
    return sorted({mark for each in inner for mark in _numbered_in(each)}, key=_number)


def _number(mark: str) -> int:
    """Of a numbered place; -1 of one without."""
    return int("".join(filter(str.isdecimal, mark)) or -1)


def _marks(text: str, *, pasted: bool, placeholders: bool) -> list[re.Match[str]]:
    found = list(PASTED.finditer(text)) if pasted and len(text) > 60 else []
    if placeholders:
        found += PLACEHOLDER.finditer(text)
    return sorted(found, key=lambda each: each.start())


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


def _typed(part: dict[str, Any]) -> dict[str, Any]:
    """A part of Gemini's, which says by its key what it is."""
    if isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    inline = part.get("inlineData", part.get("inline_data"))
    file = part.get("fileData", part.get("file_data"))
    if isinstance(inline, dict):
        kind = inline.get("mimeType", inline.get("mime_type"))
        return {"type": "image", "url": f"data:{kind};base64,{inline.get('data', '')}"}
    if isinstance(file, dict):
        return {"type": "image", "url": str(file.get("fileUri", file.get("file_uri", "")))}
    return part


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


def _images_in(value: Any) -> list[str]:
    """The images that a column holds."""
    if isinstance(value, list):
        return [image for item in value for image in _images_in(item)]
    if isinstance(value, dict):
        if value and all(PLACEHOLDER.fullmatch(str(name)) for name in value):
            return [
                image for name in sorted(value, key=_number) for image in _images_in(value[name])
            ]
        found = _source(value)
        return [] if found is None else [found]
    return [value] if isinstance(value, str) and value else []


def _source(part: dict[str, Any]) -> str | None:
    """The URL, path or data in a part of whatever dialect."""
    inner = part.get("source")
    if isinstance(inner, dict) and isinstance(inner.get("data"), str):  # Anthropic's
        return f"data:{inner.get('media_type', 'image/png')};base64,{inner['data']}"
    for key in _SOURCES:
        found = part.get(key)
        if isinstance(found, dict):
            found = _source(found)
        if isinstance(found, str) and found:
            return found
    return None


def _is_image_part(part: dict[str, Any]) -> bool:
    image = part.get("image_url")
    return (
        part.get("type") == "image_url"
        and isinstance(image, dict)
        and isinstance(image.get("url"), str)
        and not misspelling(image["url"])
    )


def _image(url: str, detail: Any = None) -> dict[str, Any]:
    source = {"url": plain_url(url)}
    if isinstance(detail, str):
        source["detail"] = detail
    return {"type": "image_url", "image_url": source}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _simplest(parts: list[Any], content: Any) -> Any:
    """Parts as they are, or the one text that they were."""
    if isinstance(content, list):
        return content if parts == content else parts
    if not any(part.get("type") == "image_url" for part in parts):
        return content
    return parts
