"""The layer that judges and counts every row in one pass: problems, and the overview."""

import asyncio
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from textual import getters, on, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import rules
from tintype.dataset import Dataset
from tintype.dataset import example as read_example
from tintype.dataset.statistics import Statistics, StatisticsTally
from tintype.rules import Problem
from tintype_tui import requests
from tintype_tui.screens.datasets.holding import HoldingPane
from tintype_tui.text import count, visible
from tintype_tui.widgets.example_list import SEVERITY_COLORS
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
            self.problems, self.rows.severities, self.statistics = (), {}, None
            self._check(self.dataset)

    def open(self, path: Path, row: int = 0) -> None:
        self.workers.cancel_group(self, "check")
        super().open(path, row)

    def begin(self, dataset: Dataset, row: int) -> None:
        self.problems, self.summary, self.statistics = (), None, None
        self.rows.severities = {}
        super().begin(dataset, row)

    def opened(self, dataset: Dataset) -> None:
        super().opened(dataset)
        self._check(dataset)

    @work(exclusive=True, group="check")
    async def _check(self, dataset: Dataset) -> None:
        """Judge and count every row in one pass; both lists fill as it goes."""
        profile = rules.rules_of(self.desk.profile.provider)
        tally = StatisticsTally()
        for values in (self.tokens, self.image_tokens, self.answer_chars):
            del values[:]
        with self.reporting("Cannot check the dataset"):
            async for checked in rules.check(dataset, profile):
                await asyncio.to_thread(self._count, tally, checked.rows)
                self.problems = (*self.problems, *checked.problems)
                self._take(checked.rows)
                self.doing = f"checking {checked.done / max(1, dataset.count):.0%}"
                if checked.summary is not None:
                    self.summary = checked.summary
            self.doing = ""
            self.statistics = await asyncio.to_thread(tally.statistics)
        self.doing = ""

    def _count(self, tally: StatisticsTally, judged: Sequence[rules.Judged]) -> None:
        """In a thread: what each row costs, and what it is made of."""
        tally.add(row.surveyed for row in judged)
        self.tokens.extend(row.tokens.total().likely for row in judged)
        self.image_tokens.extend(row.tokens.images().likely for row in judged)
        self.answer_chars.extend(len(read_example(row.surveyed.row).answer) for row in judged)

    def _take(self, judged: Sequence[rules.Judged]) -> None:
        found = {row.surveyed.row.index: row.status for row in judged if row.problems}
        if found:
            self.rows.severities = {**self.rows.severities, **found}
        self.rows.refresh()
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
        if summary is not None:
            self.post_message(requests.Reached(checked=summary.status))
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
