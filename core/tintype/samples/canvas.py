"""A sheet to draw on in units of its own: a hundred wide, smooth when it is finished."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from tintype.samples.shapes import Colour, Point, circle

_SMOOTH = 3


class Canvas:
    """Draws flat shapes; a hundred units wide, and as high as the ratio says."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.size = (width, height)
        self.unit = width * _SMOOTH / 100
        self.height = 100 * height / width
        self.image = Image.new("RGB", (width * _SMOOTH, height * _SMOOTH), ground)
        self.draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The sheet at its size."""
        return self.image.resize(self.size, Image.Resampling.LANCZOS)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled outline."""
        self.draw.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled circle."""
        self.shape(circle(x, y, radius, 72), fill)

    def ring(self, x: float, y: float, radius: float, width: float, colour: Colour) -> None:
        """A circle's outline, its width inwards."""
        box = [(v + d * radius) * self.unit for d in (-1, 1) for v in (x, y)]
        self.draw.ellipse(box, outline=colour, width=max(1, round(width * self.unit)))

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A filled rectangle."""
        edges = [round(edge * self.unit) for edge in (left, top, right, bottom)]
        self.draw.rectangle((edges[0], edges[1], edges[2] - 1, edges[3] - 1), fill=fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A line through points."""
        self.draw.line(
            [(x * self.unit, y * self.unit) for x, y in points],
            fill=colour,
            width=max(1, round(width * self.unit)),
            joint="curve",
        )

    def sky(self, top: Colour, bottom: Colour, until: float) -> None:
        """A gradient from the top down to a height."""
        rows = round(until * self.unit)
        for row in range(rows):
            share = row / rows
            mixed = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
            self.draw.line((0, row, self.image.width, row), fill=mixed)

    def words(
        self,
        lines: Sequence[str],
        y: float,
        size: float,
        colour: Colour,
        *,
        bold: float = 0.0,
        x: float = 50,
        spaced: bool = False,
    ) -> None:
        """Lines of text, the first with its middle at a height; `bold` thickens the strokes.

        A line too wide for the sheet makes them all smaller.
        """
        shown = ["\u2009".join(line) if spaced else line for line in lines]
        font = ImageFont.load_default(size * self.unit)
        widest = max(font.getlength(line) for line in shown)
        if widest > 86 * self.unit:
            size *= 86 * self.unit / widest
            font = ImageFont.load_default(size * self.unit)
        stroke = round(bold * self.unit)
        for at, line in enumerate(shown):
            place = (x * self.unit, (y + at * size * 1.12) * self.unit)
            self.draw.text(
                place, line, colour, font, anchor="mm", stroke_width=stroke, stroke_fill=colour
            )
