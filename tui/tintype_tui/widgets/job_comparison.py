"""In which settings the runs that are drawn over each other differ."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.jobs import Difference
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.chart.palette import UNICODE, curve_styles
from tintype_tui.widgets.chart.traces import Run
from tintype_tui.widgets.line_list import Line, LineList

_WIDEST = 26


class Comparison(LineList):
    """A table: one line a setting, one column a run; a first line names the runs."""

    BINDING_GROUP_TITLE = "Comparison"

    runs: var[Sequence[Run]] = var(())
    differences: var[Sequence[Difference]] = var(())

    def watch_runs(self) -> None:
        self._count()

    def watch_differences(self) -> None:
        self._count()

    def _count(self) -> None:
        self.total = 1 + max(1, len(self.differences)) if len(self.runs) > 1 else 0
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        names = [one.name for one in self.differences]
        first = max([10, *map(len, names)]) + 2
        column = max(8, min(_WIDEST, (width - first) // max(1, len(self.runs))))
        if index == 0:
            return [
                Segment(pad(" differ in", first), style + Style(dim=True)),
                *self._heads(column, style),
            ]
        if not self.differences:
            return [Segment(" in nothing that is known: the same settings and data", style)]
        found = self.differences[index - 1]
        values = [pad(clip(one_line(value or "–"), column - 1), column) for value in found.values]
        return [
            Segment(pad(f" {found.name}", first), style + Style(dim=not style.bold)),
            Segment("".join(values), style),
        ]

    def _heads(self, column: int, style: Style) -> Line:
        heads = []
        for run in self.runs:
            mark = UNICODE.marks[run.slot % len(UNICODE.marks)]
            look = style if style.bold and style.bgcolor else curve_styles(self, run.slot, style)[1]
            name = pad(clip(f"{mark} {one_line(run.name)}", column - 1), column)
            heads.append(Segment(name, look + Style(bold=True)))
        return heads
