"""Images in characters: two colours and a shape to a cell, or a letter for its brightness.

Each cell is sampled at 4 × 8 points. Of the block characters (halves, quadrants, eighths) the one
is taken whose two areas are the most even in colour: the cheapest split in the sense of least
squares. Against plain half-blocks this doubles the detail across, and costs no more bytes.

Shapes, for arrays: R rows and C columns of cells, S shapes, P = 32 points in a cell.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tintype_tui.widgets.image.marks import DIMMED, Marks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Floats = NDArray[np.float32]

WIDE, HIGH = 4, 8
"""Points sampled in a cell."""

HALF = "▀"
SHAPES = "▀▌▘▝▖▗▞▁▂▃▅▆▇▎▊"
"""Each also stands for its opposite, with the colours exchanged."""

RAMP = " .:-=+*#%@"
"""From dark to bright, on a dark background."""

# The low bits of a colour are invisible but make every cell's style its own: without them lines
# are shorter, and Rich's and Textual's caches of styles hit.
_COARSE = 0xFC

_DIM = 0.65
"""How bright the image is under a line."""

# The colours of the VGA text mode, which Rich, too, takes a 16-colour terminal to have.
_SIXTEEN = "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55"
_SIXTEEN += " 5555ff ff55ff 55ffff ffffff"


def block_strips(
    image: "Image", columns: int, rows: int, marks: Marks, shapes: str = SHAPES
) -> tuple[Strip, ...]:
    """Draw an image, stretched to the cells, in block characters of two colours each."""
    import numpy as np

    points = points_of(image, columns, rows)
    within = masks(shapes)
    count = within.sum(axis=1)
    inside = points @ within.T
    outside = points.sum(axis=3, keepdims=True) - inside
    # The squared error of a split is a constant less this.
    evenness = (inside**2).sum(axis=2) / count + (outside**2).sum(axis=2) / (WIDE * HIGH - count)
    best = evenness.argmax(axis=2)
    at = best[:, :, None, None]
    front = np.take_along_axis(inside / count, at, axis=3)[..., 0]
    back = np.take_along_axis(outside / (WIDE * HIGH - count), at, axis=3)[..., 0]
    fronts, backs = _numbers(front), _numbers(back)
    text = [[shapes[shape] for shape in row] for row in best.tolist()]
    return with_marks(text, fronts, backs, _numbers(dimmed(points)), marks)


def with_marks(
    text: list[list[str]],
    fronts: list[list[int]],
    backs: list[list[int]],
    dimmed: list[list[int]],
    marks: Marks,
) -> tuple[Strip, ...]:
    """Lines of cells, with marks drawn over them; `dimmed` is what is behind lines."""
    for (row, column), mark in marks.items():
        text[row][column], fronts[row][column] = mark.text, mark.front
        backs[row][column] = dimmed[row][column] if mark.back == DIMMED else mark.back
    return tuple(_strip(*line) for line in zip(text, fronts, backs, strict=True))


def dithered(image: "Image", columns: int, rows: int) -> "Image":
    """An image of half-blocks in sixteen colours, mixed so that shades are told apart."""
    from PIL import Image, ImageOps
    from PIL.Image import Dither, Resampling

    palette = Image.new("P", (1, 1))
    palette.putpalette(bytes.fromhex(_SIXTEEN))
    halves = image.resize((columns, rows * 2), Resampling.BOX)
    # With four greys, an image of little contrast would be all one.
    strong = ImageOps.autocontrast(halves, cutoff=1, preserve_tone=True)
    mixed = strong.quantize(palette=palette, dither=Dither.FLOYDSTEINBERG).convert("RGB")
    return mixed.resize((columns * WIDE, rows * HIGH), Resampling.NEAREST)


def letter_strips(
    image: "Image", columns: int, rows: int, marks: Marks, *, dark: bool
) -> tuple[Strip, ...]:
    """Draw an image in letters, brighter for denser; on a light background the other way round."""
    import numpy as np
    from PIL import ImageOps

    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    brightness = _sample(grey.convert("RGB"), columns, rows, 2, 2)[:, :, 0].mean(axis=2)
    ramp = RAMP if dark else RAMP[::-1]
    steps = np.clip(brightness / 256 * len(ramp), 0, len(ramp) - 1).astype(int)
    text = [[ramp[step] for step in row] for row in steps.tolist()]
    for (row, column), mark in marks.items():
        text[row][column] = mark.text
    return tuple(Strip([Segment("".join(line))], columns) for line in text)


def dimmed(points: "Floats") -> "Floats":
    """What an image looks like under lines: R × C × 3."""
    behind: Floats = points.mean(axis=3) * _DIM
    return behind


def points_of(image: "Image", columns: int, rows: int) -> "Floats":
    """The image's colours as R × C × 3 × P numbers from 0 to 255."""
    return _sample(image, columns, rows, WIDE, HIGH)


def _sample(image: "Image", columns: int, rows: int, wide: int, high: int) -> "Floats":
    import numpy as np
    from PIL.Image import Resampling

    size = columns * wide, rows * high
    # An average of what a point covers: sharper filters ring, and give edges a halo of cells.
    smaller = size[0] <= image.width and size[1] <= image.height
    scaled = image.resize(size, Resampling.BOX if smaller else Resampling.BILINEAR)
    pixels = np.asarray(scaled, dtype=np.float32).reshape(rows, high, columns, wide, 3)
    return pixels.transpose(0, 2, 4, 1, 3).reshape(rows, columns, 3, wide * high)


@lru_cache(4)
def masks(shapes: str) -> "Floats":
    """S × P: one where the point is inside the shape."""
    import numpy as np

    y, x = np.mgrid[0:HIGH, 0:WIDE]
    top, left = y < HIGH // 2, x < WIDE // 2
    known: dict[str, Any] = {
        "▀": top,
        "▌": left,
        "▘": top & left,
        "▝": top & ~left,
        "▖": ~top & left,
        "▗": ~top & ~left,
        "▞": top != left,
        "▄": ~top,
        "▐": ~left,
        "▟": ~(top & left),
        "▙": ~(top & ~left),
        "▜": ~(~top & left),
        "▛": ~(~top & ~left),
        "▚": top == left,
        "▎": x < 1,
        "▊": x < 3,
    }
    known |= {shape: y >= HIGH - eighths for eighths, shape in enumerate("▁▂▃▄▅▆▇", start=1)}
    return np.stack([known[shape] for shape in shapes]).reshape(len(shapes), -1).astype(np.float32)


def _numbers(colours: "Floats") -> list[list[int]]:
    """R × C × 3 colours as 24-bit numbers, made coarse."""
    import numpy as np

    whole = np.clip(colours + (256 - _COARSE) / 2, 0, 255).astype(np.uint32) & _COARSE
    numbers: list[list[int]] = (whole[..., 0] << 16 | whole[..., 1] << 8 | whole[..., 2]).tolist()
    return numbers


def _strip(shapes: list[str], fronts: list[int], backs: list[int]) -> Strip:
    """One line of cells; neighbours of the same colours share a segment."""
    segments: list[Segment] = []
    text, last = "", (-1, -1)
    for shape, front, back in zip(shapes, fronts, backs, strict=True):
        if front == back and shape and shape in SHAPES:
            # An even cell goes with whatever is to its left, if it has the colour.
            shape, front = " ", last[0] if last[1] == back else front
        if (front, back) != last:
            if text:
                segments.append(Segment(text, _style(*last)))
            text, last = "", (front, back)
        text += shape
    segments.append(Segment(text, _style(*last)))
    return Strip(segments, len(shapes))


@lru_cache(1 << 14)
def _style(front: int, back: int) -> Style:
    return Style.from_color(_colour(front), _colour(back))


@lru_cache(1 << 14)
def _colour(number: int) -> Color:
    return Color.from_triplet(ColorTriplet(number >> 16, number >> 8 & 255, number & 255))
