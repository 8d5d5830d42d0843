"""The boxes of an image drawn, moved, resized, named and deleted, by keyboard or with the mouse.

Nothing is written here: the screen gives the boxes as they are to be, and where to go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var
from textual.screen import ModalScreen
from textual.widgets import Static

from tintype.detection.box import Box
from tintype.detection.box_edits import DrawnBox
from tintype.detection.frame import Size
from tintype.detection.sketch import (
    LOWER_RIGHT,
    UPPER_LEFT,
    WHOLE,
    Drag,
    Side,
    Sketch,
    spanned,
    take_hold,
)
from tintype.errors import DatasetError
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask, Once
from tintype_tui.text import visible
from tintype_tui.widgets.image import FIT, ImageView, View
from tintype_tui.widgets.image.canvas import ImageCanvas
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.words.boxes import box_words

ANOTHER = "another class…"
STEP = 1.5
"""How much closer one key goes."""
NEW = 0.3
"""Sides of a new box, as a share of what is seen."""
ON_SIDE = 0.75
"""How near to a side the pointer is on it, in cells."""
UNSAVED = "not saved: Enter saves, Esc again throws away"

KEYS: list[BindingType] = [
    Binding("enter", "save", "Save", id="draw.save", key_display="Enter"),
    Binding("escape", "leave", "Back", id="draw.back", key_display="Esc"),
    Binding("a", "draw", "Draw", id="draw.new", tooltip="a box, in the middle"),
    Binding("d,delete", "delete", "Delete", id="draw.delete", key_display="d"),
    Binding("c", "rename", "Class", id="draw.class"),
    Binding("tab", "choose(1)", "Next box", id="draw.next", key_display="Tab"),
    Binding("shift+tab", "choose(-1)", "Previous box", id="draw.previous", show=False),
    Binding("z", "undo", "Undo", id="draw.undo"),
    Binding("Z", "redo", "Redo", id="draw.redo", show=False),
    Binding("n", "save(1)", "Next row", id="draw.row", tooltip="save, and the next row"),
    Binding("p", "save(-1)", "Previous row", id="draw.row_back", show=False),
    Binding("left,h", "move(-1, 0)", "Move left", id="draw.left", show=False),
    Binding("right,l", "move(1, 0)", "Move right", id="draw.right", show=False),
    Binding("up,k", "move(0, -1)", "Move up", id="draw.up", show=False),
    Binding("down,j", "move(0, 1)", "Move down", id="draw.down", show=False),
    Binding("H,shift+left", "size(-1, 0)", "Narrower", id="draw.narrower", show=False),
    Binding("L,shift+right", "size(1, 0)", "Wider", id="draw.wider", show=False),
    Binding("K,shift+up", "size(0, -1)", "Lower", id="draw.lower", show=False),
    Binding("J,shift+down", "size(0, 1)", "Higher", id="draw.higher", show=False),
    Binding("o", "other", "The other corner", id="draw.corner", show=False),
    Binding("space", "finer", "Finer steps", id="draw.finer", show=False),
    Binding("plus", "zoom(1)", "Closer", id="draw.closer", show=False),
    Binding("minus", "zoom(-1)", "Away", id="draw.away", show=False),
]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a person has drawn."""

    boxes: tuple[DrawnBox, ...] | None
    """None if nothing has changed."""
    by: int = 0
    """How many rows to go on; 0 to go back to where one was."""


class DrawBoxes(Once, ModalScreen[Drawn]):
    """Gives the boxes; the chosen one is dashed."""

    DEFAULT_CSS = """
    DrawBoxes {
        background: $background;
        #draw-words, #draw-keys { height: 1; padding: 0 1; background: $surface; }
        #draw-keys { color: $foreground 70%; }
        ImageView { height: 1fr; }
    }
    """
    BINDING_GROUP_TITLE = "Boxes"
    BINDINGS: ClassVar[list[BindingType]] = KEYS
    AUTO_FOCUS = ""  # not the image, which has keys of its own: z, +, -, arrows once it is zoomed

    sketch: var[Sketch] = var(Sketch())
    image = getters.query_one(ImageView)
    canvas = getters.query_one(ImageCanvas)

    def __init__(
        self,
        title: str,
        data: bytes,
        size: Size,
        boxes: Sequence[Box],
        labels: Sequence[str],
        check: Callable[[Sequence[DrawnBox]], None],
    ) -> None:
        """Make ready.

        Args:
            title: Which row it is.
            data: The encoded image.
            size: Width and height of the upright image in pixels.
            boxes: Those of the answer, in its order.
            labels: Classes to choose from, the usual first.
            check: Raises a DatasetError where boxes cannot be written.
        """
        super().__init__()
        self._title, self._data, self._pixels = title, data, size
        self._start = tuple(DrawnBox(box, at) for at, box in enumerate(boxes))
        self._labels, self._check = list(labels), check
        self._corner = LOWER_RIGHT
        self._fine = self._leaving = self._changed = False
        self._drag: Drag | None = None
        """What the mouse holds."""

    def compose(self) -> ComposeResult:
        yield Static(id="draw-words")
        yield ImageView()
        yield Static(id="draw-keys")
        yield KeyLine()

    def on_mount(self) -> None:
        self.image.can_focus = False
        self.image.data = self._data
        self.sketch = Sketch(self._start)
        self._say()

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have the image drawn in a thread."""
        event.have_drawn(self)

    def watch_sketch(self, sketch: Sketch) -> None:
        """Draw the boxes: the one that is chosen dashed, the others solid."""
        self._leaving, self._changed = False, sketch.boxes != self._start
        others = (one.box for at, one in enumerate(sketch.boxes) if at != sketch.at)
        self.image.truth = tuple(others)
        self.image.predicted = (sketch.chosen,) if sketch.chosen else ()
        self._say()

    def _say(self) -> None:
        sketch = self.sketch
        which = f"box {sketch.at + 1} of {len(sketch.boxes)}" if sketch.boxes else "no box"
        state = UNSAVED if self._leaving else "changed" if self._changed else ""
        about = box_words(sketch.chosen, self._pixels) if sketch.chosen else ""
        words = [self._title, which, about, state]
        text = " · ".join(filter(None, words))
        self.query_one("#draw-words", Static).update(Content(visible(text)))
        step = "1 pixel" if self._fine else "1 cell"
        corner = "lower right" if self._corner is LOWER_RIGHT else "upper left"
        keys = f"arrows move · HJKL size, {corner} (o) · Space: {step} · + - zoom · or drag"
        self.query_one("#draw-keys", Static).update(Content(keys))

    def _cell(self, share: float = 1.0) -> tuple[float, float]:
        """A share of a cell in fractions of the image."""
        if (drawing := self.image.drawing) is None:
            return 1 / self._pixels[0], 1 / self._pixels[1]
        (left, top, right, bottom), seen = drawing.frame.region, drawing.frame
        return share * (right - left) / seen.columns, share * (bottom - top) / seen.rows

    # ------------------------------------------------------------------ keys

    def action_draw(self) -> None:
        """A new box in the middle of what is seen, of the class drawn last."""
        drawing = self.image.drawing
        left, top, right, bottom = drawing.frame.region if drawing else (0.0, 0.0, 1.0, 1.0)
        x, y = (left + right) / 2, (top + bottom) / 2
        wide, high = NEW * (right - left) / 2, NEW * (bottom - top) / 2
        corners = (x - wide, y - high), (x + wide, y + high)
        self.sketch = self.sketch.drawn(spanned(self._label, *corners))
        self._ask_class()

    def _ask_class(self) -> None:
        if (box := self.sketch.chosen) is not None and not box.label:
            self.action_rename()

    @property
    def _label(self) -> str:
        """The class of a new box."""
        chosen = self.sketch.chosen
        return chosen.label if chosen else self._labels[0] if self._labels else ""

    def action_delete(self) -> None:
        self.sketch = self.sketch.deleted()

    @work(exclusive=True)
    async def action_rename(self) -> None:
        """Choose the box's class of those that the set has, or type another."""
        if (box := self.sketch.chosen) is None:
            return
        at = self._labels.index(box.label) if box.label in self._labels else 0
        label: str | None = ANOTHER
        if self._labels:
            asked = Choose("Which class?", [*self._labels, ANOTHER], at=at)
            number = await self.app.push_screen_wait(asked)
            label = None if number is None else [*self._labels, ANOTHER][number]
        if label == ANOTHER:
            label = await self.app.push_screen_wait(Ask("Which class?", value=box.label))
        if label and (label := " ".join(label.split())):
            self._labels += [label] * (label not in self._labels)
            self.sketch = self.sketch.renamed(label)

    def action_choose(self, by: int) -> None:
        self.sketch = self.sketch.next(by)
        if (box := self.sketch.chosen) is not None and self.image.view.zoom > 1:
            self._look_at(box, self.image.view.zoom)

    def action_undo(self) -> None:
        self.sketch = self.sketch.undo()

    def action_redo(self) -> None:
        self.sketch = self.sketch.redo()

    def action_move(self, across: int, down: int) -> None:
        self._move(WHOLE, across, down)

    def action_size(self, across: int, down: int) -> None:
        self._move(self._corner, across, down)

    def _move(self, sides: frozenset[Side], across: int, down: int) -> None:
        pixel = 1 / self._pixels[0], 1 / self._pixels[1]
        wide, high = pixel if self._fine else self._cell()
        self.sketch = self.sketch.moved(sides, across * wide, down * high)

    def action_other(self) -> None:
        """Size by the other corner."""
        self._corner = UPPER_LEFT if self._corner is LOWER_RIGHT else LOWER_RIGHT
        self._say()

    def action_finer(self) -> None:
        self._fine = not self._fine
        self._say()

    def action_zoom(self, by: int) -> None:
        """Closer to the box that is chosen, or further away."""
        zoom = self.image.view.zoomed(STEP**by).zoom
        if self.sketch.chosen is not None and by > 0:
            self._look_at(self.sketch.chosen, zoom)
        else:
            self.image.view = self.image.view.zoomed(STEP**by) if zoom > 1 else FIT

    def _look_at(self, box: Box, zoom: float) -> None:
        self.image.view = View(zoom, (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2)

    def action_save(self, by: int = 0) -> None:
        """Give the boxes, and go on to another row or back."""
        try:
            if self._changed:
                self._check(self.sketch.boxes)
        except DatasetError as error:
            self.app.notify(visible(str(error)), severity="error", markup=False)
        else:
            self.dismiss(Drawn(self.sketch.boxes if self._changed else None, by))

    def action_leave(self) -> None:
        """Leave; what was drawn is not lost at the first key."""
        if self._changed and not self._leaving:
            self._leaving = True
            self._say()
        else:
            self.dismiss(Drawn(None))

    # ------------------------------------------------------------------ the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a box, of one of its sides, or, where there is none, begin one."""
        place = self.canvas.fraction_at(event.screen_x, event.screen_y)
        if place is not None and self.image.region.contains(event.screen_x, event.screen_y):
            self._drag = take_hold(self.sketch, place, self._cell(ON_SIDE), new=event.shift)
            self.sketch = self._drag.sketch
            self.image.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag what is held."""
        place = self.canvas.fraction_at(event.screen_x, event.screen_y)
        if self._drag is not None and place is not None:
            self.sketch = self._drag.to(place, self._label)

    def on_mouse_up(self) -> None:
        """Let go; a new box without a class asks for one."""
        if self._drag is not None:
            self._drag = None
            self.image.capture_mouse(False)
            self._ask_class()
