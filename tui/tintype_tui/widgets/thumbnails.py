"""A grid of small images that draws only what is seen, in characters.

It knows how many there are and where the cursor stands. What comes into view is asked for
(`Thumbnails.Wants`); a screen has it drawn in threads and hands it in with `show`, and lets go of
what was asked for before. Images that live in the terminal (kitty, sixel) are not used here: at
every turn of a page, forty of them would have to be sent and freed.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.widgets.cells import (
    WIDTHS,
    Cells,
    CellStyles,
    Labels,
    Numbers,
    Thumb,
    image_line,
    words_line,
)
from tintype_tui.widgets.image import Room, Wanted
from tintype_tui.widgets.image.drawing import PIXELS

MOST_KEPT = 400
"""Drawings kept; those furthest from the view are forgotten first."""


class Thumbnails(ScrollView, can_focus=True):
    """Cells with an image and a line of words, one under the cursor."""

    BINDING_GROUP_TITLE = "Contact sheet"
    DEFAULT_CSS = """
    Thumbnails {
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
    labels: var[Labels] = var[Labels](Numbers())
    """What is in the cells."""
    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can do."""

    class Moved(Message):
        """The cursor stands elsewhere."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    class Chosen(Moved):
        """Enter or a double click."""

    class Wants(Message):
        """Cells have come into view that are not drawn: their keys, what is seen first."""

        def __init__(self, thumbnails: "Thumbnails", keys: Sequence[int], room: Room) -> None:
            super().__init__()
            self.thumbnails, self.keys, self.room = thumbnails, keys, room

    def __init__(self, *, id: str | None = None, step: int = 1) -> None:
        super().__init__(id=id)
        self.set_reactive(Thumbnails.step, step)
        self._thumbs: dict[int, Thumb] = {}
        self._asked: tuple[object, ...] = ()
        self._room: Room | None = None

    @property
    def cells(self) -> Cells:
        """Where each is."""
        size = self.scrollable_content_region.size
        return Cells(self.total, size, self.step, self.capabilities.cell)

    # ------------------------------------------------------------------ what is shown

    def wanted(self, data: bytes, room: Room) -> Wanted:
        """How an image is to be drawn here."""
        found = self.capabilities
        return Wanted(
            data,
            room,
            protocol="halfblock" if found.protocol in PIXELS else found.protocol,
            few_colours=found.colours <= 16,
            dark=self.app.current_theme.dark,
        )

    def show(self, thumbs: Mapping[int, Thumb], room: Room) -> None:
        """Take what was asked for, unless the cells have another size by now."""
        if room != self.cells.room:
            return
        self._thumbs.update(thumbs)
        if len(self._thumbs) > MOST_KEPT:
            near = [self.labels.key(at) for at in self.cells.in_view(self.scroll_offset.y)]
            latest = dict.fromkeys([*near, *reversed(self._thumbs)])
            kept = [key for key in latest if key in self._thumbs][: MOST_KEPT // 2]
            self._thumbs = {key: self._thumbs[key] for key in kept}
        self.refresh()

    def forget(self) -> None:
        """Let go of every drawing."""
        self._thumbs.clear()
        self._ask_again()

    def _ask_again(self) -> None:
        """Something else may be in view: ask for what is missing."""
        self._asked = ()
        cells = self.cells
        self.virtual_size = Size(cells.size.width or 1, cells.all_lines)
        self.refresh()

    def on_mount(self) -> None:
        """Learn of the terminal."""
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "capabilities", self._terminal_answered)

    def _terminal_answered(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.forget()

    def _refit(self) -> None:
        """Drawings of another size are of no use."""
        if self.cells.room != self._room:
            self._room = self.cells.room
            self._thumbs.clear()
        self._ask_again()

    # ------------------------------------------------------------------ drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Before drawing, ask for what is in view and not known."""
        cells = self.cells
        keys = [self.labels.key(at) for at in cells.ahead(self.scroll_offset.y)]
        if self._asked != (keys, cells.room) and cells.size.area:
            self._asked = (keys, cells.room)
            if missing := [key for key in keys if key not in self._thumbs]:
                self.post_message(self.Wants(self, missing, cells.room))
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of every cell that it crosses."""
        cells, base = self.cells, self.rich_style
        room, plain = cells.room, CellStyles(base, base, base)
        line, within = divmod(y + self.scroll_offset.y, cells.height)
        first = line * cells.columns
        strips: list[Strip] = []
        for position in range(first, min(first + cells.columns, self.total)):
            styles = plain
            if position == self.cursor:
                styles = CellStyles.of(base, self.app.theme_variables, focused=self.has_focus)
            if within == room.rows:
                caption = self.labels.caption(position, room.columns, styles.words)
                strips.append(words_line(caption, room, styles))
            else:
                thumb = self._thumbs.get(self.labels.key(position))
                strips.append(image_line(thumb, within, room, styles))
        return Strip.join(strips).adjust_cell_length(cells.size.width, base)

    # ------------------------------------------------------------------ moving about

    def on_resize(self) -> None:
        """Refit."""
        self._refit()
        self._show_cursor()

    def _show_cursor(self) -> None:
        region = self.cells.region(self.cursor)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    def validate_cursor(self, cursor: int) -> int:
        """Stay within the grid."""
        return max(0, min(cursor, self.total - 1))

    def validate_step(self, step: int) -> int:
        """Stay within the sizes."""
        return max(0, min(step, len(WIDTHS) - 1))

    def watch_total(self) -> None:
        """Grow or shrink the scrolled area."""
        self.cursor = self.cursor
        self._refit()

    def watch_step(self) -> None:
        """Draw at another size."""
        self.on_resize()

    def watch_labels(self) -> None:
        """Draw other words; ask for what is in other cells."""
        self.refresh()

    def watch_cursor(self) -> None:
        """Keep the cursor in view and tell the screen."""
        self._show_cursor()
        self.refresh()
        if self.total:
            self.post_message(self.Moved(self.cursor))

    def action_resize(self, by: int) -> None:
        self.step += by

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_down(self, by: int) -> None:
        self.cursor = self.cells.below(self.cursor, by)

    def action_page(self, by: int) -> None:
        self.cursor += by * self.cells.page

    def action_jump(self, to: int) -> None:
        self.cursor = to if to >= 0 else self.total - 1

    def action_choose(self) -> None:
        if self.total:
            self.post_message(self.Chosen(self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move to a cell; a second click takes it."""
        position = self.cells.at(event.x, event.y + self.scroll_offset.y)
        if position is not None:
            if position == self.cursor and event.chain > 1:
                self.action_choose()
            self.cursor = position
