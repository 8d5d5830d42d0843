"""The faces of playing cards, drawn from curves.

A deck in four colours, as card rooms use it, so that suits differ by more than their outline; and
five ranks that differ by more than a letter: the ace is one large pip, the ten a field of them, and
the court sits on a panel of its own colour. What can be told apart at fifty pixels can be learnt by
a small model, and seen in a terminal.
"""

from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont, ImageOps

from tintype.samples.shapes import SUITS, Colour, bezier, mirrored, placed, star

WIDTH, HEIGHT = 320, 448
MARGIN = 5
"""Transparent pixels around a card: without them its edges would be ragged when it is turned."""
_S = 3
"""Faces are drawn so many times larger, then reduced: that smooths their edges."""

RANKS: Mapping[str, str] = {"ace": "A", "king": "K", "queen": "Q", "jack": "J", "ten": "10"}
COLOURS: Mapping[str, Colour] = {
    "spades": (24, 24, 30),
    "hearts": (200, 22, 44),
    "diamonds": (20, 88, 200),
    "clubs": (14, 122, 62),
}
_PAPER = (250, 248, 241)
_INK = (46, 36, 34)
_SKIN = (244, 208, 172)
_GOLD = (232, 178, 42)
_PANELS: Mapping[str, Colour] = {
    "king": (250, 214, 96),
    "queen": (244, 176, 190),
    "jack": (160, 208, 236),
}
_PIPS_OF_TEN = [
    *((x, y) for x in (0.345, 0.655) for y in (0.15, 0.383, 0.617, 0.85)),
    *((0.5, y) for y in (0.267, 0.733)),
]


def card_face(rank: str, suit: str) -> Image.Image:
    """A card, 320 by 448 pixels and a margin, transparent outside its rounded corners."""
    face = _Face(COLOURS[suit], suit)
    if rank == "ace":
        face.suit(0.5, 0.5, 0.36)
    elif rank == "ten":
        for x, y in _PIPS_OF_TEN:
            face.suit(x, y, 0.108, turn=180 if y > 0.5 else 0)
    else:
        face.court(rank)
    face.corners(RANKS[rank])
    return face.finished()


class _Face:
    """Draws one card."""

    def __init__(self, colour: Colour, suit: str) -> None:
        self.colour = colour
        self.shape = SUITS[suit]
        self.width, self.height = WIDTH * _S, HEIGHT * _S
        self.image = Image.new("RGB", (self.width, self.height), _PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The card cut out and reduced."""
        mask = Image.new("L", self.image.size, 0)
        corner = 0.07 * self.width
        frame = (0, 0, self.width - 1, self.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(frame, corner, fill=255)
        self.draw.rounded_rectangle(frame, corner, outline=(188, 182, 168), width=2 * _S)
        self.image.putalpha(mask)
        reduced = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        return ImageOps.expand(reduced, MARGIN)

    def suit(
        self, x: float, y: float, size: float, *, turn: float = 0, colour: Colour | None = None
    ) -> None:
        """A pip; place and half its height as shares of the card's width and height."""
        for outline in self.shape:
            points = placed(outline, x * self.width, y * self.height, size * self.width, turn=turn)
            self.draw.polygon(points, fill=colour or self.colour)

    def corners(self, letter: str) -> None:
        """Rank and suit at the top left, and again turned round."""
        size = (0.2 if len(letter) == 1 else 0.165) * self.width
        font = ImageFont.load_default(size)
        x, y = 0.108 * self.width, 0.028 * self.height
        for _ in range(2):
            self.draw.text(
                (x, y), letter, self.colour, font, anchor="ma", stroke_width=2 * _S,
                stroke_fill=self.colour,
            )  # fmt: skip
            self.suit(0.108, 0.228, 0.066)
            turned = self.image.rotate(180)
            self.image.paste(turned)

    def court(self, rank: str) -> None:
        """Half a figure on a panel, and again turned round."""
        left, top = round(0.205 * self.width), round(0.055 * self.height)
        right, middle = self.width - left, self.height // 2
        upper = Image.new("RGB", self.image.size, _PANELS[rank])
        bust = _Bust(ImageDraw.Draw(upper), self.width, self.height, self.colour)
        {"king": bust.king, "queen": bust.queen, "jack": bust.jack}[rank]()
        panel = upper.crop((left, top, right, middle))
        self.image.paste(panel, (left, top))
        self.suit(0.295, 0.125, 0.074)
        half = self.image.crop((left, top, right, middle))
        self.image.paste(half.rotate(180), (left, self.height - middle))
        sash = round(0.02 * self.height)
        self.draw.rectangle((left, middle - sash, right - 1, middle + sash), fill=_GOLD)
        for at in range(9):
            x = left + (at + 0.5) * (right - left) / 9
            self.draw.polygon(placed(star(4, 0.45), x, middle, sash * 0.8), fill=self.colour)
        frame = (left, top, right - 1, self.height - top)
        self.draw.rectangle(frame, outline=self.colour, width=3 * _S)


class _Bust:
    """Draws the upper half of a court figure, its middle on the card's upper half."""

    def __init__(self, draw: ImageDraw.ImageDraw, width: int, height: int, colour: Colour) -> None:
        self.draw = draw
        self.x, self.y = 0.53 * width, 0.295 * height
        self.unit = 0.153 * width
        self.line = 2 * _S
        self.colour = colour

    def shape(self, outline: list[tuple[float, float]], fill: Colour, *, edge: bool = True) -> None:
        """A filled outline in units of half a face's width, from the middle of the face."""
        points = placed(outline, self.x, self.y, self.unit)
        self.draw.polygon(points, fill=fill)
        if edge:
            self.draw.line([*points, points[0]], fill=_INK, width=self.line, joint="curve")

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A small disc."""
        r = radius * self.unit
        x, y = self.x + x * self.unit, self.y + y * self.unit
        self.draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)

    def robe(self, cloth: Colour, trim: Colour) -> None:
        """Shoulders down to the middle of the card, with a collar and a row of buttons."""
        half = bezier((0, 0.75), ((-0.6, 0.95), (-1.55, 1.05), (-1.85, 1.9)))
        self.shape(mirrored([*half, (-1.95, 3.4), (0, 3.4)]), cloth)
        half = bezier((0, 1.5), ((-0.5, 1.3), (-0.8, 1.1), (-1.0, 0.8)))
        self.shape(mirrored([*half, (-0.55, 0.6), (0, 0.95)]), trim)
        for at in range(3):
            self.disc(0, 1.85 + 0.42 * at, 0.13, _GOLD)
        for side in (-1, 1):
            stripe = [(side * 0.9, 1.35), (side * 1.2, 1.3), (side * 1.35, 3.4), (side * 1.0, 3.4)]
            self.shape(stripe, trim, edge=False)

    def face(self) -> None:
        """The face with its features."""
        half = bezier((0, -0.95), ((-0.7, -0.95), (-0.85, -0.3), (-0.8, 0.1)),
                      ((-0.72, 0.75), (-0.3, 1.0), (0, 1.0)))  # fmt: skip
        self.shape(mirrored(half), _SKIN)
        for side in (-1, 1):
            self.disc(side * 0.33, -0.02, 0.1, _INK)
            self.disc(side * 0.5, 0.32, 0.13, (236, 170, 150))
            brow = placed([(side * 0.16, -0.24), (side * 0.5, -0.27)], self.x, self.y, self.unit)
            self.draw.line(brow, fill=_INK, width=self.line)
        nose = placed([(0, 0.0), (-0.1, 0.34), (0.04, 0.36)], self.x, self.y, self.unit)
        self.draw.line(nose, fill=(196, 140, 110), width=self.line, joint="curve")
        mouth = placed(bezier((-0.22, 0.58), ((-0.1, 0.68), (0.1, 0.68), (0.22, 0.58))),
                       self.x, self.y, self.unit)  # fmt: skip
        self.draw.line(mouth, fill=(180, 50, 60), width=self.line)

    def king(self) -> None:
        """A full beard and a tall crown."""
        hair = (96, 62, 40)
        self.robe(self.colour, (246, 240, 226))
        half = bezier((0, -0.8), ((-1.1, -0.8), (-1.25, 0.2), (-1.1, 0.8)))
        self.shape(mirrored([*half, (0, 0.9)]), hair)
        self.face()
        beard = bezier((0, 0.45), ((-0.35, 0.4), (-0.6, 0.35), (-0.84, 0.05)),
                       ((-0.95, 0.9), (-0.6, 1.5), (0, 1.75)))  # fmt: skip
        self.shape(mirrored(beard), hair)
        mouth = placed([(-0.2, 0.66), (0.2, 0.66)], self.x, self.y, self.unit)
        self.draw.line(mouth, fill=(206, 80, 80), width=2 * self.line)
        crown = [(-0.95, -0.62), (-1.25, -1.75), (-0.6, -1.2), (0, -2.05), (0.6, -1.2),
                 (1.25, -1.75), (0.95, -0.62)]  # fmt: skip
        self.shape(crown, _GOLD)
        for x, y in ((-1.25, -1.75), (0, -2.05), (1.25, -1.75)):
            self.disc(x, y, 0.19, (196, 40, 52))
        band = [(-0.95, -0.62), (-1.02, -0.9), (1.02, -0.9), (0.95, -0.62)]
        self.shape(band, (196, 40, 52))

    def queen(self) -> None:
        """Long fair hair, a small crown with pearls, and a flower."""
        hair = (222, 160, 54)
        self.robe(self.colour, (250, 236, 240))
        half = bezier((0, -1.05), ((-1.35, -1.1), (-1.3, 0.3), (-1.35, 0.8)),
                      ((-1.4, 1.5), (-1.0, 1.75), (-0.6, 1.4)))  # fmt: skip
        self.shape(mirrored([*half, (-0.62, 0.3), (0, -0.2)]), hair)
        self.face()
        fringe = bezier((0, -0.98), ((-0.8, -1.0), (-0.95, -0.5), (-0.86, 0.1)),
                        ((-0.6, -0.2), (-0.3, -0.5), (0, -0.62)))  # fmt: skip
        self.shape(mirrored(fringe), hair)
        crown = bezier((-0.8, -0.85), ((-0.9, -1.3), (-0.9, -1.4), (-0.95, -1.55)))
        crown += [(-0.48, -1.2), (0, -1.65), (0.48, -1.2), (0.95, -1.55)]
        self.shape([*crown, (0.8, -0.85)], (226, 226, 236))
        for x, y in ((-0.95, -1.55), (0, -1.65), (0.95, -1.55)):
            self.disc(x, y, 0.16, (255, 255, 255))
        stem = placed([(1.35, 2.6), (1.45, 1.4)], self.x, self.y, self.unit)
        self.draw.line(stem, fill=(40, 120, 60), width=2 * self.line)
        for x, y in ((-0.22, 0), (0.22, 0), (0, -0.22), (0, 0.22)):
            self.disc(1.45 + x, 1.3 + y, 0.22, (228, 62, 96))
        self.disc(1.45, 1.3, 0.17, _GOLD)

    def jack(self) -> None:
        """A page's haircut and a flat hat with a feather."""
        hair = (150, 84, 40)
        self.robe(self.colour, (250, 220, 120))
        half = bezier((0, -0.9), ((-1.2, -0.95), (-1.15, 0.2), (-1.05, 0.62)))
        self.shape(mirrored([*half, (-0.6, 0.55), (0, 0)]), hair)
        self.face()
        fringe = [(-0.86, -0.25), (-0.86, -0.75), (0.86, -0.75), (0.86, -0.25), (0.5, -0.5),
                  (0.2, -0.3), (-0.2, -0.5), (-0.5, -0.3)]  # fmt: skip
        self.shape(fringe, hair)
        feather = bezier((0.7, -0.9), ((1.5, -1.1), (1.9, -1.7), (1.75, -2.3)),
                         ((1.1, -2.2), (0.6, -1.7), (0.7, -0.9)))  # fmt: skip
        self.shape(feather, (250, 250, 250))
        hat = bezier((-1.3, -0.62), ((-1.4, -1.7), (0.6, -1.9), (1.3, -0.62)))
        self.shape(hat, (30, 74, 132))
        band = [(-1.32, -0.58), (-1.28, -0.86), (1.2, -0.86), (1.32, -0.58)]
        self.shape(band, _GOLD)
