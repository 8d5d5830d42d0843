"""The part of an app that knows its terminal."""

import gc
import os
import sys
from typing import Any

from rich.color import ColorSystem
from rich.style import Style
from textual import constants
from textual.app import App, ReturnType
from textual.driver import Driver
from textual.reactive import var
from textual.strip import Strip

from tintype_tui.terminal.capabilities import TRUECOLOR, Capabilities, Surroundings, assess
from tintype_tui.terminal.messages import TerminalAnswered
from tintype_tui.terminal.replies import Told


class TerminalApp(App[ReturnType]):
    """An app that asks its terminal what it can show, and knows when it has answered.

    Where there is no terminal of one's own to ask (tests, `textual serve`, Windows), everything
    works and images stay half-blocks.
    """

    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can show, as far as it is known."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.farewells: set[str] = set()
        """Escape sequences to write before the terminal is given back, at the end or at Ctrl+Z.
        Widgets are unmounted only after that, too late to free the images it holds."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, asking where it can."""
        chosen = super().get_driver_class()
        if (chosen.__module__, chosen.__name__) != ("textual.drivers.linux_driver", "LinuxDriver"):
            return chosen
        from tintype_tui.terminal.driver import AskingDriver

        return AskingDriver

    def on_mount(self) -> None:
        """Use what the environment says, until the terminal does; of a test's, nothing."""
        if not self.is_headless:
            stream = sys.__stderr__  # Textual draws on it
            around = Surroundings(
                os.environ,
                encoding=getattr(stream, "encoding", None) or "utf-8",
                mono=self.no_color,
            )
            self._use(assess(Told(), around))

    def on_terminal_answered(self, message: TerminalAnswered) -> None:
        """Use what the terminal can do."""
        self._use(message.capabilities)

    def _use(self, capabilities: Capabilities) -> None:
        if capabilities.colours == TRUECOLOR:
            self._use_all_colours()
        if capabilities.letters and not self.capabilities.letters:
            self._spell_signs()
        self.capabilities = capabilities

    def _spell_signs(self) -> None:
        """Draw with letters only from now on."""
        from tintype_tui.terminal.letters import Letters

        self._filters.append(Letters())
        if self.screen_stack:
            self.refresh_css(animate=False)

    def _use_all_colours(self) -> None:
        """Draw in 24-bit colour from now on, if Rich had found less.

        Rich goes by COLORTERM, which ssh does not hand on, and kitty's images carry their number
        in the colour: rounded to one of 256 it is another image's, or none's.
        """
        settled = constants.COLOR_SYSTEM not in (None, "auto")
        if settled or self.console._color_system in (None, ColorSystem.TRUECOLOR):
            return
        self.console._color_system = ColorSystem.TRUECOLOR
        # Every style and line drawn so far keeps the codes it was first drawn with, and both are
        # shared by caches in Rich, Textual and widgets; there is no list of them but this one.
        gc.unfreeze()  # what is frozen is not listed
        for thing in gc.get_objects():
            if type(thing) is Style:
                thing._ansi = None
            elif type(thing) is Strip:
                thing._render_cache = None
        if self.screen_stack:
            self.screen.refresh()
