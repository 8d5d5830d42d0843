"""The views of the pane, named above them, turned by keys and clicks; and the pause."""

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.evaluation import EvaluationRun, Findings
from tintype_tui import requests
from tintype_tui.evaluating import Evaluating
from tintype_tui.screen import Part
from tintype_tui.screens.evaluate.starting import go_on
from tintype_tui.widgets.tab_line import Tab, TabLine

VIEWS = {"setup": "set-up", "result": "result", "rows": "rows", "runs": "past runs"}


class ViewsLine(Part):
    """A line of titles."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", id="evaluate.pause", key_display="space",
                tooltip="ask nothing more for now, or go on"),
        Binding("right_square_bracket", "turn(1)", "Next view", id="evaluate.turn",
                key_display="]", tooltip="set-up, result, rows, past runs"),
        Binding("left_square_bracket", "turn(-1)", "Previous view", id="evaluate.turn_back",
                show=False, key_display="["),
    ]  # fmt: skip
    DEFAULT_CSS = """
    ViewsLine { height: 1; }
    """

    view: var[str] = var("setup")
    has_run: var[bool] = var(False)
    """Whether a run is looked at."""

    evaluating: var[Evaluating | None] = var(None, bindings=True)
    """The run of this session."""
    findings: var[Findings | None] = var(None, bindings=True)
    """Those of the run that is looked at."""

    tabs = getters.query_one(TabLine)

    class Wanted(Message):
        """Another view is to be shown."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def compose(self) -> ComposeResult:
        yield TabLine()

    def watch_view(self) -> None:
        if self.is_mounted:
            self.tabs.tabs = tuple(
                Tab(name, words, empty=name in ("result", "rows") and not self.has_run)
                for name, words in VIEWS.items()
            )
            self.tabs.chosen = self.view

    def watch_has_run(self) -> None:
        self.watch_view()

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        self.post_message(self.Wanted(event.name))

    def action_turn(self, by: int) -> None:
        self.post_message(self.Wanted(self.tabs.turned(by)))

    # ------------------------------------------------------------------ pausing, and going on

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "pause" or self.is_running or self._unfinished is not None or None

    @property
    def is_running(self) -> bool:
        """Whether an evaluation of this session is running."""
        return self.evaluating is not None and not self.evaluating.ended

    @property
    def _unfinished(self) -> EvaluationRun | None:
        """The run that is looked at, if something is left to be asked."""
        found = self.findings.evaluation if self.findings is not None else None
        return found.run if found is not None and not found.is_complete else None

    def action_pause(self) -> None:
        """Pause, or go on with a run that is not complete."""
        if self.is_running:
            self.post_message(requests.Evaluate(None))
        elif (run := self._unfinished) is not None:
            self._go_on(run)

    @work(exclusive=True, group="go on")
    async def _go_on(self, run: EvaluationRun) -> None:
        with self.pane.reporting("Cannot go on"):
            await go_on(self.pane, run)
