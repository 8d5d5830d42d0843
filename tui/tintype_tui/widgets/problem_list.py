"""What is wrong with a dataset, one line each: where, how bad, why; the fix below."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.reactive import var

from tintype.rules import Problem
from tintype_tui.text import clip, one_line, visible
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


def problem_in_full(problem: Problem) -> Content:
    """A problem with its place and its fix, in several lines."""
    where = f"line {problem.line}" if problem.line else "the file"
    place = f", {problem.place}" if problem.place else ""
    color = f"${SEVERITY_COLORS[problem.severity]}"
    text = Content.styled(f"{problem.severity} in {where}", f"bold {color}")
    text += Content(visible(f"{place}\n{problem.message}"))
    return text + Content.styled(visible(f"\n→ {problem.fix}" if problem.fix else ""), "$success")


def problem_in_short(problem: Problem, key: str = "") -> Content:
    """A problem and its fix for those who look at its row: where it is needs no saying.

    Args:
        problem: What is wrong.
        key: What fixes it; empty if no key does.
    """
    color = f"${SEVERITY_COLORS[problem.severity]}"
    head = f"{SEVERITY_MARKS[problem.severity]} {problem.severity}: "
    fix = Content.styled(visible(f" → {problem.fix}") if problem.fix else "", "$success")
    does = Content.styled(f" ({key} fixes it)" if key else "", "$success")
    return Content.styled(head, f"bold {color}") + Content(visible(problem.message)) + fix + does
