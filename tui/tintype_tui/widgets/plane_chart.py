"""Pairs of numbers on a plane: shaded cells, or dots in braille; a cell is picked by keyboard."""

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from tintype.selection import Condition
from tintype.selection.charts import Bounds, Grid, Plane
from tintype_tui.text import count, pad, shade
from tintype_tui.widgets.line_list import empty_line

_DIVISORS = (50, 25, 20, 10, 5, 4, 2)
"""Cells that a hundred falls into evenly."""
_BITS: Mapping[tuple[int, int], int] = {
    (0, 0): 0x01, (0, 1): 0x02, (0, 2): 0x04, (1, 0): 0x08,
    (1, 1): 0x10, (1, 2): 0x20, (0, 3): 0x40, (1, 3): 0x80,
}  # fmt: skip
"""Braille's dots by column and row."""
ACROSS, DOWN = 2, 4
"""Dots of a character."""


def braille(fine: Grid) -> list[str]:
    """Each line of a grid as braille, a dot for each cell with something in it."""
    lines = []
    for top in range(0, len(fine.down), DOWN):
        line = ""
        for left in range(0, len(fine.across), ACROSS):
            code = 0
            for (x, y), bit in _BITS.items():
                row = fine.counts[top + y] if top + y < len(fine.counts) else ()
                code |= bit if left + x < len(row) and row[left + x] else 0
            line += chr(0x2800 + code)
        lines.append(line)
    return lines


def bounds_words(bounds: Bounds) -> str:
    """`12`, `10–19`."""
    low, high = bounds
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


class PlaneChart(Widget, can_focus=True):
    """A plane with a cursor: arrows go from cell to cell, Enter or a second click picks one."""

    BINDING_GROUP_TITLE = "Chart"
    DEFAULT_CSS = "PlaneChart { height: 1fr; background: $background; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "Left", show=False, id="plane.left"),
        Binding("right,l", "move(1, 0)", "Right", show=False, id="plane.right"),
        Binding("up,k", "move(0, -1)", "Up", show=False, id="plane.up"),
        Binding("down,j", "move(0, 1)", "Down", show=False, id="plane.down"),
        Binding("home,g", "fullest", "The fullest cell", show=False, id="plane.fullest"),
        Binding("enter", "choose", "Open", show=False, id="plane.choose"),
    ]

    plane: var[Plane | None] = var(None)
    cell: var[tuple[int, int]] = var((0, 0))
    """Column and row under the cursor."""

    class Chosen(Message):
        """A cell was picked."""

        def __init__(self, condition: Condition) -> None:
            super().__init__()
            self.condition = condition

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._grid: Grid | None = None
        self._dots: list[str] = []

    # ------------------------------------------------------------------ laying out

    def watch_plane(self) -> None:
        self._lay_out()
        self.action_fullest()

    def on_resize(self) -> None:
        self._lay_out()
        self.action_fullest()

    def _lay_out(self) -> None:
        """Cut the plane into as many cells as there is room for: two lines are for words."""
        plane, room = self.plane, self.size
        self._grid, self._dots = None, []
        wide, high = room.width - self._margin, room.height - 2
        if plane is not None and wide > 0 and high > 0:
            if plane.dots:
                fine = plane.grid(ACROSS * wide, DOWN * high)
                self._grid, self._dots = fine.merged(ACROSS, DOWN), braille(fine)
            else:
                columns = next((n for n in _DIVISORS if 2 * n <= wide), 1)
                rows = next((n for n in _DIVISORS if n <= high), 1)
                self._grid = plane.grid(columns, rows)
        self.refresh()

    @property
    def _margin(self) -> int:
        """Cells on the left for the numbers of the second side."""
        return 1 + len(f"{self.plane.down[1]:,}") if self.plane is not None else 0

    @property
    def _cell_width(self) -> int:
        if self._grid is None or self._dots:
            return 1
        return max(1, (self.size.width - self._margin) // len(self._grid.across))

    # ------------------------------------------------------------------ keys and mouse

    @property
    def picked(self) -> Condition | None:
        """What the cell under the cursor stands for; none if nothing is in it."""
        grid, (x, y) = self._grid, self.cell
        return grid.condition(x, y) if grid is not None and grid.counts[y][x] else None

    def validate_cell(self, cell: tuple[int, int]) -> tuple[int, int]:
        """Stay on the plane."""
        if self._grid is None:
            return 0, 0
        sides = (len(self._grid.across), len(self._grid.down))
        return tuple(max(0, min(at, side - 1)) for at, side in zip(cell, sides, strict=True))  # type: ignore[return-value]

    def watch_cell(self) -> None:
        self.refresh()

    def action_move(self, across: int, down: int) -> None:
        """Go to the next cell."""
        x, y = self.cell
        self.cell = (x + across, y + down)

    def action_fullest(self) -> None:
        """Go to the cell with the most in it."""
        if self._grid is not None:
            cells = (
                (times, (x, y))
                for y, row in enumerate(self._grid.counts)
                for x, times in enumerate(row)
            )
            self.cell = max(cells, key=lambda found: found[0])[1]

    def action_choose(self) -> None:
        """Pick the cell under the cursor."""
        if (condition := self.picked) is not None:
            self.post_message(self.Chosen(condition))

    def on_click(self, event: events.Click) -> None:
        """Go to a cell; a second click picks it."""
        before = self.cell
        self.cell = ((event.x - self._margin) // self._cell_width, event.y - 1)
        if event.chain > 1 and self.cell == before:
            self.action_choose()

    # ------------------------------------------------------------------ drawing

    def words(self) -> str:
        """What is under the cursor."""
        grid, plane, (x, y) = self._grid, self.plane, self.cell
        if grid is None or plane is None:
            return ""
        times = grid.counts[y][x]
        noun = plane.unit.removesuffix("es") if plane.unit == "boxes" else plane.unit[:-1]
        sides = f"{bounds_words(grid.across[x])} across, {bounds_words(grid.down[y])} " + (
            "high" if plane.upwards else "down"
        )
        return f"{count(times, noun, plane.unit)}, {sides}"

    def render_line(self, y: int) -> Strip:
        """The words, then the plane, then the numbers below it."""
        width, base = self.size.width, self.rich_style
        grid = self._grid
        if grid is None:
            return empty_line("There is too little room.", y, base).adjust_cell_length(width, base)
        if y == 0:
            strip = Strip([Segment(f" {self.words()}", base + Style(bold=True))])
        elif y - 1 < len(grid.down):
            strip = self._plane_line(grid, y - 1, base)
        elif y - 1 == len(grid.down):
            strip = self._axis(grid, base)
        else:
            return Strip.blank(width, base)
        return strip.adjust_cell_length(width, base)

    def _plane_line(self, grid: Grid, row: int, base: Style) -> Strip:
        ends = {0, len(grid.down) - 1, len(grid.down) // 2}
        low, high = grid.down[row]
        name = f"{high if grid.down[0] > grid.down[-1] else low:,}" if row in ends else ""
        segments = [Segment(f"{name:>{self._margin - 1}} ", base + Style(dim=True))]
        wide = self._cell_width
        for x, times in enumerate(grid.counts[row]):
            drawn = self._dots[row][x] if self._dots else shade(times, grid.most) * wide
            if (x, row) == self.cell:
                drawn = drawn if times and not self._dots else "+" * wide
                segments.append(Segment(drawn, base + Style(reverse=True, bold=True)))
            else:
                segments.append(Segment(drawn, base))
        return Strip(segments)

    def _axis(self, grid: Grid, base: Style) -> Strip:
        """The least, the middle and the most along the lower edge."""
        wide = self._cell_width * len(grid.across)
        low, middle = grid.across[0][0], grid.across[len(grid.across) // 2][0]
        left = pad(f"{low:,}", wide // 2) + f"{middle:,}"
        right = f"{grid.across[-1][1]:,}"
        line = pad(left, max(0, wide - len(right))) + right
        return Strip([Segment(" " * self._margin + line, base + Style(dim=True))])
