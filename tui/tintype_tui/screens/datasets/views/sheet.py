"""The rows as a contact sheet of small images, drawn as they come into view."""

import asyncio
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tintype.dataset import Dataset
from tintype.dataset import example as read_example
from tintype.dataset.arrangement import Arrangement
from tintype.dataset.base64_text import displayed
from tintype_tui.screens.datasets.part import View
from tintype_tui.screens.datasets.thumbs import thumb
from tintype_tui.widgets.cells import Thumb
from tintype_tui.widgets.contact_sheet import SheetRows
from tintype_tui.widgets.example_list import RowLine, row_line
from tintype_tui.widgets.thumbnails import Thumbnails

AT_ONCE = 3
"""Images read and drawn at the same time."""
MOST_LINES = 4000
"""Rows whose captions are kept."""


class SheetView(View):
    """Rows looked over by their images."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "show", "Sheet", id="data.sheet", tooltip="the rows as small images")
    ]
    WHOLE = True
    HINT = "Enter opens, + - size"

    sheet = getters.query_one(Thumbnails)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: dict[int, RowLine] = {}

    def compose(self) -> ComposeResult:
        yield Thumbnails(id="sheet")

    def begun(self) -> None:
        self._lines.clear()
        self.sheet.forget()

    def watch_arrangement(self, arrangement: Arrangement) -> None:
        self._label()
        self.sheet.total = arrangement.shown

    def watch_assessed(self) -> None:
        self._label()

    def watch_marks(self) -> None:
        self._label()

    def _label(self) -> None:
        statuses = self.assessed.figures.statuses if self.assessed else {}
        rows = SheetRows(self._lines, self.arrangement.indices, statuses, self.marks.rows)
        self.sheet.labels = rows

    def go(self, index: int) -> None:
        self.sheet.cursor = self.arrangement.position_of(index) or 0

    def mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and go on to the next."""
        if self.sheet.total:
            index = self.arrangement.row_at(self.sheet.cursor)
            self.post_message(self.Remark(lambda marks: marks.toggled(index)))
            self.sheet.cursor += 1

    def take_focus(self) -> None:
        self.sheet.focus()

    @on(Thumbnails.Chosen)
    def _chosen(self) -> None:
        self.post_message(self.Leave())

    @on(Thumbnails.Moved)
    def _moved(self) -> None:
        if self.sheet.total:
            self.post_message(self.Select(self.arrangement.row_at(self.sheet.cursor), self))

    @on(Thumbnails.Wants)
    def _wanted(self, event: Thumbnails.Wants) -> None:
        self._draw(event)

    @work(exclusive=True, group="sheet")
    async def _draw(self, event: Thumbnails.Wants) -> None:
        """Draw what is in view; what has been scrolled past is given up."""
        if (dataset := self.dataset) is None:
            return
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> None:
            async with slots:
                drawn = await self._row_thumb(dataset, index, event)
            self.sheet.show({index: drawn}, event.room)

        with self.pane.reporting("Cannot draw the images"):
            await asyncio.gather(*map(one, event.keys))

    async def _row_thumb(self, dataset: Dataset, index: int, event: Thumbnails.Wants) -> Thumb:
        row = await dataset.row(index)
        example = displayed(read_example(row))
        if len(self._lines) > MOST_LINES:
            self._lines.clear()
        self._lines[index] = row_line(example, row.flaw)
        if not example.images:
            return Thumb(words="no JSON" if row.flaw else "no image")
        return await thumb(dataset, index, 0, event)
