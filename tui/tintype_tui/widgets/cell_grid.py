"""Moving about in a grid: cells of one size, left to right and then down, one under the cursor."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView

from tintype_tui.widgets.image import Room

WIDTHS = (10, 14, 18, 24, 32, 44, 60)
"""Least columns of a cell, from the smallest size to the largest."""
ASPECT = 0.75
"""Height of a cell's image as a share of its width, in pixels."""


class CellGrid(ScrollView, can_focus=True):
    """Knows how many cells there are and how large; what is in them is drawn by who inherits it."""

    DEFAULT_CSS = """
    CellGrid {
        height: 1fr;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        background: $background;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "resize(1)", "Larger", id="thumbs.larger", key_display="+"),
        Binding("minus", "resize(-1)", "Smaller", id="thumbs.smaller", key_display="-"),
        Binding("enter", "choose", "Open", id="thumbs.choose", key_display="Enter"),
        Binding("right,l", "move(1)", "Right", show=False, id="thumbs.right"),
        Binding("left,h", "move(-1)", "Left", show=False, id="thumbs.left"),
        Binding("down,j", "down(1)", "Down", show=False, id="thumbs.down"),
        Binding("up,k", "down(-1)", "Up", show=False, id="thumbs.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="thumbs.pagedown"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="thumbs.pageup"),
        Binding("home,g", "jump(0)", "First", show=False, id="thumbs.first"),
        Binding("end,G", "jump(-1)", "Last", show=False, id="thumbs.last"),
    ]

    total: var[int] = var(0)
    """How many there are."""
    cursor: var[int] = var(0)
    """The one under the cursor, 0-based."""
    step: var[int] = var(1)
    """Which of `WIDTHS` the cells have."""

    class Moved(Message):
        """The cursor stands elsewhere."""

        def __init__(self, grid: "CellGrid", position: int) -> None:
            super().__init__()
            self.grid = grid
            self.position = position

        @property
        def control(self) -> "CellGrid":
            """The grid, for `@on` selectors."""
            return self.grid

    class Chosen(Moved):
        """Enter or a double click."""

    @property
    def cell_px(self) -> tuple[int, int]:
        """Width and height of a character, pixels."""
        raise NotImplementedError

    def refit(self) -> None:
        """Cells have another size, or there are more or fewer of them."""
        self.fit()
        self.refresh()

    # ------------------------------------------------------------------ sizes

    @property
    def columns(self) -> int:
        """Cells beside each other."""
        width = self.scrollable_content_region.width
        return max(1, width // (WIDTHS[self.step] + 1))

    @property
    def room(self) -> Room:
        """What an image may take in a cell."""
        width = max(4, self.scrollable_content_region.width // self.columns - 1)
        cell = self.cell_px
        rows = max(2, round(width * cell[0] / cell[1] * ASPECT))
        most = max(2, self.scrollable_content_region.height - 1)
        return Room(width, min(rows, most), cell)

    def fit(self) -> None:
        lines = -(-max(1, self.total) // self.columns) * (self.room.rows + 1)
        self.virtual_size = Size(self.scrollable_content_region.width or 1, lines)

    def in_view(self) -> tuple[int, int]:
        """The first position in view, and the one after the last."""
        each = self.room.rows + 1
        top = self.scroll_offset.y // each
        bottom = -(-(self.scroll_offset.y + self.scrollable_content_region.height) // each)
        return top * self.columns, min(self.total, bottom * self.columns)

    def show_cursor(self) -> None:
        each = self.room.rows + 1
        region = Region(0, self.cursor // self.columns * each, 1, each)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    # ------------------------------------------------------------------ state

    def on_resize(self) -> None:
        """Refit."""
        self.refit()
        self.show_cursor()

    def validate_cursor(self, cursor: int) -> int:
        """Stay within the grid."""
        return max(0, min(cursor, self.total - 1))

    def validate_step(self, step: int) -> int:
        """Stay within the sizes."""
        return max(0, min(step, len(WIDTHS) - 1))

    def watch_total(self) -> None:
        """Grow or shrink the scrolled area."""
        self.cursor = self.cursor
        self.refit()

    def watch_step(self) -> None:
        """Draw at another size."""
        self.refit()
        self.show_cursor()

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the cursor in view and tell the screen."""
        self.show_cursor()
        self.refresh()
        if self.total:
            self.post_message(self.Moved(self, now))

    # ------------------------------------------------------------------ keys and mouse

    def action_resize(self, by: int) -> None:
        """Larger or smaller cells."""
        self.step += by

    def action_move(self, by: int) -> None:
        """Go on or back by one."""
        self.cursor += by

    def action_down(self, by: int) -> None:
        """Go a line of cells down or up, if there is one."""
        to = self.cursor + by * self.columns
        if to >= 0 and (to < self.total or to // self.columns <= (self.total - 1) // self.columns):
            self.cursor = to

    def action_page(self, by: int) -> None:
        """Go a screenful down or up."""
        lines = max(1, self.scrollable_content_region.height // (self.room.rows + 1))
        self.cursor += by * lines * self.columns

    def action_jump(self, to: int) -> None:
        """Go to the first or the last."""
        self.cursor = to if to >= 0 else self.total - 1

    def action_choose(self) -> None:
        """Take the one under the cursor."""
        if self.total:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move to a cell; a second click takes it."""
        each, wide = self.room.rows + 1, self.room.columns + 1
        line, column = (event.y + self.scroll_offset.y) // each, event.x // wide
        position = line * self.columns + column
        if column < self.columns and 0 <= position < self.total:
            if position == self.cursor and event.chain > 1:
                self.action_choose()
            self.cursor = position
