"""Markdown of an answer as styled text: headings, lists, emphasis, code; nothing in it is obeyed.

Links stay text with their address beside it, images and HTML stay as they were written. It is not
the whole language: what is not known here is shown as it stands, so that nothing is lost.
"""

import re
from collections.abc import Iterator

from textual.content import Content

from tintype_tui.text import visible

MOST_CHARS = 20_000
"""A longer answer is shown as it was written: it is drawn again with every piece that comes."""
LONGEST_LINE = 2_000

_SIGNS = re.compile(r"[*_`#\[]|~~~|^[ \t]*(?:[-+>] |>|---)", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_BULLET = re.compile(r"(\s*)[-*+]\s+(.*)")
_QUOTE = re.compile(r"\s{0,3}>\s?(.*)")
_RULE = re.compile(r"\s{0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\*\*(?P<bold>[^*\s](?:[^*]*[^*\s])?)\*\*"
    r"|(?<!\w)__(?P<bold_>[^_\s](?:[^_]*[^_\s])?)__(?!\w)"
    r"|(?<![\w*])\*(?P<slanted>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<slanted_>[^_\s](?:[^_]*[^_\s])?)_(?!\w)"
    r"|(?<!!)\[(?P<label>[^\[\]]+)\]\((?P<address>[^()\s]+)\)"
)
_STYLES = {"code": "$accent", "bold": "bold", "slanted": "italic"}


def markdown(text: str) -> Content:
    """Return an answer with its Markdown drawn; plain text comes back as it is."""
    if len(text) > MOST_CHARS or not _SIGNS.search(text):
        return Content(visible(text))
    return Content("\n").join(_lines(text))


def _lines(text: str) -> Iterator[Content]:
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
        elif fence:
            yield Content.styled(f"  {visible(line)}", "$accent")
        elif len(line) > LONGEST_LINE:
            yield Content(visible(line))
        else:
            yield _line(line)


def _line(line: str) -> Content:
    if found := _HEADING.match(line):
        return Content.styled(_inline(found[2]).plain, "bold underline")
    if _RULE.match(line):
        return Content.styled("─" * 24, "dim")
    if found := _BULLET.match(line):
        return Content(f"{found[1]}• ") + _inline(found[2])
    if found := _QUOTE.match(line):
        return Content("▌ ") + Content.styled(_inline(found[1]).plain, "italic")
    return _inline(line)


def _inline(text: str) -> Content:
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        parts.append(Content(visible(text[end : found.start()])))
        kind, said = str(found.lastgroup).rstrip("_"), found[str(found.lastgroup)]
        if kind == "address":
            parts.append(Content.styled(visible(found["label"]), "underline"))
            parts.append(Content.styled(f" ({visible(said)})", "dim"))
        else:
            parts.append(Content.styled(visible(said), _STYLES[kind]))
        end = found.end()
    return Content("").join([*parts, Content(visible(text[end:]))])
