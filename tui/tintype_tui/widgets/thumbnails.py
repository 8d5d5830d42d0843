"""A grid of small images that draws only what is seen, in characters.

It knows how many there are and where the cursor stands. What comes into view is asked for
(`Thumbnails.Wants`); a screen has it drawn in threads and hands it in with `show`, and lets go of
what was asked for before. Images that live in the terminal (kitty, sixel) are not used here: at
every turn of a page, forty of them would have to be sent and freed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.cell_grid import CellGrid
from tintype_tui.widgets.image import Drawing, Room, Wanted
from tintype_tui.widgets.line_list import Line

MOST_KEPT = 400
"""Drawings kept; those furthest from the view are forgotten first."""


@dataclass(frozen=True, slots=True)
class Thumb:
    """What a cell shows: a drawing, or words where there is none."""

    drawing: Drawing | None = None
    words: str = ""


class Thumbnails(CellGrid):
    """Cells with an image and a line of words."""

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

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._thumbs: dict[int, Thumb] = {}
        self._asked: tuple[object, ...] = ()
        self._room: Room | None = None

    # ------------------------------------------------------------------ what is shown

    def key(self, position: int) -> int:
        """What stands at a position; drawings are kept by it."""
        return position

    def caption(self, position: int, width: int, style: Style) -> Line:
        """The line under an image."""
        raise NotImplementedError

    def wanted(self, data: bytes, room: Room) -> Wanted:
        """How an image is to be drawn here."""
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
            first, last = self.in_view()
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
        self.fit()
        self.refresh()

    def on_mount(self) -> None:
        """Learn of the terminal."""
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "capabilities", self._terminal_answered)

    def _terminal_answered(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.forget()

    @property
    def cell_px(self) -> tuple[int, int]:
        """As the terminal says."""
        return self.capabilities.cell

    def refit(self) -> None:
        """Drawings of another size are of no use."""
        if self.room != self._room:
            self._room = self.room
            self._thumbs.clear()
        self.ask_again()

    # ------------------------------------------------------------------ drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Before drawing, ask for what is in view and not known."""
        self._ask()
        return super().render_lines(crop)

    def _ask(self) -> None:
        first, last = self.in_view()
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
        return [edge, *_image_line(thumb, within, room, base)]


def _image_line(thumb: Thumb | None, within: int, room: Room, base: Style) -> Strip:
    """A line of an image in the middle of its cell, or of the words in its place."""
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
