"""One row: its image with the answer's boxes, a caption, the conversation."""

from textual import getters
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import Example
from tintype.detection import Box, parse_boxes
from tintype.images import ImageFacts
from tintype_tui.text import count, visible
from tintype_tui.widgets.conversation import Conversation, chip
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.image_strip import ImageStrip


class RowView(Vertical):
    """What there is to see of a row."""

    DEFAULT_CSS = """
    RowView {
        ImageView { height: 3fr; }
        #caption { height: auto; max-height: 3; padding: 0 1; color: $foreground 70%; }
        Conversation { height: 2fr; }
    }
    """

    example: var[Example | None] = var(None)
    with_boxes: var[bool] = var(True)
    cost: var[str] = var("")
    """What the row costs, in words."""

    image = getters.query_one(ImageView)
    conversation = getters.query_one(Conversation)
    strip = getters.query_one(ImageStrip)
    caption = getters.query_one("#caption", Static)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._caption: list[str] = []

    def compose(self) -> ComposeResult:
        yield ImageView(id="image")
        yield ImageStrip(id="strip")
        yield Static(id="caption")
        yield Conversation().data_bind(RowView.example)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes that the answer tells of."""
        return parse_boxes(self.example.answer).boxes if self.example else ()

    def watch_example(self, example: Example | None) -> None:
        """A strip of small images only where there are several."""
        if self.is_mounted:
            several = len(example.images) if example and len(example.images) > 1 else 0
            self.strip.set_class(several > 1, "-several")
            self.strip.total = several
            self.strip.forget()

    def show_image(self, ordinal: int, data: bytes, facts: ImageFacts) -> None:
        """Show one of the row's images."""
        assert self.example is not None
        images = self.example.images
        self.image.data = data
        self.strip.cursor = ordinal
        self.watch_with_boxes()
        self.conversation.facts = {ordinal: facts}
        self._caption = [
            f"[Image #{ordinal + 1}] of {len(images)}" if len(images) > 1 else "",
            chip(images[ordinal], facts),
            count(len(self.boxes), "box", "boxes") if self.boxes else "",
        ]
        self._draw_caption()

    def show_no_image(self, why: str = "", *, trouble: bool = False) -> None:
        """Say why there is nothing to see."""
        self.image.data = None
        self.conversation.facts = {}
        self._caption = [f"✗ {visible(why)}" if trouble else visible(why)]
        self._draw_caption()

    def watch_cost(self) -> None:
        self._draw_caption()

    def _draw_caption(self) -> None:
        if self.is_mounted:
            words = " · ".join(filter(None, [*self._caption, self.cost]))
            color = "$error" if self._caption[:1] and self._caption[0].startswith("✗") else ""
            self.caption.update(Content.styled(words, color))

    def watch_with_boxes(self) -> None:
        if self.is_mounted:
            self.image.truth = self.boxes if self.with_boxes else ()
