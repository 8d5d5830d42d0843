"""How far an evaluation is, then what came of it: the headline, and every figure below it."""

import asyncio
from dataclasses import replace
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import paths
from tintype.evaluation import Findings, percent
from tintype.evaluation.exporting import export
from tintype.loop import LoopState
from tintype_tui import requests
from tintype_tui.evaluating import Evaluating
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.text import visible
from tintype_tui.widgets.evaluation_report import (
    ReportList,
    RowsOf,
    report_lines,
    running_lines,
    worst_rows,
)
from tintype_tui.widgets.line_list import LineList, item_of
from tintype_tui.words.evaluating import progress_words, run_words

EXPORTS = (
    ("HTML, one page with charts and images", ".html"),
    ("Markdown", ".md"),
    ("CSV, a line for each answer", ".csv"),
    ("JSON lines", ".jsonl"),
    ("JUnit, for CI", ".xml"),
)
NOTHING = "No result yet.\n{evaluate.start} in the set-up starts an evaluation."


def noted(state: LoopState, found: Findings) -> LoopState:
    """The loop with what came of evaluating its model, if it is that which was evaluated."""
    value = next((one for one in found.figures if one.model.name == state.model), None)
    if value is None:
        return state
    return replace(state, evaluation=percent(value.headline.headline), evaluated=True)


class ResultPart(Part):
    """A sentence, and a list of bars and tables."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "facet", "Slices", id="evaluate.facet", tooltip="by another property"),
        Binding(
            "r",
            "refresh",
            "Refresh",
            id="evaluate.refresh",
            show=False,
            tooltip="read the answers so far",
        ),
        Binding("w", "worst", "Worst rows", id="evaluate.worst", tooltip="the failures"),
        Binding(
            "E",
            "export",
            "Export",
            id="evaluate.export",
            show=False,
            tooltip="HTML, Markdown, CSV, …, into the current folder",
        ),
        Binding("s", "scorer", "Scorer", id="evaluate.scorer", tooltip="the next one"),
    ]

    evaluating: var[Evaluating | None] = var(None)
    """While it is this that is looked at; none for a run of the past."""
    findings: var[Findings | None] = var(None, bindings=True)
    trouble: var[str] = var("")
    """Why there are no findings."""
    facet: var[str] = var("")

    report = getters.query_one(ReportList)
    headline = getters.query_one("#headline", Static)

    class Wanted(Message):
        """Rows are to be looked at."""

        def __init__(self, rows: RowsOf) -> None:
            super().__init__()
            self.rows = rows

    class Again(Message):
        """The answers so far are to be read, and scored by a scorer; empty for the leading one."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def compose(self) -> ComposeResult:
        yield Static(id="headline")
        yield ReportList(id="report")

    def watch_evaluating(self) -> None:
        self._show()

    def watch_trouble(self) -> None:
        self._show()

    def watch_findings(self, findings: Findings | None) -> None:
        if findings is not None and self.facet not in findings.slices:
            self.facet = min(findings.slices, key=lambda one: len(findings.slices[one]), default="")
        if findings is not None and findings.evaluation.is_complete:
            self.post_message(requests.Reached(lambda state: noted(state, findings)))
        self._show()

    def watch_facet(self) -> None:
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        words, lines = self._words(), self.report.lines
        if self.findings is not None:
            lines = report_lines(self.findings, self.facet)
        elif (now := self.evaluating) is not None and now.progress is not None:
            lines = running_lines(now.plan, now.progress, now.failures)
        else:
            lines = ()
        self.report.lines = lines
        self.report.empty_text = "" if words else with_keys(self, NOTHING)
        self.headline.display = bool(words)
        self.headline.update(Content(visible(words)))

    def _words(self) -> str:
        """The headline; while it runs, how far it is; why it stopped."""
        now, found = self.evaluating, self.findings
        parts = []
        if found is not None:
            parts.append(found.sentence)
        if now is not None and (found is None or not now.ended or now.words != found.sentence):
            parts += self._progress(now, with_end=found is None)
        if self.trouble:
            parts.append(f"✗ {self.trouble}")
        if found is not None and not found.evaluation.is_complete:
            parts.append(with_keys(self, "Not complete: {evaluate.pause} goes on with it."))
        if found is not None:
            parts.append(run_words(found.evaluation.run))
        return "\n".join(filter(None, parts))

    def _progress(self, now: Evaluating, *, with_end: bool) -> list[str]:
        if now.trouble:
            return [f"✗ {now.trouble}"]
        if now.progress is None:
            return ["Reading the rows …"]
        if now.ended and not with_end:
            return [now.progress.words]
        return [progress_words(now.progress, pausing=now.pausing)]

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        line = item_of(event, self.report.lines)
        if line is not None and line.leads_to is not None:
            self.post_message(self.Wanted(line.leads_to))

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "refresh":
            return self._may_change() or None
        if action not in ("facet", "scorer", "worst", "export"):
            return True
        if not self.display:
            return False
        found = self.findings
        if found is None or action in ("worst", "export"):
            return found is not None or None
        return len(found.slices if action == "facet" else found.evaluation.scorers) > 1 or None

    def _may_change(self) -> bool:
        """Whether more answers may have come than are shown."""
        found = self.findings
        return self.evaluating is not None if found is None else not found.evaluation.is_complete

    def action_facet(self) -> None:
        if (found := self.findings) is not None and found.slices:
            names = list(found.slices)
            self.facet = names[(names.index(self.facet) + 1) % len(names)]

    def action_worst(self) -> None:
        """Look at the rows that broke, else at those that the first model fails."""
        if (found := self.findings) is not None:
            self.post_message(self.Wanted(worst_rows(found)))

    @work
    async def action_export(self) -> None:
        """Write the result into the current folder, under a new name."""
        found = self.findings
        chosen = await self.app.push_screen_wait(Choose("Export as", [w for w, _ in EXPORTS]))
        if found is None or chosen is None:
            return
        with self.pane.reporting("Cannot export"):
            made, (_, ending) = found.evaluation, EXPORTS[chosen]
            folder = await asyncio.to_thread(paths.current_folder)
            format = "junit" if ending == ".xml" else ""
            path = await export(made, folder / f"evaluation-{made.run.id}{ending}", format)
            self.pane.say(f"Written to {path}.")

    def action_refresh(self) -> None:
        self.post_message(self.Again(self.findings.scorer if self.findings else ""))

    def action_scorer(self) -> None:
        if (found := self.findings) is not None:
            names = [one.name for one in found.evaluation.scorers]
            at = names.index(found.scorer)
            self.post_message(self.Again(names[(at + 1) % len(names)]))
