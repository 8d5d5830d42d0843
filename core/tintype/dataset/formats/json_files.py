"""JSON files of other tools: looked at by their first bytes, read whole within a limit."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tintype.dataset.formats.sources import SourceFile
from tintype.errors import DatasetError

MAX_JSON_BYTES = 1_000_000_000
"""COCO's largest file has 450 MB."""
HEAD_BYTES = 256 * 1024
_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
_SOLID = re.compile(r"\S")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def head_text(file: SourceFile, size: int = HEAD_BYTES) -> str:
    """The beginning of a file as text, as well as it can be read."""
    data = file.head(size)
    encoding = json.detect_encoding(data) if data else "utf-8"
    return data.decode(encoding, "replace").removeprefix("\ufeff").lstrip()


def keys_of(text: str) -> set[str]:
    """The keys that a beginning of JSON text holds, at whatever depth."""
    return set(_KEY.findall(text))


def first_value(text: str) -> Any:
    """The first value of a JSON list or of lines of JSON, of which the beginning is known."""
    try:
        return json.JSONDecoder().raw_decode(text.removeprefix("[").lstrip())[0]
    except (ValueError, RecursionError):
        return None


def read_json(file: SourceFile, slim: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value of a JSON file.

    Args:
        file: The file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.
        slim: Called with each object; what it returns stands in its place.

    Raises:
        DatasetError: if the file cannot be read, is too large, or no JSON.
    """
    return _read(file, lambda text: json.loads(text, object_hook=slim))


def read_values(file: SourceFile) -> list[Any]:
    """The JSON values of a file, one after the other, however many lines each takes.

    Raises:
        DatasetError: if the file cannot be read, is too large, or one of them is no JSON.
    """
    found: list[Any] = _read(file, lambda text: list(_values(text)))
    return found


def _values(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while found := _SOLID.search(text, at):
        value, at = decoder.raw_decode(text, found.start())
        yield value


def _read(file: SourceFile, parse: Callable[[str], Any]) -> Any:
    data = file.read(MAX_JSON_BYTES)
    try:
        text = data.decode(json.detect_encoding(data))
        return parse(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{file.name} is not UTF-8: byte {error.start:,} does not fit.",
            advice="Save it again with the encoding UTF-8.",
        ) from error
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise DatasetError(f"{file.name} is no JSON: {reason}.") from error


def objects_in(cell: Any) -> Any:
    """The JSON of a text, if that is a list of objects, or an object; else nothing."""
    if not isinstance(cell, str) or not cell.lstrip().startswith(("[", "{")):
        return None
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    each = found if isinstance(found, list) else [found]
    return found if all(isinstance(one, dict) for one in each) else None


def number(value: Any) -> float | None:
    """A number, also one written as text; none if it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        made = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return made if math.isfinite(made) else None


def numbers(value: Any, count: int = 4) -> tuple[float, ...] | None:
    """So many numbers of a list; none if it is none, or one of them is none.

    A box that is an object (`{"x": 1, "y": 2, "width": 3, "height": 4}`, or with corners) gives x,
    y, width and height; a list may be written as a text.
    """
    if isinstance(value, dict):
        return box_sides(value) if count == 4 else None
    if isinstance(value, str) and value[:1] == "[" and len(value) < 400:
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, (list, tuple)) or len(value) != count:
        return None
    found = [number(each) for each in value]
    return None if None in found else tuple(each for each in found if each is not None)


def all_numbers(words: Sequence[str]) -> tuple[float, ...]:
    """The numbers that words are; none if one of them is none."""
    return numbers(words, len(words)) or ()


_EXTENTS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"),
)  # fmt: skip


def box_sides(value: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """x, y, width and height of a box that is an object, in its own unit; none if it is no box."""
    lower = {str(key).casefold(): inner for key, inner in value.items()}
    for names in (*_EXTENTS, *_CORNERS):
        found = [number(lower.get(name)) for name in names]
        if None not in found:
            a, b, c, d = (side for side in found if side is not None)
            return (a, b, c, d) if names in _EXTENTS else (a, b, c - a, d - b)
    return None


def same_id(value: Any) -> str:
    """An id as it is compared: 1, "1" and 1.0 are one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def listed(value: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects of a list in an object; empty if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def pixels(value: Any) -> int:
    """A width or height; 0 if it is none."""
    found = number(value)
    return int(found) if found is not None and 0 < found < 10**6 else 0
