"""What came of the runs that are drawn over each other, and in which settings they differ."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from tintype.jobs import Outcomes
from tintype_tui.keys import key_of
from tintype_tui.text import clip, one_line, pad
from tintype_tui.widgets.chart.palette import UNICODE, curve_styles
from tintype_tui.widgets.chart.traces import Run
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.outcomes import outcome_rows

_WIDEST = 26


class Comparison(LineList):
    """A table: one column a run, named in the first line; results above settings."""

    BINDING_GROUP_TITLE = "Comparison"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._runs: Sequence[Run] = ()
        self._rows: list[tuple[str, Sequence[str]]] = []

    def show(
        self, runs: Sequence[Run], settings: Sequence[tuple[str, Sequence[str]]], outcomes: Outcomes
    ) -> None:
        """Compare runs, `settings` as `setting_rows`; with one, how to compare it."""
        self._runs = runs
        self._rows = [*outcome_rows(outcomes)] if runs else []
        if len(runs) > 1:
            self._rows += [("settings", ()), *settings]
        elif runs:
            key = key_of(self, "jobs.overlay")
            self._rows.append((f"press {key} to keep this run, then go to another job", ()))
        self.total = 1 + len(self._rows) if runs else 0
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        first = max([10, *(len(name) for name, values in self._rows if values)]) + 2
        column = max(8, min(_WIDEST, (width - first) // max(1, len(self._runs))))
        if index == 0:
            head = Segment(pad(" results", first), style + Style(bold=True))
            return [head, *self._heads(column, style)]
        name, values = self._rows[index - 1]
        if not values:
            return [Segment(f" {name}", style + Style(bold=name == "settings"))]
        cells = [pad(clip(one_line(value or "–"), column - 1), column) for value in values]
        return [
            Segment(pad(f" {name}", first), style + Style(dim=not style.bold)),
            Segment("".join(cells), style),
        ]

    def _heads(self, column: int, style: Style) -> Line:
        heads = []
        for run in self._runs:
            mark = UNICODE.marks[run.slot % len(UNICODE.marks)]
            look = style if style.bold and style.bgcolor else curve_styles(self, run.slot, style)[1]
            name = pad(clip(f"{mark} {one_line(run.name)}", column - 1), column)
            heads.append(Segment(name, look + Style(bold=True)))
        return heads
