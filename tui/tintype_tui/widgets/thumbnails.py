"""A grid of small pictures that draws only what is seen, in characters.

It knows how many there are and where the cursor stands. What comes into view is asked for
(`Thumbnails.Wants`); a screen has it drawn in threads and hands it in with `show`, and lets go of
what was asked for before. Pictures that live in the terminal (kitty, sixel) are not used here: at
every turn of a page, forty of them would have to be sent and freed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.line_list import Line
from tintype_tui.widgets.picture import Drawing, Room, Wanted

WIDTHS = (10, 14, 18, 24, 32, 44, 60)
"""Least columns of a cell, from the smallest size to the largest."""
ASPECT = 0.75
"""Height of a cell's picture as a share of its width, in pixels."""
MOST_KEPT = 400
"""Drawings kept; those furthest from the view are forgotten first."""


@dataclass(frozen=True, slots=True)
class Thumb:
    """What a cell shows: a drawing, or words where there is none."""

    drawing: Drawing | None = None
    words: str = ""


class Thumbnails(ScrollView, can_focus=True):
    """Cells of one size, left to right and then down."""

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
    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can do."""

    class Wants(Message):
        """Cells have come into view that are not drawn: their keys, what is seen first."""

        def __init__(self, thumbnails: "Thumbnails", keys: Sequence[int], room: Room) -> None:
            super().__init__()
            self.thumbnails = thumbnails
            self.keys = keys
            self.room = room

        @property
        def control(self) -> "Thumbnails":
            """The grid, for `@on` selectors."""
            return self.thumbnails

    class Moved(Message):
        """The cursor stands elsewhere."""

        def __init__(self, thumbnails: "Thumbnails", position: int) -> None:
            super().__init__()
            self.thumbnails = thumbnails
            self.position = position

        @property
        def control(self) -> "Thumbnails":
            """The grid, for `@on` selectors."""
            return self.thumbnails

    class Chosen(Moved):
        """Enter or a double click."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._thumbs: dict[int, Thumb] = {}
        self._asked: tuple[object, ...] = ()

    # ------------------------------------------------------------------ what is shown

    def key(self, position: int) -> int:
        """What stands at a position; drawings are kept by it."""
        return position

    def caption(self, position: int, width: int, style: Style) -> Line:
        """The line under a picture."""
        raise NotImplementedError

    def wanted(self, data: bytes, room: Room) -> Wanted:
        """How a picture is to be drawn here."""
        found = self.capabilities
        return Wanted(
            data,
            room,
            protocol="halfblock" if found.protocol in ("kitty", "sixel") else found.protocol,
            few_colours=found.colours <= 16,
            dark=self.app.current_theme.dark,
        )

    def show(self, thumbs: Mapping[int, Thumb], room: Room) -> None:
        """Take what was asked for, unless the cells have another size by now."""
        if room != self.room:
            return
        self._thumbs.update(thumbs)
        if len(self._thumbs) > MOST_KEPT:
            first, last = self._in_view()
            near = [self.key(at) for at in range(first, last)]
            rest = [key for key in reversed(self._thumbs) if key not in near]
            kept = [*near, *rest][: MOST_KEPT // 2]
            self._thumbs = {key: self._thumbs[key] for key in kept if key in self._thumbs}
        self.refresh()

    def forget(self) -> None:
        """Let go of every drawing."""
        self._thumbs.clear()
        self.ask_again()

    def ask_again(self) -> None:
        """Something else may be in view: ask for what is missing."""
        self._asked = ()
        self._fit()
        self.refresh()

    # ------------------------------------------------------------------ sizes

    @property
    def columns(self) -> int:
        """Cells beside each other."""
        width = self.scrollable_content_region.width
        return max(1, width // (WIDTHS[self.step] + 1))

    @property
    def room(self) -> Room:
        """What a picture may take in a cell."""
        width = max(4, self.scrollable_content_region.width // self.columns - 1)
        cell = self.capabilities.cell
        rows = max(2, round(width * cell[0] / cell[1] * ASPECT))
        most = max(2, self.scrollable_content_region.height - 1)
        return Room(width, min(rows, most), cell)

    def _fit(self) -> None:
        lines = -(-max(1, self.total) // self.columns) * (self.room.rows + 1)
        self.virtual_size = Size(self.scrollable_content_region.width or 1, lines)

    def _in_view(self) -> tuple[int, int]:
        """The first position in view, and the one after the last."""
        each = self.room.rows + 1
        top = self.scroll_offset.y // each
        bottom = -(-(self.scroll_offset.y + self.scrollable_content_region.height) // each)
        return top * self.columns, min(self.total, bottom * self.columns)

    def _show_cursor(self) -> None:
        each = self.room.rows + 1
        region = Region(0, self.cursor // self.columns * each, 1, each)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    # ------------------------------------------------------------------ state

    def on_mount(self) -> None:
        """Learn of the terminal."""
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "capabilities", self._terminal_answered)

    def _terminal_answered(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.forget()

    def on_resize(self) -> None:
        """Refit; drawings of another size are of no use."""
        self.forget()
        self._show_cursor()

    def validate_cursor(self, cursor: int) -> int:
        """Stay within the grid."""
        return max(0, min(cursor, self.total - 1))

    def validate_step(self, step: int) -> int:
        """Stay within the sizes."""
        return max(0, min(step, len(WIDTHS) - 1))

    def watch_total(self) -> None:
        """Grow or shrink the scrolled area."""
        self.cursor = self.cursor
        self.ask_again()

    def watch_step(self) -> None:
        """Draw at another size."""
        self.forget()
        self._show_cursor()

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the cursor in view and tell the screen."""
        self._show_cursor()
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

    # ------------------------------------------------------------------ drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Before drawing, ask for what is in view and not known."""
        self._ask()
        return super().render_lines(crop)

    def _ask(self) -> None:
        first, last = self._in_view()
        view = (first, last, self.room)
        if self._asked == view or not self.total or not self.scrollable_content_region.area:
            return
        self._asked = view
        further = min(self.total, 2 * last - first)
        keys = [key for at in range(first, further) if (key := self.key(at)) not in self._thumbs]
        if keys:
            self.post_message(self.Wants(self, keys, self.room))

    def render_line(self, y: int) -> Strip:
        """One line of every cell that it crosses."""
        width, base, room = self.scrollable_content_region.width, self.rich_style, self.room
        line, within = divmod(y + self.scroll_offset.y, room.rows + 1)
        first = line * self.columns
        segments: list[Segment] = []
        for position in range(first, min(first + self.columns, self.total)):
            segments += self._cell(position, within, room, base)
        return Strip(segments).adjust_cell_length(width, base)

    def _cell(self, position: int, within: int, room: Room, base: Style) -> list[Segment]:
        under = position == self.cursor
        colors = self.app.theme_variables
        strong = base + Style(color=colors["primary" if self.has_focus else "secondary"], bold=True)
        edge = Segment("┃" if under else " ", strong)
        if within == room.rows:
            style = base
            if under and self.has_focus:
                style = Style(bgcolor=colors["primary"], color=colors["background"], bold=True)
            elif under:
                style = base + Style(bgcolor=colors["panel"])
            mark = Segment("›" if under else " ", style if under else base)
            strip = Strip(self.caption(position, room.columns, style))
            return [mark, *strip.adjust_cell_length(room.columns, style)]
        thumb = self._thumbs.get(self.key(position))
        return [edge, *_picture_line(thumb, within, room, base)]


def _picture_line(thumb: Thumb | None, within: int, room: Room, base: Style) -> Strip:
    """A line of a picture in the middle of its cell, or of the words in its place."""
    drawing = thumb.drawing if thumb else None
    if drawing is not None and drawing.strips:
        left = (room.columns - drawing.frame.columns) // 2
        at = within - (room.rows - drawing.frame.rows) // 2
        if not 0 <= at < len(drawing.strips):
            return Strip.blank(room.columns, base)
        # Letters come without a style of their own, which a filter for no colour needs.
        strip = Strip.join([Strip.blank(left, base), drawing.strips[at].apply_style(base)])
        return strip.adjust_cell_length(room.columns, base)
    words = "…"
    if thumb is not None:
        words = thumb.words or (drawing.flaw or drawing.description if drawing else "")
    if within != room.rows // 2:
        return Strip.blank(room.columns, base)
    text = clip(one_line(words), room.columns).center(room.columns)
    return Strip([Segment(text, base + Style(dim=True))]).adjust_cell_length(room.columns, base)
