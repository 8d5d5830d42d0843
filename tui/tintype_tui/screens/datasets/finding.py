"""The layer that finds rows: by text, by what they are made of, by their place."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from textual import on, work

from tintype.dataset import Dataset
from tintype.dataset.query import Query, search
from tintype.dataset.statistics import Facet, facets
from tintype.dataset.survey import Surveyed, survey
from tintype.errors import DatasetError
from tintype_tui.screens.datasets.checking import CheckingPane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import count
from tintype_tui.widgets.line_list import LineList


class FindingPane(CheckingPane):
    """Rows found and gone to."""

    def __init__(self) -> None:
        super().__init__()
        self._needle = ""

    def open(self, path: Path, row: int = 0) -> None:
        self.workers.cancel_group(self, "search")
        super().open(path, row)

    # ------------------------------------------------------------------ by text

    @work
    async def action_search(self) -> None:
        text = await self.app.push_screen_wait(
            Ask("Search the rows", value=self._needle, hints=("/…/ searches for an expression",))
        )
        if text:
            self._needle = text
            self._search(text)

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        if (dataset := self.dataset) is None:
            return
        regular = len(text) > 2 and text.startswith("/") and text.endswith("/")
        query = Query(text[1:-1] if regular else text, is_regex=regular)
        rows: list[int] = []
        with self.reporting("Cannot search"):
            async for searched in search(dataset, query):
                rows.extend(dict.fromkeys(hit.index for hit in searched.hits))
                self.doing = f"searching {searched.rows / max(1, dataset.count):.0%}"
        self.doing = ""
        found = list(dict.fromkeys(rows))
        if found:
            self.show_only(found, f"{count(len(found), 'row')} with “{text}” (Esc shows all)")
        else:
            self.say(f"“{text}” is in no row.")

    # ------------------------------------------------------------------ by what they are made of

    @on(LineList.Chosen, "#facets")
    def _facet_chosen(self, event: LineList.Chosen) -> None:
        line = self.facet_list.lines[event.index]
        if line.value is not None:
            self._filter_by(line.name, line.value)

    @work(exclusive=True, group="search")
    async def _filter_by(self, name: str, value: str) -> None:
        if (dataset := self.dataset) is None:
            return
        rows: list[int] = []
        with self.reporting("Cannot filter"):
            async for batch in survey(dataset, fetch=False):
                rows += await asyncio.to_thread(_rows_with, batch, (name, value))
                self.doing = f"filtering {batch[-1].row.index / max(1, dataset.count):.0%}"
        self.doing = ""
        self.show_only(rows, f"{count(len(rows), 'row')} with {name}: {value} (Esc shows all)")

    # ------------------------------------------------------------------ by their place

    @work
    async def action_line(self) -> None:
        text = await self.app.push_screen_wait(Ask("Go to line", hints=("a number, or 50%",)))
        if not text or self.dataset is None:
            return
        with self.reporting("Cannot go there"):
            self._go(await self._place(text, self.dataset))

    async def _place(self, text: str, dataset: Dataset) -> int:
        try:
            if text.strip().endswith("%"):
                return round(float(text.strip()[:-1]) / 100 * (dataset.count - 1))
            return await dataset.find_line(int(text.replace(",", "")))
        except ValueError:
            raise DatasetError(f"{text!r} is no line.", advice="Type 120, or 50%.") from None

    def _go(self, index: int) -> None:
        if self.rows.order is not None:
            self.show_only(None)
        self.rows.cursor = index

    def action_random(self) -> None:
        self.rows.cursor = random.randrange(max(1, self.rows.total))


def _rows_with(batch: Sequence[Surveyed], facet: Facet) -> list[int]:
    return [surveyed.row.index for surveyed in batch if facet in facets(surveyed)]
