"""An image alone, as large as the terminal is, with its boxes, zoom and pan."""

from collections.abc import Callable
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tintype_tui.screens.dialogs import Once
from tintype_tui.text import visible
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.row_view import RowView


class FullImage(Once, ModalScreen[None]):
    """The image that a row view shows; arrows go to other rows while there is nothing to pan."""

    DEFAULT_CSS = """
    FullImage {
        background: $background;
        #full-words { height: 1; padding: 0 1; background: $surface; }
        ImageView { height: 1fr; }
    }
    """
    BINDING_GROUP_TITLE = "Image"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f,enter", "dismiss", "Back", id="full.back", key_display="Esc"),
        Binding("down,j", "step(1)", "Next row", id="full.next", key_display="↓"),
        Binding("up,k", "step(-1)", "Previous row", id="full.previous", key_display="↑"),
        Binding("full_stop,right,l", "turn(1)", "Next image", id="full.image", show=False),
        Binding("comma,left,h", "turn(-1)", "Previous image", id="full.image_back", show=False),
        Binding("b", "boxes", "Boxes", id="full.boxes"),
        Binding("B", "draw", "Draw boxes", id="full.draw"),
    ]

    image = getters.query_one(ImageView)

    def __init__(
        self,
        row: RowView,
        *,
        step: Callable[[int], None],
        turn: Callable[[int], None],
        boxes: Callable[[], None],
        draw: Callable[[], None],
    ) -> None:
        """Make ready.

        Args:
            row: Whose image is shown; when it shows another, so does this.
            step: Goes so many rows on.
            turn: Goes so many images of the row on.
            boxes: Shows the answer's boxes, or leaves them out.
            draw: Has them drawn, moved and deleted.
        """
        super().__init__()
        self._row, self._step, self._turn = row, step, turn
        self._boxes, self._draw = boxes, draw

    def compose(self) -> ComposeResult:
        yield Static(id="full-words")
        yield ImageView()
        yield KeyLine()

    def on_mount(self) -> None:
        for name in ("shown", "with_boxes", "example"):
            self.watch(self._row, name, self._show)
        self.image.focus()

    def _show(self) -> None:
        row = self._row
        self.image.data = row.shown.data
        self.image.truth = row.boxes if row.with_boxes else ()
        line = f"line {row.example.line:,}" if row.example else ""
        words = [line, *row.of_image, row.shown.why, "Esc goes back"]
        text = " · ".join(word for word in words if word)
        self.query_one("#full-words", Static).update(Content(visible(text)))

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have the image drawn in a thread."""
        event.have_drawn(self)

    def action_step(self, by: int) -> None:
        self._step(by)

    def action_turn(self, by: int) -> None:
        self._turn(by)

    def action_boxes(self) -> None:
        self._boxes()

    def action_draw(self) -> None:
        self._draw()
