"""The layer that puts the rows in order, and shows by what."""

import asyncio
from collections.abc import Sequence

from textual.reactive import var

from tintype.dataset import Dataset
from tintype_tui.screens.datasets.overview import OverviewPane
from tintype_tui.text import count, short
from tintype_tui.widgets.example_list import SEVERITY_COLORS, Measure

ORDERS = ("", "most tokens", "largest", "longest answer", "worst first")
"""In words; the first is the file's own."""


class SortingPane(OverviewPane):
    """Rows in the file's order, or by what they cost, weigh, say, or lack."""

    sorting: var[int] = var(0)
    """Which of `ORDERS`."""

    def begin(self, dataset: Dataset, row: int) -> None:
        self.set_reactive(SortingPane.sorting, 0)
        super().begin(dataset, row)
        self.rows.measure = Measure("tokens", self.tokens, short)

    def title_words(self) -> list[str]:
        name, *words = super().title_words() or [""]
        return [name, ORDERS[self.sorting], *words]

    def action_sort(self) -> None:
        """The next order."""
        if len(self.tokens) < self.count:
            self.say("The rows are still being counted. Press s again when that is done.")
            return
        self.sorting = (self.sorting + 1) % len(ORDERS)

    def watch_sorting(self) -> None:
        if self.dataset is not None:
            self.draw_title()
            self.list_rows(from_top=bool(self.sorting))

    async def ordered(self, rows: list[int] | None) -> Sequence[int] | None:
        dataset = self.dataset
        if dataset is None:
            return None
        measures = (
            Measure("tokens", self.tokens, short),
            Measure("tokens", self.tokens, short),
            Measure("bytes", await asyncio.to_thread(dataset.row_bytes), short),
            Measure("characters", self.answer_chars, short),
        )
        self.rows.measure = measures[self.sorting % len(measures)]
        if not self.sorting:
            return rows
        shown = range(self.count) if rows is None else rows
        if self.sorting == len(measures):
            ranks = {name: rank for rank, name in enumerate(SEVERITY_COLORS)}
            found = self.rows.severities
            return await asyncio.to_thread(
                sorted, shown, key=lambda index: ranks.get(found.get(index, ""), len(ranks))
            )
        values = self.rows.measure.values
        return await asyncio.to_thread(sorted, shown, key=values.__getitem__, reverse=True)

    def cost_words(self, index: int) -> str:
        """What a row costs: its tokens, and how many of them are images."""
        if index >= len(self.tokens):
            return ""
        tokens, images = self.tokens[index], self.image_tokens[index]
        share = f", {images / tokens:.0%} images" if images and tokens else ""
        return f"{count(tokens, 'token')}{share}"
