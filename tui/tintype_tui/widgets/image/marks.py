"""Boxes and their names as characters laid over an image that is itself made of characters.

At a hundred points across, an outline drawn into the image is a smear. Line characters stay
crisp, and a name in the terminal's own letters can be read. Truth is solid, prediction dashed, so
that neither needs its colour to be told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import NamedTuple

from rich.cells import cell_len

from tintype.detection import Box, area
from tintype_tui.text import one_line, pad
from tintype_tui.widgets.image.framing import Frame

DIMMED = -1
"""For a background: the image, darkened so that the line stands out."""

_LONGEST_NAME = 40


class Mark(NamedTuple):
    """What a cell shows instead of the image."""

    text: str
    """One character, or none in the second half of a wide one."""
    front: int
    """A 24-bit colour."""
    back: int
    """A 24-bit colour, or `DIMMED`."""


class Line(NamedTuple):
    """The characters an outline is made of."""

    across: str
    down: str
    corners: str
    """Top left, top right, bottom left, bottom right."""


SOLID = Line("━", "┃", "┏┓┗┛")
DASHED = Line("╍", "╏", "┏┓┗┛")
SOLID_LETTERS = Line("-", "|", "++++")
DASHED_LETTERS = Line(".", ":", "....")

Marks = Mapping[tuple[int, int], Mark]
"""By row and column."""


@dataclass(slots=True)
class _Sheet:
    """Marks being made within a frame."""

    frame: Frame
    marks: dict[tuple[int, int], Mark] = field(default_factory=dict)
    named: set[tuple[int, int]] = field(default_factory=set)
    """Cells that hold names."""

    def cells(self, box: Box) -> tuple[int, int, int, int]:
        """The cells that just hold the box: left, top, right, bottom; may lie outside the frame."""
        left, top, right, bottom = self.frame.region
        across = self.frame.columns / (right - left)
        down = self.frame.rows / (bottom - top)
        x = sorted((x - left) * across for x in (box.x_min, box.x_max))
        y = sorted((y - top) * down for y in (box.y_min, box.y_max))
        x0, y0 = floor(x[0] + 0.25), floor(y[0] + 0.25)
        return x0, y0, max(x0, ceil(x[1] - 0.25) - 1), max(y0, ceil(y[1] - 0.25) - 1)

    def put(self, row: int, column: int, mark: Mark) -> None:
        if 0 <= row < self.frame.rows and 0 <= column < self.frame.columns:
            self.marks[row, column] = mark

    def outline(self, box: Box, line: Line, colour: int) -> None:
        """The four sides, as far as they are in the frame."""
        x0, y0, x1, y1 = self.cells(box)
        columns = range(max(x0, 0), min(x1, self.frame.columns - 1) + 1)
        rows = range(max(y0, 0), min(y1, self.frame.rows - 1) + 1)
        for y in {y0, y1}:
            for x in columns:
                self.put(y, x, Mark(line.across, colour, DIMMED))
        for x in {x0, x1}:
            for y in rows:
                self.put(y, x, Mark(line.down, colour, DIMMED))
        corners = ((y0, x0), (y0, x1), (y1, x0), (y1, x1))
        if x0 < x1 and y0 < y1:
            for (y, x), corner in zip(corners, line.corners, strict=True):
                self.put(y, x, Mark(corner, colour, DIMMED))

    def name(self, box: Box, colour: int) -> None:
        """The name on a plate, on a side or just outside; left out where all places are taken."""
        x0, y0, x1, y1 = self.cells(box)
        name = one_line(box.label[:_LONGEST_NAME]).strip()
        inside = 0 <= y0 < self.frame.rows or 0 <= y1 < self.frame.rows
        if not name or x1 < 0 or x0 >= self.frame.columns or not inside:
            return
        width = min(cell_len(name), self.frame.columns)
        left = min(max(x0, 0), self.frame.columns - width)
        # A box too small to be seen under its name has it outside.
        rows = (y0, y1, y0 - 1, y1 + 1) if y1 - y0 >= 2 else (y0 - 1, y1 + 1, y0, y1)
        for row in rows:
            cells = [(row, column) for column in range(left, left + width)]
            if 0 <= row < self.frame.rows and self.named.isdisjoint(cells):
                self.named.update(cells)
                self._write(row, left, pad(name, width), colour)
                return

    def _write(self, row: int, column: int, text: str, colour: int) -> None:
        for character in text:
            width = cell_len(character)
            if width == 0:
                continue
            for half in range(width):
                shown = "" if half else character
                self.put(row, column + half, Mark(shown, _ink(colour), colour))
            column += width


def mark_boxes(
    frame: Frame,
    truth: Sequence[Box],
    predicted: Sequence[Box],
    colours: Mapping[str, tuple[int, int, int]],
    *,
    letters: bool = False,
) -> Marks:
    """Lay boxes over a frame; `colours` are by label in lower case (`detection.drawing`)."""
    sheet = _Sheet(frame)
    number = {name: r << 16 | g << 8 | b for name, (r, g, b) in colours.items()}
    solid, dashed = (SOLID_LETTERS, DASHED_LETTERS) if letters else (SOLID, DASHED)
    for line, boxes in ((solid, truth), (dashed, predicted)):
        # Small boxes come last, else a large one could hide them.
        for box in sorted(boxes, key=area, reverse=True):
            sheet.outline(box, line, number[box.label.casefold()])
    for boxes in (truth, predicted):
        for box in sorted(boxes, key=area):
            sheet.name(box, number[box.label.casefold()])
    return sheet.marks


def _ink(colour: int) -> int:
    """Black or white, whichever reads better (ITU-R BT.601 luma)."""
    luma = 299 * (colour >> 16) + 587 * (colour >> 8 & 255) + 114 * (colour & 255)
    return 0x000000 if luma > 110_000 else 0xFFFFFF
