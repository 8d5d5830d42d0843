"""Shows one image in the best way the terminal has, with boxes, zoom and pan.

The widget does no work of its own: it says what it wants drawn (`ImageView.Wants`), a screen has it
drawn in a thread, and the widget shows the result. In a screen:

    @on(ImageView.Wants)
    def draw_image(self, event: ImageView.Wants) -> None:
        event.have_drawn(self)

It wants a drawing when it is given another image or other boxes, when its size or the view
changes, and when the terminal has said what it can do. Until the drawing comes it keeps the one it
has; that of another image only for a moment, so that paging quickly does not flicker.
"""

from dataclasses import replace
from functools import partial
from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import WorkType

from tintype.detection import Box
from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.textual_privates import last_key_s
from tintype_tui.widgets.image.canvas import ImageCanvas
from tintype_tui.widgets.image.drawing import PIXELS, Drawing, Wanted, draw
from tintype_tui.widgets.image.framing import FIT, Room, View, filling_zoom, fitted_scale
from tintype_tui.widgets.image.kitty import MOST_CELLS

GRACE_S = 0.15
"""How long another image's drawing stays while the next is made."""
REST_S = 0.3
"""How long an image must be looked at before it is drawn over a slow line, or after another."""
STEP = 1.5
"""How much closer one key goes."""
PAN = 0.25
"""How far one key goes, as a share of what is seen."""


class ImageView(Widget, can_focus=True):
    """One image, with boxes, at any zoom."""

    DEFAULT_CSS = """
    ImageView { width: 1fr; height: 1fr; min-height: 1; }
    """

    BINDING_GROUP_TITLE = "Image"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "zoom(1)", "Closer", id="image.closer", key_display="+"),
        Binding("minus", "zoom(-1)", "Away", id="image.away", key_display="-", show=False),
        Binding(
            "equals_sign",
            "actual",
            "1:1",
            id="image.actual",
            key_display="=",
            show=False,
            tooltip="a pixel of the image for one of the screen",
        ),
        Binding("z", "fit", "Fit", id="image.fit", tooltip="the whole image; again: fill the room"),
        Binding("left,h", "pan(-1, 0)", "Left", id="image.left", show=False),
        Binding("right,l", "pan(1, 0)", "Right", id="image.right", show=False),
        Binding("up,k", "pan(0, -1)", "Up", id="image.up", show=False),
        Binding("down,j", "pan(0, 1)", "Down", id="image.down", show=False),
    ]

    data: var[bytes | None] = var(None)
    """The encoded image."""
    truth: var[tuple[Box, ...]] = var(())
    """Boxes drawn solid."""
    predicted: var[tuple[Box, ...]] = var(())
    """Boxes drawn dashed."""
    sparing: var[bool] = var(False)
    """For a slow line: fewer pixels and colours."""
    checkered: var[bool] = var(False)
    """Whether transparent parts show a checkerboard; else white, as providers see them."""
    view: var[View] = var(FIT, bindings=True)
    drawing: var[Drawing | None] = var(None, bindings=True)
    """What is shown."""
    note: var[str] = var("")
    """Shown where there is no drawing: what one waits for, why there is no image."""
    capabilities: var[Capabilities] = var(Capabilities())
    """What the terminal can do."""

    class Wants(Message):
        """The widget wants something drawn; to be answered with `ImageView.show`."""

        def __init__(self, image: "ImageView", wanted: Wanted) -> None:
            super().__init__()
            self.image = image
            self.wanted = wanted

        @property
        def control(self) -> "ImageView":
            """The widget, for `@on(ImageView.Wants, "#selector")`."""
            return self.image

        def have_drawn(self, by: DOMNode) -> None:
            """Have it drawn in a thread, and shown; of one image, the latest request wins."""
            work: WorkType[None] = self._drawn
            by.run_worker(work, group=f"image-{id(self.image)}", exclusive=True)

        async def _drawn(self) -> None:
            self.image.show(await draw(self.wanted), self.wanted)

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._about_to_ask = False
        self._awaited: Wanted | None = None
        self._shown: Wanted | None = None
        self._grace: Timer | None = None
        self._rest: Timer | None = None
        self._came_s = float("-inf")
        """When the image came, on the monotonic clock."""
        self._passing = False
        """Whether it came so soon after another that it may be passed, too."""

    def compose(self) -> ComposeResult:
        yield ImageCanvas().data_bind(ImageView.drawing, ImageView.note, ImageView.capabilities)

    def show(self, drawing: Drawing, wanted: Wanted) -> None:
        """Show what was asked for; something outdated is passed over, as is all once it is gone."""
        if wanted is self._awaited:
            self._awaited = None
        if wanted.data is not self.data or not self.is_attached:
            return
        self._stop_grace()
        # The view shown is the one asked for, kept inside the image.
        self._shown = replace(wanted, view=drawing.frame.view)
        if self.view == wanted.view:
            self.set_reactive(ImageView.view, drawing.frame.view)
        self.drawing = drawing
        self._ask()  # should anything have changed meanwhile

    # What is wanted

    def on_mount(self) -> None:
        """Learn of the terminal."""
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "capabilities", partial(setattr, self, "capabilities"))
            self.watch(self.app, "slow", partial(setattr, self, "sparing"))

    def watch_data(self) -> None:
        """Look at all of another image."""
        if self.data is not None:
            self._passing = monotonic() - self._came_s < REST_S
            self._came_s = monotonic()
        self.set_reactive(ImageView.view, FIT)
        self._stop_grace()
        if self.data is None:
            self._forget()
        elif self.drawing is not None:
            self._grace = self.set_timer(GRACE_S, self._forget)
        self._ask()

    def watch_truth(self) -> None:
        """Draw them."""
        self._ask()

    on_resize = watch_predicted = watch_view = watch_capabilities = watch_truth

    def watch_sparing(self) -> None:
        """Draw it better; what is there already is good enough for a line that has become slow."""
        if not self.sparing:
            self._ask()

    @property
    def _line(self) -> Line:
        return self.app.line if isinstance(self.app, TerminalApp) else Line()

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.stop()
            self._grace = None

    def _forget(self) -> None:
        self._grace = self._shown = None
        self.drawing = None

    def _ask(self) -> None:
        """Ask for a drawing, once for all that changes in one go.

        Over a slow line after a rest; over any, while one image follows another.
        """
        if not self.is_attached:
            return
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self.sparing or (self._passing and self._line.far):
            self._rest = self.set_timer(REST_S, self._rested)
        elif not self._about_to_ask:
            self._about_to_ask = True
            self.call_next(self._ask_now)

    def _rested(self) -> None:
        """Ask, unless keys have come that a busy machine has not got round to."""
        if (left_s := last_key_s(self.app) + REST_S - monotonic()) > 0:
            self._rest = self.set_timer(left_s, self._rested)
        else:
            self._ask_now()

    def _ask_now(self) -> None:
        self._about_to_ask, self._rest, self._passing = False, None, False
        room = self.room()
        if self.data is None or room is None:
            return
        # One at a time of one image: while keys repeat, each drawing is shown, and the next
        # is for the latest view.
        if self._awaited is not None and self._awaited.data is self.data:
            return
        wanted = self.wanted(self.data, room, view=self.view, truth=self.truth)
        if not self._is_shown(wanted):
            self._awaited = wanted
            self.post_message(self.Wants(self, wanted))

    def wanted(self, data: bytes, room: Room, *, view: View, truth: tuple[Box, ...]) -> Wanted:
        """How an image is to be drawn here: this one, or one that may come next."""
        return Wanted(
            data,
            room,
            view=view,
            protocol=self.capabilities.protocol,
            truth=truth,
            predicted=self.predicted,
            sparing=self.sparing,
            few_bytes=not self._line.ample,
            few_colours=self.capabilities.colours <= 16,
            checkered=self.checkered,
            dark=self.app.current_theme.dark,
        )

    def _is_shown(self, wanted: Wanted) -> bool:
        """Whether it is seen already, and as well as the line allows."""
        shown = self._shown
        if shown is None or (shown.sparing and not wanted.sparing):
            return False
        return wanted == replace(shown, sparing=wanted.sparing, few_bytes=wanted.few_bytes)

    def room(self) -> Room | None:
        """The cells there are; none before it has a size."""
        found, (width, height) = self.capabilities, self.content_size
        most = (MOST_CELLS, MOST_CELLS)
        if found.protocol == "sixel" and found.largest is not None:
            most = (found.largest[0] // found.cell[0], found.largest[1] // found.cell[1])
        columns, rows = min(width, most[0]), min(height, most[1])
        return Room(columns, rows, found.cell) if min(columns, rows) > 0 else None

    # What the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Arrows pan only where there is something to pan; else they are the screen's."""
        if action in ("zoom", "actual", "fit"):
            return self.drawing is not None and not self.drawing.flaw
        return action != "pan" or (self.drawing is not None and self.view.zoom > 1)

    def action_zoom(self, steps: int) -> None:
        """Go closer, or further away."""
        self.view = self.view.zoomed(STEP**steps)

    def action_fit(self) -> None:
        """See the whole image; or, if it is seen, fill the room with it."""
        room = self.room()
        if self.view != FIT or self.drawing is None or room is None:
            self.view = FIT
        else:
            self.view = FIT.zoomed(filling_zoom(self.drawing.size, room))

    @property
    def actual(self) -> View | None:
        """The view in which a pixel of the image is one of the screen's, or half a cell."""
        room = self.room()
        if self.drawing is None or room is None:
            return None
        whole = self.drawing.protocol in PIXELS
        pixel = 1.0 if whole else room.cell[0] / 2
        return FIT.zoomed(pixel / fitted_scale(self.drawing.size, room))

    def action_actual(self) -> None:
        """Show each of the image's pixels as one of the screen's, or as half a cell."""
        self.view = self.actual or self.view

    def action_pan(self, across: int, down: int) -> None:
        """Look further to one side."""
        if self.drawing is not None:
            left, top, right, bottom = self.drawing.frame.region
            self.view = self.view.moved(across * PAN * (right - left), down * PAN * (bottom - top))
