"""The layer that judges and counts every row in one pass: problems, and the overview."""

from array import array
from collections import Counter
from collections.abc import Sequence

from textual import getters, on
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import rules
from tintype.assessment import Assessment
from tintype.dataset import Dataset
from tintype.dataset.statistics import Statistics
from tintype.rules import Problem
from tintype_tui import requests
from tintype_tui.screens.datasets.holding import HoldingPane
from tintype_tui.text import count, short, visible
from tintype_tui.widgets.example_list import SEVERITY_COLORS, ExampleList, Measure
from tintype_tui.widgets.facet_list import FacetList
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.problem_list import ProblemList


class CheckingPane(HoldingPane):
    """What is wrong with a dataset and what it is made of."""

    problems: var[Sequence[Problem]] = var(())
    summary: var[rules.Summary | None] = var(None)
    """Of the check, once it is through."""

    statistics: var[Statistics | None] = var(None)
    """Once every row has been counted."""

    problem_list = getters.query_one("#problems", ProblemList)
    problem_text = getters.query_one("#problem-text", Static)
    facet_list = getters.query_one("#facets", FacetList)

    def __init__(self) -> None:
        super().__init__()
        # Of each row judged so far, in the file's order.
        self.tokens = array("Q")
        self.image_tokens = array("Q")
        self.answer_chars = array("Q")

    def on_mount(self) -> None:
        self.problem_list.empty_text = "No problems found."

    def provider_changed(self) -> None:
        super().provider_changed()
        if self.dataset is not None:
            self.post_message(requests.AssessDataset())

    def begin(self, dataset: Dataset, row: int) -> None:
        self.problems, self.summary, self.statistics = (), None, None
        self.rows.severities = {}
        self.tokens, self.image_tokens, self.answer_chars = array("Q"), array("Q"), array("Q")
        super().begin(dataset, row)

    def opened(self, dataset: Dataset) -> None:
        super().opened(dataset)
        self.post_message(requests.AssessDataset())

    def watch_assessment(self, assessment: Assessment | None) -> None:
        """Show what has been found so far, if it was found in the file that is open."""
        if self.dataset is None or assessment is None or assessment.file != self.dataset.stamp:
            self.problems, self.summary, self.statistics = (), None, None
            return
        figures = assessment.figures
        if self.rows.measure is None or self.rows.measure.values is self.tokens:
            self.rows.measure = Measure("tokens", figures.tokens, short)
        self.tokens, self.image_tokens = figures.tokens, figures.image_tokens
        self.answer_chars = figures.answer_chars
        self.problems, self.summary = assessment.problems, assessment.summary
        self.statistics = assessment.statistics
        self.doing = "" if assessment.complete else f"checking {assessment.share:.0%}"
        self.rows.severities = figures.statuses
        self.rows.mutate_reactive(ExampleList.severities)
        self.row_view.cost = self.cost_words(self.index)

    # ------------------------------------------------------------------ problems

    @on(LineList.Moved, "#problems")
    @on(LineList.Chosen, "#problems")
    async def _problem_moved(self, event: LineList.Moved) -> None:
        self._explain()
        line = self.problem_list.problems[event.index].line
        if line and self.dataset is not None:
            self.present(await self.dataset.find_line(line))

    def watch_problems(self, problems: Sequence[Problem]) -> None:
        """The worst first, and of those the file's own."""
        ranks = list(SEVERITY_COLORS)
        self.problem_list.problems = sorted(
            problems, key=lambda problem: (ranks.index(problem.severity), problem.line)
        )
        self._explain()

    def _explain(self) -> None:
        """Say the problem under the cursor in full."""
        shown = self.problem_list.problems
        text = _in_full(shown[self.problem_list.cursor]) if shown else ""
        self.problem_text.update(text)

    # ------------------------------------------------------------------ the verdict

    def watch_summary(self, summary: rules.Summary | None) -> None:
        self.draw_title()

    def title_words(self) -> list[str]:
        *words, doing = super().title_words() or [""]
        return [*words, self._verdict(), doing]

    def _verdict(self) -> str:
        if self.summary is None:
            return ""
        totals = Counter[str]()
        for rule in self.summary.counts:
            totals[rule.severity] += rule.total
        found = [
            count(totals[severity], noun, plural)
            for severity, noun, plural in (
                ("error", "error", "errors"),
                ("skip", "skip", "skips"),
                ("warning", "warning", "warnings"),
            )
            if totals[severity]
        ]
        return ", ".join(found) or "no problems"


def _in_full(problem: Problem) -> Content:
    """A problem with its place and its fix."""
    where = f"line {problem.line}" if problem.line else "the file"
    place = f", {problem.place}" if problem.place else ""
    color = f"${SEVERITY_COLORS[problem.severity]}"
    text = Content.styled(f"{problem.severity} in {where}", f"bold {color}")
    text += Content(visible(f"{place}\n{problem.message}"))
    return text + Content.styled(visible(f"\n→ {problem.fix}" if problem.fix else ""), "$success")
