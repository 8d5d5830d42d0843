"""What is shown beside each row of a list, and the line above that names it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.text import clip

NARROW, ROOMY = 28, 50
"""Columns from which a quantity is shown beside each row: one that is asked for, any."""

LEAST_TEXT = 20
"""Cells that a row's line has for itself, whatever is shown beside it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity or words that rows have, shown beside them."""

    name: str
    values: Sequence[Any]
    """By row index; those missing, or none, are not known."""
    show: Callable[[Any], str]
    """A value in so many cells or fewer."""
    asked: bool = False
    """Whether a person asked for it: then it is shown where there is little room too."""
    cells: int = 5

    def words(self, index: int, width: int) -> str:
        """A row's value for the end of its line; empty where a list of that width has no room."""
        if width < (NARROW if self.asked else ROOMY):
            return ""
        value = self.values[index] if index < len(self.values) else None
        return f" {pad_left('' if value is None else self.show(value), self.cells)}"


def pad_left(text: str, width: int) -> str:
    """A text at the right end of so many cells."""
    cut = clip(text, width)
    return " " * (width - cell_len(cut)) + cut


def beside(columns: Sequence[Measure], usual: Measure | None, width: int) -> Sequence[Measure]:
    """Return what is shown beside each row: as much of it as leaves room for a text.

    That is the columns that were chosen, and the usual quantity if there are none, or if the rows
    are sorted by it.
    """
    if usual is not None and (usual.asked or not columns):
        columns = (usual, *(one for one in columns if one.name != usual.name))
    room, shown = width - LEAST_TEXT, 0
    for measure in columns:
        room -= measure.cells + 1
        shown += room >= 0
    return columns[:shown]


class ColumnHead(Widget):
    """The names of the columns that a list shows, above them; a click sorts by one."""

    DEFAULT_CSS = "ColumnHead { height: 1; display: none; color: $foreground 70%; }"

    class Sort(Message):
        """Sort by a column."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    measures: var[Sequence[Measure]] = var(())
    """What is shown below."""
    width: var[int] = var(0)
    """Of the list below, without its scroll bar."""

    def watch_measures(self) -> None:
        self.refresh()

    watch_width = watch_measures

    def render_line(self, y: int) -> Strip:
        names = "".join(f" {pad_left(one.name, one.cells)}" for one in self.measures)
        strip = Strip([Segment(pad_left(names, self.width), self.rich_style)])
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Sort by what was clicked."""
        left = self.width
        for one in reversed(self.measures):
            left -= one.cells + 1
            if event.x >= left:
                self.post_message(self.Sort(one.name))
                return
