"""Where a row keeps its images.

Chat rows keep them in parts of type `image_url`. Rows of other tools keep them elsewhere, and rows
made by mistake keep a whole data URL as text. All are found, in the order of the JSON, without
recursion: a row may be nested as deep as its author liked.
"""

import ast
import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tintype.dataset.example import Origin

MAX_DEPTH = 200
"""Deeper rows are refused: nothing in use nests deeper than a few dozen (tool schemas)."""
MAX_VALUES = 200_000
"""So are rows of more lists, objects and strings than this: looking through them takes seconds."""

_IMAGE_TYPES = frozenset({"image", "input_image", "image_url"})
_IMAGE_KEYS = frozenset({"image", "image_url", "url", "path"})
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_STARTS = {
    "/9j/": "jpeg",
    "\\xff\\xd8\\xff": "jpeg",
    "iVBORw0KGgo": "png",
    "\\x89PNG": "png",
    "R0lGOD": "gif",
    "GIF8": "gif",
    "UklGR": "webp",
    "RIFF": "webp",
}
"""How images begin, as base64 and in a Python bytes literal."""
_BARE = re.compile(
    r"""\s{0,20}(?:b['"])?(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR)[A-Za-z0-9+/\s]{40}"""
    r"""|\s{0,20}b['"](?:\\xff\\xd8\\xff|\\x89PNG|GIF8|RIFF)"""
)
_BYTES = re.compile(r"""\s{0,20}b['"]""")
_SPACE = re.compile(r"\s")
_ESCAPED = re.compile(r"%(2[BbFf]|3[Dd])")
"""Letters of base64 as a URL's parameter spells them."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Unwieldy(Exception):
    """Why a value is not looked through: a sentence."""


class Slot(NamedTuple):
    """A string in a row that is an image, or some other data URL."""

    holder: Any
    """The dict or list that holds it, so that it can be replaced."""
    key: str | int
    place: str
    detail: str
    image: bool
    """False for a data URL that is no image, such as a PDF."""

    @property
    def text(self) -> str:
        """The string as it stands."""
        text: str = self.holder[self.key]
        return text


@dataclass(frozen=True, slots=True)
class _Frame:
    items: Iterator[tuple[Any, Any]]
    holder: Any
    place: str
    part: str
    """Where the part begins that this is the `image_url` of; empty if it is none."""
    detail: str
    kind: Literal["top", "images", ""]
    """The row itself; the list `images` at its top, where every string is an image; or other."""


def slots(value: Any, read: Callable[[str], str] = str) -> Iterator[Slot]:
    """Every image and data URL of a JSON value, in the order of the JSON.

    `read` says what a string stands for, where the value holds marks in place of data URLs.

    Raises:
        Unwieldy: if the value is nested too deeply or holds too much.
    """
    for frame, key, text in _strings(value):
        slot = _slot(frame, key, read(text))
        if slot is not None:
            yield slot


def strings(value: Any) -> Iterator[tuple[str, str]]:
    """Every string of a parsed row and its place, data URLs left out.

    Raises:
        Unwieldy: if the value is nested too deeply or holds too much.
    """
    if isinstance(value, str):
        yield "", value
    for frame, key, text in _strings(value):
        if not holds_data(text):
            yield inner_place(frame.place, key), text


def too_deep() -> str:
    """What is said of a row nested too deeply."""
    return f"The row is nested more than {MAX_DEPTH} levels deep."


def _strings(value: Any) -> Iterator[tuple["_Frame", Any, str]]:
    stack = [_frame(value, "", "", "auto", kind="top")]
    seen = 0
    while stack:
        frame = stack[-1]
        for key, child in frame.items:
            seen += 1
            if isinstance(child, str):
                yield frame, key, child
            elif isinstance(child, (dict, list)):
                if len(stack) >= MAX_DEPTH:
                    raise Unwieldy(too_deep())
                stack.append(_inner(frame, key, child))
                break
        else:
            stack.pop()
        if seen > MAX_VALUES:
            raise Unwieldy(f"The row holds more than {MAX_VALUES:,} values.")


def origin(text: str) -> Origin:
    """Where an image comes from."""
    if is_data_url(text) or bare_format(text):
        return "data"
    return "url" if _SCHEME.match(text) else "file"


def is_data_url(text: str) -> bool:
    """Whether a string is a data URL."""
    return text[:40].lstrip()[:5].lower() == "data:"


def bare_format(text: str) -> str:
    """The format of an image written as base64 or bytes without `data:`; empty if it is none."""
    found = _BARE.match(text)
    return next((kind for start, kind in _STARTS.items() if start in found[0]), "") if found else ""


def holds_data(text: str) -> bool:
    """Whether a string is image data wherever it stands, and not a sentence about data."""
    if not is_data_url(text):
        return bool(bare_format(text))
    return media_type(text).startswith("image/") or ";base64," in head(text).lower()


def head(text: str) -> str:
    """What stands before the data of a data URL, the comma included; what should, if it is bare."""
    if kind := bare_format(text):
        return f"data:image/{kind};base64,"
    comma = text.find(",", 0, 300)
    return text[: comma + 1].lstrip() if comma >= 0 else text[:100]


def misspelling(text: str) -> str:
    """How image data are miswritten, as a phrase for a person; empty if they are not."""
    if bare_format(text):
        return "Python's b'…' around it" if _BYTES.match(text) else "no data:image/…;base64, before"
    if not is_data_url(text):
        return ""
    start = text.find(",", 0, 300) + 1
    if _BYTES.match(text, start):
        return "Python's b'…' around it"
    if _SPACE.search(text):
        return "line breaks or spaces in it"
    return _other_letters(text, start) if _says_base64(text, start) else ""


def _says_base64(text: str, start: int) -> bool:
    return text[max(0, start - 8) : start].lower() == ";base64,"


def _other_letters(text: str, start: int) -> str:
    """How base64 that a program has rewritten differs; it can be turned back without a guess."""
    if text.find("-", start) >= 0 or text.find("_", start) >= 0:
        return "- and _ in place of + and /"
    if _ESCAPED.search(text, start):
        return "%2B, %2F or %3D in place of +, / and ="
    return "no = at its end, where it belongs" if (len(text) - start) % 4 > 1 else ""


def plain_url(text: str) -> str:
    """Image data as the data URL that was meant; any other string as it is."""
    kind = bare_format(text)
    start = 0 if kind else text.find(",", 0, 300) + 1
    before = head(text) if kind else text[:start].lstrip()
    if _BYTES.match(text, start) and (kind or is_data_url(text)):
        return before + _inside_bytes(text[start:].strip())
    if kind:
        return before + text[start:].strip()
    if is_data_url(text) and _says_base64(text, start) and _other_letters(text, start):
        return before + _usual_letters(text[start:])
    return text


def _usual_letters(text: str) -> str:
    """Base64 in its usual alphabet and whole: each of the other ways has its one meaning."""
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), _SPACE.sub("", text))
    text = text.replace("-", "+").replace("_", "/")
    return text if len(text) % 4 == 1 else text + "=" * (-len(text) % 4)


def _inside_bytes(text: str) -> str:
    """The base64 of a Python bytes literal, which may hold base64 or the bytes themselves."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    raw = value if isinstance(value, bytes) else b""
    encoded = raw if _BASE64.fullmatch(raw) else base64.b64encode(raw)
    return encoded.decode("ascii")


def media_type(text: str) -> str:
    """The media type that a data URL declares, in lower case; empty if it declares none."""
    return re.split("[;,]", head(text)[5:], maxsplit=1)[0].strip().lower()


def inner_place(place: str, key: str | int) -> str:
    """The place of something within a place: `messages[1].content`."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    if not _IDENTIFIER.fullmatch(key):
        return f'{place}["{key[:40]}"]'
    return f"{place}.{key}" if place else key


def _frame(
    holder: Any, place: str, part: str, detail: str, *, kind: Literal["top", "images", ""] = ""
) -> _Frame:
    items: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(holder, dict):
        items = iter(holder.items())
    elif isinstance(holder, list):
        items = iter(enumerate(holder))
    return _Frame(items, holder, place, part, detail, kind)


def _inner(frame: _Frame, key: Any, child: Any) -> _Frame:
    place = inner_place(frame.place, key)
    if key == "image_url" and isinstance(child, dict):
        return _frame(child, place, frame.place or place, _detail(child))
    listed = frame.kind == "top" and key == "images"
    return _frame(child, place, "", "auto", kind="images" if listed else "")


def _slot(frame: _Frame, key: Any, text: str) -> Slot | None:
    place = inner_place(frame.place, key)
    if frame.part and key == "url":
        return Slot(frame.holder, key, frame.part, frame.detail, True)
    if isinstance(frame.holder, dict) and _names_image(frame.holder, key):
        return Slot(frame.holder, key, frame.place or place, _detail(frame.holder), True)
    if frame.kind == "images" or (frame.kind == "top" and key == "image"):
        return Slot(frame.holder, key, place, "auto", True)
    if holds_data(text):
        is_image = media_type(head(text)).startswith("image/")
        return Slot(frame.holder, key, place, "auto", is_image)
    return None


def _names_image(holder: dict[str, Any], key: str) -> bool:
    if key == "image_url":
        return True
    kind = holder.get("type")
    return isinstance(kind, str) and kind in _IMAGE_TYPES and key in _IMAGE_KEYS


def _detail(holder: dict[str, Any]) -> str:
    detail = holder.get("detail", "auto")
    return detail if isinstance(detail, str) else "auto"
