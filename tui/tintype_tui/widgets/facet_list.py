"""What a dataset is made of, counted; picking a line shows only those rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype_tui.text import bar, number, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList

MOST_VALUES = 40
"""Values shown of each facet."""


@dataclass(frozen=True, slots=True)
class FacetLine:
    """A heading (no value) or a value with its count."""

    name: str
    value: str | None = None
    count: int = 0
    share: float = 0.0
    """Of the commonest value of the same facet, 0…1."""


def facet_lines(facets: Mapping[str, Mapping[str, int]]) -> tuple[FacetLine, ...]:
    """Lay out counted facets under headings."""
    lines: list[FacetLine] = []
    for name, values in facets.items():
        most = max(values.values(), default=1)
        lines.append(FacetLine(name, count=len(values)))
        for value, count in list(values.items())[:MOST_VALUES]:
            lines.append(FacetLine(name, value, count, count / most))
    return tuple(lines)


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
