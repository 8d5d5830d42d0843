"""What a dataset is made of, counted; picking a line shows only those rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.dataset.findings import Finding
from tintype.dataset.marks import Marks
from tintype.dataset.spread import Spread
from tintype.dataset.statistics import Statistics
from tintype_tui.text import bar, number, one_line, pad, short
from tintype_tui.widgets.line_list import Line, LineList

MOST_VALUES = 40
"""Values shown of each facet."""
MOST_CLASSES = 200
"""With more values, an answer is no class."""
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


def facet_lines(facets: Mapping[str, Mapping[str, int]]) -> tuple[FacetLine, ...]:
    """Lay out counted facets under headings."""
    lines: list[FacetLine] = []
    for name, values in facets.items():
        most = max(values.values(), default=1)
        lines.append(FacetLine(name, count=len(values)))
        for value, count in list(values.items())[:MOST_VALUES]:
            lines.append(FacetLine(name, value, count, count / most))
    return tuple(lines)


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


def balance_lines(splits: Mapping[str, Statistics]) -> tuple[FacetLine, ...]:
    """Lay out how the classes are shared out between the splits, in per cent of their rows."""
    if len(splits) < 2:
        return ()
    names = ", ".join(splits)
    lines: list[FacetLine] = []
    for facet in ("label", "answer"):
        totals: Counter[str] = Counter()
        for statistics in splits.values():
            totals.update(statistics.facets.get(facet, {}))
        if not 1 < len(totals) <= MOST_CLASSES:
            continue
        lines.append(FacetLine(f"{facet}: share of {names}"))
        for value, count in totals.most_common(MOST_VALUES):
            shares = [_share(statistics, facet, value) for statistics in splits.values()]
            note = " ".join(f"{share:>4.0%}" for share in shares)
            lines.append(FacetLine(facet, value, count, note=note))
    return tuple(lines)


def _share(statistics: Statistics, facet: str, value: str) -> float:
    return statistics.facets.get(facet, {}).get(value, 0) / max(1, statistics.rows)


def sparkline(values: Sequence[int]) -> str:
    """One character a value, as high as it is; nothing is blank, and something never."""
    most = max(values, default=0)
    return "".join(" ▁▂▃▄▅▆▇█"[-(-8 * value // most) if most else 0] for value in values)


class FacetList(LineList):
    """Headings and values with bars."""

    BINDING_GROUP_TITLE = "Overview"

    lines: var[tuple[FacetLine, ...]] = var(())

    def watch_lines(self, lines: tuple[FacetLine, ...]) -> None:
        self.total = len(lines)
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
