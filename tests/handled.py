"""Waiting until the app has handled what it was sent, in place of Textual's own waits.

Textual's pilot polls until the process has done nothing for 20 ms: three times for every key, up to
a second each where something else works in the process, and too short on a machine under load. And
it waits half a minute for a widget that goes away meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import textual.app
import textual.pilot
from textual._context import active_app
from textual.app import ScreenStackError
from textual.dom import NoScreen

HOPS = 2
"""A key goes from the app to the widget that is focused, and what it asks for back to the app."""
ROUNDS = 4
"""A layout gives widgets other sizes, which may lead to another one."""
DUE = ("_layout_required", "_scroll_required", "_repaint_required", "_dirty_widgets", "_callbacks")
"""What a screen does at its next frame: it is not waited for."""
LONGEST_S = 60.0
"""For a machine under load; a test that passes never waits that long."""
LOOK_S = 0.05
"""How often widgets that do not answer are looked at: they may be gone."""


async def until(pilot: Any, holds: Callable[[], Any], words: Callable[[], str] = str) -> None:
    """Wait until something holds; if it never does, say some words."""
    end_s = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < end_s, words()
        await pilot.pause(0.02)


async def answered(app: Any, nodes: Iterable[Any]) -> None:
    """Wait until nodes have handled what they have been sent, are gone, or the app has crashed."""
    left: set[Any] = set()
    told, broken = asyncio.Event(), app._exception_event

    def tell(node: Any) -> None:
        left.discard(node)
        if not left:
            told.set()

    for node in nodes:
        if node.call_later(tell, node):
            left.add(node)
    end_s = time.monotonic() + LONGEST_S
    waiting = [asyncio.ensure_future(event.wait()) for event in (told, broken)]
    while left and not broken.is_set() and time.monotonic() < end_s:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=LOOK_S)
        left.difference_update([node for node in left if node._closed])
    for each in waiting:
        each.cancel()


def is_idle(node: Any) -> bool:
    """Whether a node waits for its next message."""
    ready = node._message_queue.ready_event
    return node._closed or (not ready.is_set() and bool(ready._waiters))


async def all_idle(app: Any) -> None:
    """Wait until the app and its screen have nothing to do.

    To ask each of a hundred nodes costs more than most of what they do.
    """
    for _round in range(ROUNDS):
        nodes = [app, *app.screen.walk_children(with_self=True)]
        busy = [node for node in nodes if not is_idle(node)]
        if not busy:
            break
        await answered(app, busy)


async def handled(min_sleep: float = 0, max_sleep: float = 0) -> None:
    """Wait until the app and its screen have handled what they were sent, and what came of it."""
    app: Any = active_app.get()
    with suppress(ScreenStackError, NoScreen):  # it has ended
        for _hop in range(HOPS):
            await answered(app, [app])
            app._check_resize()  # 8 ms later otherwise
            await answered(app, [app.screen])
            if app.screen.focused is not None:
                await answered(app, [app.screen.focused])
            await all_idle(app)
        for _round in range(ROUNDS):
            screen = app.screen
            if not any(getattr(screen, name) for name in DUE):
                break
            screen._on_timer_update()
            await all_idle(app)


async def _screen_answered(pilot: Any, **_: float) -> bool:
    try:
        await answered(pilot.app, [pilot.app])
        await all_idle(pilot.app)
    except ScreenStackError:
        return False
    return not pilot.app._exception_event.is_set()


def replace_the_waits_of_textual() -> None:
    """Let every pilot wait for what is to be handled."""
    textual.app.wait_for_idle = textual.pilot.wait_for_idle = handled  # type: ignore[attr-defined]
    pilot: Any = textual.pilot.Pilot
    pilot._wait_for_screen = _screen_answered
