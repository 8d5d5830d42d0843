"""What is in a cell: a text, and images as texts that name them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PLACEHOLDER = "\U0010eeee"
"""kitty's, for a cell of an image."""
MARK = "\U0010eeed"
"""Ours, for a cell under a sixel image; private, and never sent."""

_DIGITS = "".join(map(chr, range(0xE0100, 0xE01F0)))
"""Variation selectors, which take no room."""
MOST_IMAGES = len(_DIGITS) ** 2
"""Numbers that a sixel image may have."""
_CONTROLS = dict.fromkeys((*range(32), *range(0x7F, 0xA0)))

Segments = Iterable[tuple[str, Any, Any]]
"""Text, style and control code, as Rich's segments."""


@dataclass(slots=True)
class Image:
    """An image to be given to the terminal when it is seen."""

    sequence: str
    """What gives it its number, or paints it at the cursor."""
    columns: int
    rows: int
    farewell: str = ""
    """What frees it; empty where nothing is kept of it."""
    sent: bool = False


def mark(number: int, row: int, column: int) -> str:
    """The text of a cell under a sixel image: a sign of ours, and digits that take no room."""
    return MARK + "".join(
        _DIGITS[part] for whole in (number, row, column) for part in divmod(whole, len(_DIGITS))
    )


def marked(text: str) -> tuple[int, int, int]:
    """Number, row and column of what `mark` has made."""
    parts = [ord(digit) - ord(_DIGITS[0]) for digit in text[1:7]]
    number, row, column = (
        high * len(_DIGITS) + low for high, low in zip(parts[::2], parts[1::2], strict=True)
    )
    return number, row, column


@lru_cache(1 << 14)
def split(text: str) -> tuple[str, ...]:
    """Text for each column: combining marks with what they stand on, nothing after what is wide."""
    from rich.cells import split_graphemes  # the command line needs no more than the line

    cells: list[str] = []
    plain = text.translate(_CONTROLS)
    for start, end, width in split_graphemes(plain)[0]:
        if width:
            cells += (plain[start:end], *[""] * (width - 1))
    return tuple(cells)
