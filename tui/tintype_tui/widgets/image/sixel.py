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


_BAND, _SAMPLED = 6, 8
"""Rows of pixels in a line of sixels, and one in how many of these says how many bytes all take."""


def encode(image: "Image", *, sparing: bool, most: int | None = None) -> str:
    """The image as one escape sequence; sparing: in 32 flat colours, at half the bytes.

    Empty where it would take more than `most` bytes, which some of its lines say beforehand.
    """
    from PIL.Image import Dither, Quantize, Resampling

    if most is not None:
        some = _some(image).quantize(32, method=Quantize.FASTOCTREE, dither=Dither.NONE)
        if _SAMPLED * len(sixels(some)) > 2 * most:
            return ""
    # The encoder's own choice of colours, an octree's, tears soft shades into patches. Median cut
    # keeps them; it is slow, so it sees every ninth pixel.
    sample = image.resize((-(-image.width // 3), -(-image.height // 3)), Resampling.NEAREST)
    palette = sample.quantize(32 if sparing else 128, method=Quantize.MEDIANCUT)
    dither = Dither.NONE if sparing else Dither.FLOYDSTEINBERG

    # textual-image 0.12 (that of Python 3.11) takes a colour that is defined to be in use; foot,
    # WezTerm and older xterm want it chosen as well, else its first pixels have another's colour.
    encoded = _DEFINITION.sub(r"\1#\2", sixels(image.quantize(palette=palette, dither=dither)))
    return encoded if most is None or len(encoded) <= most else ""


def _some(image: "Image") -> "Image":
    """Lines of sixels from all over the image, one beneath the other."""
    step = _BAND * _SAMPLED
    tops = range(min(step // 2, max(0, image.height - _BAND)), image.height, step)
    some = image.crop((0, 0, image.width, _BAND * len(tops)))
    for at, top in enumerate(tops):
        some.paste(image.crop((0, top, image.width, top + _BAND)), (0, at * _BAND))
    return some


def marked_strips(number: int, columns: int, rows: int) -> tuple[Strip, ...]:
    """The cells under image `number` (below `MOST_IMAGES`), one strip for each row."""
    return tuple(
        Strip([Segment("".join(mark(number, row, column) for column in range(columns)))], columns)
        for row in range(rows)
    )
