"""Panes and what lies over them, each imported when it is first shown: a frame needs but one."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from textual.command import Provider
from textual.screen import Screen

from tintype_tui.screen import Pane
from tintype_tui.session import SessionApp
from tintype_tui.widgets.masthead import PANES


def _pane(mode: str) -> Pane:
    """The class `HomePane` of `screens.home.pane`, and so on."""
    made: Pane = getattr(import_module(f"tintype_tui.screens.{mode}.pane"), f"{mode.title()}Pane")()
    return made


SCREENS: Mapping[str, Callable[[], Pane]] = {mode: partial(_pane, mode) for mode, _, _ in PANES}
"""By their modes."""


def key_commands() -> type[Provider]:
    """Every key that works, for the palette."""
    from tintype_tui.screens.help import KeyCommands

    return KeyCommands


PALETTE = "--command-palette"
"""Textual knows its palette by this id."""


def palette() -> Screen[Any]:
    """The commands."""
    from tintype_tui.screens.dialogs import Palette

    return Palette(id=PALETTE)


def help_of(pane: Screen[Any]) -> Screen[Any]:
    """The keys of what is shown."""
    from tintype_tui.screens.help import Help, keys_of

    return Help(keys_of(pane))


def _messages(app: SessionApp) -> None:
    from tintype_tui.screens.messages import Messages

    app.push_screen(Messages(app.session.said, app.session.settings.folders))


def _search(app: SessionApp) -> None:
    from tintype_tui.screens.search_everything import SearchEverything

    app.push_screen(SearchEverything(), lambda goes: goes and app.post_message(goes))


def _look_at_tasks(app: SessionApp) -> None:
    from tintype_tui.screens.tasks import look_at_tasks

    app.run_worker(look_at_tasks(app), group="tasks")


def _clean_up(app: SessionApp) -> None:
    from tintype_tui.screens.clean_up import CleanUp

    app.push_screen(CleanUp())


OVER: Mapping[str, Callable[[SessionApp], None]] = {
    "everything": _search,
    "tasks": _look_at_tasks,
    "clean": _clean_up,
    "messages": _messages,
}
"""What lies over a pane; by the argument of the key."""
