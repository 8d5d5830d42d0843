"""Evaluate: set-up, result, rows × models and past runs; the run itself is the app's."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import ContentSwitcher

from tintype import evaluation
from tintype.errors import TintypeError
from tintype.evaluation import Findings
from tintype.loop import EvaluationRequest, LookRequest, LoopState
from tintype_tui.evaluating import Evaluating
from tintype_tui.held_keys import HoldingApp
from tintype_tui.screen import Pane
from tintype_tui.screens.evaluate.grading import GradingPart
from tintype_tui.screens.evaluate.result_part import ResultPart
from tintype_tui.screens.evaluate.rows_part import RowsPart
from tintype_tui.screens.evaluate.runs_part import RunsPart
from tintype_tui.screens.evaluate.setup_part import SetupPart
from tintype_tui.screens.evaluate.views_line import ViewsLine
from tintype_tui.widgets.loop_strip import LoopStrip, Serving

FOCUS = {"setup": "#setup-list", "result": "#report", "rows": "#matrix", "runs": "#runs-list"}

AHEAD = {"setup": "start", "result": "worst", "rows": "mark", "runs": "turn(1)"}
"""What goes on from each view."""

KEYS: list[BindingType] = [
    Binding("escape", "back", "Back", id="evaluate.back", show=False),
]  # fmt: skip


class EvaluatePane(Pane):
    """Four views of evaluations, one at a time."""

    BINDING_GROUP_TITLE = "Evaluate"
    CSS_PATH = "evaluate.tcss"
    NEXT: ClassVar[Serving] = {"": ("start",)}
    BINDINGS = KEYS

    view: var[str] = var("setup")
    evaluating: var[Evaluating | None] = var(None, bindings=True)
    """The run of this session."""
    watched: var[Evaluating | None] = var(None)
    """The same, if it is what is looked at."""
    findings: var[Findings | None] = var(None, bindings=True)
    trouble: var[str] = var("")
    """Why there are no findings."""
    has_run: var[bool] = var(False)

    line = getters.query_one(ViewsLine)
    setup = getters.query_one(SetupPart)
    rows = getters.query_one(RowsPart)
    runs = getters.query_one(RunsPart)

    def __init__(self) -> None:
        super().__init__()
        self._asked: EvaluationRequest | None = None
        self._looked: LookRequest | None = None
        self._folder: Path | None = None
        """The run that is looked at."""

    def body(self) -> ComposeResult:
        yield ViewsLine().data_bind(
            EvaluatePane.view, EvaluatePane.has_run, EvaluatePane.evaluating, EvaluatePane.findings
        )
        with ContentSwitcher(initial="setup", id="evaluate-views"):
            yield SetupPart(id="setup").data_bind(EvaluatePane.evaluating)
            yield ResultPart(id="result").data_bind(
                EvaluatePane.findings, EvaluatePane.trouble, evaluating=EvaluatePane.watched
            )
            yield RowsPart(id="rows").data_bind(EvaluatePane.findings)
            yield RunsPart(id="runs")
        yield GradingPart().data_bind(EvaluatePane.findings)

    def on_mount(self) -> None:
        self.watch(self.app, "evaluating", self._gone_on)
        self.show_view(self.view)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Without a request, begin with the model at hand."""
        if self._asked is None and self._folder is None:
            state = self.loop_state
            self.setup.propose(EvaluationRequest(state.model, state.dataset))

    # ------------------------------------------------------------------ views

    def show_view(self, name: str) -> None:
        """Show one of the views, and give it the keys."""
        self.view = name
        if name == "runs":
            self.runs.read()
        self.query_one("#evaluate-views", ContentSwitcher).current = name
        self.set_focus(self.query_one(FOCUS[name]))
        self.query_one(LoopStrip).next_actions = (AHEAD[name],)
        self.refresh_bindings()

    @on(ViewsLine.Wanted)
    def _view_wanted(self, event: ViewsLine.Wanted) -> None:
        self.show_view(event.name)

    def action_back(self) -> None:
        """Leave what is looked at closely; pause a run that is watched."""
        if self.view == "rows" and self.rows.back():
            return
        if self.view == "rows":
            self.show_view("result")
        elif self.view == "result" and self.line.is_running:
            self.line.action_pause()
        elif self.view != "setup":
            self.show_view("setup" if self.view == "result" else "result")

    # ------------------------------------------------------------------ the run

    def watch_loop_state(self, state: LoopState) -> None:
        """Set up the evaluation that was asked for elsewhere."""
        if state.to_evaluate is not None and state.to_evaluate is not self._asked:
            self._asked = asked = state.to_evaluate
            self.call_after_refresh(self.show_view, "setup")
            self.call_after_refresh(self.setup.propose, asked)
            if isinstance(app := self.app, HoldingApp):  # keys pressed from now on are for it
                app.held.hold_until(lambda: self.setup.proposed is asked)
        if state.look is not self._looked and state.look is not None:
            self._looked = state.look
            if isinstance(folder := state.look.what, Path):
                self.call_after_refresh(self._look_at, folder)
                self.call_after_refresh(self.open_run)

    def _gone_on(self, now: Evaluating | None) -> None:
        """The run of this session has begun, gone on, or ended."""
        before, self.evaluating = self.evaluating, now
        if now is None:
            return
        self.watched = now if now.folder == self._folder else None
        begun = before is None or before.folder != now.folder or before.ended
        if begun and not now.ended:
            self._look_at(now.folder)
        elif now.ended and (before is None or not before.ended) and self._folder == now.folder:
            self.runs.forget(now.folder.name)
            self.open_run()

    def _look_at(self, folder: Path) -> None:
        self._folder, self.findings, self.trouble, self.has_run = folder, None, "", True
        now = self.evaluating
        self.watched = now if now is not None and now.folder == folder else None
        self.show_view("result")

    @on(RunsPart.Opened)
    def _open(self, event: RunsPart.Opened) -> None:
        self._look_at(event.folder)
        self.open_run()

    @on(ResultPart.Again)
    def _score_by(self, event: ResultPart.Again) -> None:
        self.open_run(event.name)

    @work(exclusive=True, group="open")
    async def open_run(self, scorer: str = "") -> None:
        """Read the answers so far, in a thread, and sum them up."""
        await self._read(scorer)

    async def _read(self, scorer: str = "", *, unless_known: bool = False) -> None:
        folder, found, trouble = self._folder, None, ""
        if folder is None:
            return
        try:
            found = await asyncio.to_thread(evaluation.findings, folder, scorer)
        except TintypeError as error:
            trouble = str(error)
        known = unless_known and self.findings is not None
        if folder == self._folder and not known:  # else another is looked at, or more is known
            self.findings, self.trouble = found or self.findings, trouble
            self.refresh_bindings()

    @on(ResultPart.Wanted)
    @work(exclusive=True, group="rows")
    async def _show_rows(self, event: ResultPart.Wanted) -> None:
        folder = self._folder
        if self.findings is None:
            await self._read(unless_known=True)
        if folder == self._folder:
            self.rows.rows = event.rows
            self.show_view("rows")
