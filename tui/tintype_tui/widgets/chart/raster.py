"""Dots in cells: lines drawn into character cells of several dots each, without touching a dot.

A column of dots is one integer with a byte per cell, and a vertical run of dots is the exclusive-or
of two entries of a table, whatever its length. Curves are laid over one another as integers of the
whole picture. So the cost of a picture depends on its width and hardly on its height, and a dense
band of noise costs as little as a line.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Marks = Literal["braille", "block", "ascii"]
MARKS: tuple[Marks, ...] = ("braille", "block", "ascii")
"""What the dots are made of, in the order a key cycles through them."""


@dataclass(frozen=True)
class Dots:
    """How the dots of a cell are told apart, and what a cell with some of them looks like."""

    bits: tuple[tuple[int, ...], ...]
    """For each dot column of a cell, from the left, the bit of each dot from the top."""
    glyphs: str
    """The 256 characters for the patterns; an empty cell is a space, which nobody reads out."""

    @property
    def across(self) -> int:
        """Dot columns in a cell."""
        return len(self.bits)

    @property
    def down(self) -> int:
        """Dot rows in a cell."""
        return len(self.bits[0])


def _glyphs(*characters: str) -> str:
    return "".join(characters).ljust(256)


DOTS: dict[Marks, Dots] = {
    "braille": Dots(
        ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)),
        " " + "".join(chr(0x2800 + pattern) for pattern in range(1, 256)),
    ),
    "block": Dots(((1, 4), (2, 8)), _glyphs(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")),
    "ascii": Dots(((1, 2, 4),), _glyphs(" '-|.:||")),
}

_SEEN = bytes([0] + [0xFF] * 255)
"""Translates a pattern to whether there is anything."""


@lru_cache(maxsize=32)
def _runs(dots: Dots, rows: int) -> tuple[tuple[int, ...], ...]:
    """For each dot column of a cell: the bytes of a column with its topmost n dots set."""
    tables = []
    for bits in dots.bits:
        table = [0]
        for dot in range(rows * dots.down):
            row, place = divmod(dot, dots.down)
            table.append(table[-1] | bits[place] << 8 * (rows - 1 - row))
        tables.append(tuple(table))
    return tuple(tables)


class Layer:
    """The ink of one curve: dot columns × dot rows, the origin at the top left."""

    def __init__(self, dots: Dots, columns: int, rows: int) -> None:
        self.across, self.cells = dots.across, [0] * columns
        self.rows = rows
        self.width, self.height = columns * dots.across, rows * dots.down
        self._tables = _runs(dots, rows)

    def run(self, x: int, top: int, bottom: int) -> None:
        """Set the dots of a column from `top` to `bottom`, both included, in either order."""
        if top > bottom:
            top, bottom = bottom, top
        if bottom < 0 or top >= self.height or not 0 <= x < self.width:
            return
        table = self._tables[x % self.across]
        top, bottom = max(top, 0), min(bottom, self.height - 1)
        self.cells[x // self.across] |= table[bottom + 1] ^ table[top]

    def line(self, x0: float, y0: float, x1: float, y1: float, dash: Sequence[bool]) -> None:
        """Join two points, the left one first; where the dash is off a column is left out.

        Each column gets the part of the line that lies within it, so a steep line has no holes. The
        ends may lie far outside the picture.
        """
        if x1 <= x0:
            return
        slope = (y1 - y0) / (x1 - x0)
        half = slope / 2
        for x in range(max(math.floor(x0) + 1, 0), min(math.ceil(x1), self.width)):
            if dash[x % len(dash)]:
                middle = y0 + (x - x0) * slope
                self.run(x, round(middle - half), round(middle + half))
        if x0 >= 0:
            self.run(int(x0), round(y0), round(y0 + half))
        if x1 < self.width:
            self.run(int(x1), round(y1 - half), round(y1))

    def ink(self) -> bytes:
        """The patterns of the cells, column by column."""
        return b"".join(cell.to_bytes(self.rows, "big") for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Picture:
    """Curves laid over one another, row by row."""

    patterns: Sequence[bytes]
    """What is drawn in each cell."""
    owners: Sequence[bytes]
    """Whose colour it has; 0 where there is nothing."""


def compose(under: Sequence[tuple[int, Layer]], over: Sequence[tuple[int, Layer]]) -> Picture:
    """Lay curves over one another; each comes with its owner's number, 1…255.

    A cell has one colour. Where a curve of `over` passes, what lies under it yields the whole cell,
    so that a clear line stays thin on a band of noise. Among equals dots add up and the last owns.
    """
    rows = (under or over)[0][1].rows
    size = rows * len((under or over)[0][1].cells)
    low, low_owner, _ = _stack(under, size)
    high, high_owner, seen = _stack(over, size)
    patterns = (low & ~seen | high).to_bytes(size, "big")
    owners = (low_owner & ~seen | high_owner).to_bytes(size, "big")
    return Picture(
        [patterns[row::rows] for row in range(rows)], [owners[row::rows] for row in range(rows)]
    )


def _stack(layers: Sequence[tuple[int, Layer]], size: int) -> tuple[int, int, int]:
    """Patterns, owners and the mask of inked cells of some layers, as integers."""
    patterns = owners = seen = 0
    for owner, layer in layers:
        ink = layer.ink()
        here = int.from_bytes(ink.translate(_SEEN), "big")
        patterns |= int.from_bytes(ink, "big")
        owners = owners & ~here | here & int.from_bytes(bytes([owner]) * size, "big")
        seen |= here
    return patterns, owners, seen
