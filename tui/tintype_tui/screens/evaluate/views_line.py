"""The views of the pane, named above them; keys and clicks turn from one to the next."""

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype_tui.screen import Part
from tintype_tui.widgets.tab_line import Tab, TabLine

VIEWS = {"setup": "set-up", "result": "result", "rows": "rows", "runs": "past runs"}


class ViewsLine(Part):
    """A line of titles."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
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
