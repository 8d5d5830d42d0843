"""A line below the panes' names, on every pane, while something will be lost soon."""

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype_tui.keys import with_keys
from tintype_tui.session import SessionApp
from tintype_tui.text import clip, one_line


class DeadlineLine(Widget):
    """One row, or none when there is nothing to lose; a click shows what it is about."""

    DEFAULT_CSS = """
    DeadlineLine { height: 1; dock: top; margin-top: 1; display: none; background: $surface; }
    """

    words: reactive[str] = reactive("")

    def on_mount(self) -> None:
        """Follow the app."""
        if isinstance(self.app, SessionApp):
            self.watch(self.app, "deadline", self._heard)

    def _heard(self, words: str) -> None:
        self.words = words

    def watch_words(self, words: str) -> None:
        self.display = bool(words)

    def render_line(self, y: int) -> Strip:
        """Draw the sentence, and the key that leads to more."""
        base, width = self.rich_style, self.size.width
        loud = base + Style(bold=True, color=self.app.theme_variables["warning"])
        here = self.app.current_mode == "models"
        hint = "{models.keep} keeps, {models.golden} asks" if here else "{go.models} shows more"
        hint = with_keys(self, f" {hint}")
        words = clip(f" ! {one_line(self.words)}", max(0, width - len(hint)))
        segments = [Segment(words, loud), Segment(hint, base)]
        return Strip(segments).adjust_cell_length(width, base)

    async def on_click(self) -> None:
        """Go to the models."""
        await self.app.run_action("go('models')")
