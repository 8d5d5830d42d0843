"""The top line: the panes with their keys, and the provider in use."""

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.text import clip

PANES = (
    ("home", "Home", "Home"),
    ("datasets", "Datasets", "Data"),
    ("estimate", "Estimate", "Cost"),
    ("jobs", "Jobs", "Jobs"),
    ("playground", "Playground", "Play"),
    ("evaluate", "Evaluate", "Eval"),
    ("models", "Models", "Models"),
)
"""Mode, title, short title; the key is the place in the list."""
BRAND = " tintype "


class Masthead(Widget):
    """One row; a click on a pane goes there."""

    DEFAULT_CSS = """
    Masthead { height: 1; dock: top; background: $panel; color: $foreground 70%; }
    """

    provider: reactive[str] = reactive("")
    """Name of the profile in use."""

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        base = self.rich_style
        colors = self.app.theme_variables
        bold = base + Style(bold=True, color=colors["primary"])
        segments = [Segment(self._brand(), bold)] if self._brand() else []
        active = Style(bold=True, reverse=True)
        for key, tab in self._tabs():
            here = PANES[key - 1][0] == self.app.current_mode
            segments.append(Segment(tab, base + active if here else base))
        provider = clip(f" {self.provider} ", max(0, width - sum(s.cell_length for s in segments)))
        strip = Strip(segments)
        gap = width - strip.cell_length - Strip([Segment(provider)]).cell_length
        return Strip([*segments, Segment(" " * max(0, gap), base), Segment(provider, base)]).crop(
            0, width
        )

    def _brand(self) -> str:
        return BRAND if self.size.width >= 67 else ""

    def _tabs(self) -> list[tuple[int, str]]:
        """Keys and tabs; all of them, however narrow it is."""
        width, found = self.size.width, []
        for at, (mode, full, short) in enumerate(PANES, start=1):
            title = full if width >= 100 else short
            named = width >= 58 or mode == self.app.current_mode
            found.append((at, f" {at} {title} " if named else f" {at} "))
        return found

    async def on_click(self, event: events.Click) -> None:
        """Go to the pane under the pointer."""
        x = len(self._brand())
        for key, tab in self._tabs():
            x += len(tab)
            if event.x < x:
                if event.x >= len(self._brand()):
                    await self.app.run_action(f"go('{PANES[key - 1][0]}')")
                return
