"""Twelve books that do not exist, and their covers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from tintype.samples.canvas import Canvas
from tintype.samples.shapes import Point, bezier, circle, placed, star

WIDTH, HEIGHT = 320, 480


@dataclass(frozen=True, slots=True)
class Book:
    """A book, and how to draw its cover."""

    title: str
    author: str
    genre: str
    paint: Callable[[], Canvas]

    def cover(self) -> Image.Image:
        """The front cover, 320 by 480 pixels."""
        return self.paint().finished()


def _sheet(colour: tuple[int, int, int]) -> Canvas:
    return Canvas(WIDTH, HEIGHT, colour)


def _wave(y: float, height: float, waves: float, bottom: float, phase: float = 0) -> list[Point]:
    """An area from a wavy line down."""
    top = [
        (x, y + height * math.sin(2 * math.pi * (waves * x / 100 + phase)))
        for x in range(0, 101, 2)
    ]
    return [*top, (100, bottom), (0, bottom)]


def _salt_road() -> Canvas:
    sheet = _sheet((250, 196, 110))
    sheet.sky((226, 92, 60), (253, 206, 120), 100)
    sheet.disc(66, 66, 15, (255, 240, 196))
    sheet.shape(_wave(84, 7, 0.9, 150, 0.1), (222, 142, 66))
    sheet.shape(_wave(100, 8, 0.8, 150, 0.55), (196, 108, 50))
    sheet.shape(_wave(122, 7, 0.7, 150, 0.9), (150, 72, 42))
    road = bezier((-2, 134), ((30, 128), (66, 128), (54, 114)), ((42, 106), (58, 100), (52, 94)))
    sheet.line(road, (250, 232, 200), 3)
    sheet.words(["THE", "SALT ROAD"], 18, 16, (255, 248, 232), bold=0.7)
    sheet.words(["Mara Ellison"], 141, 8, (255, 240, 214), bold=0.2)
    return sheet


def _lighthouses() -> Canvas:
    sheet = _sheet((24, 92, 112))
    sheet.sky((16, 60, 84), (96, 176, 178), 112)
    sheet.shape([(46, 56), (100, 36), (100, 66)], (232, 222, 150))
    sheet.shape([(42, 56), (0, 44), (0, 70)], (188, 206, 160))
    sheet.shape([(36, 112), (39, 62), (51, 62), (54, 112)], (246, 244, 238))
    for top, bottom, inset in ((70, 78, 0.5), (88, 97, 1.6)):
        left = [(38.5 - inset, top), (51.5 + inset, top)]
        sheet.shape([*left, (52 + inset, bottom), (38 - inset, bottom)], (206, 54, 48))
    sheet.box(40, 52, 50, 62, (250, 226, 120))
    sheet.shape([(37.5, 52), (45, 44), (52.5, 52)], (206, 54, 48))
    sheet.shape(bezier((18, 150), ((20, 108), (40, 108), (46, 109)),
                       ((56, 109), (72, 116), (80, 150))), (38, 52, 58))  # fmt: skip
    for at in range(4):
        sheet.shape(_wave(124 + 8 * at, 1.4, 4, 150, at * 0.3), (20 + 8 * at, 100 + 8 * at, 122))
    sheet.words(["Nine Quiet", "Lighthouses"], 14, 15, (250, 248, 240), bold=0.4)
    sheet.words(["TOMAS BERG"], 141, 7.5, (250, 248, 240), bold=0.3)
    return sheet


def _kitchen() -> Canvas:
    sheet = _sheet((244, 246, 250))
    blue = (36, 84, 168)
    for row in range(8):
        for column in range(5):
            x, y = 10 + 20 * column, 5 + 20 * row
            sheet.shape(placed(star(4, 0.35), x, y, 9.4), blue)
            sheet.disc(x, y, 2.6, (250, 206, 60))
            sheet.ring(x + 10, y + 10, 5, 1.2, (120, 164, 220))
    sheet.box(0, 24, 100, 66, (250, 250, 246))
    sheet.box(0, 25.5, 100, 27, blue)
    sheet.box(0, 63, 100, 64.5, blue)
    sheet.words(["A Kitchen", "in Lisbon"], 36, 15.5, blue, bold=0.6)
    sheet.disc(50, 100, 26, (250, 250, 246))
    sheet.disc(50, 100, 23, (252, 214, 52))
    sheet.disc(50, 100, 20.5, (255, 244, 190))
    for at in range(8):
        angle = math.pi * at / 4
        rim = [(19.0, angle + d) for d in (-0.3, -0.15, 0, 0.15, 0.3)]
        wedge = [(50 + r * math.cos(a), 100 + r * math.sin(a)) for r, a in ((4.0, angle), *rim)]
        sheet.shape(wedge, (250, 222, 84))
    sheet.box(14, 133, 86, 147, (250, 250, 246))
    sheet.words(["Ines Duarte"], 140, 9, blue, bold=0.3)
    return sheet


def _harrow_lane() -> Canvas:
    sheet = _sheet((18, 18, 34))
    sheet.sky((14, 14, 30), (62, 56, 98), 130)
    moon = bezier((72, 48), ((90, 50), (90, 76), (70, 75)), ((64, 75), (60, 72), (58, 69)),
                  ((72, 70), (80, 58), (72, 48)))  # fmt: skip
    sheet.shape(moon, (246, 240, 206))
    house = [(18, 130), (18, 86), (36, 66), (54, 86), (54, 130)]
    sheet.shape(house, (6, 6, 14))
    sheet.box(43, 70, 48, 84, (6, 6, 14))
    sheet.shape([(54, 130), (54, 100), (76, 100), (76, 130)], (6, 6, 14))
    sheet.box(26, 94, 34, 106, (252, 206, 84))
    sheet.line([(30, 94), (30, 106)], (6, 6, 14), 0.9)
    sheet.line([(26, 100), (34, 100)], (6, 6, 14), 0.9)
    sheet.shape(_wave(128, 1.5, 1.2, 150), (8, 8, 18))
    sheet.line([(86, 130), (86, 92)], (6, 6, 14), 1.8)
    for end in ((78, 84), (94, 82), (90, 74), (82, 76)):
        sheet.line([(86, 98), end], (6, 6, 14), 1.3)
    sheet.words(["Moon over", "Harrow Lane"], 16, 15, (236, 230, 200), bold=0.3)
    sheet.words(["JUNE PALLISTER"], 141, 7.5, (214, 206, 180), bold=0.2)
    return sheet


def _gear(x: float, y: float, radius: float, teeth: int) -> list[Point]:
    points = []
    for at in range(4 * teeth):
        reach = radius * (1.0 if at % 4 < 2 else 0.8)
        angle = 2 * math.pi * at / (4 * teeth)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def _clockwork() -> Canvas:
    sheet = _sheet((226, 238, 214))
    brass, dark = (190, 134, 48), (92, 66, 34)
    for x, y, bottom in ((28, 80, 150), (66, 68, 150), (50, 110, 150), (84, 114, 150)):
        sheet.line(bezier((x, y), ((x - 4, y + 20), (x + 6, bottom - 30), (x, bottom))),
                   (64, 110, 62), 2)  # fmt: skip
        for side in (-1, 1):
            tip, under = x + 15 * side, (x + 10 * side, y + 29)
            leaf = bezier((x, y + 26), ((x + 6 * side, y + 16), (x + 13 * side, y + 18),
                                        (tip, y + 23)))  # fmt: skip
            leaf += bezier((tip, y + 23), (under, (x + 5 * side, y + 29), (x, y + 26)))
            sheet.shape(leaf, (98, 154, 84))
    for x, y, radius, teeth, petals in ((28, 72, 15, 12, (214, 92, 78)), (66, 61, 18, 14, brass),
                                        (50, 106, 11, 9, (94, 126, 178)),
                                        (84, 109, 12, 10, (172, 96, 150))):  # fmt: skip
        sheet.shape(_gear(x, y, radius, teeth), petals)
        sheet.disc(x, y, radius * 0.58, (250, 246, 232))
        sheet.disc(x, y, radius * 0.34, dark)
        sheet.disc(x, y, radius * 0.16, (238, 200, 110))
    sheet.words(["Clockwork", "Garden"], 14, 16, dark, bold=0.5)
    sheet.box(0, 132, 100, 150, dark)
    sheet.words(["Otto Wren"], 141, 9, (246, 230, 190), bold=0.3)
    return sheet


def _cartographer() -> Canvas:
    sheet = _sheet((232, 210, 164))
    ink = (104, 66, 36)
    for at in range(1, 8):
        sheet.line([(100 * at / 8, 0), (100 * at / 8, 150)], (218, 192, 142), 0.5)
        sheet.line([(0, 150 * at / 8), (100, 150 * at / 8)], (218, 192, 142), 0.5)
    coast = bezier((0, 48), ((20, 40), (18, 62), (34, 60)), ((52, 58), (40, 84), (60, 82)),
                   ((80, 80), (70, 112), (100, 104)))  # fmt: skip
    sheet.shape([*coast, (100, 150), (0, 150)], (196, 206, 168))
    sheet.line(coast, ink, 1.2)
    for x, y in ((16, 78), (25, 84), (20, 92)):
        sheet.shape([(x - 5, y + 5), (x, y - 5), (x + 5, y + 5)], (150, 138, 98))
        sheet.line([(x - 5, y + 5), (x, y - 5), (x + 5, y + 5)], ink, 0.8)
    for at in range(9):
        step = (40 + 4.6 * at, 116 - 12 * math.sin(at / 3))
        sheet.line([step, (step[0] + 2.4, step[1] - 1)], (170, 40, 36), 1.2)
    for turn, reach, shade in ((45, 12, (176, 132, 80)), (0, 19, ink)):
        sheet.shape(placed(star(4, 0.22), 74, 58, reach, turn=turn), shade)
    sheet.ring(74, 58, 13, 0.9, ink)
    sheet.words(["The Last", "Cartographer"], 15, 14.5, ink, bold=0.4)
    sheet.words(["IDRIS VALE"], 140, 8.5, ink, bold=0.4)
    return sheet


def _fox() -> Canvas:
    sheet = _sheet((240, 240, 226))
    orange, deep, cream = (236, 118, 42), (204, 86, 26), (255, 246, 232)
    sheet.shape([(20, 52), (26, 84), (46, 72)], deep)
    sheet.shape([(80, 52), (74, 84), (54, 72)], deep)
    sheet.shape([(24, 62), (28, 80), (40, 73)], (70, 44, 38))
    sheet.shape([(76, 62), (72, 80), (60, 73)], (70, 44, 38))
    sheet.shape([(22, 80), (50, 66), (78, 80), (74, 104), (50, 128), (26, 104)], orange)
    sheet.shape([(22, 80), (42, 98), (50, 128), (26, 104)], cream)
    sheet.shape([(78, 80), (58, 98), (50, 128), (74, 104)], cream)
    sheet.shape([(45, 120), (55, 120), (50, 128)], (46, 34, 34))
    for x in (38, 62):
        sheet.disc(x, 94, 3.2, (46, 34, 34))
        sheet.disc(x + 1, 93, 1, (255, 255, 255))
    sheet.words(["Letters", "to a Fox"], 16, 17, (60, 104, 98), bold=0.7)
    sheet.words(["Nora Lind"], 140, 9, (60, 104, 98), bold=0.4)
    return sheet


def _small_stars() -> Canvas:
    sheet = _sheet((20, 26, 70))
    sheet.sky((20, 22, 64), (86, 44, 122), 150)
    places = ((22, 62), (36, 54), (50, 66), (68, 58), (80, 74), (62, 88), (44, 96), (56, 116))
    sheet.line(places, (160, 160, 214), 0.6)
    for at, (x, y) in enumerate(places):
        sheet.shape(placed(star(4, 0.28), x, y, 5.5 if at % 3 else 8), (255, 244, 196))
    for at in range(60):
        size = 0.45 + (at % 3) * 0.15
        sheet.disc((at * 37.7) % 100, 40 + (at * 61.3) % 104, size, (214, 210, 240))
    sheet.words(["small stars"], 22, 16, (255, 250, 232), bold=0.1)
    sheet.words(["poems by", "Kei Tanaka"], 133, 8, (236, 228, 246))
    return sheet


def _bridges() -> Canvas:
    sheet = _sheet((246, 244, 236))
    ink, red = (40, 52, 64), (206, 66, 50)
    sheet.box(0, 0, 100, 44, red)
    sheet.words(["How Bridges", "Stand"], 15, 15, (255, 255, 255), bold=0.6)
    for x in (26, 74):
        sheet.box(x - 2.2, 62, x + 2.2, 122, ink)
        sheet.box(x - 5, 118, x + 5, 126, ink)
    sheet.box(0, 104, 100, 108, red)
    for left, right, low in ((-22, 26, 100), (26, 74, 100), (74, 122, 100)):
        cable = [
            (left + (right - left) * t / 24, 64 + (low - 64) * (1 - (t / 12 - 1) ** 2))
            for t in range(25)
        ]
        sheet.line(cable, ink, 1.3)
        for hung in cable[1:-1:2]:
            sheet.line([hung, (hung[0], 104)], ink, 0.5)
    for at in range(3):
        sheet.shape(_wave(128 + 4 * at, 0.9, 5, 134 + 4 * at, at * 0.4), (150, 190, 208))
    sheet.words(["ADA FENWICK"], 144, 7, ink, bold=0.4)
    return sheet


def _red_planet() -> Canvas:
    sheet = _sheet((10, 10, 16))
    for at in range(46):
        sheet.disc((at * 53.9) % 100, (at * 29.3) % 90, 0.5, (210, 210, 220))
    sheet.disc(50, 128, 66, (172, 62, 38))
    sheet.disc(47, 132, 62, (198, 80, 48))
    for x, y, r in ((28, 96, 7), (62, 88, 5), (74, 112, 9), (44, 118, 6), (18, 124, 5)):
        sheet.disc(x, y, r, (156, 56, 36))
        sheet.disc(x + 1, y + 1, r * 0.8, (178, 68, 42))
    rocket = bezier((80, 34), ((88, 40), (88, 50), (86, 58)))
    rocket += [(74, 58), *bezier((74, 58), ((72, 50), (72, 40), (80, 34)))]
    sheet.shape([(78, 60), (80, 72), (82, 60)], (255, 200, 80))
    sheet.shape([(74, 52), (68, 62), (75, 58)], (206, 206, 216))
    sheet.shape([(86, 52), (92, 62), (85, 58)], (206, 206, 216))
    sheet.shape(rocket, (240, 240, 246))
    sheet.disc(80, 46, 2.6, (70, 130, 190))
    sheet.words(["RED PLANET", "DIARY"], 15, 14, (250, 236, 226), bold=0.6)
    sheet.words(["Sol Okafor"], 141, 9, (255, 232, 214), bold=0.3)
    return sheet


def _beekeeper() -> Canvas:
    sheet = _sheet((250, 196, 40))
    for row in range(9):
        for column in range(7):
            x, y = 16 * column + (8 if row % 2 else 0), 34 + 13.9 * row
            corners = [(x + 8.2 * math.sin(math.pi * k / 3), y + 8.2 * math.cos(math.pi * k / 3))
                       for k in range(6)]  # fmt: skip
            shade = ((238, 168, 24), (246, 182, 30), (228, 150, 18))[(row * 2 + column) % 3]
            sheet.shape(corners, shade)
    sheet.box(0, 0, 100, 46, (74, 46, 22))
    sheet.words(["The", "Beekeeper's", "Year"], 10.5, 11.5, (252, 214, 92), bold=0.4)
    for x, y, size in ((32, 76, 1.0), (66, 96, 1.25), (40, 118, 0.8)):
        for side in (-1, 1):
            sheet.shape(placed(circle(0, 0, 1), x + side * 5 * size, y - 5 * size, 5 * size),
                        (255, 250, 234))  # fmt: skip
        body = [(x + 9 * size * math.cos(a / 8), y + 6 * size * math.sin(a / 8)) for a in range(51)]
        sheet.shape(body, (252, 208, 60))
        for at in (-1, 0, 1):
            stripe = x + (4 * at) * size
            sheet.box(stripe - size, y - 5 * size, stripe + size, y + 5 * size, (48, 32, 20))
        sheet.disc(x + 8 * size, y, 3 * size, (48, 32, 20))
    sheet.box(0, 133, 100, 150, (74, 46, 22))
    sheet.words(["Hazel Marsh"], 141.5, 9, (252, 214, 92), bold=0.3)
    return sheet


def _deep_water() -> Canvas:
    sheet = _sheet((12, 60, 110))
    sheet.sky((150, 212, 226), (10, 44, 92), 150)
    for at in range(5):
        sheet.shape(_wave(46 + 4 * at, 1.6, 2.5, 150, at * 0.27),
                    (110 - 20 * at, 186 - 22 * at, 214 - 16 * at))  # fmt: skip
    whale = bezier((12, 92), ((18, 70), (56, 68), (74, 90)), ((80, 98), (84, 92), (86, 82)),
                   ((90, 86), (92, 88), (98, 84)), ((96, 96), (92, 108), (78, 108)),
                   ((58, 122), (14, 124), (12, 92)))  # fmt: skip
    sheet.shape(whale, (22, 34, 66))
    belly = bezier((13, 98), ((30, 106), (50, 108), (66, 110)), ((48, 122), (16, 120), (13, 98)))
    sheet.shape(belly, (206, 220, 228))
    sheet.shape(bezier((40, 106), ((44, 116), (38, 124), (32, 126)),
                       ((32, 118), (33, 110), (36, 104))), (16, 26, 54))  # fmt: skip
    sheet.disc(23, 92, 1.3, (236, 240, 246))
    for x, y, r in ((60, 62, 2), (66, 56, 1.4), (56, 56, 1)):
        sheet.ring(x, y, r, 0.5, (230, 246, 250))
    sheet.words(["Deep Water", "Songs"], 15, 16, (12, 48, 92), bold=0.5)
    sheet.words(["Luca Moreau"], 140, 9, (214, 232, 240), bold=0.3)
    return sheet


BOOKS: Sequence[Book] = (
    Book("The Salt Road", "Mara Ellison", "Adventure", _salt_road),
    Book("Nine Quiet Lighthouses", "Tomas Berg", "Travel", _lighthouses),
    Book("A Kitchen in Lisbon", "Ines Duarte", "Cookery", _kitchen),
    Book("Moon over Harrow Lane", "June Pallister", "Mystery", _harrow_lane),
    Book("Clockwork Garden", "Otto Wren", "Science Fiction", _clockwork),
    Book("The Last Cartographer", "Idris Vale", "Adventure", _cartographer),
    Book("Letters to a Fox", "Nora Lind", "Children's Books", _fox),
    Book("Small Stars", "Kei Tanaka", "Poetry", _small_stars),
    Book("How Bridges Stand", "Ada Fenwick", "Engineering", _bridges),
    Book("Red Planet Diary", "Sol Okafor", "Science Fiction", _red_planet),
    Book("The Beekeeper's Year", "Hazel Marsh", "Nature", _beekeeper),
    Book("Deep Water Songs", "Luca Moreau", "Poetry", _deep_water),
)
