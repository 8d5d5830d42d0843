"""Keys pressed while a dialog is being opened are held until it is there, and given to it.

A dialog may open late: prices are read first, or a provider is asked. Whoever knows the app types
on meanwhile, and means the dialog.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial, update_wrapper
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from textual import events
from textual.app import ReturnType
from textual.await_complete import AwaitComplete
from textual.widget import Widget
from textual.worker import WorkType

from tintype_tui.terminal.app import TerminalApp

HELD_S = 3.0
"""How long keys are held at most: what takes longer is no reason to seem dead."""
_LOOK_S = 0.01

P = ParamSpec("P")
W = TypeVar("W", bound=Widget)
Action = Callable[Concatenate[W, P], Coroutine[Any, Any, None]]


class HeldKeys:
    """The keys that wait for a screen."""

    def __init__(self, app: TerminalApp[Any]) -> None:
        self._app = app
        self._keys: list[events.Key] = []
        self._openings: set[float] = set()
        """What is being opened, each by the time in seconds at which keys are held no longer."""

    @property
    def holding(self) -> bool:
        """Whether something is being opened."""
        return bool(self._openings)

    def hold_until(self, ready: Callable[[], bool], most_s: float = HELD_S) -> None:
        """Hold keys until something holds and the screen on top is there, but not for long."""
        app, end_s = self._app, time.monotonic() + most_s
        self._openings.add(end_s)

        def look() -> None:
            if not app.screen_stack:  # the app is closing
                timer.stop()
            elif time.monotonic() > end_s or (ready() and app.screen.is_mounted):
                timer.stop()
                # After what the dialog has asked for when it was mounted: the focus.
                app.call_later(app.call_later, self._opened, end_s)

        timer = app.set_interval(_LOOK_S, look)

    async def _opened(self, opening: float) -> None:
        self._openings.discard(opening)
        if not self._openings:
            held, self._keys = sorted(self._keys, key=attrgetter("time")), []
            for event in held:
                await self._app.on_event(events.Key(event.key, event.character))

    def take(self, event: events.Event) -> bool:
        """Hold a key if something is being opened; returns whether it is held."""
        taken = self.holding and isinstance(event, events.Key)
        if taken:
            self._keys.append(cast("events.Key", event))
        return taken


class HoldingApp(TerminalApp[ReturnType]):
    """An app that holds keys while a dialog is being opened."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.held = HeldKeys(self)

    def switch_mode(self, mode: str) -> Any:
        """Show a mode as Textual does, unless the app is closing; keys wait until it is there."""
        if not (self.is_running and self.screen_stack):
            return AwaitComplete()
        self.held.hold_until(lambda: True)
        return super().switch_mode(mode)

    def push_screen(self, *arguments: Any, **options: Any) -> Any:
        """Push as Textual does; keys wait until the screen is there."""
        pushed = super().push_screen(*arguments, **options)
        if self.is_running:
            self.held.hold_until(lambda: True)
        return pushed

    async def on_event(self, event: events.Event) -> None:
        """Hold a key that has just been pressed."""
        if event.is_forwarded or not self.held.take(event):
            await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Hold a key that came in one burst with the one that opens the dialog."""
        if self.held.take(event):
            event.prevent_default()


def switch_soon(app: HoldingApp[Any], mode: str) -> None:
    """Show a mode when the app comes to it; keys wait."""
    begun = asyncio.Event()

    def switch() -> Any:
        begun.set()
        return app.switch_mode(mode)

    app.call_later(switch)
    app.held.hold_until(begun.is_set)


def opens(
    *, group: str = "default", exclusive: bool = False
) -> Callable[[Action[W, P]], Callable[Concatenate[W, P], None]]:
    """Make a coroutine an action that opens a dialog sooner or later: a worker, and keys wait."""

    def decorated(method: Action[W, P]) -> Callable[Concatenate[W, P], None]:
        def action(self: W, /, *arguments: P.args, **options: P.kwargs) -> None:
            work: WorkType[None] = partial(method, self, *arguments, **options)
            worker = self.run_worker(work, group=group, exclusive=exclusive)
            if isinstance(app := self.app, HoldingApp):
                before = self.screen
                app.held.hold_until(lambda: worker.is_finished or app.screen is not before)

        update_wrapper(action, method)
        return action

    return decorated
