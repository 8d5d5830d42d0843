"""One chart of a dataset with its title: bars or a plane; what is picked in it is said."""

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Static

from tintype.selection import Condition
from tintype.selection.charts import Bars, Chart, Plane
from tintype_tui.text import visible
from tintype_tui.widgets.bar_list import BarList
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.plane_chart import PlaneChart


class ChartBox(Vertical):
    """A chart that takes the room that there is."""

    DEFAULT_CSS = """
    ChartBox { height: 1fr; }
    ChartBox #chart-title { height: 1; padding: 0 1; color: $foreground 70%; }
    """

    chart: var[Chart | None] = var(None)

    bars = getters.query_one(BarList)
    plane = getters.query_one(PlaneChart)

    class Picked(Message):
        """A bar or a cell was picked."""

        def __init__(self, condition: Condition) -> None:
            super().__init__()
            self.condition = condition

    def compose(self) -> ComposeResult:
        yield Static(id="chart-title")
        yield BarList()
        yield PlaneChart()

    def watch_chart(self, chart: Chart | None) -> None:
        title = f"{chart.title} · Enter shows the rows, Esc goes back" if chart is not None else ""
        self.query_one("#chart-title", Static).update(Content(visible(title)))
        self.bars.display, self.plane.display = isinstance(chart, Bars), isinstance(chart, Plane)
        self.bars.chart = chart if isinstance(chart, Bars) else None
        self.plane.plane = chart if isinstance(chart, Plane) else None

    @property
    def drawn(self) -> Widget:
        """What takes the keys."""
        return self.plane if isinstance(self.chart, Plane) else self.bars

    @on(LineList.Chosen)
    def _bar(self, event: LineList.Chosen) -> None:
        event.stop()
        if self.bars.picked is not None:
            self.post_message(self.Picked(self.bars.picked))

    @on(PlaneChart.Chosen)
    def _cell(self, event: PlaneChart.Chosen) -> None:
        self.post_message(self.Picked(event.condition))
