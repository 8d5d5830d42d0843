"""What is wrong with the dataset, the worst first; the problem under the cursor in full."""

from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.rules import Problem
from tintype_tui import requests
from tintype_tui.keys import with_keys
from tintype_tui.screens.datasets.check_line import undecoded, verdict
from tintype_tui.screens.datasets.part import View
from tintype_tui.widgets.line_list import LineList, item_of
from tintype_tui.widgets.problem_list import ProblemList, problem_in_full

_UNDECODED = (
    " Images were judged by their structure; no pixels were decoded ({data.decode} decodes them)."
)


class ProblemsView(View):
    """Problems; the row of the one under the cursor is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "show", "Problems", id="data.problems"),
        Binding("D", "decode", "Decode every image", id="data.decode", show=False),
    ]

    list = getters.query_one(ProblemList)
    text = getters.query_one("#problem-text", Static)

    def compose(self) -> ComposeResult:
        yield ProblemList(id="problems")
        yield Static(id="problem-text")

    def watch_assessed(self) -> None:
        shown, now = self.list.problems, worst_first(self.assessed)
        under = shown[self.list.cursor] if shown and self.list.cursor else None
        self.list.problems = now
        if under in now:
            self.list.cursor = now.index(under)
        found = self.assessed
        done = found is not None and found.complete
        checking = verdict(found) if found is not None else "Not checked yet."
        unseen = with_keys(self, _UNDECODED) if undecoded(found) else ""
        self.list.empty_text = f"No problems found.{unseen}" if done else checking
        self.list.refresh()
        self._explain()

    def go(self, index: int) -> None:
        """Put the cursor to the first problem of a row, if it has one."""
        line = self.dataset.line_of(index) if self.dataset else 0
        lines = [problem.line for problem in self.list.problems]
        if line in lines and lines[self.list.cursor] != line:
            self.list.cursor = lines.index(line)

    def take_focus(self) -> None:
        """Take the keys, and show the row of the problem under the cursor."""
        self.list.focus()
        self._moved()

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        """Go to the row among the others."""
        problem = item_of(event, self.list.problems)
        if problem is None:
            return
        if problem.line:
            self.post_message(self.Leave())
            self._find(problem.line)
        else:
            self.pane.say("This is about the whole file, not about a row.")

    @on(LineList.Moved)
    def _moved(self) -> None:
        self._explain()
        if self.list.problems and (line := self.list.problems[self.list.cursor].line):
            self._find(line)

    @work(exclusive=True, group="line")
    async def _find(self, line: int) -> None:
        if (dataset := self.dataset) is not None:
            with self.pane.reporting("Cannot show the row"):
                self.post_message(self.Select(await dataset.find_line(line)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "decode":
            return undecoded(self.assessed)
        return super().check_action(action, parameters)

    def action_decode(self) -> None:
        """Check again, and decode the pixels of every image."""
        self.post_message(requests.AssessDataset(deep=True))

    def _explain(self) -> None:
        shown = self.list.problems
        self.text.update(problem_in_full(shown[self.list.cursor]) if shown else "")


def worst_first(assessed: Assessment | None) -> Sequence[Problem]:
    """The problems found so far, the worst first, and of those the file's own first."""
    ranks = {"error": 0, "skip": 1, "warning": 2}
    found = assessed.problems if assessed else ()
    return sorted(found, key=lambda problem: (ranks[problem.severity], problem.line))
