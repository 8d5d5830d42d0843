"""The YAML of a YOLO `data.yaml`: keys, texts, lists and maps, and nothing that can do harm.

Every scalar stays a text: a class named `on` or `0123` is not a truth or a number. Anchors, tags
and documents are not understood; a file of another shape gives what could be read of it.
"""

import re
from typing import Any

MAX_YAML_BYTES = 2_000_000
_MOST_DEEP = 20
_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"\[\]{},][^#:\[\]{}]*?)\s*:(?:\s+|$)"""
)
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


def parse_yaml(text: str) -> dict[str, Any]:
    """The mapping of a text; empty if it is none. Values are texts, lists and mappings."""
    lines = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in _joined(text.replace("\t", "    ").splitlines())
    ]
    value, _ = _block(lines, 0, 0)
    return value if isinstance(value, dict) else {}


def _joined(lines: list[str]) -> list[str]:
    """Lines without comments, those of a bracket that is left open put together."""
    made: list[list[str]] = []
    deep = 0
    for line in lines:
        plain = _without_comment(line).rstrip()
        if not plain.strip() or plain.startswith(("---", "%")):
            continue
        if deep > 0:
            made[-1].append(plain.strip())
        else:
            made.append([plain])
        deep = max(0, deep + _depth(plain))
    return [" ".join(parts) for parts in made]


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and (at == 0 or line[at - 1] in " [{,:"):
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at]
    return line


def _depth(line: str) -> int:
    """How many brackets a line leaves open."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    return sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")


def _block(lines: list[tuple[int, str]], at: int, deep: int) -> tuple[Any, int]:
    """The value that begins at a line, and the line after it."""
    if at >= len(lines) or deep > _MOST_DEEP:
        return "", len(lines)
    indent = lines[at][0]
    if lines[at][1].startswith("- ") or lines[at][1] == "-":
        return _list(lines, at, indent)
    made: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent:
        found = _KEY.match(lines[at][1])
        if found is None:
            at += 1
            continue
        key, rest = _scalar(found[1]), lines[at][1][found.end() :].strip()
        at += 1
        if rest:
            made[key] = _value(rest)
        elif at < len(lines) and _is_inner(lines[at], indent):
            made[key], at = _block(lines, at, deep + 1)
        else:
            made[key] = ""
    while at < len(lines) and lines[at][0] > indent:
        at += 1  # of a shape that is not understood
    return made, at


def _is_inner(line: tuple[int, str], indent: int) -> bool:
    return line[0] > indent or (line[0] == indent and line[1].startswith("-"))


def _list(lines: list[tuple[int, str]], at: int, indent: int) -> tuple[list[Any], int]:
    made: list[Any] = []
    while at < len(lines) and lines[at][0] >= indent:
        if lines[at][0] == indent and not lines[at][1].startswith("-"):
            break
        if lines[at][0] == indent:
            made.append(_value(lines[at][1][1:].strip()))
        at += 1
    return made, at


def _value(text: str) -> Any:
    """A value on one line: a text, `[a, b]` or `{0: a, 1: b}`."""
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(each) for each in _cut(text[1:-1])]
    if text.startswith("{") and text.endswith("}"):
        pairs = (each.partition(":") for each in _cut(text[1:-1]))
        return {_scalar(key): _scalar(value) for key, _, value in pairs}
    return _scalar(text)


def _cut(text: str) -> list[str]:
    """The parts of a text between commas, those within quotation marks left together."""
    found = re.findall(r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^,'"]+|['"])+""", text)
    return [each.strip() for each in found if each.strip()]


def _scalar(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text[1:-1])
    return text
