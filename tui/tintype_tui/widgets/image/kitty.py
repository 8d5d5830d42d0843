"""Kitty's graphics, drawn at Unicode placeholders (sw.kovidgoyal.net/kitty/graphics-protocol).

The image is sent once under a number; cells of a private character then say which of its cells
they show: the number is their colour, row and column are combining marks. To everything else these
cells are text, so an image scrolls, is covered and vanishes as text does, also inside tmux.

This does not use textual-image, which sends an image again at each repaint, over standard output
(the app draws on standard error, so the two can overtake each other), and frees none of them:
its deletion names the number with the wrong key, and kitty grew by 280 MB in 120 images.
"""

import base64
import io
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tintype_tui.terminal.output import PLACEHOLDER

if TYPE_CHECKING:
    from PIL.Image import Image

THRIFTY_BYTES = 10_000
"""What an image may take on a slow line; the terminal enlarges it again."""
_SHARES = (1.0, 0.7, 0.5, 0.35, 0.25)

_CHUNK = 4096
"""Characters of base64 in one command: the protocol's limit."""

# Kitty's table of marks for rows and columns (rowcolumn-diacritics.txt): those that stand above
# (canonical combining class 230) in Unicode 6.0 and have no decomposition, but for fourteen that
# fonts fuse with the letter. Ranges of hexadecimal code points.
_MARKS = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954
f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0
1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0
2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1
fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def _marks() -> str:
    ends = [[int(end, 16) for end in part.split("-")] for part in _MARKS.split()]
    return "".join(chr(code) for end in ends for code in range(end[0], end[-1] + 1))


MARKS = _marks()
"""The mark for row or column n is the nth of these."""

MOST_CELLS = len(MARKS)
"""Columns or rows an image may have."""


def encode(image: "Image", *, sparing: bool) -> str:
    """The image as PNG in base64; sparing: in 64 colours, and smaller until it is small enough."""
    if not sparing:
        # Level 1: a third of the time for a tenth more bytes.
        return _png(image, compress_level=1)
    for share in _SHARES:
        size = max(1, round(image.width * share)), max(1, round(image.height * share))
        encoded = _png(image.resize(size).quantize(64, method=2), optimize=True)
        if len(encoded) <= THRIFTY_BYTES:
            break
    return encoded


def _png(image: "Image", **how: Any) -> str:
    out = io.BytesIO()
    image.save(out, "PNG", **how)
    return base64.standard_b64encode(out.getvalue()).decode("ascii")


def transmission(number: int, payload: str, columns: int, rows: int) -> list[str]:
    """Commands that give an image its number and its size in cells, and show nothing yet."""
    pieces = [payload[at : at + _CHUNK] for at in range(0, len(payload), _CHUNK)]
    first = f"a=T,U=1,f=100,q=2,i={number},c={columns},r={rows},"
    return [
        f"\x1b_G{'' if at else first}m={int(at < len(pieces) - 1)};{piece}\x1b\\"
        for at, piece in enumerate(pieces)
    ]


def deletion(number: int) -> str:
    """The command that takes an image away and frees its memory (capital I)."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholder_strips(number: int, columns: int, rows: int) -> tuple[Strip, ...]:
    """The cells that show image `number` (below 2²⁴), one strip for each row."""
    triplet = ColorTriplet(number >> 16 & 255, number >> 8 & 255, number & 255)
    style = Style.from_color(Color.from_triplet(triplet))
    # Every cell names its row and column, so that any part of a line can be drawn by itself.
    return tuple(
        Strip([Segment("".join(PLACEHOLDER + row + column for column in MARKS[:columns]), style)])
        for row in MARKS[:rows]
    )
