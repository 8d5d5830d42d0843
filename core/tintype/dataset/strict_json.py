"""JSON read strictly, with sentences for what is wrong with it.

Python's parser lets pass what others refuse: `NaN`, numbers too large to hold. Those are mistakes
here. What parses everywhere, but not alike, is only noted: a key given twice, half a surrogate
pair.
"""

import codecs
import json
import re
from collections import Counter
from typing import Any

from tintype.dataset.lifting import Lifted
from tintype.dataset.places import too_deep

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""A row may hold no more besides its images: ten times the longest example a model takes, and
little enough that no nesting of it can exhaust the memory."""

_WIDE_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"|(-?Infinity|NaN)')
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class NotJson(Exception):
    """Why a line is no JSON: a sentence."""


def decode(raw: bytes, lifted: Lifted, *, first: bool) -> tuple[Any, tuple[str, ...]]:
    """The value of a line whose images are lifted, and what is odd about it.

    `first` says that the line begins the file, where a mark of its encoding may stand.

    Raises:
        NotJson: if it is none.
    """
    for mark, name in _WIDE_BOMS.items() if first else ():
        if raw.startswith(mark):
            raise NotJson(f"The file is encoded as {name}; it must be UTF-8.")
    if len(lifted.text) > MAX_TEXT_BYTES:
        raise NotJson(_too_much(lifted))
    try:
        text = lifted.text.decode()
    except UnicodeDecodeError as error:
        before = lifted.text[: error.start].decode()
        column = lifted.column(before, len(before))
        raise NotJson(
            f"Byte 0x{lifted.text[error.start]:02X} at column {column:,} is not UTF-8."
        ) from None
    repeated: list[str] = []
    value = _parse(text, lifted, repeated)
    oddities = [f"The key {key[:40]!r} is given more than once." for key in dict.fromkeys(repeated)]
    if "\\u" in text and _has_surrogate(value):
        oddities.append("A string holds half a surrogate pair, which is not a character.")
    return value, tuple(oddities[:5])


def _parse(text: str, lifted: Lifted, repeated: list[str]) -> Any:
    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        gathered = dict(pairs)
        if len(gathered) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.extend(key for key, count in counts.items() if count > 1)
        return gathered

    def column(position: int) -> str:
        return f"at column {lifted.column(text, position):,}"

    try:
        return json.loads(
            text, object_pairs_hook=gather, parse_constant=_refuse, parse_float=_finite
        )
    except RecursionError:
        raise NotJson(too_deep()) from None
    except json.JSONDecodeError as error:
        raise NotJson(f"Not JSON: {_explain(text, error)} {column(error.pos)}.") from None
    except _Constant as error:
        found = next((m for m in _CONSTANT.finditer(text) if m.group(1)), None)
        where = f" {column(found.start())}" if found else ""
        raise NotJson(f"Not JSON: {error} is no number{where}.") from None
    except ValueError:
        raise NotJson("A number in the row is too large.") from None


class _Constant(Exception):
    """`NaN`, `Infinity` or `-Infinity`."""


def _refuse(name: str) -> Any:
    raise _Constant(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits[:20])
    return number


def _explain(text: str, error: json.JSONDecodeError) -> str:
    """What the parser says, or the mistake that usually lies behind it."""
    rest = text[error.pos : error.pos + 40]
    if error.msg == "Extra data" and "\r" in text[max(0, error.pos - 2) : error.pos + 1]:
        return "lines seem to end in a carriage return only; a second value begins"
    if error.msg == "Extra data" and rest.startswith(("{", "[")):
        return "a second value begins on the same line"
    if rest.startswith("\0"):
        return "a NUL byte"
    if error.pos == 0 and text.startswith("\ufeff"):
        return "a byte order mark within the file"
    if text.strip() in ("[", "{") or (error.pos == 0 and text[:1] in "]},"):
        return "one value is spread over several lines where each row must be one line; it breaks"
    return (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")


def _too_much(lifted: Lifted) -> str:
    if lifted.cut_off_at >= 0:
        return (
            f"The line is cut off inside the image that begins at byte {lifted.cut_off_at + 2:,}."
        )
    return (
        f"The row has {len(lifted.text):,} bytes besides its images; "
        f"at most {MAX_TEXT_BYTES:,} are read."
    )


def _has_surrogate(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                return True
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False
