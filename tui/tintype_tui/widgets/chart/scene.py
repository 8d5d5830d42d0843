"""The lines of a chart, put together from its picture and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment

from tintype.metrics import Ruler
from tintype_tui.widgets.chart import painting, readout
from tintype_tui.widgets.chart.curves import owner
from tintype_tui.widgets.chart.frame import Frame
from tintype_tui.widgets.chart.look import Look
from tintype_tui.widgets.chart.painting import AXIS, CURSOR, PIN, SECOND, Upright
from tintype_tui.widgets.chart.palette import Signs
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.readout import AXIS_NAMES, Cursors
from tintype_tui.widgets.chart.trace import Pin, Trace
from tintype_tui.widgets.chart.view import Plot, View

Segments = list[Segment]

LEAST_BETWEEN_PINS = 8
"""Columns, on average, between the marks of epochs and checkpoints."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the lines are made from."""

    traces: Mapping[int, Trace]
    """Those that are shown, by their numbers."""
    hidden: int
    """How many are not."""
    pins: Sequence[Pin]
    heading: str
    cursors: Cursors
    following: bool
    plot: Plot
    frame: Frame
    plotter: Plotter
    signs: Signs
    look: Look

    @property
    def ruler(self) -> Ruler:
        """The x-axis of the first trace that has one; pins and cursors are told by it."""
        traces = self.traces.values()
        first = next((trace for trace in traces if len(trace.series)), next(iter(traces)))
        return self.plotter.ruler(first, self.plot.view.axis)

    def lines(self) -> list[Segments]:
        """From the title to the labels of the x-axis."""
        cells, look = self.frame, self.look
        pins = self._pinned()
        lines: list[Segments] = []
        if cells.title:
            lines.append(look.words(self._title()))
        if cells.legend:
            lines += self._legend()
        if cells.ruler:
            names = painting.ruler_row(pins, cells.columns, self.signs)
            lines.append([Segment(" " * cells.left + names, look.keys[PIN])])
        lines += self._rows(self._uprights(pins))
        if cells.axis > 1:
            text, keys = painting.axis_row(self.plot, self.signs)
            corner = Segment(" " * cells.labels + self.signs.corner, look.keys[AXIS])
            lines.append([corner, *painting.segments(text, keys, look.keys)])
        if cells.axis:
            lines.append(self._labels())
        return lines

    def _title(self) -> readout.Line:
        first = next(trace for trace in self.traces.values() if len(trace.series))
        view, signs = self.plot.view, self.signs
        right = readout.whereabouts(self.cursors, first, self.plotter, view, signs)
        right = right or readout.facts(self.plot, self.traces, self.following, self.hidden)
        return readout.heading(self.heading, right, self.frame.width, signs)

    def _legend(self) -> list[Segments]:
        cells = self.frame
        lines = readout.legend(
            self.traces,
            self.plotter,
            self.plot.view,
            self.cursors,
            cells.width,
            cells.legend,
            self.signs,
        )
        blank: list[Segments] = [[] for _ in range(cells.legend - len(lines))]
        return [self.look.words(line) for line in lines] + blank

    def _pinned(self) -> list[tuple[int, Pin]]:
        """Where the pins stand in the picture."""
        if not self.pins:
            return []
        ruler, view = self.ruler, self.plot.view
        places = ((column_of(ruler.place(pin.step), view), pin) for pin in self.pins)
        seen = [(column, pin) for column, pin in places if column is not None]
        # A fence of them would hide the curves: of fifty epochs, every fourth; zoom shows the rest.
        return seen[:: -(-len(seen) * LEAST_BETWEEN_PINS // view.columns)] if seen else []

    def _uprights(self, pins: Sequence[tuple[int, Pin]]) -> dict[int, Upright]:
        """The upright lines through the picture; a cursor hides a pin."""
        signs, view = self.signs, self.plot.view
        uprights = {column: (signs.pin, PIN) for column, _ in pins}
        second = column_of(self.cursors.second, view)
        if second is not None:
            uprights[second] = (signs.second, SECOND)
        first = column_of(self.cursors.first, view)
        if first is not None:
            uprights[first] = (signs.cursor, CURSOR)
        return uprights

    def _rows(self, uprights: Mapping[int, Upright]) -> list[Segments]:
        cells, plot, signs, styles = self.frame, self.plot, self.signs, self.look.keys
        lines = []
        for row in range(cells.rows):
            text, keys = painting.plot_row(
                plot, row, self.traces, uprights, bool(cells.labels), signs
            )
            if cells.axis < 2 and row == cells.rows - 1:
                text, keys = painting.odd_marks(plot, text, keys, signs)
            line = painting.segments(text, keys, styles)
            if cells.labels:
                label = plot.y_ticks.get(row)
                tick = signs.vertical if label is None else signs.tick_y
                line.insert(0, Segment(f"{label or '':>{cells.labels}}{tick}", styles[AXIS]))
            if cells.ends and row in plot.ends:
                number = plot.ends[row]
                sign = signs.marks[self.traces[number].slot % len(signs.marks)]
                line.append(Segment(f" {sign}", styles[owner(number, clear=True)]))
            lines.append(line)
        return lines

    def _labels(self) -> Segments:
        """The labels of the x-axis, with its name in the corner."""
        cells, view = self.frame, self.plot.view
        cursors = []
        for place in (self.cursors.second, self.cursors.first):
            column = column_of(place, view)
            if place is not None and column is not None:
                cursors.append((column, readout.place_label(place, view)))
        text, keys = painting.label_row(self.plot, cells.left, cells.width, cursors)
        name = AXIS_NAMES[view.axis]
        if not text[: len(name) + 1].strip():
            text = name + text[len(name) :]
        return painting.segments(text, keys, self.look.keys)


def column_of(place: float | None, view: View) -> int | None:
    """The column of a place; none if it is not in the picture."""
    if place is None or not view.low <= place <= view.high:
        return None
    return min(int((place - view.low) / (view.high - view.low) * view.columns), view.columns - 1)
