"""Panes and what lies over them, each imported when it is first shown: a frame needs but one."""

from collections.abc import Callable, Mapping
from typing import Any

from textual.command import Provider
from textual.screen import Screen

from tintype_tui.screen import Pane
from tintype_tui.session import Session, SessionApp


def _home() -> Pane:
    from tintype_tui.screens.home import HomePane

    return HomePane()


def _datasets() -> Pane:
    from tintype_tui.screens.datasets import DatasetsPane

    return DatasetsPane()


def _estimate() -> Pane:
    from tintype_tui.screens.estimate import EstimatePane

    return EstimatePane()


def _jobs() -> Pane:
    from tintype_tui.screens.jobs import JobsPane

    return JobsPane()


def _playground() -> Pane:
    from tintype_tui.screens.playground import PlaygroundPane

    return PlaygroundPane()


def _evaluate() -> Pane:
    from tintype_tui.screens.evaluate import EvaluatePane

    return EvaluatePane()


def _models() -> Pane:
    from tintype_tui.screens.models import ModelsPane

    return ModelsPane()


def key_commands() -> type[Provider]:
    """Every key that works, for the palette."""
    from tintype_tui.screens.help import KeyCommands

    return KeyCommands


SCREENS: dict[str, Callable[[], Pane]] = {
    "home": _home,
    "datasets": _datasets,
    "estimate": _estimate,
    "jobs": _jobs,
    "playground": _playground,
    "evaluate": _evaluate,
    "models": _models,
}
"""By their modes."""

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


def messages(session: Session) -> Screen[Any]:
    """What was said so far."""
    from tintype_tui.screens.messages import Messages

    return Messages(session.said, session.settings.folders)


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
}
"""What lies over a pane and leads elsewhere; by the argument of the key."""
