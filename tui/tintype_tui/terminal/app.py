"""The part of an app that knows its terminal."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import ReturnType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.reactive import var
from textual.widget import Widget

from tintype_tui.terminal.capabilities import (
    TRUECOLOR,
    Capabilities,
    Surroundings,
    assess,
    erases_in_colour,
)
from tintype_tui.terminal.messages import LineMeasured, TerminalAnswered
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.replies import Told
from tintype_tui.terminal.sparing import Sparing
from tintype_tui.terminal.textual_privates import PaintedApp, draw_in_all_colours, output_of


class TerminalApp(PaintedApp[ReturnType]):
    """An app that asks its terminal what it can show, and knows when it has answered.

    Where there is no terminal of one's own to ask (tests, `textual serve`, Windows), everything
    works and images stay half-blocks.
    """

    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can show, as far as it is known."""
    line: var[Line] = var(Line())
    """The line to the terminal, as measured."""
    slow: var[bool] = var(False)
    """Whether to draw for a slow line."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.spelt: tuple[LineFilter, ...] = ()
        self.sparing = Sparing(self)  # type: ignore[arg-type]

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, asking where it can."""
        chosen = super().get_driver_class()
        if (chosen.__module__, chosen.__name__) != ("textual.drivers.linux_driver", "LinuxDriver"):
            return chosen
        from tintype_tui.terminal.driver import AskingDriver

        return AskingDriver

    def on_mount(self) -> None:
        """Use what the environment says, until the terminal does; of a test's, nothing."""
        self.sparing.begin()
        if not self.is_headless:
            _use(self, assess(Told(), _surroundings(self.no_color)))

    async def on_event(self, event: events.Event) -> None:
        """Leave the mouse alone where the last frame still shows what has gone; Textual fails."""
        if not (isinstance(event, events.MouseDown | events.MouseMove) and _is_gone(self, event)):
            await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Give a key to the field that has come into focus since it was pressed."""
        if _handed_on(event, self.focused):
            event.prevent_default()

    def on_terminal_answered(self, message: TerminalAnswered) -> None:
        """Use what the terminal can do."""
        _use(self, message.capabilities)

    def on_line_measured(self, message: LineMeasured) -> None:
        """Draw for the line that there is."""
        self.sparing.measured(message.line)

    def action_repaint(self) -> None:
        """Draw everything again."""
        if (output := output_of(self)) is not None:
            output.repaint()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and letters only where the terminal has little else."""
        return (*super().get_line_filters(), *self.spelt)

    def draw_with(self, letters: LineFilter) -> None:
        """Spell out what is drawn from now on."""
        self.spelt = (letters,)
        if self.screen_stack:
            self.refresh_css(animate=False)


def _surroundings(mono: bool) -> Surroundings:
    """What the environment says of the terminal."""
    stream = sys.__stderr__  # Textual draws on it
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return Surroundings(os.environ, encoding=encoding, mono=mono)


def _use(app: TerminalApp[Any], capabilities: Capabilities) -> None:
    """Draw with what the terminal can do."""
    if capabilities.colours == TRUECOLOR:
        draw_in_all_colours(app)
    if capabilities.letters and not app.spelt:
        from tintype_tui.terminal.letters import Letters

        app.draw_with(Letters())
    if (output := output_of(app)) is not None:
        output.wear_again()
        output.erasing(erases_in_colour(capabilities))
    app.capabilities = capabilities


def _is_gone(app: TerminalApp[Any], event: events.MouseEvent) -> bool:
    """Whether the mouse is on a widget that has been removed."""
    if event.is_forwarded or not app.screen_stack:
        return False
    widget, _ = app.screen.get_widget_and_offset_at(event.x, event.y)
    return widget is not None and widget.parent is None


def _handed_on(event: events.Key, focused: Widget | None) -> bool:
    """Whether a key is for the focused field, which gets it then.

    Keys that come in a burst are all sent to what had the focus before the first of them was done;
    those that were meant for a field would be lost, or taken for commands.
    """
    if focused is None or not focused.check_consume_key(event.key, event.character):
        return False
    focused.post_message(events.Key(event.key, event.character))
    return True
