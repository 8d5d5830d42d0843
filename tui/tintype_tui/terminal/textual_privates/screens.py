"""What a screen keeps to itself: which keys work in it, when it is laid out, what is seen of it."""

import time
from collections.abc import Iterable
from typing import Any

from textual.app import App
from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.geometry import Region
from textual.keys import key_to_character
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets._toast import Toast

from tintype_tui.terminal.textual_privates.driver import output_of

WAIT_MOST_S = 0.25
"""How long what is laid out may be behind what has happened, on a line that takes no frame."""


SOON_S = 0.01
"""How long a toast stays at least."""


def _timer_of_toast(toast: Toast, delay: float, *arguments: Any, **options: Any) -> Timer:
    """A timer that ends, too, for a toast that expires while it is made.

    Textual gives it the time that is left. That is below nothing if a toast expires between being
    looked at and being made, and then the timer counts for ever: the app hangs.
    """
    return Widget.set_timer(toast, max(delay, SOON_S), *arguments, **options)


Toast.set_timer = _timer_of_toast  # type: ignore[assignment, method-assign]


class PartsScreen(Screen[None]):
    """A screen whose parts' keys work wherever the focus is in it.

    Textual looks for a key in the focused widget and what it is in, up to the screen and the app;
    here the parts, which stand beside each other, come before the screen.
    """

    waiting_since_s: float | None = None
    """Since when what is to be laid out waits for the line."""

    def key_parts(self) -> Iterable[Widget]:
        """The widgets whose keys work everywhere in this screen."""
        return ()

    def _on_timer_update(self) -> None:
        if not _held_back(self):
            super()._on_timer_update()

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        return _with_parts(super()._binding_chain, self)


def _held_back(screen: PartsScreen) -> bool:
    """Whether not to lay out yet: it could not be sent, and newer will be drawn then."""
    output, now_s = output_of(screen.app), time.monotonic()
    if output is not None and not output.ready:
        screen.waiting_since_s = screen.waiting_since_s or now_s
        if now_s < screen.waiting_since_s + WAIT_MOST_S:
            return True
    screen.waiting_since_s = None
    return False


def _with_parts(
    chain: list[tuple[DOMNode, BindingsMap]], screen: PartsScreen
) -> list[tuple[DOMNode, BindingsMap]]:
    """Where keys are looked for, with the screen's parts before the screen."""
    there = {id(node) for node, _ in chain}
    at = next((at for at, (node, _) in enumerate(chain) if node is screen), len(chain))
    parts = [
        (part, _unless_typed(part._bindings.copy(), screen.focused))
        for part in screen.key_parts()
        if id(part) not in there
    ]
    return [*chain[:at], *parts, *chain[at:]]


def _unless_typed(bindings: BindingsMap, focused: Widget | None) -> BindingsMap:
    """Take away the keys that the focused widget takes as text."""
    if focused is not None:
        for key in list(bindings.key_to_bindings):
            if focused.check_consume_key(key, key_to_character(key)):
                del bindings.key_to_bindings[key]
    return bindings


def take_back_toast(app: App[Any], message: str, title: str) -> None:
    """Forget toasts of these very words, so that one that follows takes their place."""
    for shown in list(app._notifications):
        if (shown.message, shown.title) == (message, title):
            app._unnotify(shown, refresh=False)


def screens_of(app: App[Any]) -> list[Screen[Any]]:
    """The screens of all modes that have been shown."""
    return [screen for stack in app._screen_stacks.values() for screen in stack]


def seen_in_order(screen: Screen[Any]) -> Iterable[tuple[Widget, Region, Region]]:
    """Each visible widget with its region and what it is clipped to, the frontmost first."""
    for widget, (region, clip) in screen._compositor.visible_widgets.items():
        yield widget, region, clip
