"""What is wrong with a dataset, one line each: where, how bad, why; the fix below."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.rules import Problem
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.example_list import SEVERITY_COLORS, SEVERITY_MARKS
from tintype_tui.widgets.line_list import Line, LineList


class ProblemList(LineList):
    """Problems, as they are found."""

    BINDING_GROUP_TITLE = "Problems"

    problems: var[Sequence[Problem]] = var(())

    def watch_problems(self, problems: Sequence[Problem]) -> None:
        self.total = len(problems)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        problem = self.problems[index]
        color = self.app.theme_variables[SEVERITY_COLORS[problem.severity]]
        tint = style if style.bold and style.bgcolor else style + Style(color=color)
        where = f"{problem.line:>5} " if problem.line else " file "
        return [
            Segment(where, style + Style(dim=not style.bold)),
            Segment(f"{SEVERITY_MARKS[problem.severity]} ", tint),
            Segment(clip(one_line(problem.message), width - len(where) - 2), style),
        ]
