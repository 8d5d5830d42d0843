"""What the dataset is made of, what stands out, charts, and how the splits compare; all filter."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import open_dataset
from tintype.dataset.findings import findings, quantities
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.dataset.survey import survey
from tintype.selection.charts import Chart, FacetValue, charts, facets, split_classes
from tintype.selection.columns import FieldColumns, Rows
from tintype_tui.screens.datasets.part import Narrow, View, WantColumns, stop_workers
from tintype_tui.text import count, visible
from tintype_tui.widgets.chart_box import ChartBox
from tintype_tui.widgets.facet_list import (
    FacetLine,
    FacetList,
    chart_lines,
    facet_lines,
    finding_lines,
    mark_lines,
    spread_lines,
)
from tintype_tui.widgets.line_list import LineList, item_of


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What the rows that are shown say."""

    facets: Mapping[str, Sequence[FacetValue]] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)


def _counted(columns: FieldColumns, rows: Rows, others: Mapping[str, Statistics]) -> Counted:
    # Of other splits it is known what all of their rows say: they stand beside all rows of this.
    classes = {name: split_classes(each.facets) for name, each in others.items()}
    return Counted(facets(columns, rows), charts(columns, rows, classes if rows is None else {}))


class OverviewView(View):
    """The dataset counted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "show", "Overview", id="data.overview")]
    ROOMY = True

    others: var[Mapping[str, Statistics]] = var({})
    """The other splits, as far as they have been counted."""
    doing: var[str] = var("")
    """What is being counted."""
    counted: var[Counted | None] = var(None)
    """None until the rows have been counted."""
    chart: var[str] = var("")
    """The chart that is seen in place of the list."""

    list = getters.query_one(FacetList)
    box = getters.query_one(ChartBox)

    def compose(self) -> ComposeResult:
        yield Static(id="overview-doing")
        yield FacetList(id="facets")
        yield ChartBox()

    def begun(self) -> None:
        self.others, self.doing, self.counted, self.chart = {}, "", None, ""

    def completed(self) -> None:
        if self.display:
            self.post_message(WantColumns())

    def watch_assessed(self) -> None:
        if self.assessed and self.assessed.complete and not self.others and not self.doing:
            self._compare(self.opened.others if self.opened else {})
        self._lay_out()

    def watch_marks(self) -> None:
        self._lay_out()
        self._count()

    def watch_columns(self) -> None:
        self._count()

    watch_arrangement, watch_others = watch_columns, watch_marks

    def watch_doing(self, doing: str) -> None:
        for words in self.query("#overview-doing").results(Static):  # none once it was left
            words.display = bool(doing)
            words.update(visible(doing))

    def on_show(self) -> None:
        self.post_message(WantColumns())
        self._count()

    def take_focus(self) -> None:
        (self.box.drawn if self.box.display else self.list).focus()

    def stop(self) -> bool:
        """Leave a chart; else stop looking for rows."""
        if self.display and self.box.display:
            self.chart = ""
            return True
        return stop_workers(self, "filter")

    # ------------------------------------------------------------------ counting

    @work(exclusive=True, group="count")
    async def _count(self) -> None:
        if self.columns is None or not self.display:
            return
        marked, rows = self.columns.with_marks(self.marks.reasons), self.arrangement.chosen
        self.counted = await asyncio.to_thread(_counted, marked, rows, self.others)

    def watch_counted(self) -> None:
        self._lay_out()
        self.watch_chart()

    def watch_chart(self) -> None:
        """Show the chart that was opened, or the list."""
        found = self.counted.charts.get(self.chart) if self.counted is not None else None
        had_focus = self.list.has_focus or self.box.has_focus_within
        self.box.chart = found
        self.box.display, self.list.display = found is not None, found is None
        if had_focus:
            (self.box.drawn if found is not None else self.list).focus()

    def _lay_out(self) -> None:
        """Show what is known, and say what is still being counted."""
        counting = "Counting the rows…"
        if self.assessed is not None:
            counting = f"Counting the rows: {self.assessed.share:.0%}"
        self.list.empty_text = counting if self.opened else "No dataset is open."
        self.list.lines = _laid_out(self)
        self.list.refresh()

    @work(exclusive=True, group="compare")
    async def _compare(self, others: Mapping[str, Path]) -> None:
        """Count the other splits: an image that is in two of them has leaked."""
        try:
            for name, path in others.items():
                with self.pane.reporting(f"Cannot compare with {name}"):
                    async with aclosing(_tallied(path)) as tallying:
                        async for self.doing, found in tallying:
                            if found is not None:
                                self.others = {**self.others, name: found}
        finally:
            self.doing = ""

    # ------------------------------------------------------------------ filters

    @on(LineList.Chosen, "#facets")
    def _chosen(self, event: LineList.Chosen) -> None:
        if (line := item_of(event, self.list.lines)) is None:
            return
        if line.chart:
            self.chart = line.chart
        elif line.condition is not None:
            self.post_message(Narrow(line.condition))
        elif line.rows:
            self._show_only(line.rows, f"{line.name}, {line.value}")
        elif line.lines:
            self._show_lines(line.lines, line.value or line.name)

    def on_chart_box_picked(self, event: ChartBox.Picked) -> None:
        self.post_message(Narrow(event.condition))

    def _show_only(self, rows: Sequence[int], what: str) -> None:
        why = f"{count(len(rows), 'row')}: {what}"
        self.post_message(
            self.Arrange(partial(replace, chosen=rows, why=why, query="", found=None))
        )

    @work(exclusive=True, group="filter")
    async def _show_lines(self, lines: Sequence[int], what: str) -> None:
        if (dataset := self.dataset) is not None:
            with self.pane.reporting("Cannot show the rows"):
                self._show_only([await dataset.find_line(line) for line in lines], what)


async def _tallied(path: Path) -> AsyncGenerator[tuple[str, Statistics | None], None]:
    """What another split is made of, at last, and how far it has been counted."""
    tally = StatisticsTally()
    async with open_dataset(path) as other:
        async for batch in survey(other, fetch=False):
            await asyncio.to_thread(tally.add, batch)
            done = batch[-1].row.offset / max(1, other.size_bytes)
            yield f"comparing with {path.name}: {done:.0%}", None
    yield "", await asyncio.to_thread(tally.statistics)


def _laid_out(view: OverviewView) -> tuple[FacetLine, ...]:
    """The lines of all that is known by now."""
    opened, assessed, counted, others = view.opened, view.assessed, view.counted, view.others
    own = assessed.statistics if assessed else None
    if own is None or opened is None:
        return mark_lines(view.marks)
    of = f" of {view.arrangement.why}" if view.arrangement.why else ""
    if view.columns is not None and not view.columns.complete:
        of += f", in the first {count(view.columns.total, 'row')}"
    charted: tuple[FacetLine, ...] = (FacetLine("charts: counting what rows say…"),)
    if counted is not None:
        charted = chart_lines(counted.charts, f"charts{of} (Enter opens)")
    return (
        *mark_lines(view.marks),
        *finding_lines(findings(own, others)),
        *charted,
        *spread_lines(quantities(own)),
        *facet_lines(counted.facets if counted else {}, f"values{of} (Enter narrows)"),
    )
