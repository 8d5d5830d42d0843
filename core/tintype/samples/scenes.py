"""A table under a lamp, and things lying on it.

Everything is made of a seeded random generator and NumPy, so that the same seed gives the same
image; textures are made once and cut differently for each image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tintype.samples.shapes import Colour

Pixels = NDArray[np.float32]

TEXTURE = 900
"""Side of a texture, in pixels."""


_SOFT, _NARROW = ([round(most * at / 255) for at in range(256)] for most in (105, 90))
"""How dark the two shadows are where their shape is that opaque."""
_OUTLINE = [0] * 128 + [255] * 128
"""An outline without its softened edge."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Something laid on a table: where it is, as shares of the image."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


def felt(rng: np.random.Generator, colour: Colour) -> Image.Image:
    """The cloth of a card table."""
    fibres = _noise(rng, TEXTURE, TEXTURE) * 5 + _noise(rng, TEXTURE // 3, TEXTURE // 3) * 3
    clouds = _noise(rng, 10, 10) * 7
    return _tinted(colour, fibres + clouds)


def wood(rng: np.random.Generator, colour: Colour, boards: int = 5) -> Image.Image:
    """Boards side by side, their grain drawn out along them."""
    trunk = _noise(rng, TEXTURE // 2, 6) * 9 + _noise(rng, TEXTURE, 30) * 5
    trunk += _noise(rng, 40, 5) * 8
    width = TEXTURE // boards
    grain = trunk.copy()
    for start in range(0, TEXTURE, width):
        # Each board from another place of the trunk, so that no grain runs on from board to board.
        place = int(rng.integers(TEXTURE - width))
        board = trunk[place : place + width][: TEXTURE - start]
        grain[start : start + width] = board + float(rng.normal(0, 9))
        grain[start : start + 4] -= 38
    return _tinted(colour, grain)


def linen(rng: np.random.Generator, colour: Colour) -> Image.Image:
    """A table cloth, woven."""
    at = np.arange(TEXTURE, dtype=np.float32)
    weave = 3 * np.sin(at * 1.6)[:, None] + 3 * np.sin(at * 1.6)[None, :]
    return _tinted(colour, weave + _noise(rng, 12, 12) * 6 + _noise(rng, TEXTURE, TEXTURE) * 3)


def stone(rng: np.random.Generator, colour: Colour) -> Image.Image:
    """A slab with veins."""
    clouds = _noise(rng, 6, 6) + 0.6 * _noise(rng, 20, 20)
    veins = -26 * np.exp(-((clouds * 3) ** 2))
    return _tinted(colour, veins + 8 * _noise(rng, 30, 30) + 3 * _noise(rng, TEXTURE, TEXTURE))


class Scene:
    """One image in the making."""

    def __init__(
        self, rng: np.random.Generator, textures: Sequence[Image.Image], size: tuple[int, int]
    ) -> None:
        self._rng = rng
        self.size = size
        texture = textures[int(rng.integers(len(textures)))]
        across = rng.random() < 0.5
        width, height = reversed(size) if across else size
        x, y = int(rng.integers(TEXTURE - width + 1)), int(rng.integers(TEXTURE - height + 1))
        piece = texture.crop((x, y, x + width, y + height))
        self._image = piece.transpose(Image.Transpose.TRANSPOSE) if across else piece
        # Where the light comes from: shadows fall away from it.
        self._light = float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.35, 0.9))

    def lay(self, thing: Image.Image, x: float, y: float, height: float, turn: float) -> Placed:
        """Lay a thing down, its middle at a place, so high and turned by so many degrees.

        Place and height are shares of the image. Returns where it can be seen.
        """
        tall = round(height * self.size[1])
        wide = round(tall * thing.width / thing.height)
        small = thing.resize((wide, tall), Image.Resampling.LANCZOS, reducing_gap=2.0)
        turned = small.rotate(turn, Image.Resampling.BICUBIC, expand=True)
        left = round(x * self.size[0] - turned.width / 2)
        top = round(y * self.size[1] - turned.height / 2)
        self._shadow(turned, left, top)
        self._image.paste(turned, (left, top), turned)
        seen = turned.getchannel("A").point(_OUTLINE).getbbox()
        x0, y0, x1, y1 = seen or (0, 0, 1, 1)
        return Placed(
            max(0.0, (left + x0) / self.size[0]),
            max(0.0, (top + y0) / self.size[1]),
            min(1.0, (left + x1) / self.size[0]),
            min(1.0, (top + y1) / self.size[1]),
        )

    def photograph(self) -> Image.Image:
        """The scene in its light: brighter on one side, dark at the corners, a little noisy."""
        width, height = self.size
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        rng = self._rng
        light = 1 + 0.10 * (-self._light[0] * x - self._light[1] * y)
        light = light - float(rng.uniform(0.06, 0.16)) * (x * x + y * y)
        warmth = float(rng.normal(0, 0.022))
        balance = np.array([1 + warmth, 1, 1 - warmth], np.float32) * float(rng.uniform(0.92, 1.1))
        # Channel after channel along each row: loops of three would take most of the time.
        pixels = np.asarray(self._image).reshape(height, -1).astype(np.float32)
        pixels *= np.repeat(light, 3, axis=1)
        pixels *= np.tile(balance, width)
        pixels += np.repeat(1.2 * rng.standard_normal((height, width), np.float32), 3, axis=1)
        return _image(pixels)

    def _shadow(self, thing: Image.Image, left: int, top: int) -> None:
        """Two shadows: a soft one thrown by the lamp, and a narrow one where the thing lies."""
        reach = self.size[1] * 0.02
        for blur, share, strength in ((reach * 0.75, 1.0, _SOFT), (reach * 0.2, 0.25, _NARROW)):
            pad = round(3 * blur) + 1
            shape = Image.new("L", (thing.width + 2 * pad, thing.height + 2 * pad))
            shape.paste(thing.getchannel("A"), (pad, pad))
            shape = shape.filter(ImageFilter.GaussianBlur(blur))
            mask = shape.point(strength)
            place = (
                left - pad + round(self._light[0] * reach * share),
                top - pad + round(self._light[1] * reach * share),
            )
            self._image.paste((14, 10, 8), place, mask)


def _noise(rng: np.random.Generator, rows: int, columns: int) -> Pixels:
    """Normal noise with so many features each way, smoothly enlarged to a texture's size."""
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    if (rows, columns) == (TEXTURE, TEXTURE):
        return grid
    enlarged = Image.fromarray(grid, "F").resize((TEXTURE, TEXTURE), Image.Resampling.BICUBIC)
    return np.array(enlarged, np.float32)


def _tinted(colour: Colour, relief: Pixels) -> Image.Image:
    shades = np.repeat(relief, 3, axis=1)
    shades *= np.tile(np.array([1, 0.95, 0.88], np.float32), TEXTURE)
    shades += np.tile(np.array(colour, np.float32), TEXTURE)
    return _image(shades)


def _image(rows: Pixels) -> Image.Image:
    """An image from rows of red, green and blue one after the other."""
    pixels = rows.clip(0, 255, out=rows).astype(np.uint8)
    return Image.fromarray(pixels.reshape(len(rows), -1, 3))
