"""Titles side by side, the chosen one reversed; a click chooses one."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.text import one_line


@dataclass(frozen=True, slots=True)
class Tab:
    """A title."""

    name: str
    words: str
    empty: bool = False
    """Whether there is nothing to see under it."""


class TabLine(Widget):
    """One row; scrolls so that the chosen title is seen."""

    DEFAULT_CSS = """
    TabLine { height: 1; background: $surface; }
    """

    tabs: reactive[tuple[Tab, ...]] = reactive(())
    chosen: reactive[str] = reactive("")
    note: reactive[str] = reactive("")
    """Words after the titles."""

    class Chosen(Message):
        """A title was clicked."""

        def __init__(self, line: "TabLine", name: str) -> None:
            super().__init__()
            self.line, self.name = line, name

        @property
        def control(self) -> "TabLine":
            """The line, for `@on` selectors."""
            return self.line

    def turned(self, by: int, names: Sequence[str] = ()) -> str:
        """The name of a title further on, round and round."""
        every = list(names) or [tab.name for tab in self.tabs]
        at = every.index(self.chosen) if self.chosen in every else 0
        return every[(at + by) % len(every)]

    def _spans(self) -> list[tuple[int, int, Tab]]:
        """Where each title begins and ends, in cells."""
        spans, x = [], 0
        for tab in self.tabs:
            end = x + len(tab.words) + 2
            spans.append((x, end, tab))
            x = end
        return spans

    def _scrolled(self) -> int:
        """How many cells of the titles are out of sight on the left."""
        ends = [end for _, end, tab in self._spans() if tab.name == self.chosen]
        return max(0, ends[0] - self.size.width) if ends else 0

    def render_line(self, y: int) -> Strip:
        """Draw the titles, then the note as far as there is room."""
        base, width = self.rich_style, self.size.width
        segments = []
        for _, _, tab in self._spans():
            look = Style(bold=True, reverse=True) if tab.name == self.chosen else Style()
            segments.append(Segment(f" {tab.words} ", base + look + Style(dim=tab.empty)))
        if self.note:
            segments.append(Segment(f"  {one_line(self.note)}", base + Style(italic=True)))
        begin = self._scrolled()
        strip = Strip(segments)
        return strip.crop(begin, begin + width).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """Choose the title under the pointer."""
        x = event.x + self._scrolled()
        for begin, end, tab in self._spans():
            if begin <= x < end:
                self.post_message(self.Chosen(self, tab.name))
