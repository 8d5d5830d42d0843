"""Sixel graphics: an image painted over cells, in a palette of its own.

The encoder is textual-image's. Only that module of it is imported, which, unlike its package
`widget`, asks the terminal nothing; its widgets are not used, for they encode again at each
repaint. What is painted does not know of cells, so the widget paints only an image that is
wholly in sight, and falls back to blocks under anything else.
"""

import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from tintype_tui.terminal.output import mark
from tintype_tui.terminal.textual_privates import sixels

if TYPE_CHECKING:
    from PIL.Image import Image

_DEFINITION = re.compile(r"(#([0-9]+);2;[0-9]+;[0-9]+;[0-9]+)")


def encode(image: "Image", *, sparing: bool) -> str:
    """The image as one escape sequence; sparing: in 32 flat colours, at half the bytes."""
    from PIL.Image import Dither, Quantize, Resampling

    # The encoder's own choice of colours, an octree's, tears soft shades into patches. Median cut
    # keeps them; it is slow, so it sees every ninth pixel.
    sample = image.resize((-(-image.width // 3), -(-image.height // 3)), Resampling.NEAREST)
    palette = sample.quantize(32 if sparing else 128, method=Quantize.MEDIANCUT)
    dither = Dither.NONE if sparing else Dither.FLOYDSTEINBERG
    paletted = image.quantize(palette=palette, dither=dither)
    # textual-image 0.12 (that of Python 3.11) takes a colour that is defined to be in use; foot,
    # WezTerm and older xterm want it chosen as well, else its first pixels have another's colour.
    return _DEFINITION.sub(r"\1#\2", sixels(paletted))


def marked_strips(number: int, columns: int, rows: int) -> tuple[Strip, ...]:
    """The cells under image `number` (below `MOST_IMAGES`), one strip for each row."""
    return tuple(
        Strip([Segment("".join(mark(number, row, column) for column in range(columns)))], columns)
        for row in range(rows)
    )
