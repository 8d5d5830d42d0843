"""What a dataset is made of, counted; picking a line shows only those rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.dataset.findings import Finding
from tintype.dataset.marks import Marks
from tintype.dataset.spread import Spread
from tintype.selection import FIELDS, Condition
from tintype.selection.charts import Bars, Chart, FacetValue
from tintype_tui.text import bar, number, one_line, pad, short
from tintype_tui.widgets.line_list import Line, LineList

MOST_VALUES = 40
"""Values shown of each facet."""
WIDEST = 24
"""Characters of a shape."""


@dataclass(frozen=True, slots=True)
class FacetLine:
    """A heading (no value) or a value with its count."""

    name: str
    value: str | None = None
    count: int = 0
    share: float = 0.0
    """Of the commonest value of the same facet, 0…1."""
    lines: tuple[int, ...] = ()
    """Of the file, if it is about these."""
    rows: tuple[int, ...] = ()
    """Indices of the rows that it is about, if these are known."""
    note: str = ""
    """Words in place of a bar."""
    condition: Condition | None = None
    """What names its rows, if a condition does."""
    chart: str = ""
    """The chart that it opens."""


def facet_lines(facets: Mapping[str, Sequence[FacetValue]], heading: str) -> tuple[FacetLine, ...]:
    """Lay out, field by field, how many rows have which values; each narrows what is shown."""
    lines = [FacetLine(heading)] if facets else []
    for name, values in facets.items():
        most = max((one.count for one in values), default=1)
        lines.append(FacetLine(f"{name}: {FIELDS[name].about}", count=len(values)))
        for one in values[:MOST_VALUES]:
            share = one.count / most
            lines.append(FacetLine(name, one.label, one.count, share, condition=one.condition))
    return tuple(lines)


def chart_lines(charts: Mapping[str, Chart], heading: str) -> tuple[FacetLine, ...]:
    """Lay out charts by their titles and shapes; each opens."""
    lines = (
        FacetLine("charts", chart.title, note=sparkline(_shape(chart)), chart=name)
        for name, chart in charts.items()
    )
    return (FacetLine(heading), *lines)


def _shape(chart: Chart) -> list[int]:
    if isinstance(chart, Bars):
        return [bar.counts[0] for bar in chart.bars[:WIDEST]]
    return [sum(column) for column in zip(*chart.grid(WIDEST, 1).counts, strict=True)]


def finding_lines(found: Sequence[Finding]) -> tuple[FacetLine, ...]:
    """Lay out what stands out; each leads to its rows."""
    lines = [
        FacetLine(
            "findings", finding.name, len(finding.lines), lines=finding.lines, note=finding.note
        )
        for finding in found
    ]
    return (FacetLine("findings (Enter shows the rows)"), *lines) if lines else ()


def mark_lines(marks: Marks) -> tuple[FacetLine, ...]:
    """Lay out the marked rows by the reason given."""
    lines = [
        FacetLine("marked", why or "no reason given", len(rows), rows=rows)
        for why, rows in marks.by_reason().items()
    ]
    return (FacetLine("marked"), *lines) if lines else ()


def spread_lines(spreads: Mapping[str, Spread]) -> tuple[FacetLine, ...]:
    """Lay out distributions, a line each: bounds, middle and shape."""
    if not spreads:
        return ()
    lines = [FacetLine(name, name, note=_spread_words(each)) for name, each in spreads.items()]
    return (FacetLine("how much"), *lines)


def _spread_words(found: Spread) -> str:
    if found.low == found.high:
        return f"always {short(found.low)}"
    words = f"median {short(found.median)}, min {short(found.low)}, max {short(found.high)}"
    return f"{words}  {sparkline(found.shape[:WIDEST])}"


def sparkline(values: Sequence[int]) -> str:
    """One character a value, as high as it is; nothing is blank, and something never."""
    most = max(values, default=0)
    return "".join(" ▁▂▃▄▅▆▇█"[-(-8 * value // most) if most else 0] for value in values)


class FacetList(LineList):
    """Headings and values with bars."""

    BINDING_GROUP_TITLE = "Overview"

    lines: var[tuple[FacetLine, ...]] = var(())

    def watch_lines(self, before: tuple[FacetLine, ...], lines: tuple[FacetLine, ...]) -> None:
        """Stay at the line, wherever it stands now."""
        here = before[self.cursor] if self.cursor < len(before) else None
        self.total = len(lines)
        if self.cursor and here is not None:
            same = (
                at
                for at, line in enumerate(lines)
                if (line.name, line.value) == (here.name, here.value)
            )
            self.cursor = next(same, self.cursor)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        line = self.lines[index]
        if line.value is None:
            many = f" ({line.count} values)" if line.count > MOST_VALUES else ""
            return [Segment(f"{one_line(line.name)}{many}", style + Style(bold=True))]
        if line.note:
            return self._noted(line, width, style)
        bar_width = max(0, min(12, width - 30))
        count = f" {number(line.count):>7} "
        return [
            Segment(
                f"  {pad(one_line(line.value) or 'none', width - 2 - len(count) - bar_width)}",
                style,
            ),
            Segment(count, style),
            Segment(pad(bar(line.share, bar_width), bar_width), style + Style(dim=not style.bold)),
        ]

    def _noted(self, line: FacetLine, width: int, style: Style) -> Line:
        """A line with words, or a shape, at its end; these give way first."""
        count = f" {number(line.count):>6} " if line.count else " "
        note = one_line(line.note)
        room = width - 2 - cell_len(count)
        note_width = max(0, min(cell_len(note), room - cell_len(one_line(line.value or "")) - 1))
        name = pad(one_line(line.value or ""), room - note_width)
        return [
            Segment(f"  {name}", style),
            Segment(count, style),
            Segment(pad(note, note_width), style + Style(dim=not style.bold)),
        ]
