"""The rows as a list, a line each."""

import textwrap
from asyncio import to_thread
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from textual import getters, on, work
from textual.app import ComposeResult

from tintype.dataset import example as read_example
from tintype.dataset.arrangement import Arrangement, Order
from tintype.dataset.base64_text import displayed
from tintype.selection import FIELDS
from tintype.selection.columns import LISTED, FieldColumns
from tintype_tui.screens.datasets.part import View, WantColumns
from tintype_tui.text import one_line, short, visible
from tintype_tui.widgets.column_head import ColumnHead, Measure, beside
from tintype_tui.widgets.example_list import ExampleList, row_line
from tintype_tui.widgets.line_list import LineList

MEASURES: Mapping[Order, str] = {"tokens": "tokens", "bytes": "bytes", "answer": "characters"}
"""What is shown beside each row in an order."""


WORD_CELLS = 12
"""Of a column of words; one of numbers has five."""


class RowsView(View):
    """All rows, or those of a filter."""

    rows = getters.query_one(ExampleList)
    head = getters.query_one(ColumnHead)

    def compose(self) -> ComposeResult:
        yield ColumnHead()
        yield ExampleList(id="rows")

    def begun(self) -> None:
        self.rows.forget()

    def completed(self) -> None:
        if self.arrangement.columns:
            self.post_message(WantColumns())

    def watch_arrangement(self, before: Arrangement, arrangement: Arrangement) -> None:
        if before.columns != arrangement.columns:
            self.watch_columns()
        self.rows.order = arrangement.indices
        self.rows.total = arrangement.shown
        self.rows.rows_in_all = arrangement.total
        searched = arrangement.chosen is not None and not arrangement.query
        self.rows.excerpts = arrangement.found.hits if searched and arrangement.found else {}
        self._measure()

    def watch_assessed(self) -> None:
        self.rows.severities = self.assessed.figures.statuses if self.assessed else {}
        self._measure()
        self.rows.refresh()

    def watch_marks(self) -> None:
        self.rows.marked = self.marks.rows

    def _measure(self) -> None:
        order, values = self.arrangement.order, self.arrangement.values
        if values is not None and order in LISTED:
            self.rows.measure = column(order, values)
        elif values is not None:
            self.rows.measure = Measure(MEASURES[order], values, short, asked=True)
        elif self.assessed is not None:
            self.rows.measure = Measure("tokens", self.assessed.figures.tokens, short)
        self._name_columns()

    # ------------------------------------------------------------------ columns

    def watch_columns(self) -> None:
        self._show_columns(self.columns or FieldColumns())

    @work(exclusive=True, group="columns")
    async def _show_columns(self, columns: FieldColumns) -> None:
        made = [
            column(name, await to_thread(columns[name].first, columns.total))
            for name in self.arrangement.columns
        ]
        self.rows.columns = tuple(made)
        self._name_columns()

    def on_resize(self) -> None:
        self.call_after_refresh(self._name_columns)

    def _name_columns(self) -> None:
        self.head.display = bool(self.rows.columns)
        self.head.width = width = self.rows.scrollable_content_region.width
        self.head.measures = beside(self.rows.columns, self.rows.measure, width)

    def on_column_head_sort(self, event: ColumnHead.Sort) -> None:
        self.post_message(self.Arrange(lambda now: now.sorted_by(event.name), from_top=True))

    # ------------------------------------------------------------------ rows

    def say_empty(self, words: str) -> None:
        """What stands in place of the rows."""
        width = max(24, self.rows.size.width - 3)
        lines = (textwrap.fill(line, width) for line in visible(words).splitlines())
        self.rows.empty_text = "\n".join(lines)
        self.rows.refresh()

    def go(self, index: int) -> None:
        self.rows.cursor = self.arrangement.position_of(index) or 0

    def mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and go on to the next."""
        if self.rows.total:
            index = self.rows.row_at(self.rows.cursor)
            self.post_message(self.Remark(lambda marks: marks.toggled(index)))
            self.rows.cursor += 1

    def take_focus(self) -> None:
        self.rows.focus()

    @on(LineList.Moved)
    def _moved(self) -> None:
        if self.rows.total:
            self.post_message(self.Select(self.rows.row_at(self.rows.cursor), self))

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        self.post_message(self.Enlarge())

    @on(ExampleList.Needed)
    def _needed(self, event: ExampleList.Needed) -> None:
        self._load(event.keys)

    @work(exclusive=True, group="rows")
    async def _load(self, indices: Sequence[int]) -> None:
        if (dataset := self.dataset) is None:
            return
        with self.pane.reporting("Cannot read the dataset"):
            for start, stop in _runs(indices):
                async for batch in dataset.rows(start, stop):
                    shown = {
                        row.index: row_line(displayed(read_example(row)), row.flaw) for row in batch
                    }
                    self.rows.know(shown)


def column(name: str, values: Sequence[Any]) -> Measure:
    """A field as a column."""
    if FIELDS[name].kind == "number":
        return Measure(name, values, short, asked=True, cells=max(5, len(name)))
    if FIELDS[name].kind == "pair":
        return Measure(name, values, lambda pair: f"{pair[0]}x{pair[1]}", asked=True, cells=9)
    return Measure(name, values, one_line, asked=True, cells=WORD_CELLS)


def _runs(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join neighbours: 3, 4, 5, 9 → (3, 6), (9, 10)."""
    start = stop = -1
    for index in sorted(indices):
        if index != stop:
            if stop >= 0:
                yield start, stop
            start = index
        stop = index + 1
    if stop >= 0:
        yield start, stop
