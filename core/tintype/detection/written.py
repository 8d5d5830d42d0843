"""Boxes as they stand in a text: four numbers and a label, whatever the numbers mean.

Every model family writes boxes in a notation of its own (`Notation`), and the same notation stands
for different places: Qwen2.5-VL's `bbox_2d` are pixels, Qwen3-VL's are thousandths. So what is
written and what it means are kept apart: this module reads the first, `frame` has the second, and
`judging` finds out from the data which frame a set was written in.

Every pattern takes time in proportion to the text, whatever the text is.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tintype.detection.loc_text import clean_label

Numbers = tuple[float, float, float, float]

_NUMBER = r"-?\d{1,9}(?:\.\d{1,12})?"
_FOUR = rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*"
_PAIRS = rf"\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)\s*,\s*\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)"


@dataclass(frozen=True, slots=True)
class Written:
    """A box as it is written."""

    numbers: Numbers
    """In the order they stand in."""
    label: str
    """Empty if there is none."""
    start: int
    """Where in the text it begins, in characters, its label included."""
    end: int


@dataclass(frozen=True, slots=True)
class Notation:
    """A way to write four numbers and a label."""

    name: str
    title: str
    """A phrase for a person."""
    find: Callable[[str], Iterator[Written]]
    write: Callable[[Iterable[tuple[str, Numbers]]], str]


# ---------------------------------------------------------------------------------- tokens of bins

_LOC = re.compile(r"<loc(\d{4})>" * 4 + r"[ \t]*([^<;\n]{0,200})")
_FLORENCE_LABEL = re.compile(r"[^<>]{1,200}")
_FLORENCE_BOX = re.compile(r"<loc_(\d{1,3})><loc_(\d{1,3})><loc_(\d{1,3})><loc_(\d{1,3})>")


def _find_loc(text: str) -> Iterator[Written]:
    for found in _LOC.finditer(text):
        yield _written(found, found[5].strip())


def _write_loc(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return " ; ".join(
        "".join(f"<loc{round(side):04d}>" for side in numbers) + f" {clean_label(label)}".rstrip()
        for label, numbers in boxes
    )


def _find_florence(text: str) -> Iterator[Written]:
    """A label stands before its boxes, which are several if there are several of the kind."""
    label, start, at = "", 0, 0
    for found in _FLORENCE_BOX.finditer(text):
        between = text[at : found.start()]
        at = found.end()
        if words := _FLORENCE_LABEL.findall(between):
            label, start = words[-1].strip(" \t\r\n,;"), found.start() - len(words[-1])
        else:
            start = found.start()
        yield Written(_numbers(found), label, start, at)


def _write_florence(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return "".join(
        clean_label(label) + "".join(f"<loc_{round(side)}>" for side in numbers)
        for label, numbers in boxes
    )


# ---------------------------------------------------------------------------------------- JSON

_KEYS = ("bbox_2d", "box_2d", "bbox", "box", "bounding_box", "coordinates", "coords")
_LABEL = re.compile(
    r'"(?:label|class|class_name|category|category_name|name|object|text_content|ref|text)"'
    r'\s*:\s*"((?:[^"\\]|\\.){0,400})"'
)
_SIDES: Sequence[tuple[str, ...]] = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
_EXTENTS: Sequence[tuple[str, ...]] = (
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
    ("left", "top", "width", "height"),
)
_OBJECT = re.compile(r"\{[^{}]{0,2000}(?:\{[^{}]{0,1000}\}[^{}]{0,1000})?\}")
"""An object, with at most one other in it, such as a box with named sides."""


def _find_key(key: str) -> Callable[[str], Iterator[Written]]:
    pattern = re.compile(rf'"{key}"\s*:\s*\[(?:{_FOUR}|\s*\[{_FOUR}\]\s*)\]')

    def find(text: str) -> Iterator[Written]:
        if f'"{key}"' not in text:
            return
        for one in _OBJECT.finditer(text):
            label = _LABEL.search(one[0])
            for found in pattern.finditer(one[0]):
                four = [side for side in found.groups() if side is not None]
                a, b, c, d = map(float, four)
                yield Written((a, b, c, d), _label_in(label), *one.span())

    return find


def _write_key(key: str) -> Callable[[Iterable[tuple[str, Numbers]]], str]:
    def write(boxes: Iterable[tuple[str, Numbers]]) -> str:
        listed = [{key: [*map(_short, numbers)], "label": label} for label, numbers in boxes]
        return json.dumps(listed, ensure_ascii=False)

    return write


def _find_sides(names: Sequence[tuple[str, ...]]) -> Callable[[str], Iterator[Written]]:
    patterns = [
        (four, [re.compile(rf'"{name}"\s*:\s*({_NUMBER})\s*[,}}\s]') for name in four])
        for four in names
    ]

    def find(text: str) -> Iterator[Written]:
        for one in _OBJECT.finditer(text):
            for _, sides in patterns:
                found = [side.search(one[0]) for side in sides]
                if all(found):
                    a, b, c, d = (float(side[1]) for side in found if side)
                    yield Written((a, b, c, d), _label_in(_LABEL.search(one[0])), *one.span())
                    break

    return find


def _write_sides(names: tuple[str, ...]) -> Callable[[Iterable[tuple[str, Numbers]]], str]:
    def write(boxes: Iterable[tuple[str, Numbers]]) -> str:
        listed = [
            {"label": label} | dict(zip(names, map(_short, numbers), strict=True))
            for label, numbers in boxes
        ]
        return json.dumps(listed, ensure_ascii=False)

    return write


def _label_in(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    try:
        return str(json.loads(f'"{found[1]}"', strict=False)).strip()
    except ValueError:
        return found[1].strip()


# ---------------------------------------------------------------------------------------- tags

_QWEN = re.compile(
    rf"(?:<ref>([^<]{{0,200}})</ref>\s*)?<box>\s*{_PAIRS}\s*</box>"
    rf"|(?:<\|object_ref_start\|>([^<]{{0,200}})<\|object_ref_end\|>\s*)?"
    rf"<\|box_start\|>\s*{_PAIRS}\s*<\|box_end\|>"
)
_INTERN = re.compile(
    r"(?:<ref>([^<]{0,200})</ref>\s*)?<box>\s*\[([\[\]\s\d.,-]{3,4000})\]\s*</box>"
)
_INNER = re.compile(rf"\[?{_FOUR}\]?")


def _find_qwen(text: str) -> Iterator[Written]:
    label = ""
    for found in _QWEN.finditer(text):
        named = found[1] if found[1] is not None else found[6]
        label = named.strip() if named is not None else label
        a, b, c, d = (
            float(side) for side in (found.groups()[1:5] if found[2] else found.groups()[6:])
        )
        yield Written((a, b, c, d), label, *found.span())


def _find_intern(text: str) -> Iterator[Written]:
    for found in _INTERN.finditer(text):
        for inner in _INNER.finditer(found[2]):
            yield Written(_numbers(inner), (found[1] or "").strip(), *found.span())


def _write_qwen(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return "".join(
        f"<ref>{clean_label(label)}</ref><box>({_short(a)},{_short(b)}),({_short(c)},{_short(d)})</box>"
        for label, (a, b, c, d) in boxes
    )


def _write_qwen2(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return "".join(
        f"<|object_ref_start|>{clean_label(label)}<|object_ref_end|>"
        f"<|box_start|>({_short(a)},{_short(b)}),({_short(c)},{_short(d)})<|box_end|>"
        for label, (a, b, c, d) in boxes
    )


def _write_intern(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return "".join(
        f"<ref>{clean_label(label)}</ref><box>[{json.dumps([*map(_short, numbers)])}]</box>"
        for label, numbers in boxes
    )


# ---------------------------------------------------------------------------------------- lists

_LIST = re.compile(rf"\[{_FOUR}\]")
_BEFORE = re.compile(r"([^\[\]\n;,:=]{1,80}?)\s*[:=]?\s*$")
_AFTER = re.compile(r"[ \t]*[:=]?[ \t]*([^\[\]\n;,:={}]{1,80})")


def _find_lists(text: str) -> Iterator[Written]:
    """Labels stand before the lists or after them: whichever the first list has."""
    found = list(_LIST.finditer(text))
    before = bool(found) and bool(
        _BEFORE.search(text[max(0, found[0].start() - 90) : found[0].start()])
    )
    at = 0
    for one in found:
        if before:
            named = _BEFORE.search(text[max(at, one.start() - 90) : one.start()])
            start, end = (one.start() - len(named[0]) if named else one.start()), one.end()
        else:
            named = _AFTER.match(text, one.end())
            start, end = one.start(), named.end() if named else one.end()
        at = one.end()
        label = named[1].strip(" \t\"'`*-•.") if named else ""
        yield Written(_numbers(one), label, start, end)


def _write_lists(boxes: Iterable[tuple[str, Numbers]]) -> str:
    return "\n".join(
        f"{clean_label(label)}: {json.dumps([*map(_short, numbers)])}" for label, numbers in boxes
    )


LOC_TOKENS = Notation("loc", "`<locNNNN>` tokens", _find_loc, _write_loc)
FLORENCE = Notation("florence", "Florence's `<loc_NNN>` tokens", _find_florence, _write_florence)
QWEN_TAGS = Notation("box-tags", "`<box>` tags with two corners", _find_qwen, _write_qwen)
QWEN_TOKENS = Notation("box-tokens", "`<|box_start|>` tokens", _find_qwen, _write_qwen2)
INTERN_TAGS = Notation("box-lists", "`<box>` tags with lists", _find_intern, _write_intern)
JSON_KEYS = {
    key: Notation(f"json-{key}", f"JSON objects with a `{key}`", _find_key(key), _write_key(key))
    for key in _KEYS
}
JSON_SIDES = Notation(
    "json-sides", "JSON objects with named sides", _find_sides(_SIDES), _write_sides(_SIDES[0])
)
JSON_EXTENTS = Notation(
    "json-extents",
    "JSON objects with a corner, a width and a height",
    _find_sides(_EXTENTS),
    _write_sides(_EXTENTS[0]),
)
LISTS = Notation("lists", "lists of 4 numbers", _find_lists, _write_lists)

NOTATIONS: Sequence[Notation] = (
    LOC_TOKENS,
    FLORENCE,
    INTERN_TAGS,
    QWEN_TAGS,
    *JSON_KEYS.values(),
    JSON_SIDES,
    JSON_EXTENTS,
    LISTS,
)
"""In the order they are looked for; lists come last, since others hold lists too."""
_SIGNS = re.compile(r"<loc|<\|?box|\[|\{")


def find_written(text: str) -> tuple[Notation | None, tuple[Written, ...]]:
    """The boxes of a text in the first notation that finds any; none if it holds none."""
    if _SIGNS.search(text) is None:
        return None, ()
    for notation in NOTATIONS:
        if found := tuple(notation.find(text)):
            return notation, found
    return None, ()


def _written(found: re.Match[str], label: str) -> Written:
    return Written(_numbers(found), label, *found.span())


def _numbers(found: re.Match[str]) -> Numbers:
    a, b, c, d = (float(side) for side in found.groups()[:4])
    return a, b, c, d


def _short(number: float) -> int | float:
    """A whole number without a point; others to four places."""
    return round(number) if number == round(number) else round(number, 4)
