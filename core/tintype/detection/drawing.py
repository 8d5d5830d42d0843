"""Boxes drawn on an image: outline and label, truth solid, prediction dashed.

A terminal shows an image at a hundred pixels or a thousand, so thickness and letters follow the
image's size. A class has its own colour (`colours`); each line has a dark edge so that it stands
out from any background, and truth and prediction differ by their dashes and the plates of their
labels, not by colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from tintype.detection.box import Box, area
from tintype.detection.colours import colours

_EDGE = (16, 16, 16)

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
_Plate = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class BoxStyle:
    """How boxes are drawn."""

    labels: bool = True
    """Whether names are written beside the boxes."""
    thickness: float = 1.0
    """Times the thickness that suits the image's size."""
    text: float = 1.0
    """Times the letter size that suits the image's size."""


def draw_boxes(
    image: Image.Image,
    truth: Sequence[Box] = (),
    predicted: Sequence[Box] = (),
    *,
    look: BoxStyle | None = None,
) -> Image.Image:
    """A copy of the image, in RGB, with boxes drawn on it: truth solid, prediction dashed.

    The image must be upright.
    """
    look = look or BoxStyle()
    drawn = image.convert("RGB") if image.mode != "RGB" else image.copy()
    chosen = colours(box.label for box in (*truth, *predicted))
    pen = _Pen(drawn, look)
    # Small boxes come last, else a large one's label could hide them.
    for dashed, boxes in ((False, truth), (True, predicted)):
        for box in sorted(boxes, key=area, reverse=True):
            pen.outline(box, chosen[box.label.casefold()], dashed=dashed)
    if look.labels:
        for dashed, boxes in ((False, truth), (True, predicted)):
            for box in sorted(boxes, key=area):
                pen.label(box, chosen[box.label.casefold()], hollow=dashed)
    return drawn


class _Pen:
    """Draws on one image, and remembers where labels already are."""

    def __init__(self, image: Image.Image, look: BoxStyle) -> None:
        short = min(image.size)
        self.width, self.height = image.size
        self.line = max(1, round(short / 180 * look.thickness))
        self.draw = ImageDraw.Draw(image)
        self.font: _Font = ImageFont.load_default(max(8.0, short / 26 * look.text))
        self.plates: list[_Plate] = []

    def corners(self, box: Box) -> _Plate:
        """In pixels, inside the image; corners in the wrong order are put right."""
        xs = sorted(min(max(x, 0.0), 1.0) * (self.width - 1) for x in (box.x_min, box.x_max))
        ys = sorted(min(max(y, 0.0), 1.0) * (self.height - 1) for y in (box.y_min, box.y_max))
        return xs[0], ys[0], xs[1], ys[1]

    def outline(self, box: Box, colour: tuple[int, int, int], *, dashed: bool) -> None:
        """The four sides, over a darker line one pixel wider."""
        left, top, right, bottom = self.corners(box)
        edge = max(1, self.line // 3)
        thick = self.line + 2 * edge
        inset = thick // 2
        self.draw.rectangle(
            (left - inset, top - inset, right + inset, bottom + inset), outline=_EDGE, width=thick
        )
        for start, end in (
            ((left, top), (right, top)),
            ((right, top), (right, bottom)),
            ((right, bottom), (left, bottom)),
            ((left, bottom), (left, top)),
        ):
            self._side(start, end, colour, dashed=dashed)

    def _side(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: tuple[int, int, int],
        *,
        dashed: bool,
    ) -> None:
        half = (self.line - 1) / 2
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        dash = 5 * self.line if dashed else length + 1
        # An odd number of equal pieces, so that both corners are always drawn.
        pieces = max(1, int(length // dash) // 2 * 2 + 1) if dashed else 1
        step = length / pieces
        across = (end[0] - start[0]) / (length or 1), (end[1] - start[1]) / (length or 1)
        for piece in range(0, pieces, 2):
            a, b = piece * step, (piece + 1) * step
            x = sorted((start[0] + across[0] * a, start[0] + across[0] * b))
            y = sorted((start[1] + across[1] * a, start[1] + across[1] * b))
            self.draw.rectangle((x[0] - half, y[0] - half, x[1] + half, y[1] + half), fill=colour)

    def label(self, box: Box, colour: tuple[int, int, int], *, hollow: bool) -> None:
        """The name on a plate, where it fits best; left out where every place is taken."""
        name = _shorten(box.label, self.font, self.width)
        if not name:
            return
        pad = max(1, self.line)
        x0, y0, x1, y1 = self.draw.textbbox((0, 0), name, font=self.font)
        size = x1 - x0 + 2 * pad, y1 - y0 + 2 * pad
        for left, top in self._places(box, size):
            plate = (left, top, left + size[0], top + size[1])
            if not any(_overlap(plate, other) for other in self.plates):
                self.plates.append(plate)
                at = left + pad - x0, top + pad - y0
                ink = colour if hollow else _ink(colour)
                self.draw.rectangle(plate, fill=_EDGE if hollow else colour, outline=colour)
                self.draw.text(at, name, fill=ink, font=self.font)
                return

    def _places(self, box: Box, size: tuple[float, float]) -> list[tuple[float, float]]:
        left, top, right, bottom = self.corners(box)
        half = self.line / 2
        wanted = (
            (left - half, top - half - size[1]),
            (left - half, bottom + half),
            (right + half - size[0], top - half - size[1]),
            (left + half, top + half),
            (right + half - size[0], bottom + half),
        )
        return [
            (
                min(max(0.0, x), max(0.0, self.width - 1 - size[0])),
                min(max(0.0, y), max(0.0, self.height - 1 - size[1])),
            )
            for x, y in wanted
        ]


def _shorten(label: str, font: _Font, width: int) -> str:
    """A label that fits across the image and has nothing in it but printable characters."""
    name = "".join(c if c.isprintable() else "·" for c in label[:80])
    while name and font.getlength(name) > width * 0.9:
        name = name[:-2] + "…" if len(name) > 2 else ""
    return name


def _overlap(a: _Plate, b: _Plate) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _ink(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever reads better (ITU-R BT.601 luma)."""
    luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    return (0, 0, 0) if luma > 110 else (255, 255, 255)
