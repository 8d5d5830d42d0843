"""The chart: values in, a plot out; zoom, pan and cursors, by keyboard or mouse.

Everything costly is done by `Plotter`, and only when the traces, the size or the view are others
than before: a frame in which nothing changed costs nothing, a moved cursor only the characters.
Where a key leads is worked out in `navigation`, what is drawn in `Canvas`.
"""

from datetime import tzinfo
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tintype.metrics import AXES, Axis
from tintype_tui.keys import key_of
from tintype_tui.widgets.chart import palette
from tintype_tui.widgets.chart.canvas import Canvas, Content
from tintype_tui.widgets.chart.navigation import (
    KEYS,
    Field,
    Sight,
    Window,
    kept_up,
    next_of,
    translated,
)
from tintype_tui.widgets.chart.raster import MARKS, Marks
from tintype_tui.widgets.chart.readout import Cursors
from tintype_tui.widgets.chart.traces import Pin, Trace
from tintype_tui.widgets.chart.view import CLIPS, Clip

SMOOTHINGS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""What the keys step through."""

_CSS = """
Chart {
    height: 1fr;
    & > .chart--title, & > .chart--strong { text-style: bold; }
    &:focus > .chart--title { text-style: bold underline; color: $primary; }
    & > .chart--muted { color: $foreground 70%; }
    & > .chart--axis { color: $foreground 60%; }
    & > .chart--grid { color: $foreground 18%; }
    & > .chart--pin { color: $foreground 45%; }
    & > .chart--cursor { color: $foreground; text-style: bold; }
    &:ansi {
        & > .chart--muted, & > .chart--axis, & > .chart--pin { color: ansi_default; }
        & > .chart--grid { color: ansi_bright_black; }
        & > .chart--cursor { color: ansi_default; }
    }
}
"""


class Chart(Widget, can_focus=True):
    """Series over steps, epochs or time, with keys and mouse."""

    BINDING_GROUP_TITLE = "Chart"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{part}" for part in palette.PARTS}
    DEFAULT_CSS = _CSS

    traces: reactive[tuple[Trace, ...]] = reactive(())
    pins: reactive[tuple[Pin, ...]] = reactive(())
    """Epochs' ends, checkpoints, notes: by step, in order."""
    beside: reactive[tuple[Trace, ...]] = reactive(())
    """Curves of charts beside this one: the x-axis reaches as far as theirs, too."""
    heading: reactive[str] = reactive("")
    empty_text: reactive[str] = reactive("No metrics yet.")
    """What to say, and what to do, while there is nothing to draw."""
    axis: reactive[Axis] = reactive[Axis]("step")
    log_y: reactive[bool] = reactive(False)
    clip: reactive[Clip] = reactive[Clip]("start")
    """What the y-axis leaves out; a zoomed chart shows all of its stretch."""
    smoothing: reactive[float] = reactive(0.8)
    """Weight of the moving average; 0 shows the values alone."""
    marks: reactive[Marks] = reactive[Marks]("line")
    """`ascii` also avoids every other character outside ASCII."""
    as_table: reactive[bool] = reactive(False)
    """Sentences and numbers in place of the plot; also what a screen reader needs."""
    solo: reactive[int] = reactive(-1)
    """The only trace to show, by its number; all if there is no such trace."""
    window: reactive[Window | None] = reactive[Window | None](None)
    """The stretch of the x-axis that is shown; none is all of it."""
    following: reactive[bool] = reactive(False)
    """Whether a window moves along with the newest point."""
    cursor: reactive[float | None] = reactive[float | None](None, bindings=True)
    """A place on the x-axis."""
    second: reactive[float | None] = reactive[float | None](None, bindings=True)
    """The place from which differences are taken."""
    zone: tzinfo | None = None
    """For the time on the wall; the machine's own if none."""
    _hover: reactive[float | None] = reactive[float | None](None)
    """The place under the pointer: a cursor while there is no other."""
    _dragged: bool = False

    def __init__(
        self, traces: tuple[Trace, ...] = (), *, heading: str = "", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._canvas = Canvas()
        self._strips: list[Strip] | None = None
        self.set_reactive(Chart.traces, traces)
        self.set_reactive(Chart.heading, heading)

    # -- what there is ---------------------------------------------------------------------------

    @property
    def with_points(self) -> list[Trace]:
        """The traces to show that have a point."""
        shown = [self.traces[self.solo]] if 0 <= self.solo < len(self.traces) else self.traces
        return [trace for trace in shown if len(trace.series)]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The x-axes on which every trace has a place."""
        known = [set(trace.timeline.axes()) for trace in self.traces if len(trace.series)]
        return tuple(axis for axis in AXES if all(axis in one for one in known))

    @property
    def extent(self) -> Window:
        """All of the x-axis that has points."""
        return self._canvas.plotter.extent([*self.with_points, *self.beside], self.axis)

    @property
    def _field(self) -> Field:
        ruler = self._canvas.plotter.ruler
        curves = [(trace.series, ruler(trace, self.axis)) for trace in self.with_points]
        return Field(curves, self.extent, self._canvas.frame(self._content).columns)

    @property
    def sight(self) -> Sight:
        """What of it one looks at."""
        return Sight(self.window, self.following, self.cursor, self.second)

    @property
    def _content(self) -> Content:
        return Content(
            self.traces,
            self.solo,
            self.pins,
            self.heading,
            self.empty_text,
            self.axis,
            self.extent if self.window is None else self.window,
            self.window is not None,
            self.window is not None and self.following,
            self.log_y,
            self.clip,
            self.smoothing,
            self.marks,
            self.as_table,
            Cursors(self._hover if self.cursor is None else self.cursor, self.second),
            self.size,
            self.zone,
            key_of(self, "chart.outliers"),
        )

    # -- when it changes -------------------------------------------------------------------------

    def watch_traces(self) -> None:
        """Keep up with the newest point, and on an axis that exists."""
        if self.axis not in self.axes:
            self.axis = "step"
        if self.with_points:
            self.look_at(kept_up(self.sight, self.extent))

    def watch_axis(self, before: Axis, after: Axis) -> None:
        """Stay at the same steps on another axis."""
        if traces := self.with_points:
            ruler = self._canvas.plotter.ruler
            self.look_at(translated(self.sight, ruler(traces[0], before), ruler(traces[0], after)))

    def notify_style_update(self) -> None:
        """Follow a new theme, and focus."""
        super().notify_style_update()
        self._canvas.forget_look()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Begin a frame; nothing is made unless a line is asked for."""
        self._strips = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Hand out one line; the first of a frame makes them all."""
        if self._strips is None:
            self._strips = self._canvas.strips(self, self._content)
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    # -- keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rows exist only in a table; a cursor must be there to be dropped or held."""
        if action == "row":
            return self.as_table
        return self.cursor is not None if action in ("drop", "second") else True

    def look_at(self, sight: Sight) -> None:
        """Look at another part of it."""
        self.following, self.window = sight.following, sight.window
        self.cursor, self.second = sight.cursor, sight.second

    def action_zoom(self, factor: float) -> None:
        self.look_at(self._field.zoom(self.sight, factor))

    def action_pan(self, share: float) -> None:
        self.look_at(self._field.pan(self.sight, share))

    def action_reset(self) -> None:
        self.look_at(self._field.show(self.sight, None))

    def action_go(self, end: int) -> None:
        self.look_at(self._field.go(self.sight, end))

    def action_move(self, by: int) -> None:
        field = self._field
        self.look_at((field.row if self.as_table else field.move)(self.sight, by))

    def action_row(self, by: int) -> None:
        self.look_at(self._field.row(self.sight, by))

    def action_unusual(self, direction: int) -> None:
        if (sight := self._field.unusual(self.sight, direction)) is not None:
            self.look_at(sight)
        else:
            self.app.bell()

    def action_second(self) -> None:
        """Hold the present place to measure from, or let it go."""
        self.second = self.cursor if self.second is None else None

    def action_drop(self) -> None:
        """Take the cursors away, the second one first."""
        self.look_at(self.sight.dropped())

    def action_switch(self, name: str) -> None:
        """Turn the logarithmic axis or the table on, or off."""
        setattr(self, name, not getattr(self, name))

    def action_axis(self) -> None:
        self.axis = next_of(self.axis, self.axes) if self.axis in self.axes else "step"

    def action_outliers(self) -> None:
        self.clip = next_of(self.clip, CLIPS)

    def action_smooth(self, by: int) -> None:
        now = sum(weight <= self.smoothing for weight in SMOOTHINGS) - 1
        self.smoothing = SMOOTHINGS[min(max(now + by, 0), len(SMOOTHINGS) - 1)]

    def action_marks(self) -> None:
        self.marks = next_of(self.marks, MARKS)

    def action_solo(self) -> None:
        """Only the next curve that has a point, after the last one all."""
        after = enumerate(self.traces[max(self.solo, -1) + 1 :], max(self.solo, -1) + 1)
        self.solo = next((number for number, trace in after if len(trace.series)), -1)

    # -- mouse -----------------------------------------------------------------------------------

    def _place_at(self, x: int) -> float | None:
        """The place under a column of the widget; none beside the plot."""
        frame = self._canvas.frame(self._content)
        column = x - self.gutter.left - frame.left
        if not self.with_points or self.as_table or not 0 <= column < frame.columns:
            return None
        return self._field.place(self.sight, column)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 0.8)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1.25)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        """Zoom under the pointer; an unfocused chart leaves the wheel to what scrolls."""
        place = self._place_at(event.x)
        if self.has_focus and place is not None:
            event.stop()
            self.look_at(self._field.zoom(self.sight, factor, place))

    def on_mouse_down(self) -> None:
        self._dragged = False
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End a drag; without one it was a click, which puts the cursor there."""
        self.release_mouse()
        place = self._place_at(event.x)
        if not self._dragged and place is not None:
            self.cursor = place

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the plot along, or read the values under the pointer."""
        if not event.button:
            self._hover = self._place_at(event.x)
        elif event.delta_x:
            self._dragged = True
            self.action_pan(-event.delta_x / max(self._field.columns, 1))

    def on_leave(self) -> None:
        self._hover = None
