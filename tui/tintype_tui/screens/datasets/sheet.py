"""The layer with the contact sheet: the rows as small images, drawn as they come into view."""

import asyncio

from textual import getters, on, work
from textual.widgets import ContentSwitcher

from tintype.dataset import Dataset
from tintype.dataset import example as read_example
from tintype.errors import DatasetError
from tintype_tui.screens.datasets.finding import FindingPane
from tintype_tui.widgets.contact_sheet import ContactSheet
from tintype_tui.widgets.example_list import row_line
from tintype_tui.widgets.image import draw
from tintype_tui.widgets.thumbnails import Thumb, Thumbnails

AT_ONCE = 3
"""Images read and drawn at the same time."""


class SheetPane(FindingPane):
    """Rows looked over by their images."""

    sheet = getters.query_one("#sheet", ContactSheet)
    views = getters.query_one("#views", ContentSwitcher)

    def begin(self, dataset: Dataset, row: int) -> None:
        super().begin(dataset, row)
        self.sheet.forget_rows()

    def on_mount(self) -> None:
        for name in ("order", "total", "severities"):
            self.watch(self.rows, name, self._follow_rows)

    def _follow_rows(self) -> None:
        """The sheet shows what the list shows."""
        self.sheet.order = self.rows.order
        self.sheet.total = self.rows.total
        self.sheet.severities = self.rows.severities

    @property
    def on_sheet(self) -> bool:
        """Whether the contact sheet is what is seen."""
        return self.views.current == "sheet"

    def title_words(self) -> list[str]:
        return [*super().title_words(), "Enter opens, + - size" if self.on_sheet else ""]

    def action_sheet(self) -> None:
        """The contact sheet in place of everything else, and back."""
        if self.on_sheet:
            self.leave_sheet()
        else:
            self.views.current = "sheet"
            self.sheet.cursor = self.rows.cursor
            self.sheet.focus()
        self.draw_title()

    def leave_sheet(self) -> None:
        """Back to the rows, at the one that the cursor stood on."""
        self.workers.cancel_group(self, "sheet")
        self.views.current = "dataset-body"
        self.left.current = "rows"
        self.rows.focus()
        self.draw_title()

    def focus_rows(self) -> None:
        if self.on_sheet:
            self.sheet.cursor = self.rows.cursor
            self.sheet.focus()
        else:
            super().focus_rows()

    @on(Thumbnails.Moved, "#sheet")
    def _thumb_moved(self, event: Thumbnails.Moved) -> None:
        self.rows.cursor = event.position

    @on(Thumbnails.Chosen, "#sheet")
    def _thumb_chosen(self) -> None:
        self.leave_sheet()

    @on(Thumbnails.Wants, "#sheet")
    def _thumbs_wanted(self, event: Thumbnails.Wants) -> None:
        self._draw_sheet(event)

    @work(exclusive=True, group="sheet")
    async def _draw_sheet(self, event: Thumbnails.Wants) -> None:
        """Draw what is in view; what has been scrolled past is given up."""
        if (dataset := self.dataset) is None:
            return
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> None:
            async with slots:
                thumb = await self._row_thumb(dataset, index, event)
            self.sheet.show({index: thumb}, event.room)

        with self.reporting("Cannot draw the images"):
            await asyncio.gather(*map(one, event.keys))

    @on(Thumbnails.Wants, "#strip")
    def _strip_wanted(self, event: Thumbnails.Wants) -> None:
        self._draw_strip(event, self.index)

    @work(exclusive=True, group="strip")
    async def _draw_strip(self, event: Thumbnails.Wants, index: int) -> None:
        """Draw the images of the row shown."""
        if (dataset := self.dataset) is None:
            return
        with self.reporting("Cannot draw the images"):
            for ordinal in event.keys:
                thumb = await self._thumb(dataset, index, ordinal, event)
                event.thumbnails.show({ordinal: thumb}, event.room)

    @on(Thumbnails.Moved, "#strip")
    def _strip_moved(self, event: Thumbnails.Moved) -> None:
        if event.position != self._ordinal:
            self.present(self.index, event.position)

    async def _row_thumb(self, dataset: Dataset, index: int, event: Thumbnails.Wants) -> Thumb:
        example = read_example(await dataset.row(index))
        self.sheet.know(index, row_line(example))
        if not example.images:
            return Thumb(words="no image")
        return await self._thumb(dataset, index, 0, event)

    async def _thumb(
        self, dataset: Dataset, index: int, ordinal: int, event: Thumbnails.Wants
    ) -> Thumb:
        try:
            data = await dataset.image(index, ordinal)
        except DatasetError as error:
            return Thumb(words=error.message)
        return Thumb(await draw(event.thumbnails.wanted(data, event.room)))
