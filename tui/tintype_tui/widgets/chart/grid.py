"""Several charts that move together: one looks at one stretch, and one step, in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var

from tintype_tui.keys import key_of
from tintype_tui.widgets.chart.chart import Chart
from tintype_tui.widgets.chart.traces import Pin, Trace

SHARED = ("axis", "window", "cursor", "second", "smoothing", "marks", "as_table", "clip")
"""What a chart has in common with those beside it."""
_NARROWEST = 38
"""Cells that a chart in a row should have."""
_LOWEST = 9
"""Lines that a chart should have."""
_LEAST_WIDTH, _LEAST_HEIGHT = 20, 5
"""Cells and lines below which nothing can be read in a chart."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What one chart shows."""

    heading: str
    traces: tuple[Trace, ...]


def read_shape(typed: str) -> tuple[int, int] | None:
    """Read rows and columns as typed, such as `2x3`; none for an empty text.

    Raises:
        ValueError: if that is neither.
    """
    if not typed.strip():
        return None
    rows, columns = map(int, typed.lower().replace("×", "x").split("x"))
    if not (1 <= rows <= 9 and 1 <= columns <= 9):
        raise ValueError
    return rows, columns


class ChartGrid(Container):
    """One chart, or several in rows; the one that was looked at last leads."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-gutter: 0 1; grid-rows: 1fr; }
    """

    panels: var[Sequence[Panel]] = var(())
    """What to show, a chart each."""
    first: var[int] = var(0)
    """Number of the panel to begin with, where there is no room for all."""
    pins: var[tuple[Pin, ...]] = var(())
    shape: var[tuple[int, int] | None] = var(None)
    """Rows and columns of charts, as far as there is room; none: as many as can be read well."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._charts = [Chart()]
        self._leader = self._charts[0]
        self._sharing = False

    def compose(self) -> ComposeResult:
        yield self._charts[0]

    def on_mount(self) -> None:
        """Begin to follow the first chart."""
        self._follow(self._charts[0])

    @property
    def leader(self) -> Chart:
        """The chart that was looked at last."""
        return self._leader if self._leader.display else self._charts[0]

    def watch_panels(self) -> None:
        self._fill()

    def watch_first(self) -> None:
        self._fill()

    def _shown(self) -> list[Panel]:
        """The panels there is room for; the last one says how many there are besides."""
        every, fit = list(self.panels) or [Panel("", ())], self._across() * self._down()
        if len(every) <= fit:
            return every
        start = self.first % len(every)
        shown = [*every[start:], *every[:start]][:fit]
        if fit > 1:
            more = f"{shown[-1].heading} ({key_of(self, 'jobs.metric')}: {len(every) - fit} more)"
            shown[-1] = Panel(more, shown[-1].traces)
        return shown

    def watch_shape(self) -> None:
        self._fill()

    def _across(self) -> int:
        if self.shape is not None:
            return min(self.shape[1], max(1, self.size.width // _LEAST_WIDTH))
        return min(3, max(1, self.size.width // _NARROWEST))

    def _down(self) -> int:
        if self.shape is not None:
            return min(self.shape[0], max(1, self.size.height // _LEAST_HEIGHT))
        return max(1, self.size.height // _LOWEST)

    def _fill(self) -> None:
        """Have as many charts as there is room and need for, at least one."""
        shown = self._shown()
        while len(self._charts) < len(shown):
            self._add()
        every = tuple(trace for panel in shown for trace in panel.traces)
        for chart in self._charts[len(shown) :]:
            chart.display = False
        for chart, panel in zip(self._charts, shown, strict=False):
            chart.display = True
            chart.heading, chart.beside = panel.heading, every
            chart.traces, chart.pins = panel.traces, self.pins
        across = min(self._across(), len(shown))
        rows = -(-len(shown) // across)
        self.styles.grid_size_columns = across if self.shape else -(-len(shown) // rows)
        self.styles.grid_size_rows = rows

    def watch_pins(self, pins: tuple[Pin, ...]) -> None:
        for chart in self._charts:
            chart.pins = pins

    def _add(self) -> None:
        chart = Chart()
        for name in SHARED:
            chart.set_reactive(getattr(Chart, name), getattr(self._leader, name))
        chart.zone = self._leader.zone
        self._charts.append(chart)
        self.mount(chart)
        self._follow(chart)

    def _follow(self, chart: Chart) -> None:
        for name in SHARED:
            self.watch(chart, name, partial(self._share, chart, name), init=False)

    def _share(self, chart: Chart, name: str, value: Any) -> None:
        """Hand on what the leading chart does; what the others do of themselves stays theirs."""
        if self._sharing or chart is not self.leader:
            return
        self._sharing = True
        try:
            for other in self._charts:
                if other is not chart:
                    # The steps are the leader's already: nothing is to be moved along.
                    other.following = False
                    setattr(other, name, value)
        finally:
            self._sharing = False

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever is looked at leads, and goes on following the newest point."""
        if isinstance(event.widget, Chart) and event.widget is not self._leader:
            event.widget.following = self._leader.following
            self._leader = event.widget

    def forget_place(self) -> None:
        """Show everything, without cursors: the charts are of something else now."""
        leader = self.leader
        leader.window = leader.cursor = leader.second = None
        leader.following = False

    def on_resize(self) -> None:
        self._fill()
