"""What the rows are made of, what stands out, and how the splits compare; each line filters."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import open_dataset
from tintype.dataset.facets import Facet, facets
from tintype.dataset.findings import findings, quantities
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.dataset.survey import Surveyed, survey
from tintype_tui.screens.datasets.part import View, stop_workers
from tintype_tui.text import count, visible
from tintype_tui.widgets.facet_list import (
    FacetLine,
    FacetList,
    balance_lines,
    facet_lines,
    finding_lines,
    mark_lines,
    spread_lines,
)
from tintype_tui.widgets.line_list import LineList


class OverviewView(View):
    """The dataset counted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "show", "Overview", id="data.overview")]
    ROOMY = True

    others: var[Mapping[str, Statistics]] = var({})
    """The other splits, as far as they have been counted."""
    doing: var[str] = var("")
    """What is being counted."""

    list = getters.query_one(FacetList)

    def compose(self) -> ComposeResult:
        yield Static(id="overview-doing")
        yield FacetList(id="facets")

    def begun(self) -> None:
        self.others, self.doing = {}, ""

    def watch_assessed(self) -> None:
        if self.assessed and self.assessed.complete and not self.others and not self.doing:
            self._compare(self.opened.others if self.opened else {})
        self._lay_out()

    def watch_marks(self) -> None:
        self._lay_out()

    def watch_others(self) -> None:
        self._lay_out()

    def watch_doing(self, doing: str) -> None:
        for words in self.query("#overview-doing").results(Static):  # none once it was left
            words.display = bool(doing)
            words.update(visible(doing))

    def take_focus(self) -> None:
        self.list.focus()

    def stop(self) -> bool:
        return stop_workers(self, "filter")

    def _lay_out(self) -> None:
        """Show what is known, and say what is still being counted."""
        counting = "Counting the rows…"
        if self.assessed is not None:
            counting = f"Counting the rows: {self.assessed.share:.0%}"
        self.list.empty_text = counting if self.opened else "No dataset is open."
        self.list.lines = self._lines()
        self.list.refresh()

    def _lines(self) -> tuple[FacetLine, ...]:
        own = self.assessed.statistics if self.assessed else None
        opened = self.opened
        if own is None or opened is None:
            return mark_lines(self.marks)
        splits = {
            name: own if path == opened.path else self.others[name]
            for name, path in (opened.splits or {}).items()
            if path == opened.path or name in self.others
        }
        return (
            *mark_lines(self.marks),
            *finding_lines(findings(own, self.others)),
            *spread_lines(quantities(own)),
            *balance_lines(splits),
            *facet_lines(own.facets),
        )

    @work(exclusive=True, group="compare")
    async def _compare(self, others: Mapping[str, Path]) -> None:
        """Count the other splits: an image that is in two of them has leaked."""
        try:
            for name, path in others.items():
                with self.pane.reporting(f"Cannot compare with {name}"):
                    self.others = {**self.others, name: await self._counted(name, path)}
        finally:
            self.doing = ""

    async def _counted(self, name: str, path: Path) -> Statistics:
        tally = StatisticsTally()
        async with open_dataset(path) as other:
            async for batch in survey(other, fetch=False):
                await asyncio.to_thread(tally.add, batch)
                done = batch[-1].row.offset / max(1, other.size_bytes)
                self.doing = f"comparing with {name}: {done:.0%}"
        return await asyncio.to_thread(tally.statistics)

    # ------------------------------------------------------------------ filters

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        line = self.list.lines[event.index]
        if line.rows:
            self._show_only(line.rows, f"{line.name}, {line.value}")
        elif line.lines:
            self._show_lines(line.lines, line.value or line.name)
        elif line.value is not None and line.count:
            self._filter_by((line.name, line.value))

    def _show_only(self, rows: Sequence[int], what: str) -> None:
        wanted = replace(
            self.arrangement, chosen=rows, why=f"{count(len(rows), 'row')}: {what}", found=None
        )
        self.post_message(self.Arrange(wanted))

    @work(exclusive=True, group="filter")
    async def _show_lines(self, lines: Sequence[int], what: str) -> None:
        if (dataset := self.dataset) is not None:
            with self.pane.reporting("Cannot show the rows"):
                self._show_only([await dataset.find_line(line) for line in lines], what)

    @work(exclusive=True, group="filter")
    async def _filter_by(self, facet: Facet) -> None:
        if (dataset := self.dataset) is None:
            return
        rows: list[int] = []
        try:
            with self.pane.reporting("Cannot filter"):
                async for batch in survey(dataset, fetch=False):
                    rows += await asyncio.to_thread(_rows_with, batch, facet)
                    share = batch[-1].row.index / max(1, dataset.count)
                    self.doing = f"filtering: {share:.0%}, Esc stops"
                self._show_only(rows, ", ".join(facet))
        finally:
            self.doing = ""


def _rows_with(batch: Sequence[Surveyed], facet: Facet) -> list[int]:
    return [surveyed.row.index for surveyed in batch if facet in facets(surveyed)]
