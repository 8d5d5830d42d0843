r"""A row as plain text that a person edits, and back.

    ### system
    Answer in a word.

    ### user
    [image 1]
    What is this?

    ### assistant
    a cat

`[image 1]` stands for the row's first image, `[text]` between two texts keeps them apart. A line of
a text that looks like one of these begins with a backslash. A row that is no conversation is shown
as JSON.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from tintype.errors import DatasetError

_HEAD = re.compile(r"### ?(.*)")
_IMAGE = re.compile(r"\[image (\d+)\]")
_TEXT = "[text]"
_ESCAPED = re.compile(r"\\*(?:###|\[image \d+\]$|\[text\]$)")


def written(value: Any) -> str:
    """Return a row's JSON, with marks for its images, as text; it ends with a line feed."""
    if not _is_chat(value):
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    ordinals = {id(part): at for at, part in enumerate(_images(value), 1)}
    return "\n\n".join("\n".join(_lines(turn, ordinals)) for turn in value["messages"]) + "\n"


def read_back(text: str, value: Any) -> Any:
    """Return the row that an edited text means; equal to the row if nothing was edited.

    Args:
        text: Of `written`, edited.
        value: The row that was written; it is not changed.

    Raises:
        DatasetError: if the text is no row: naming the line.
    """
    if not _is_chat(value):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"This is no JSON any more: {error}.") from error
    images = list(_images(value))
    turns: list[Any] = []
    for at, (role, lines) in enumerate(_sections(text)):
        before = value["messages"][at] if at < len(value["messages"]) else {}
        kept = dict(before) if before.get("role", "") == role else {"role": role}
        turns.append({**kept, "content": _content(lines, kept.get("content"), images)})
    return {**value, "messages": turns}


def _is_chat(value: Any) -> bool:
    turns = value.get("messages") if isinstance(value, dict) else None
    return isinstance(turns, list) and bool(turns) and all(map(_is_turn, turns))


def _is_turn(turn: Any) -> bool:
    if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
        return False
    if turn["role"] != turn["role"].strip() or "\n" in turn["role"] or "content" not in turn:
        return False
    content = turn["content"]
    if isinstance(content, list):
        return bool(content) and all(map(_is_part, content))
    return isinstance(content, str)


def _is_part(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    if part.get("type") == "text":
        return isinstance(part.get("text"), str)
    return part.get("type") == "image_url"


def _images(value: dict[str, Any]) -> Iterator[Any]:
    for turn in value["messages"]:
        for part in turn["content"] if isinstance(turn["content"], list) else ():
            if part["type"] == "image_url":
                yield part


def _lines(turn: dict[str, Any], ordinals: dict[int, int]) -> Iterator[str]:
    yield f"### {turn['role']}"
    content = turn["content"]
    if isinstance(content, str):
        yield from _escaped(content)
        return
    after_text = False
    for part in content:
        if part["type"] == "image_url":
            yield f"[image {ordinals[id(part)]}]"
        else:
            if after_text:
                yield _TEXT
            yield from _escaped(part["text"])
        after_text = part["type"] == "text"


def _escaped(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"\\{line}" if _ESCAPED.match(line) else line


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Role and lines of each turn."""
    found: list[tuple[str, list[str]]] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if head := _HEAD.fullmatch(line):
            if found and found[-1][1][-1:] == [""]:
                found[-1][1].pop()
            if not head[1].strip():
                raise DatasetError(f"Line {number} has no role after ###.")
            found.append((head[1].strip(), []))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise DatasetError(f"Line {number} stands before the first ### role.")
    if not found:
        raise DatasetError("There is no ### role: the row would be empty.")
    yield from found


def _content(lines: list[str], before: Any, images: list[Any]) -> Any:
    parts: list[Any] = []
    text: list[str] | None = None

    def close() -> None:
        if text is not None:
            parts.append({"type": "text", "text": "\n".join(text)})

    for line in lines:
        image = _IMAGE.fullmatch(line)
        if image or line == _TEXT:
            close()
            text = None if image else []
        if image:
            if not 0 < int(image[1]) <= len(images):
                raise DatasetError(f"There is no image {image[1]}: the row has {len(images)}.")
            parts.append(images[int(image[1]) - 1])
        elif line != _TEXT:
            text = [*(text or []), line[1:] if _ESCAPED.match(line) else line]
    close()
    return _like(parts, before)


def _like(parts: list[Any], before: Any) -> Any:
    """Parts in the shape that the row had: one text alone, or parts with all their keys."""
    alone = not parts or (len(parts) == 1 and parts[0]["type"] == "text")
    if not isinstance(before, list):
        return (parts[0]["text"] if parts else "") if alone else parts
    same = [part["type"] for part in parts] == [part["type"] for part in before]
    made = copy.deepcopy(before) if same else parts
    for part, new in zip(made, parts, strict=True):
        if same and new["type"] == "text":
            part["text"] = new["text"]
        elif same:
            part.clear()
            part.update(new)
    return made
