"""A viewer, to see the widget at work: `python -m tintype_tui.widgets.image FILE…`."""

import sys
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Footer, Label

from tintype.detection import Box
from tintype.paths import read_bytes
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.widgets.image import ImageView, draw

BOXES = (Box("upper left", 0.1, 0.08, 0.45, 0.4), Box("centre", 0.35, 0.35, 0.7, 0.7))
GUESSES = (Box("centre", 0.4, 0.33, 0.75, 0.72),)


class ViewerScreen(Screen[None]):
    """Pages through files."""

    CSS = "ImageView { border: round $surface; &:focus { border: round $primary; } }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,space", "page(1)", "Next"),
        Binding("p", "page(-1)", "Previous"),
        Binding("b", "boxes", "Boxes"),
        Binding("t", "toast", "Toast"),
        Binding("s", "sparing", "Slow line"),
        Binding("q", "app.quit", "Quit"),
    ]

    at: var[int] = var(0)

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.files = files

    def compose(self) -> ComposeResult:
        """A line about the terminal, and the image."""
        yield Label(markup=False)
        yield ImageView()
        yield Footer()

    def on_mount(self) -> None:
        """Show the first."""
        self.action_page(0)

    def action_page(self, step: int) -> None:
        """Show another file."""
        self.at = (self.at + step) % len(self.files)
        self.query_one(ImageView).data = read_bytes(self.files[self.at])

    def action_boxes(self) -> None:
        """Draw some boxes, or none."""
        image = self.query_one(ImageView)
        image.truth, image.predicted = ((), ()) if image.truth else (BOXES, GUESSES)

    def action_toast(self) -> None:
        """Put something over the image."""
        self.notify("Something over the image, for a while.", timeout=3)

    def action_sparing(self) -> None:
        """Draw for a slow line."""
        image = self.query_one(ImageView)
        image.sparing = not image.sparing

    @on(ImageView.Wants)
    @work(exclusive=True)
    async def draw_image(self, event: ImageView.Wants) -> None:
        """Draw and show; the latest wins."""
        drawing = await draw(event.wanted)
        event.image.show(drawing, event.wanted)
        found = event.image.capabilities
        shown = f"{drawing.protocol}, {drawing.sent_bytes // 1024} KB. {found.why}"
        self.query_one(Label).update(f"{self.files[self.at].name} {shown} {drawing.description}")


class Viewer(TerminalApp[None]):
    """Shows image files."""

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.files = files

    def on_mount(self) -> None:
        """Open the one screen."""
        self.push_screen(ViewerScreen(self.files))


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: python -m tintype_tui.widgets.image FILE…")
    Viewer([Path(name) for name in sys.argv[1:]]).run()
