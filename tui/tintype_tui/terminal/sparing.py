"""Whether the line to the terminal is slow, and what is then spared."""

import os
from typing import TYPE_CHECKING

from textual import constants

from tintype_tui.terminal.output import Line
from tintype_tui.terminal.remote import over_ssh
from tintype_tui.terminal.textual_privates import output_of

if TYPE_CHECKING:
    from tintype_tui.terminal.app import TerminalApp

UNMEASURED_S = 3.0
"""How long a line over SSH is taken to be slow while the terminal has not answered."""


class Sparing:
    """Keeps the app's `slow` true to its `line`."""

    def __init__(self, app: "TerminalApp[int]") -> None:
        self._app = app
        self.moves = True
        """Whether anything may be animated."""
        self.low_bandwidth = "auto"
        """Whether to draw for a slow line: `on`, `off`, or when it is measured to be one."""
        self._unmeasured = False

    def begin(self) -> None:
        """Wait for the first measurement, where a terminal can be asked."""
        self._app.watch(self._app, "slow", self._spare)
        self._unmeasured = not self._app.is_headless
        if self._unmeasured:
            self._app.set_timer(UNMEASURED_S, self._give_up)
        self.judge()

    def _give_up(self) -> None:
        self._unmeasured = False
        self.judge()

    def measured(self, line: Line) -> None:
        """Draw for the line that there is."""
        self._app.line = line
        self.judge()

    def judge(self) -> None:
        """Find out whether the line is slow."""
        app = self._app
        if self.low_bandwidth == "auto":
            known = app.line.answered or not self._unmeasured
            app.slow = app.line.seems_slow(was=app.slow) if known else over_ssh(os.environ)
        else:
            app.slow = self.low_bandwidth == "on"

    def _spare(self, slow: bool) -> None:
        """Spare the line, or no longer."""
        app = self._app
        app.animation_level = constants.TEXTUAL_ANIMATIONS if self.moves and not slow else "none"
        app.set_class(slow, "-slow")
        if (output := output_of(app)) is not None:
            output.pace.slow = slow
