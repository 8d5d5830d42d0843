"""An image alone, as large as the terminal is, with its boxes, zoom and pan."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Protocol

from textual import events, getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tintype_tui.screens.dialogs import Once
from tintype_tui.text import visible
from tintype_tui.widgets.image import ImageView, View
from tintype_tui.widgets.image.canvas import ImageCanvas
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.row_view import RowView
from tintype_tui.widgets.thumbnails import Thumbnails

LOUPE = 4.0
"""How much closer a loupe looks at least, where an image is smaller than the screen."""
SOON_S = 0.05
"""Until it is looked again whether something is drawn."""
TAG, UNMARK = "Tag, and the next row", "Unmark"


class Steering(Protocol):
    """What can be done from an image alone."""

    @property
    def tags(self) -> Sequence[str]:
        """What the digits stand for, from 1 on."""

    def step(self, by: int) -> None:
        """Go so many rows on."""

    def turn(self, by: int) -> None:
        """Go so many images of the row on."""

    def show_boxes(self) -> None:
        """Show the answer's boxes, or leave them out."""

    def draw(self) -> None:
        """Have the boxes drawn by hand."""

    def tag(self, number: int) -> None:
        """Mark the row by the tag of a digit; 0 unmarks it."""

    async def name_tags(self) -> None:
        """Ask what the digits stand for."""

    def ahead(self, image: ImageView) -> object:
        """Have the rows before and after drawn as they will be shown."""

    def draw_strip(self, event: Thumbnails.Wants) -> object:
        """Draw the row's other images small."""


class FullImage(Once, ModalScreen[None]):
    """The image that a row view shows; arrows go to other rows while there is nothing to pan."""

    DEFAULT_CSS = """
    FullImage {
        background: $background;
        #full-words { height: 1; padding: 0 1; background: $surface; }
        ImageView { height: 1fr; }
        Thumbnails { height: 5; display: none; &.-several { display: block; } }
        #loupe {
            dock: right; width: 40%; height: 50%; display: none; margin-top: 1;
            border: round $primary; background: $background; &.-on { display: block; }
        }
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
        Binding("L", "loupe", "Loupe", id="full.loupe", tooltip="pixel for pixel, in a corner"),
        Binding("T", "name_tags", "Tags", id="full.tags", tooltip="what the digits stand for"),
        *(
            Binding(f"{number}", f"tag({number})", TAG if number else UNMARK, show=False)
            for number in range(10)
        ),
    ]

    image = getters.query_one("#full-image", ImageView)
    loupe = getters.query_one("#loupe", ImageView)
    strip = getters.query_one(Thumbnails)

    def __init__(self, row: RowView, steering: Steering) -> None:
        """Make ready.

        Args:
            row: Whose image is shown; when it shows another, so does this.
            steering: Does what keys ask for.
        """
        super().__init__()
        self._row, self._steering = row, steering

    def compose(self) -> ComposeResult:
        yield Static(id="full-words")
        yield ImageView(id="full-image")
        yield ImageView(id="loupe")
        yield Thumbnails(step=0)
        yield KeyLine()

    def on_mount(self) -> None:
        for name in ("shown", "with_boxes", "example", "marked"):
            self.watch(self._row, name, self._show)
        self.image.checkered = self.loupe.checkered = True
        self.strip.can_focus = False
        self.watch(self._row, "shown", self._row_shown)
        self.watch(self.image, "drawing", self._drawn)
        self.image.focus()

    def _drawn(self) -> None:
        """This image is seen: now what may come next is drawn."""
        if self.image.drawing is not None:
            self._steering.ahead(self.image)

    def _row_shown(self) -> None:
        """Another image: the strip goes along."""
        images = self._row.example.images if self._row.example else ()
        self.strip.set_class(len(images) > 1, "-several")
        self.strip.total = len(images) if len(images) > 1 else 0
        self.strip.forget()
        self.strip.cursor = self._row.shown.ordinal

    def _show(self) -> None:
        row = self._row
        self.image.data = self.loupe.data = row.shown.data
        self.image.truth = row.boxes if row.with_boxes else ()
        line = f"line {row.example.line:,}" if row.example else ""
        tags = " ".join(f"{at} {name}" for at, name in enumerate(self._steering.tags, start=1))
        words = [line, row.marked, *row.of_image, row.shown.why, tags, "Esc goes back"]
        text = " · ".join(word for word in words if word)
        self.query_one("#full-words", Static).update(Content(visible(text)))

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have the image drawn in a thread."""
        event.have_drawn(self)

    def on_thumbnails_wants(self, event: Thumbnails.Wants) -> None:
        """Have the strip drawn."""
        self._steering.draw_strip(event)

    def on_thumbnails_moved(self, event: Thumbnails.Moved) -> None:
        """Show the image that was clicked."""
        if by := event.position - self._row.shown.ordinal:
            self._steering.turn(by)

    def action_loupe(self) -> None:
        """A part of the image pixel for pixel, in a corner; arrows and the mouse move it."""
        self.loupe.toggle_class("-on")
        on = self.loupe.has_class("-on")
        (self.loupe if on else self.image).focus()
        if on:
            self.call_after_refresh(self._magnify, 0.5, 0.5)

    def _magnify(self, x: float, y: float) -> None:
        if (actual := self.loupe.actual) is not None:
            self.loupe.view = View(max(actual.zoom, LOUPE), x, y)
        elif self.loupe.has_class("-on"):  # its first drawing is still to come
            self.set_timer(SOON_S, partial(self._magnify, x, y))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Look through the loupe at the pointer."""
        place = self.image.query_one(ImageCanvas).fraction_at(event.screen_x, event.screen_y)
        if (
            place
            and self.loupe.has_class("-on")
            and not self.loupe.region.contains(*event.screen_offset)
        ):
            self._magnify(*(min(max(0.0, at), 1.0) for at in place))

    def action_step(self, by: int) -> None:
        self._steering.step(by)

    def action_turn(self, by: int) -> None:
        self._steering.turn(by)

    def action_boxes(self) -> None:
        self._steering.show_boxes()

    def action_draw(self) -> None:
        self._steering.draw()

    def action_tag(self, number: int) -> None:
        """Tag the row, and go on to the next: so a dataset is culled."""
        self._steering.tag(number)
        if number:
            self._steering.step(1)

    @work(exclusive=True, group="tags")
    async def action_name_tags(self) -> None:
        await self._steering.name_tags()
        self._show()
