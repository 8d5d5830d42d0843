"""From traces to a plot: cut into columns, ranged, drawn. Pure; knows no terminal.

`Plotter` remembers what is costly and grows: the smoothed curves and the rulers of the x-axis. A
plot itself is a function of the traces and a `View`, and whoever asks keeps it.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from tintype.metrics import Axis, Column, Ruler, Series, Smoothed, Timeline, gap, smooth
from tintype_tui.widgets.chart.axes import Scale, Tick, evenly, fit, x_ticks
from tintype_tui.widgets.chart.curves import Pen, draw
from tintype_tui.widgets.chart.raster import DOTS, compose
from tintype_tui.widgets.chart.traces import Curve, Trace
from tintype_tui.widgets.chart.view import Plot, View

_FIRST_STEPS = 0.15
"""The share of the width that is taken for the start of a training."""
_TOO_HIGH = 0.5
"""More of the height than this the start does not get."""
_AIR = 0.5
"""What it gets instead, as a share of the height of the rest."""


class Plotter:
    """Makes plots of traces, and remembers what the next one can use."""

    def __init__(self) -> None:
        self._smoothed: dict[int, Smoothed] = {}
        self._cut: dict[int, tuple[Series, list[Column]]] = {}
        self._rulers: list[tuple[Timeline, Axis, Ruler]] = []

    def ruler(self, trace: Trace, axis: Axis) -> Ruler:
        """The ruler of a trace; traces of one training share it."""
        for timeline, known, ruler in self._rulers:
            if known == axis and timeline == trace.timeline:
                return ruler
        ruler = trace.timeline.ruler(axis)
        self._rulers = [*self._rulers[-7:], (trace.timeline, axis, ruler)]
        return ruler

    def smoothed(self, number: int, trace: Trace, weight: float) -> Series | None:
        """The smoothed curve of a trace, worked on only where it is new; none without smoothing."""
        if not trace.smoothable or weight <= 0 or len(trace.series) < 3:
            return None
        self._smoothed[number] = smooth(trace.series, weight, self._smoothed.get(number))
        return self._smoothed[number].series

    def extent(self, traces: Sequence[Trace], axis: Axis) -> tuple[float, float]:
        """From the first to the last place of all traces; never empty."""
        ends = [
            self.ruler(trace, axis).place(step)
            for trace in traces
            if len(trace.series)
            for step in (trace.series.first, trace.series.last)
        ]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def plot(self, traces: Mapping[int, Trace], view: View) -> Plot:
        """Draw traces; their numbers stay with their colours even if some are left out."""
        curves = [self.cut(number, trace, view) for number, trace in traces.items()]
        wanted, cut = y_range(curves, view)
        count = max(3, min(view.rows // 2, 4 + view.rows // 6))
        scale, ticks = evenly(wanted, view.rows, count, view.label_width)
        under, over = Pen(view, scale), Pen(view, scale)
        plot = Plot(view, scale, cut, _at_rows(ticks, scale, view), _at_columns(view))
        for curve in curves:
            draw(curve, plot, under if curve.smoothed else over, over, len(curves) > 1)
        plot.bitmap = compose(under.layers, over.layers, view.columns, view.rows)
        return plot

    def cut(self, number: int, trace: Trace, view: View) -> Curve:
        """Cut a trace into the dot columns of a view."""
        series = trace.series
        width = view.columns * DOTS[view.marks].across
        ruler = self.ruler(trace, view.axis)
        pace = (view.high - view.low) / width
        edges = [view.low + pace * at for at in range(width)]
        if view.axis != "step":
            edges = [ruler.step(edge) for edge in edges]
        edges.append(math.nextafter(ruler.step(view.high), math.inf))
        start = series.index(edges[0])
        stop = series.index(edges[-1], start)

        known, before = self._cut.get(number, (series, []))
        columns = series.cut(edges, before if series.continues(known) else ())
        self._cut[number] = series, columns

        def dot_column(point: int) -> float:
            if not 0 <= point < len(series):
                return math.nan
            return (ruler.place(series[point][0]) - view.low) / pace

        return Curve(
            number=number,
            trace=trace,
            columns=columns,
            smoothed=self.smoothed(number, trace, view.smoothing),
            odd=bool(series.odd(start, stop)),
            gap=gap(series),
            x0=dot_column(start - 1),
            x1=dot_column(stop),
            start=start,
            stop=stop,
        )


def y_range(curves: Sequence[Curve], view: View) -> tuple[Scale, bool]:
    """The y-range of what is in view, and whether something of it is cut off."""
    lows = [low for curve in curves for low in _lows(curve, curve.columns, view.log)]
    highs = [high for curve in curves for high in _highs(curve.columns, view.log)]
    for curve in curves:
        if curve.smoothed and curve.columns:
            # At its start a smoothed curve in a narrow view may lie outside all it is made from.
            ends = (curve.smoothed[curve.start][1], curve.smoothed[curve.stop - 1][1])
            kept = [value for value in ends if value == value and (value > 0 or not view.log)]
            lows += kept
            highs += kept
    if not lows or not highs:
        return fit(1.0, 10.0, True) if view.log else fit(0.0, 1.0, False), False
    low, high = min(lows), max(highs)
    if view.clip == "outliers" and len(lows) > 20:
        lows, highs = sorted(lows), sorted(highs)
        kept = [lows[len(lows) // 50], highs[-1 - len(highs) // 25]]
    elif view.clip == "start" and not view.log and _is_long(curves):
        kept = _settled(curves, view, low, high)
    else:
        kept = [low, high]
    return fit(kept[0], kept[1], view.log), kept[0] > low or kept[1] < high


def _is_long(curves: Sequence[Curve]) -> bool:
    """Whether a curve has points enough for its first steps to be few of them."""
    return max((len(curve.columns) for curve in curves), default=0) > 30


def _settled(curves: Sequence[Curve], view: View, low: float, high: float) -> list[float]:
    """The range without the first steps, on the side where they would take most of the height."""
    first = view.columns * DOTS[view.marks].across * _FIRST_STEPS
    rest = [
        (curve, curve.columns[bisect_left(curve.columns, first, key=lambda one: one.at) :])
        for curve in curves
    ]
    lows = [value for curve, columns in rest for value in _lows(curve, columns, False)]
    highs = [value for _, columns in rest for value in _highs(columns, False)]
    if len(lows) <= 10:
        return [low, high]
    bottom, top = min(lows), max(highs)
    air = max(_AIR * (top - bottom), 0.05 * max(abs(bottom), abs(top)))
    if high - top > _TOO_HIGH * (high - low):
        high = min(high, top + air)
    if bottom - low > _TOO_HIGH * (high - low):
        low = max(low, bottom - air)
    return [low, high]


def _highs(columns: Sequence[Column], log: bool) -> list[float]:
    if log:
        return [column.high for column in columns if column.high > 0]
    return [column.high for column in columns if column.high == column.high]


def _lows(curve: Curve, columns: Sequence[Column], log: bool) -> list[float]:
    if not log:
        return [column.low for column in columns if column.low == column.low]
    return [
        column.low
        if column.low > 0
        else min(v for v in curve.trace.series.values(column.start, column.stop) if v > 0)
        for column in columns
        if column.high > 0
    ]


def _at_rows(ticks: Sequence[Tick], scale: Scale, view: View) -> dict[int, str]:
    """Labels by row; the higher value wins a row that two would share."""
    return {
        min(max(int(view.rows * (1 - scale.share(value))), 0), view.rows - 1): text
        for value, text in ticks
    }


def _at_columns(view: View) -> dict[int, str]:
    """Labels of the x-axis by column."""
    span = view.high - view.low
    return {
        min(max(int((place - view.low) / span * view.columns), 0), view.columns - 1): text
        for place, text in x_ticks(view.axis, view.low, view.high, view.columns, view.zone)
    }
