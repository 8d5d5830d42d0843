"""The app: its modes, its keys, and what panes ask of it."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from tintype.loop import LoopState
from tintype.paths import absolute
from tintype.settings import Settings, load
from tintype_tui import requests, theme
from tintype_tui.assessor import Assessor
from tintype_tui.deadlines import Deadlines
from tintype_tui.evaluator import Evaluator
from tintype_tui.held_keys import switch_soon
from tintype_tui.keys import key_of
from tintype_tui.laid_edits import lay_edits
from tintype_tui.late_screens import (
    OVER,
    PALETTE,
    SCREENS,
    help_of,
    key_commands,
    palette,
)
from tintype_tui.leaving import heed_signals
from tintype_tui.lifetime import begin, seen
from tintype_tui.screen import Pane
from tintype_tui.session import Session, SessionApp
from tintype_tui.stylesheet import PatientStylesheet
from tintype_tui.terminal.textual_privates import has_mouse, take_mouse
from tintype_tui.text import visible
from tintype_tui.widgets.masthead import PANES

WIDTHS = ((0, "-narrow"), (76, "-usual"), (120, "-wide"))
"""From how many columns on which class of the stylesheet holds."""

KEYS: list[BindingType] = [
    *(
        Binding(str(key), f"go('{mode}')", title, show=False, id=f"go.{mode}")
        for key, (mode, title, _) in enumerate(PANES, start=1)
    ),
    Binding("question_mark", "help", "Help", id="help", key_display="?"),
    Binding("colon", "command_palette", "Commands", show=False, id="palette", key_display=":"),
    Binding("exclamation_mark", "over('messages')", "Messages", show=False, id="messages"),
    Binding("ctrl+p", "over('everything')", "Search everything", show=False, id="everything"),
    # These two in dialogs, too.
    Binding(
        "ctrl+t", "over('tasks')", "Tasks", show=False, priority=True, id="tasks",
        tooltip="what is under way, how far, and stopping it",
    ),
    Binding(
        "ctrl+l", "repaint", "Repaint", show=False, priority=True, id="repaint",
        tooltip="draw everything again",
    ),
    Binding("f8", "over('clean')", "Clean up", show=False, id="clean", tooltip="what is kept here"),
    Binding("f9", "mouse", "Mouse", show=False, id="mouse", tooltip="give it to the terminal"),
    Binding("q", "quit", "Quit", id="quit"),
    Binding("ctrl+c", "how_to_quit", show=False, system=True),
]  # fmt: skip
"""Everywhere. Textual's own ctrl+q is not among them: terminals and people use it otherwise."""


def _suit(app: SessionApp, chosen: Settings) -> None:
    """Draw as the person needs it; for a screen reader in one column, no sign without a word."""
    theme.begin(app, chosen)
    app.set_keymap(chosen.keymap)
    if chosen.screen_reader:
        from tintype_tui.terminal.letters import Spoken

        app.HORIZONTAL_BREAKPOINTS = [(0, "-narrow")]
        app.add_class("-reader")
        app.draw_with(Spoken())
    app.sparing.moves = not chosen.reduced_motion
    app.sparing.low_bandwidth = chosen.low_bandwidth


def _warn(app: SessionApp, words: str) -> None:
    app.notify(visible(words), severity="warning", markup=False, timeout=12)


LEAVE_FIELD = "in a field, Esc leaves it first"


def _mouse_handed_over(app: SessionApp, key: str) -> str:
    """Give the mouse to the terminal or take it back; says which."""
    taken = has_mouse(app)
    if taken is None:
        return "There is no mouse here to give to the terminal."
    take_mouse(app, not taken)
    if taken:
        return f"The terminal has the mouse: select text as usual. {key} takes it back."
    return "Clicks and the wheel work here again."


class TintypeApp(SessionApp, inherit_bindings=False):
    """The workbench."""

    TITLE = "Tintype"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "home"
    BINDING_GROUP_TITLE = "Everywhere"
    COMMANDS = {key_commands}  # noqa: RUF012 – as Textual declares it
    HORIZONTAL_BREAKPOINTS = list(WIDTHS)  # noqa: RUF012 – as Textual declares it
    BINDINGS = KEYS

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        dataset: Path | None = None,
        with_samples: bool = False,
    ) -> None:
        """Make ready; `with_samples` begins by drawing them and opening the playing cards."""
        if dataset is not None:  # shown first, so that what is typed meanwhile is for it
            self.DEFAULT_MODE = "datasets"  # type: ignore[misc]
        chosen = settings or load()
        if chosen.screen_reader:
            self.CSS_PATH = ["app.tcss", "reader.tcss"]  # type: ignore[misc, assignment]
        super().__init__()
        lay_edits()
        self.session = Session(chosen)
        self.report = partial(_reported, chosen.folders.state, time.time())
        self.set_reactive(TintypeApp.profile_name, self.session.profile.name)
        self.session.warn = partial(_warn, self)
        if dataset is not None:
            self.set_reactive(TintypeApp.loop_state, LoopState().opening(absolute(dataset)))
        self.with_samples = with_samples
        self.assessor, self.evaluator = Assessor(self), Evaluator(self)
        self.deadlines = Deadlines(self)
        _suit(self, chosen)
        self.stylesheet = PatientStylesheet(variables=self.get_css_variables())
        for mode, pane in SCREENS.items():
            self.add_mode(mode, _bound(pane))

    def on_load(self) -> None:
        """Leave the terminal in order when the system asks us to go; it is not yet taken over."""
        heed_signals(self)

    def on_mount(self) -> None:
        _begin(self)

    def exit(self, *arguments: Any, **options: Any) -> None:
        """End, with everything noted: the panes are gone before the app is."""
        self.session.keep(self.loop_state, **seen(self))
        super().exit(*arguments, **options)

    async def on_unmount(self) -> None:
        await self.evaluator.leave()
        await self.session.leave(self.loop_state, cut=(self.return_value or 0) > 128)

    def action_go(self, mode: str) -> None:
        # A click arrives in the widget that was clicked; a pane is bound to the app from here.
        switch_soon(self, mode)

    def action_how_to_quit(self) -> None:
        self.notify(f"Press {key_of(self.screen, 'quit')} to quit; {LEAVE_FIELD}.", markup=False)

    def get_css_variables(self) -> dict[str, str]:
        """A theme's colours, made legible where they are another's than ours."""
        return theme.legible(self, super().get_css_variables())

    def watch_theme(self, name: str) -> None:
        """A theme that is chosen stays for the next session."""
        if self.is_running:
            theme.remember(name, self.session.settings)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What Textual offers and no key of ours does."""
        return [one for one in super().get_system_commands(screen) if one.title == "Theme"]

    def action_help(self) -> None:
        self.push_screen(help_of(self.screen))

    def action_command_palette(self) -> None:
        if self.screen.id != PALETTE:
            self.push_screen(palette())

    def action_over(self, what: str) -> None:
        OVER[what](self)

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, to select text with it, and take it back."""
        self.notify(_mouse_handed_over(self, key_of(self.screen, "mouse")), markup=False)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say which keys of the configuration collide, once."""
        _say_clash(self, clashed_bindings)

    @on(requests.Request)
    async def _do(self, request: requests.Request) -> None:
        await _carry_out(self, request)


def _begin(app: TintypeApp) -> None:
    begin(app)
    app.assessor.begin()
    app.deadlines.begin()
    if app.with_samples:
        app.call_after_refresh(app.run_action, "sample", app.screen.query_one("#samples"))


async def _carry_out(app: TintypeApp, request: requests.Request) -> None:
    match request:
        case requests.Reached():
            untouched = app.loop_state == LoopState() and app.current_mode == "home"
            untouched = untouched and len(app.screen_stack) == 1
            app.loop_state = request.change(app.loop_state)
            if request.pane and (untouched or not request.at_start):
                app.switch_mode(request.pane)
        case requests.UseProfile():
            # What was estimated and trained belongs to the provider before.
            await app.session.use(request.name)
            app.assessor.forget()
            app.loop_state = app.loop_state.elsewhere()
            app.profile_name = request.name
        case requests.AssessDataset():
            await app.assessor.read(request.model, deep=request.deep, again=request.again)
        case requests.LookAtDeadlines():
            app.deadlines.look()
        case requests.Evaluate():
            app.evaluator.obey(request.order)


def _reported(folder: Path, started_s: float, error: BaseException | None, details: str) -> str:
    """Leave a report in a file, and say where."""
    from tintype_tui.crashing import reported

    return reported(error, details, folder, started_s)


def _say_clash(app: TintypeApp, clashed: set[Binding]) -> None:
    names = ", ".join(sorted(binding.id or binding.action for binding in clashed))
    words = f"Keys in your configuration conflict: {names}."
    if all(said.words != words for said in app.session.said):
        app.session.say(words)


def _bound(pane: Callable[[], Pane]) -> Callable[[], Screen[Any]]:
    """A pane that follows what the app knows."""
    return lambda: pane().data_bind(
        TintypeApp.loop_state,
        TintypeApp.assessment,
        TintypeApp.check_trouble,
        TintypeApp.profile_name,
    )
