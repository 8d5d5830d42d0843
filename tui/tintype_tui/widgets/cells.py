"""A grid of cells of one size: where each is, and what it looks like. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from tintype_tui.text import clip, one_line
from tintype_tui.widgets.image import Drawing, Room
from tintype_tui.widgets.line_list import chosen

WIDTHS = (10, 14, 18, 24, 32, 44, 60)
"""Least columns of a cell, from the smallest size to the largest."""
ASPECT = 0.75
"""Height of a cell's image as a share of its width, in pixels."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells from left to right and then down: an image each, and a line of words under it."""

    total: int
    size: Size
    """Of what is in view, in characters."""
    step: int
    """Which of `WIDTHS` the cells have."""
    cell: tuple[int, int]
    """Width and height of a character, pixels."""

    @property
    def columns(self) -> int:
        """Cells beside each other."""
        return max(1, self.size.width // (WIDTHS[self.step] + 1))

    @property
    def room(self) -> Room:
        """What an image may take in a cell."""
        width = max(4, self.size.width // self.columns - 1)
        rows = max(2, round(width * self.cell[0] / self.cell[1] * ASPECT))
        return Room(width, min(rows, max(2, self.size.height - 1)), self.cell)

    @property
    def height(self) -> int:
        """Lines of a cell, its words among them."""
        return self.room.rows + 1

    @property
    def all_lines(self) -> int:
        """Lines of all cells."""
        return -(-max(1, self.total) // self.columns) * self.height

    @property
    def page(self) -> int:
        """Cells that are seen at once."""
        return max(1, self.size.height // self.height) * self.columns

    def in_view(self, top: int) -> range:
        """Positions seen when scrolled down by so many lines."""
        first, end = top // self.height, -(-(top + self.size.height) // self.height)
        return range(first * self.columns, min(self.total, end * self.columns))

    def ahead(self, top: int) -> range:
        """Positions seen, and as many more."""
        seen = self.in_view(top)
        return range(seen.start, min(self.total, 2 * seen.stop - seen.start))

    def region(self, position: int) -> Region:
        """The lines that a cell is in."""
        return Region(0, position // self.columns * self.height, 1, self.height)

    def below(self, position: int, by: int) -> int:
        """The position so many lines of cells down; the same if there is no such line."""
        to, last = position + by * self.columns, self.total - 1
        return to if to >= 0 and to // self.columns <= last // self.columns else position

    def at(self, x: int, y: int) -> int | None:
        """The position at a place, counted from the first line of all; none beside the cells."""
        line, column = y // self.height, x // (self.room.columns + 1)
        position = line * self.columns + column
        return position if column < self.columns and 0 <= position < self.total else None


@dataclass(frozen=True, slots=True)
class Thumb:
    """What a cell shows: a drawing, or words where there is none."""

    drawing: Drawing | None = None
    words: str = ""

    @property
    def in_words(self) -> str:
        """What to say where there is nothing drawn."""
        drawn = self.drawing
        return self.words or (drawn.flaw or drawn.description if drawn is not None else "")


class Labels(Protocol):
    """What is in the cells."""

    def key(self, position: int) -> int:
        """What is at a position; drawings are kept by it."""
        ...

    def caption(self, position: int, width: int, style: Style) -> Sequence[Segment]:
        """The line under an image."""
        ...


class Numbers:
    """Cells that are numbered from 1."""

    def key(self, position: int) -> int:
        """The position itself."""
        return position

    def caption(self, position: int, width: int, style: Style) -> Sequence[Segment]:
        """`#1`."""
        return [Segment(clip(f"#{position + 1}", width), style)]


@dataclass(frozen=True, slots=True)
class CellStyles:
    """How a cell is drawn that is under the cursor, or is not."""

    base: Style
    edge: Style
    words: Style
    under: bool = False

    @classmethod
    def of(cls, base: Style, colors: Mapping[str, str], *, focused: bool) -> "CellStyles":
        """Of the cell under the cursor."""
        strong = base + Style(color=colors["primary" if focused else "secondary"], bold=True)
        return cls(base, strong, chosen(base, colors, focused=focused), under=True)


def image_line(thumb: Thumb | None, within: int, room: Room, styles: CellStyles) -> Strip:
    """A line of a cell's image, or of the words in its place; the edge says if it is chosen."""
    edge = Strip([Segment("┃" if styles.under else " ", styles.edge)])
    return Strip.join([edge, _drawn(thumb, within, room, styles.base)])


def words_line(caption: Sequence[Segment], room: Room, styles: CellStyles) -> Strip:
    """The line under a cell's image."""
    mark = Segment("›" if styles.under else " ", styles.words)
    return Strip([mark, *caption]).adjust_cell_length(room.columns + 1, styles.words)


def _drawn(thumb: Thumb | None, within: int, room: Room, base: Style) -> Strip:
    drawing = thumb.drawing if thumb else None
    if drawing is not None and drawing.strips:
        left = (room.columns - drawing.frame.columns) // 2
        at = within - (room.rows - drawing.frame.rows) // 2
        if not 0 <= at < len(drawing.strips):
            return Strip.blank(room.columns, base)
        # Letters come without a style of their own, which a filter for no colour needs.
        strip = Strip.join([Strip.blank(left, base), drawing.strips[at].apply_style(base)])
        return strip.adjust_cell_length(room.columns, base)
    if within != room.rows // 2:
        return Strip.blank(room.columns, base)
    words = "…" if thumb is None else thumb.in_words
    text = clip(one_line(words), room.columns).center(room.columns)
    return Strip([Segment(text, base + Style(dim=True))]).adjust_cell_length(room.columns, base)
