"""The bottom line: the keys that work here, as many as fit, help always among them.

Textual's own footer is a widget for each key, and cuts off at the right, where help and quit are.
This is one line of text, made from the same bindings.
"""

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.keys import key_of
from tintype_tui.session import SessionApp
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.textual_privates import PartsScreen
from tintype_tui.text import count

LAST = ("help", "quit")
"""Ids of the bindings that come last and are dropped last."""


class KeyLine(Widget):
    """One row; a click on a key presses it."""

    DEFAULT_CSS = """
    KeyLine { height: 1; background: $surface; color: $foreground 85%; }
    """

    def on_mount(self) -> None:
        """Redraw when keys come and go with the focus, and when the line is another."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self.watch(self.screen, "maximized", self._line_changed, init=False)
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "slow", self._line_changed, init=False)
        if isinstance(self.app, SessionApp):
            self.watch(self.app, "busy", self._line_changed, init=False)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def _line_changed(self) -> None:
        self.refresh()

    def _about(self) -> str:
        """How much is under way, if anything is; then why less is drawn, if it is."""
        app = self.app
        if not isinstance(app, SessionApp) or not app.busy:
            return self._about_line()
        return f" {key_of(self, 'tasks')} {count(app.busy, 'task')} {self._about_line()}"

    def _about_line(self) -> str:
        app = self.app
        if not isinstance(app, TerminalApp) or not app.slow:
            return ""
        return f" line {app.line} " if app.line.answered else " slow line "

    def entries(self) -> list[tuple[str, str, str]]:
        """Key as shown, words, key as pressed: what fits, in order."""
        found = list(self._all())
        last = [entry for entry in found if entry[3] in LAST]
        room = self.size.width - sum(len(key) + len(words) + 3 for key, words, _, _ in last)
        room -= len(self._about())
        fitting = []
        for entry in found:
            if entry in last:
                continue
            room -= len(entry[0]) + len(entry[1]) + 3
            if room < 0:
                break
            fitting.append(entry)
        return [(key, words, pressed) for key, words, pressed, _ in (*fitting, *last)]

    def _all(self) -> Iterator[tuple[str, str, str, str]]:
        """The pane's keys first, its parts', those of what is focused, the app's."""
        if self.screen.maximized is not None:
            yield "esc", "Back", "escape", ""
        seen: set[tuple[int, str]] = set()
        every = self.screen.active_bindings.values()
        parts = self.screen.key_parts() if isinstance(self.screen, PartsScreen) else ()
        ranks = {id(self.screen): 0, **{id(part): 1 for part in parts}, id(self.app): 3}
        for active in sorted(every, key=lambda active: ranks.get(id(active.node), 2)):
            binding = active.binding
            place = (id(active.node), binding.action)
            if not binding.show or not binding.description or place in seen or not active.enabled:
                continue
            seen.add(place)
            shown = self.app.get_key_display(binding)
            yield shown, binding.description, binding.key, binding.id or ""

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        strong = base + Style(bold=True, color=self.app.theme_variables["primary"])
        segments = []
        for key, words, _ in self.entries():
            segments += [Segment(f" {key}", strong), Segment(f" {words} ", base)]
        about = self._about()
        strip = Strip(segments).adjust_cell_length(self.size.width - len(about), base)
        return Strip([*strip, Segment(about, base)]).crop(0, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        x = 0
        for key, words, pressed in self.entries():
            x += len(key) + len(words) + 3
            if event.x < x:
                self.app.simulate_key(pressed)
                return
        if event.x >= self.size.width - len(self._about()) and isinstance(self.app, SessionApp):
            self.app.call_later(self.app.run_action, "over('tasks')")
