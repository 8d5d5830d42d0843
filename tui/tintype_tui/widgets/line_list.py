"""A list of any length that draws only what is seen: one line an item, one under the cursor.

Textual's own lists build something per item before the first frame (5 s for 50,000 rows); this one
asks for a line when it is drawn. It knows how many items there are, never what they are.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

Line = Sequence[Segment]
T = TypeVar("T")
MOST_KEPT = 4_000
"""Items that a list remembers of those that it asked for."""
NOTHING = (-1, -1)


def chosen(base: Style, colors: Mapping[str, str], *, focused: bool) -> Style:
    """How the line under the cursor is drawn."""
    if focused:
        return base + Style(bgcolor=colors["primary"], color=colors["background"], bold=True)
    return base + Style(bgcolor=colors["panel"])


def empty_line(words: str, y: int, base: Style) -> Strip:
    """A line of what is said where there is nothing: from the second on."""
    lines = words.splitlines()
    text = lines[y - 1] if 1 <= y <= len(lines) else ""
    return Strip([Segment(f"  {text}", base + Style(dim=True))])


class LineList(ScrollView, can_focus=True):
    """A scrolling list of lines with one under the cursor."""

    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        background: $background;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="list.pagedown"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.pageup"),
        Binding("home,g", "jump(0)", "First", show=False, id="list.first"),
        Binding("end,G", "jump(-1)", "Last", show=False, id="list.last"),
        Binding("enter", "choose", "Open", show=False, id="list.choose"),
    ]

    total: var[int] = var(0)
    """How many items there are."""
    cursor: var[int] = var(0)
    """The item under the cursor, 0-based."""
    empty_text: var[str] = var("")
    """What to say when there is nothing: the key that changes this, for one."""

    class Moved(Message):
        """The cursor stands on another item."""

        def __init__(self, list: "LineList", index: int) -> None:
            super().__init__()
            self.list = list
            self.index = index

        @property
        def control(self) -> "LineList":
            """The list, for `@on` selectors."""
            return self.list

    class Chosen(Moved):
        """Enter or a click on the item under the cursor."""

    def item(self, index: int, width: int, style: Style) -> Line:
        """The segments of one item; longer than `width` cells is cut."""
        raise NotImplementedError

    # ------------------------------------------------------------------ state

    def validate_cursor(self, cursor: int) -> int:
        """Stay within the list."""
        return max(0, min(cursor, self.total - 1))

    def watch_total(self) -> None:
        """Grow or shrink the scrolled area."""
        self._fit()
        self.cursor = self.cursor
        self.refresh()

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the cursor in view and tell the screen."""
        self._show_cursor()
        self.refresh()
        if self.total:
            self.post_message(self.Moved(self, now))

    def on_resize(self) -> None:
        """Refit."""
        self._fit()
        self._show_cursor()

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width or 1, max(1, self.total))

    def _show_cursor(self) -> None:
        region = Region(0, self.cursor, 1, 1)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    # ------------------------------------------------------------------ keys and mouse

    def action_move(self, by: int) -> None:
        """Go up or down."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Go a screenful up or down."""
        self.cursor += by * max(1, self.scrollable_content_region.height - 1)

    def action_jump(self, to: int) -> None:
        """Go to the first or the last."""
        self.cursor = to if to >= 0 else self.total - 1

    def action_choose(self) -> None:
        """Take the item under the cursor."""
        if self.total:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move to the item; a second click takes it."""
        index = event.y + self.scroll_offset.y - self.gutter.top
        if 0 <= index < self.total:
            if index == self.cursor and event.chain > 1:
                self.action_choose()
            self.cursor = index

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        """Draw one visible line."""
        width = self.scrollable_content_region.width
        index = y + self.scroll_offset.y
        base = self.rich_style
        if not self.total:
            return empty_line(self.empty_text, y, base).adjust_cell_length(width, base)
        if index >= self.total:
            return Strip.blank(width, base)
        under, style = index == self.cursor, base
        if under:
            style = chosen(base, self.app.theme_variables, focused=self.has_focus)
        mark = Segment("›" if under else " ", style)
        strip = Strip([mark, *self.item(index, width - 1, style)])
        return strip.adjust_cell_length(width, style)


class AskingList(LineList, Generic[T]):
    """A list that asks for what it does not know of the items in view, and a page on each side."""

    class Needed(Message):
        """Items have come into view that the list does not know, by their keys, in order."""

        def __init__(self, keys: Sequence[int]) -> None:
            super().__init__()
            self.keys = keys

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.known: dict[int, T] = {}
        self._asked = NOTHING

    def row_at(self, position: int) -> int:
        """The key of the item at a position in the list."""
        return position

    def know(self, items: Mapping[int, T]) -> None:
        """Take items that were asked for; of too many, those about the cursor are kept."""
        self.known |= items
        if len(self.known) > MOST_KEPT and self.total:
            here = self.row_at(self.cursor)
            kept = sorted(self.known, key=lambda key: abs(key - here))[: MOST_KEPT // 2]
            self.known = {key: self.known[key] for key in kept}
        self.ask_again()

    def ask_again(self) -> None:
        """Draw again, and ask for what is not known then."""
        self._asked = NOTHING
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Before drawing, ask for what is in view and not known."""
        height = self.scrollable_content_region.height
        first = max(0, self.scroll_offset.y - height)
        last = min(self.total, self.scroll_offset.y + 2 * height)
        if self._asked != (first, last):
            keys = map(self.row_at, range(first, last))
            if missing := [key for key in keys if key not in self.known]:
                self._asked = (first, last)
                self.post_message(self.Needed(missing))
        return super().render_lines(crop)


def item_of(event: LineList.Moved, items: Sequence[T]) -> T | None:
    """The item of what a list shows; none if that has become shorter since the message."""
    return items[event.index] if 0 <= event.index < len(items) else None
