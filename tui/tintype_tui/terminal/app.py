"""The part of an app that knows its terminal."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from textual import constants, events
from textual.app import ReturnType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.reactive import var

from tintype_tui.terminal.capabilities import (
    TRUECOLOR,
    Capabilities,
    Surroundings,
    assess,
    erases_in_colour,
)
from tintype_tui.terminal.messages import LineMeasured, TerminalAnswered
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.remote import over_ssh
from tintype_tui.terminal.replies import Told
from tintype_tui.terminal.textual_privates import PaintedApp, draw_in_all_colours, output_of

UNMEASURED_S = 3.0
"""How long a line over SSH is taken to be slow while the terminal has not answered."""


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
        self._letters: tuple[LineFilter, ...] = ()
        self.moves = True
        """Whether anything may be animated."""
        self._unmeasured = False
        self.low_bandwidth = "auto"
        """Whether to draw for a slow line: `on`, `off`, or when it is measured to be one."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, asking where it can."""
        chosen = super().get_driver_class()
        if (chosen.__module__, chosen.__name__) != ("textual.drivers.linux_driver", "LinuxDriver"):
            return chosen
        from tintype_tui.terminal.driver import AskingDriver

        return AskingDriver

    def on_mount(self) -> None:
        """Use what the environment says, until the terminal does; of a test's, nothing."""
        self._unmeasured = not self.is_headless
        self.watch_line()
        if not self.is_headless:
            self.set_timer(UNMEASURED_S, self._give_up_measuring)
            stream = sys.__stderr__  # Textual draws on it
            around = Surroundings(
                os.environ,
                encoding=getattr(stream, "encoding", None) or "utf-8",
                mono=self.no_color,
            )
            self._use(assess(Told(), around))

    def on_key(self, event: events.Key) -> None:
        """Give a key to the field that has come into focus since it was pressed.

        Keys that come in a burst are all sent to what had the focus before the first of them was
        done; those that were meant for a field would be lost, or taken for commands.
        """
        focused = self.focused
        if focused is not None and focused.check_consume_key(event.key, event.character):
            focused.post_message(events.Key(event.key, event.character))
            event.prevent_default()

    def on_terminal_answered(self, message: TerminalAnswered) -> None:
        """Use what the terminal can do."""
        self._use(message.capabilities)

    def on_line_measured(self, message: LineMeasured) -> None:
        """Draw for the line that there is."""
        self.line = message.line

    def watch_line(self) -> None:
        """Find out whether it is slow."""
        if self.low_bandwidth == "auto":
            known = self.line.answered or not self._unmeasured
            self.slow = self.line.seems_slow(was=self.slow) if known else over_ssh(os.environ)
        else:
            self.slow = self.low_bandwidth == "on"

    def _give_up_measuring(self) -> None:
        self._unmeasured = False
        self.watch_line()

    def watch_slow(self, slow: bool) -> None:
        """Spare the line, or no longer."""
        self.animation_level = constants.TEXTUAL_ANIMATIONS if self.moves and not slow else "none"
        self.set_class(slow, "-slow")
        if (output := output_of(self)) is not None:
            output.pace.slow = slow

    def action_repaint(self) -> None:
        """Draw everything again."""
        if (output := output_of(self)) is not None:
            output.repaint()

    def _use(self, capabilities: Capabilities) -> None:
        if capabilities.colours == TRUECOLOR:
            draw_in_all_colours(self)
        if capabilities.letters and not self._letters:
            from tintype_tui.terminal.letters import Letters

            self.draw_with(Letters())
        if (output := output_of(self)) is not None:
            output.wear_again()
            output.erasing(erases_in_colour(capabilities))
        self.capabilities = capabilities

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and letters only where the terminal has little else."""
        return (*super().get_line_filters(), *self._letters)

    def draw_with(self, letters: LineFilter) -> None:
        """Spell out what is drawn from now on."""
        self._letters = (letters,)
        if self.screen_stack:
            self.refresh_css(animate=False)
