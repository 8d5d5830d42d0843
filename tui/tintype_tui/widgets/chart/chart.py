"""The chart one looks at closely: zoom, pan, cursors, by keyboard or mouse."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from tintype.metrics import Ruler, Series, spikes
from tintype_tui.widgets.chart.keys import KEYS
from tintype_tui.widgets.chart.navigation import Window, next_place, within, zoomed
from tintype_tui.widgets.chart.raster import MARKS
from tintype_tui.widgets.chart.readout import Cursors
from tintype_tui.widgets.chart.still import StillChart
from tintype_tui.widgets.chart.table import steps_around
from tintype_tui.widgets.chart.trace import Trace

SMOOTHINGS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""What the keys step through."""


class Chart(StillChart, can_focus=True):
    """Series over steps, epochs or time, with keys and mouse."""

    BINDING_GROUP_TITLE = "Chart"
    ALLOW_SELECT = False

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    @dataclass
    class Looked(Message):
        """The cursors moved: for charts that move together."""

        chart: "Chart"
        cursor: float | None
        second: float | None

        @property
        def control(self) -> "Chart":
            """The chart."""
            return self.chart

    @dataclass
    class Moved(Message):
        """Another stretch is shown: for charts that move together."""

        chart: "Chart"
        window: Window | None
        following: bool

        @property
        def control(self) -> "Chart":
            """The chart."""
            return self.chart

    _hover: reactive[float | None] = reactive[float | None](None)
    """The place under the pointer: a cursor while there is no other."""
    _dragged: bool = False

    @property
    def cursors(self) -> Cursors:
        """Where one looks: by the keys, else with the mouse."""
        return Cursors(self._hover if self.cursor is None else self.cursor, self.second)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rows exist only in a table; a cursor must be there to be dropped or held."""
        if action == "row":
            return self.as_table
        if action in ("drop", "second"):
            return self.cursor is not None
        return True

    def watch_cursor(self) -> None:
        """Tell."""
        self.post_message(self.Looked(self, self.cursor, self.second))

    def watch_second(self) -> None:
        """Tell."""
        self.post_message(self.Looked(self, self.cursor, self.second))

    def watch_window(self) -> None:
        """Tell."""
        self.post_message(self.Moved(self, self.window, self.following))

    # -- the stretch that is shown ---------------------------------------------------------------

    def action_zoom(self, factor: float) -> None:
        """Zoom around the cursor if it is in the picture, else its middle, or its followed end."""
        low, high = self.shown
        at = (low + high) / 2
        if self.cursor is not None and low <= self.cursor <= high:
            at = self.cursor
        elif self.following and self.window is not None:
            at = high
        self._zoom(factor, at)

    def _zoom(self, factor: float, at: float) -> None:
        if self.with_points:
            self._show(zoomed(self.shown, self.extent, factor, at, self._least))

    def action_pan(self, share: float) -> None:
        """Move the window by a share of its width."""
        if self.window is not None:
            low, high = self.window
            by = (high - low) * share
            self._show(within((low + by, high + by), self.extent))

    def action_reset(self) -> None:
        """Show everything."""
        self._show(None)

    def action_go(self, end: int) -> None:
        """Go to one end: the window, and the cursor if there is one."""
        low, high = self.extent
        if self.window is not None:
            width = self.window[1] - self.window[0]
            self._show((high - width, high) if end else (low, low + width))
        if self.cursor is not None or self.window is None:
            self.cursor = high if end else low

    def _show(self, window: Window | None) -> None:
        """Show a window, and follow the newest point if that is in it."""
        high = self.extent[1]
        self.following = window is not None and window[1] >= high - (high - window[0]) * 1e-9
        self.window = window

    @property
    def _least(self) -> float:
        """The narrowest window: two steps."""
        ruler, low = self._rulers[0][1], self.shown[0]
        step = ruler.step(low)
        return max(ruler.place(step + 2) - ruler.place(step), (self.extent[1] - low) * 1e-9)

    # -- the cursors -----------------------------------------------------------------------------

    @property
    def _rulers(self) -> list[tuple[Series, Ruler]]:
        """The curves one sees, with their rulers."""
        return [(trace.series, self.plotter.ruler(trace, self.axis)) for trace in self.with_points]

    def action_move(self, by: int) -> None:
        """Move the cursor by points; the first time it appears at the end, or the start."""
        if not self.with_points:
            return
        if self.as_table:
            return self.action_row(by)
        low, high = self.shown
        cell = (high - low) / max(self.frame.columns, 1)
        place, count = self.cursor, abs(by)
        if place is None or not low <= place <= high:
            margin = cell * 1e-3
            place, count, cell = (low - margin if by > 0 else high + margin), 1, 0.0
        for _ in range(count):
            place = next_place(self._rulers, place, cell, by > 0)
        self._put(place)

    def _put(self, place: float) -> None:
        """Put the cursor on a place and bring it into the picture."""
        low, high = self.shown
        if self.window is not None and not low <= place <= high:
            start = place - (high - low) * (0.1 if place < low else 0.9)
            self._show(within((start, start + high - low), self.extent))
        self.cursor = place

    def action_row(self, by: int) -> None:
        """Move to another row of the table."""
        rulers = self._rulers
        if not rulers:
            return
        ruler = rulers[0][1]
        last = max(series.last for series, _ in rulers)
        step = last if self.cursor is None else round(ruler.step(self.cursor))
        every = [series for series, _ in rulers]
        around = steps_around(every, step, abs(by) + 1, abs(by))
        here = sum(at <= step for at in around) - 1
        target = around[min(max(here + by, 0), len(around) - 1)]
        self.cursor = ruler.place(target)

    def action_second(self) -> None:
        """Hold the present place to measure from, or let it go."""
        self.second = self.cursor if self.second is None else None

    def action_drop(self) -> None:
        """Take the cursors away, the second one first."""
        if self.second is not None:
            self.second = None
        else:
            self.cursor = None

    def action_unusual(self, direction: int) -> None:
        """Go to the next spike or value that is no number."""
        places = sorted({place for trace in self.with_points for place in self._unusual(trace)})
        start = self.extent[0] - 1 if direction > 0 else self.extent[1] + 1
        here = start if self.cursor is None else self.cursor
        ahead = [place for place in places if (place - here) * direction > 1e-6]
        if ahead:
            self._put(min(ahead) if direction > 0 else max(ahead))
        else:
            self.app.bell()

    def _unusual(self, trace: Trace) -> list[float]:
        ruler, series = self.plotter.ruler(trace, self.axis), trace.series
        steps = [spike.step for spike in spikes(series)]
        steps += [series[number][0] for number in series.odd()]
        return [ruler.place(step) for step in steps]

    # -- how it is shown -------------------------------------------------------------------------

    def action_axis(self) -> None:
        """The next x-axis on which all curves have a place."""
        axes = self.axes
        self.axis = axes[(axes.index(self.axis) + 1) % len(axes)] if self.axis in axes else "step"

    def action_log(self) -> None:
        """Logarithmic or linear."""
        self.log_y = not self.log_y

    def action_outliers(self) -> None:
        """Cut extremes off, or not."""
        self.clip_outliers = not self.clip_outliers

    def action_smooth(self, by: int) -> None:
        """The next weight, up or down."""
        now = sum(weight <= self.smoothing for weight in SMOOTHINGS) - 1
        self.smoothing = SMOOTHINGS[min(max(now + by, 0), len(SMOOTHINGS) - 1)]

    def action_marks(self) -> None:
        """The next kind of dots."""
        self.marks = MARKS[(MARKS.index(self.marks) + 1) % len(MARKS)]

    def action_solo(self) -> None:
        """Only the next curve that has a point, after the last one all."""
        after = enumerate(self.traces[max(self.solo, -1) + 1 :], max(self.solo, -1) + 1)
        self.solo = next((number for number, trace in after if len(trace.series)), -1)

    def action_table(self) -> None:
        """Numbers or curves."""
        self.as_table = not self.as_table

    # -- the mouse -------------------------------------------------------------------------------

    def _place_at(self, x: int) -> float | None:
        """The place under a column of the widget; none beside the picture."""
        cells = self.frame
        column = x - self.gutter.left - cells.left
        if not self.with_points or self.as_table or not 0 <= column < cells.columns:
            return None
        low, high = self.shown
        return low + (column + 0.5) / cells.columns * (high - low)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in under the pointer; an unfocused chart leaves the wheel to what scrolls."""
        self._wheel(event, 0.8)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out under the pointer."""
        self._wheel(event, 1.25)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        place = self._place_at(event.x)
        if self.has_focus and place is not None:
            event.stop()
            self._zoom(factor, place)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._dragged = False
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End a drag; without one it was a click, which puts the cursor there."""
        self.release_mouse()
        place = self._place_at(event.x)
        if not self._dragged and place is not None:
            self.cursor = place

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the picture along, or read the values under the pointer."""
        if not event.button:
            self._hover = self._place_at(event.x)
        elif event.delta_x:
            self._dragged = True
            self.action_pan(-event.delta_x / max(self.frame.columns, 1))

    def on_leave(self) -> None:
        """Read no more."""
        self._hover = None
