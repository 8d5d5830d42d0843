"""What goes on for as long as the app does, begun when it is there."""

import asyncio
import gc
from functools import partial
from typing import Any

from textual.worker import WorkType

from tintype_tui import theme
from tintype_tui.ringing import Ringer
from tintype_tui.session import LeavesBehind, Session, SessionApp
from tintype_tui.tasks import SOON_S
from tintype_tui.terminal.textual_privates import screens_of
from tintype_tui.text import size

KEEP_S = 2.0
"""How often it is noted how the session stands, if that has changed."""


def begin(app: SessionApp) -> None:
    """Begin what goes on for as long as the app does."""
    app.call_after_refresh(collect)
    app.session.tasks.changed = partial(_count_tasks, app)
    Ringer(app).begin()
    app.set_interval(KEEP_S, lambda: app.session.keep_apart(app.loop_state, **seen(app)))
    _report_settings(app)
    if app.session.settings.clean_after_days:
        app.run_worker(_clean_due(app.session))


async def _clean_due(session: Session) -> None:
    """Remove what the settings say, in a thread."""
    from tintype.cleaning import clean_due

    settings = session.settings
    freed = await asyncio.to_thread(clean_due, settings.folders, settings.clean_after_days)
    if freed:
        session.say(f"{size(freed)} were removed, as clean_after_days in the settings says.")


def _report_settings(app: SessionApp) -> None:
    """Say what of the configured theme and keys means nothing."""
    if problem := theme.problem(app.session.settings.theme):
        app.call_after_refresh(app.session.say, problem)
    if keymap := app.session.settings.keymap:
        from tintype_tui.screens.help import report_keymap

        reporting: WorkType[None] = partial(report_keymap, app.session, keymap)
        app.run_worker(reporting)


def _count_tasks(app: SessionApp) -> None:
    """Say on the bottom line how much is under way, once that has lasted for a moment."""
    tasks = app.session.tasks

    def count() -> None:
        app.busy = len(tasks.now)

    if not tasks.now:
        count()
    elif app.is_running:
        app.set_timer(SOON_S, count)


def collect() -> None:
    """Collect garbage from now on, where `run_app` has put it off.

    What the start has made stays: looked at each time, it would stop the app for a tenth of a
    second. A frame makes thousands of objects of which none is garbage before the next.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def seen(app: SessionApp) -> dict[str, Any]:
    """Where one is and what the panes have, for a session that is cut off."""
    shown = [pane for pane in screens_of(app) if pane.is_mounted]
    panes = {
        type(one).__name__: one.left_behind() for one in shown if isinstance(one, LeavesBehind)
    }
    return {"pane": app.current_mode, "panes": panes}
