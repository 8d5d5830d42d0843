"""The rows as a list, a line each."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from textual import getters, on, work
from textual.app import ComposeResult

from tintype.dataset import Row
from tintype.dataset import example as read_example
from tintype.dataset.arrangement import Arrangement, Order
from tintype.dataset.base64_text import displayed
from tintype_tui.screens.datasets.part import View
from tintype_tui.text import short, visible
from tintype_tui.widgets.example_list import ExampleList, Measure, RowLine, row_line
from tintype_tui.widgets.line_list import LineList

MEASURES: Mapping[Order, str] = {"tokens": "tokens", "bytes": "bytes", "answer": "characters"}
"""What is shown beside each row in an order."""


class RowsView(View):
    """All rows, or those of a filter."""

    rows = getters.query_one(ExampleList)

    def compose(self) -> ComposeResult:
        yield ExampleList(id="rows")

    def begun(self) -> None:
        self.rows.forget()

    def watch_arrangement(self, arrangement: Arrangement) -> None:
        self.rows.order = arrangement.indices
        self.rows.total = arrangement.shown
        self.rows.rows_in_all = arrangement.total
        self.rows.excerpts = arrangement.found.hits if arrangement.found else {}
        self._measure()

    def watch_assessed(self) -> None:
        self.rows.severities = self.assessed.figures.statuses if self.assessed else {}
        self._measure()
        self.rows.refresh()

    def watch_marks(self) -> None:
        self.rows.marked = self.marks.rows

    def _measure(self) -> None:
        order, values = self.arrangement.order, self.arrangement.values
        if values is not None:
            self.rows.measure = Measure(MEASURES[order], values, short, asked=True)
        elif self.assessed is not None:
            self.rows.measure = Measure("tokens", self.assessed.figures.tokens, short)

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
        self._load(event.indices)

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


def _line(row: Row) -> RowLine:
    return row_line(displayed(read_example(row)), row.flaw)


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
