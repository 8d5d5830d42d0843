"""Waiting until the app has handled what it was sent, in place of Textual's own wait.

Textual's pilot polls until the process has done nothing for 20 ms: three times for every key, up to
a second each where something else works in the process, and too short on a machine under load.
"""

import asyncio
from typing import Any

import textual.app
import textual.pilot
from textual._context import active_app

HOPS = 2
"""A key goes from the app to the widget that is focused, and what it asks for back to the app."""
LONGEST_S = 60.0


async def handled(min_sleep: float = 0, max_sleep: float = 0) -> None:
    """Wait until the app and its screen have handled what they were sent, and what came of it."""
    app: Any = active_app.get()
    for _hop in range(HOPS):
        for node in (app, app.screen, app.screen.focused):
            await _answered(app, node)


async def _answered(app: Any, node: Any) -> None:
    done = asyncio.Event()
    if node is not None and node.call_later(done.set):
        waiting = [asyncio.ensure_future(each.wait()) for each in (done, app._exception_event)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=LONGEST_S)
        for each in waiting:
            each.cancel()


def replace_the_wait_of_textual() -> None:
    """Let every pilot wait for what is to be handled."""
    textual.app.wait_for_idle = textual.pilot.wait_for_idle = handled  # type: ignore[attr-defined]
