"""One curve in one picture: from the columns it is cut into to dots, lines and marks.

A curve is drawn along *stops*, one for each dot column it passes: where it comes in, how far it
extends, where it leaves. Nothing here works on single points once they are cut into columns.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tintype.metrics import DRAWABLE, Column, Series
from tintype_tui.widgets.chart.axes import Scale
from tintype_tui.widgets.chart.palette import DASHES
from tintype_tui.widgets.chart.raster import DOTS, Layer
from tintype_tui.widgets.chart.trace import Trace
from tintype_tui.widgets.chart.view import Plot, View

_FAR = 1e6
"""Dots; a curve that leaves the picture is not followed farther."""

FIRST_OWNER = 8
"""Numbers below it are free for what else a cell may show."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A trace cut for a view."""

    number: int
    trace: Trace
    columns: Sequence[Column]
    smoothed: Series | None
    gap: float
    x0: float
    """Dot column of the last point left of the view; NaN if there is none."""
    x1: float
    """Dot column of the first point right of the view."""
    start: int
    stop: int
    """Numbers of the points in view."""


class Stop(NamedTuple):
    """Where a curve passes a dot column, in dot rows."""

    x: float
    """The dot column: whole, or outside the picture."""
    first: int
    top: int
    bottom: int
    last: int
    linked: bool
    """Whether a line leads here from the stop before."""
    lonely: bool
    """Whether it is a single point."""


class Pen:
    """Turns values into dot rows, and makes the layers to draw on."""

    def __init__(self, view: View, scale: Scale) -> None:
        self.dots, self.columns, self.rows = DOTS[view.marks], view.columns, view.rows
        self.scale = scale
        self.top = view.rows * self.dots.down - 1
        self.least = 0.0 if scale.log else -DRAWABLE
        """Only what lies above has a place."""
        self.layers: list[tuple[int, Layer]] = []

    def layer(self, owner: int) -> Layer:
        layer = Layer(self.dots, self.columns, self.rows)
        self.layers.append((owner, layer))
        return layer

    def drawable(self, value: float) -> bool:
        """Whether a value has a place on this scale."""
        return self.least < value <= DRAWABLE

    def dot_rows(self, values: Iterable[float]) -> list[int]:
        """The dot rows of values, at most far outside; for one without a place, anything."""
        scale = self.scale
        if scale.log:
            values = [math.log10(value) if value > 0 else math.nan for value in values]
        pace = self.top / (scale.high - scale.low)
        heights = [self.top - (value - scale.low) * pace for value in values]
        return [round(y) if -_FAR < y < _FAR else int(math.copysign(_FAR, y)) for y in heights]


def owner(number: int, clear: bool) -> int:
    """The number under which a trace's cells are known in a picture."""
    return FIRST_OWNER + (2 * number + clear) % (256 - FIRST_OWNER)


def draw(curve: Curve, plot: Plot, under: Pen, over: Pen, several: bool) -> None:
    """Draw one trace: what was measured, over it the smoothed curve, and its marks."""
    dash = DASHES[curve.trace.slot % len(DASHES)]
    path = _measured(curve, over)
    pen = under if curve.smoothed else over
    _stroke(pen.layer(owner(curve.number, clear=pen is over)), path, dash)
    _mark_lonely(curve, plot, path)
    if curve.smoothed:
        path = _averaged(curve, over, curve.smoothed)
        _stroke(over.layer(owner(curve.number, clear=True)), path, dash)
    inside = [stop for stop in path if 0 <= stop.x < plot.view.columns * over.dots.across]
    _mark(curve, plot, inside, several)
    if several:
        _mark_end(curve, plot, inside)
    for column in curve.columns:
        if column.odd or (over.scale.log and not column.low > 0):
            _note_odd(curve, column, plot, over)
    plot.points += curve.stop - curve.start
    plot.drawn += sum(min(column.stop - column.start, 2) for column in curve.columns)


def _measured(curve: Curve, pen: Pen) -> list[Stop]:
    """The extent of each column, with the nearest point on either side of the view."""
    series, columns = curve.trace.series, curve.columns
    least = pen.scale.value(0) if pen.scale.log else 0.0
    firsts = pen.dot_rows([column.first for column in columns])
    tops = pen.dot_rows([column.high for column in columns])
    lasts = pen.dot_rows([column.last for column in columns])
    bottoms = pen.dot_rows(
        [column.low if column.low > 0 or not pen.scale.log else least for column in columns]
    )
    path = list(_neighbour(curve.x0, series, curve.start - 1, False, pen))
    open_end = bool(path)
    for column, first, top, bottom, last in zip(columns, firsts, tops, bottoms, lasts, strict=True):
        if not pen.drawable(column.high):
            open_end = False
            continue
        single = column.stop - column.start == 1
        if column.odd or column.low <= pen.least:  # an end of the column may have no place
            starts, ends = pen.drawable(column.first), pen.drawable(column.last)
        else:
            starts = ends = True
        near = _near(curve, column.start)
        path.append(
            Stop(
                column.at,
                first if starts else top,
                top,
                bottom,
                last if ends else top,
                open_end and starts and near,
                single,
            )
        )
        open_end = ends
    if open_end and curve.stop < len(series):
        path += _neighbour(curve.x1, series, curve.stop, _near(curve, curve.stop), pen)
    return path


def _averaged(curve: Curve, pen: Pen, series: Series) -> list[Stop]:
    """The smoothed curve at the end of each column, linked where what it is made of is."""
    ends: list[float] = []
    for column in curve.columns:
        at = column.stop - 1
        while at > column.start and not pen.drawable(series[at][1]):
            at -= 1
        ends.append(series[at][1])
    path = list(_neighbour(curve.x0, series, curve.start - 1, False, pen))
    open_end = bool(path)
    for column, value, y in zip(curve.columns, ends, pen.dot_rows(ends), strict=True):
        if not pen.drawable(value):
            open_end = False
            continue
        linked = open_end and _near(curve, column.start)
        path.append(Stop(column.at, y, y, y, y, linked, False))
        open_end = True
    if open_end and curve.stop < len(series):
        path += _neighbour(curve.x1, series, curve.stop, _near(curve, curve.stop), pen)
    return path


def _neighbour(x: float, series: Series, number: int, linked: bool, pen: Pen) -> Iterator[Stop]:
    """The stop of a point beside the view, if there is one."""
    if 0 <= number < len(series) and pen.drawable(series[number][1]):
        (y,) = pen.dot_rows([series[number][1]])
        yield Stop(x, y, y, y, y, linked, False)


def _near(curve: Curve, number: int) -> bool:
    """Whether a point is close enough behind the one before it to be joined to it."""
    return number == 0 or curve.trace.series.spacing(number) <= curve.gap


def _stroke(layer: Layer, path: Sequence[Stop], dash: Sequence[bool]) -> None:
    """Draw the stops, and lines between those that are linked."""
    run = layer.run
    x, top, bottom, last = -2.0, 0, -1, 0
    for stop in path:
        here_top, here_bottom = stop.top, stop.bottom
        if stop.linked:
            if stop.x - x == 1:  # side by side: both reach half-way
                middle = (last + stop.first) // 2
                top, bottom = min(top, middle), max(bottom, middle)
                here_top, here_bottom = min(here_top, middle), max(here_bottom, middle)
            else:
                layer.line(x, last, stop.x, stop.first, dash)
        run(int(x), top, bottom)
        x, top, bottom, last = stop.x, here_top, here_bottom, stop.last
    run(int(x), top, bottom)


def _note_odd(curve: Curve, column: Column, plot: Plot, pen: Pen) -> None:
    """Remember for the axis row what could not be drawn; NaN outweighs the rest."""
    values = curve.trace.series.values(column.start, column.stop)
    kinds = {
        "nan" if value != value else "above" if value > DRAWABLE else "below"
        for value in values
        if not (-DRAWABLE <= value <= DRAWABLE) or (pen.scale.log and value <= 0)
    }
    for kind in ("nan", "above", "below"):
        if kind in kinds:
            cell = column.at // pen.dots.across
            if plot.odd.get(cell, ("",))[0] != "nan":
                plot.odd[cell] = (kind, curve.number)
            return


def _mark_lonely(curve: Curve, plot: Plot, path: Sequence[Stop]) -> None:
    """Mark single points that no line leads to or from: one dot is easily overlooked."""
    for number, stop in enumerate(path):
        led_away = number + 1 < len(path) and path[number + 1].linked
        if stop.lonely and not stop.linked and not led_away:
            _glyph(plot, stop, curve.number)


def _mark(curve: Curve, plot: Plot, path: Sequence[Stop], several: bool) -> None:
    """Put the trace's mark on its points where they lie apart, or now and then on its line."""
    columns = plot.view.columns
    every, due = 0, 0
    if len(path) * 4 > columns:
        if not several or len(path) * 2 <= columns:
            return
        across = DOTS[plot.view.marks].across
        every, due = 28 * across, (curve.number * 9 % 28 + 10) * across
    for stop in path:
        if stop.x >= due:
            _glyph(plot, stop, curve.number)
            due = int(stop.x) + every


def _mark_end(curve: Curve, plot: Plot, path: Sequence[Stop]) -> None:
    """Name the trace beside its end, or a row off, if it ends anywhere near."""
    dots = DOTS[plot.view.marks]
    if not path or path[-1].x < 0.9 * plot.view.columns * dots.across:
        return
    row = path[-1].last // dots.down
    for place in (row, row - 1, row + 1):
        if 0 <= place < plot.view.rows and place not in plot.ends:
            plot.ends[place] = curve.number
            return


def _glyph(plot: Plot, stop: Stop, number: int) -> None:
    dots = DOTS[plot.view.marks]
    column, row = int(stop.x) // dots.across, stop.last // dots.down
    if 0 <= column < plot.view.columns and 0 <= row < plot.view.rows:
        plot.glyphs.setdefault(row, {})[column] = number
