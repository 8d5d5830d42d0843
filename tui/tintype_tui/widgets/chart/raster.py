"""Strokes in cells: dots, several in a cell, and lines of box characters.

A column of dots is one integer with a byte per cell, and a vertical run of dots is the exclusive-or
of two entries of a table, whatever its length. Curves are laid over one another as integers of the
whole plot. So the cost of a plot depends on its width and hardly on its height, and a dense
band of noise costs as little as a line.

Lines join from cell to cell, as dots do not: ▔─▁, which every font has, are three heights in a
cell, and corners and uprights make the steep parts.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Marks = Literal["line", "braille", "block", "ascii"]
MARKS: tuple[Marks, ...] = ("line", "braille", "block", "ascii")
"""What curves are made of, in the order a key cycles through them. `line` draws a clear curve with
the characters of boxes, and dots only where many points share a column."""


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


_BRAILLE = Dots(
    ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)),
    " " + "".join(chr(0x2800 + pattern) for pattern in range(1, 256)),
)

DOTS: dict[Marks, Dots] = {
    "line": _BRAILLE,
    "braille": _BRAILLE,
    "block": Dots(((1, 4), (2, 8)), _glyphs(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")),
    "ascii": Dots(((1, 2, 4),), _glyphs(" '-|.:||")),
}

_SEEN = bytes([0] + [0xFF] * 255)
"""Translates a pattern to whether there is anything."""


@dataclass(slots=True)
class Path:
    """Where a curve passes dot columns; heights in cells from the top, outside the plot too."""

    xs: list[float] = field(default_factory=list)
    """Dot columns: whole, or outside the plot."""
    firsts: list[float] = field(default_factory=list)
    tops: list[float] = field(default_factory=list)
    bottoms: list[float] = field(default_factory=list)
    lasts: list[float] = field(default_factory=list)
    linked: list[bool] = field(default_factory=list)
    """Whether a line leads here from the stop before."""

    def add(self, x: float, y: float, linked: bool) -> None:
        """Add a stop that is a single point."""
        self.xs.append(x)
        for heights in (self.firsts, self.tops, self.bottoms, self.lasts):
            heights.append(y)
        self.linked.append(linked)


@lru_cache(maxsize=32)
def _columns(dots: Dots, rows: int) -> tuple[tuple[int, ...], ...]:
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
        self._dots, self.across, self.cells = dots, dots.across, [0] * columns
        self.rows = rows
        self.width, self.height = columns * dots.across, rows * dots.down
        self._tables = _columns(dots, rows)

    def run(self, x: int, top: int, bottom: int) -> None:
        """Set the dots of a column from `top` to `bottom`, both included, in either order."""
        if top > bottom:
            top, bottom = bottom, top
        if bottom < 0 or top >= self.height or not 0 <= x < self.width:
            return
        table = self._tables[x % self.across]
        top, bottom = max(top, 0), min(bottom, self.height - 1)
        self.cells[x // self.across] |= table[bottom + 1] ^ table[top]

    def stroke(self, path: Path, dash: Sequence[bool]) -> None:
        """Draw the extents of a path's stops, and lines between those that are linked."""
        down, xs = self._dots.down, path.xs
        tops, bottoms = ([int(y * down) for y in ys] for ys in (path.tops, path.bottoms))
        for at in range(1, len(xs)):
            if path.linked[at]:
                if xs[at] - xs[at - 1] == 1:
                    if tops[at] > bottoms[at - 1] or bottoms[at] < tops[at - 1]:
                        _join(tops, bottoms, at)
                else:
                    y0, y1 = int(path.lasts[at - 1] * down), int(path.firsts[at] * down)
                    self.line(xs[at - 1], y0, xs[at], y1, dash)
        if not xs or min(xs) < 0 or max(xs) >= self.width or not self._holds(tops, bottoms):
            for x, top, bottom in zip(xs, tops, bottoms, strict=True):
                self.run(math.floor(x), top, bottom)
            return
        cells, tables, across = self.cells, self._tables, self.across
        for number, top, bottom in zip(map(int, xs), tops, bottoms, strict=True):
            table = tables[number % across]
            cells[number // across] |= table[bottom + 1] ^ table[top]

    def _holds(self, tops: Sequence[int], bottoms: Sequence[int]) -> bool:
        return min(tops) >= 0 and max(bottoms) < self.height

    def line(self, x0: float, y0: float, x1: float, y1: float, dash: Sequence[bool]) -> None:
        """Join two points, the left one first; where the dash is off a column is left out.

        Each column gets the part of the line that lies within it, so a steep line has no holes. The
        ends may lie far outside.
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


def _join(tops: list[int], bottoms: list[int], at: int) -> None:
    """Have two runs of dots side by side reach half-way to each other."""
    if tops[at] > bottoms[at - 1]:
        tops[at] = bottoms[at - 1] = (tops[at] + bottoms[at - 1]) // 2
    elif bottoms[at] < tops[at - 1]:
        bottoms[at] = tops[at - 1] = (bottoms[at] + tops[at - 1]) // 2


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Curves laid over one another, row by row."""

    patterns: Sequence[bytes]
    """What is drawn in each cell."""
    owners: Sequence[bytes]
    """Whose colour it has; 0 where there is nothing."""


def compose(
    under: Sequence[tuple[int, Layer]], over: Sequence[tuple[int, Layer]], columns: int, rows: int
) -> Bitmap:
    """Lay curves over one another; each comes with its owner's number, 1…255.

    A cell has one colour. Where a curve of `over` passes, what lies under it yields the whole cell,
    so that a clear line stays thin on a band of noise. Among equals dots add up and the last owns.
    """
    size = columns * rows
    low, low_owner, _ = _stack(under, size)
    high, high_owner, seen = _stack(over, size)
    patterns = (low & ~seen | high).to_bytes(size, "big")
    owners = (low_owner & ~seen | high_owner).to_bytes(size, "big")
    return Bitmap(
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


# -- lines -----------------------------------------------------------------------------------------

_SCANS = "▔─▁"
_LEVELS = len(_SCANS)


def line(path: Path, across: int, columns: int, rows: int) -> Iterator[tuple[int, int, str]]:
    """The row, column and character of each cell of a path drawn as a line, within the plot."""
    for run in _runs(path, across, columns):
        before = math.floor(run[0][1] * _LEVELS)
        for column, y in run:
            level = math.floor(y * _LEVELS)
            if 0 <= column < columns:
                if abs(level - before) < _LEVELS - 1 and 0 <= level < rows * _LEVELS:
                    yield level // _LEVELS, column, _SCANS[level % _LEVELS]
                else:
                    for row, sign in _upright(before, level, rows):
                        yield row, column, sign
            before = level


def _upright(before: int, level: int, rows: int) -> Iterator[tuple[int, str]]:
    """One cell column of a line, from the level it comes in at to the one it is to reach."""
    (came, _), (row, scan) = divmod(before, _LEVELS), divmod(level, _LEVELS)
    if abs(level - before) < _LEVELS - 1 or row == came:
        if 0 <= row < rows:
            yield row, _SCANS[scan]
        return
    for at in range(max(min(row, came), 0), min(max(row, came), rows - 1) + 1):
        if at == came:
            yield at, "╮" if row > came else "╯"
        elif at == row:
            yield at, "╰" if row > came else "╭"
        else:
            yield at, "│"


def _runs(path: Path, across: int, columns: int) -> Iterator[list[tuple[int, float]]]:
    """The linked parts of a path as one height for each cell column that they pass."""
    run: list[tuple[int, float]] = []
    before_x = before_y = 0.0
    for x, y, linked in zip(path.xs, path.lasts, path.linked, strict=True):
        cell = math.floor(x / across)
        if not linked:
            if run:
                yield run
            run = []
        elif run and cell == run[-1][0]:
            run.pop()
        elif run:
            slope = (y - before_y) / (x - before_x)
            for at in range(max(run[-1][0] + 1, -1), min(cell, columns + 1)):
                run.append((at, before_y + ((at + 0.5) * across - before_x) * slope))
        run.append((cell, y))
        before_x, before_y = x, y
    if run:
        yield run
