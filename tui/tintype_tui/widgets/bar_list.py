"""A chart of bars, a line each; picking one shows its rows."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.selection import Condition
from tintype.selection.charts import Bars
from tintype_tui.text import bar, number, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList


@dataclass(frozen=True, slots=True)
class BarLine:
    """One bar of one series."""

    label: str
    """Empty but for the first series."""
    series: str
    count: int
    share: float
    """Of the longest bar, 0…1."""
    percent: float | None
    """Of all of its series, if bars are shares."""
    condition: Condition


def bar_lines(chart: Bars) -> tuple[BarLine, ...]:
    """Lay out a chart: bars of several series stand below each other."""
    lines = []
    totals = chart.totals or (1,) * len(chart.series)
    values = [
        [count / max(1, total) for count, total in zip(one.counts, totals, strict=True)]
        for one in chart.bars
    ]
    most = max((max(row) for row in values), default=0.0)
    for one, row in zip(chart.bars, values, strict=True):
        for at, (series, count, value) in enumerate(
            zip(chart.series, one.counts, row, strict=True)
        ):
            percent = 100 * value if chart.totals else None
            share = value / most if most else 0.0
            label = "" if at else one.label
            lines.append(BarLine(label, series, count, share, percent, one.condition))
    return tuple(lines)


class BarList(LineList):
    """Bars with their names and counts; the names are as wide as they need, up to half the room."""

    BINDING_GROUP_TITLE = "Chart"

    chart: var[Bars | None] = var(None)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[BarLine, ...] = ()

    def watch_chart(self, chart: Bars | None) -> None:
        self.lines = bar_lines(chart) if chart is not None else ()
        self.total = len(self.lines)
        self.refresh()

    @property
    def picked(self) -> Condition | None:
        """What the bar under the cursor stands for."""
        return self.lines[self.cursor].condition if self.lines else None

    def item(self, index: int, width: int, style: Style) -> Line:
        line = self.lines[index]
        widest = max(len(one_line(one.label)) for one in self.lines)
        names = min(widest, width // 3) + 1
        series = max(len(one.series) for one in self.lines)
        head = pad(one_line(line.label) or ("" if series else "none"), names)
        if series:
            head += pad(line.series, series + 1)
        count = f"{number(line.count):>7} "
        if line.percent is not None:
            count += f"{line.percent:>3.0f}% "
        room = max(0, width - len(head) - len(count) - 1)
        return [
            Segment(f" {head}", style),
            Segment(count, style),
            Segment(pad(bar(line.share, room), room), style + Style(dim=not style.bold)),
        ]
