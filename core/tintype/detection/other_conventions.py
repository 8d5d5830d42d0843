"""Ways of writing boxes, cut off or unreadable ones among them, each with a phrase for a person."""

import re
from collections.abc import Sequence

from tintype.detection.convention import LOC
from tintype.detection.loc_text import LOC_TOKEN

_OTHERS: Sequence[tuple[re.Pattern[str], str]] = (
    (
        re.compile(r'"(?:bbox_2d|box_2d)"\s*:\s*\[\s*-?[\d.]'),
        "JSON objects with a box of 4 numbers",
    ),
    (re.compile(r'"bbox"\s*:\s*\[\s*-?[\d.]'), "JSON objects with a `bbox` of 4 numbers"),
    (re.compile(r'"x_?min"\s*:\s*-?[\d.]'), "JSON objects with named sides"),
    (re.compile(r"<\|box_start\|>\s*\("), "Qwen's box tokens"),
    (re.compile(r"<box>\s*[(\[]"), "box tags with corners"),
    (re.compile(r"<loc_\d+>"), "Florence's `<loc_…>` tokens, x first, 1000 bins"),
    (re.compile(r"<point\b[^>]*\bx\s*="), "points, not boxes"),
    (re.compile(r"\[\s*-?[\d.]+(?:\s*,\s*-?[\d.]+){3}\s*\]"), "lists of 4 numbers"),
)


def name_convention(text: str) -> str:
    """Say which way of writing boxes a text seems to use; empty if it seems to hold none.

    `paligemma` is the one that Tintype teaches; every other name is a phrase for a person.
    """
    if LOC_TOKEN.search(text):
        return LOC.name
    for pattern, phrase in _OTHERS:
        if pattern.search(text):
            return phrase
    return ""
