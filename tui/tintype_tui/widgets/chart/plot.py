"""From curves to a picture: cut into columns, ranged, drawn as dots. Pure; knows no terminal.

`Plotter` remembers what is costly and grows: the smoothed curves and the rulers of the x-axis. A
picture itself is a function of the traces and a `View`, and whoever asks keeps it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from tintype.metrics import Axis, Ruler, Series, Smoothed, Timeline, gap, smooth, thin_between
from tintype_tui.widgets.chart.axes import Scale, Tick, fit, x_ticks, y_ticks
from tintype_tui.widgets.chart.curves import Curve, Pen, draw
from tintype_tui.widgets.chart.raster import DOTS, Picture, compose
from tintype_tui.widgets.chart.trace import Trace
from tintype_tui.widgets.chart.view import Plot, View


class Plotter:
    """Makes pictures of traces, and remembers what the next picture can use."""

    def __init__(self) -> None:
        self._smoothed: dict[int, Smoothed] = {}
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
        scale = y_range(curves, view)
        ticks = y_ticks(scale, max(3, min(view.rows // 2, 4 + view.rows // 6)), view.label_width)
        under, over = Pen(view, scale), Pen(view, scale)
        plot = Plot(view, scale, Picture((), ()), _at_rows(ticks, scale, view), _at_columns(view))
        for curve in curves:
            draw(curve, plot, under if curve.smoothed else over, over, len(curves) > 1)
        if curves:
            plot.picture = compose(under.layers, over.layers)
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
        columns = list(thin_between(series, edges))
        start = series.index(edges[0])
        stop = series.index(edges[-1], start)

        def dot_column(point: int) -> float:
            if not 0 <= point < len(series):
                return math.nan
            return (ruler.place(series[point][0]) - view.low) / pace

        return Curve(
            number=number,
            trace=trace,
            columns=columns,
            smoothed=self.smoothed(number, trace, view.smoothing),
            gap=gap(series),
            x0=dot_column(start - 1),
            x1=dot_column(stop),
            start=start,
            stop=stop,
        )


def y_range(curves: Sequence[Curve], view: View) -> Scale:
    """The y-range of everything in view."""
    lows = [low for curve in curves for low in _lows(curve, view.log)]
    highs = [
        column.high
        for curve in curves
        for column in curve.columns
        if column.high == column.high and (column.high > 0 or not view.log)
    ]
    for curve in curves:
        if curve.smoothed and curve.columns:
            # At its start a smoothed curve in a narrow view may lie outside all it is made from.
            ends = (curve.smoothed[curve.start][1], curve.smoothed[curve.stop - 1][1])
            kept = [value for value in ends if value == value and (value > 0 or not view.log)]
            lows += kept
            highs += kept
    if not lows or not highs:
        return fit(1.0, 10.0, True) if view.log else fit(0.0, 1.0, False)
    if view.clip and len(lows) > 20:
        lows, highs = sorted(lows), sorted(highs)
        return fit(lows[len(lows) // 50], highs[-1 - len(highs) // 25], view.log)
    return fit(min(lows), max(highs), view.log)


def _lows(curve: Curve, log: bool) -> Iterator[float]:
    for column in curve.columns:
        if column.low > 0 or (not log and column.low == column.low):
            yield column.low
        elif log and column.high > 0:
            values = curve.trace.series.values(column.start, column.stop)
            yield min(value for value in values if 0 < value <= column.high)


def _at_rows(ticks: Sequence[Tick], scale: Scale, view: View) -> dict[int, str]:
    """Labels by row; the higher value wins a row that two would share."""
    down = DOTS[view.marks].down
    top = view.rows * down - 1
    return {
        min(max(round(top * (1 - scale.share(value))) // down, 0), view.rows - 1): text
        for value, text in ticks
    }


def _at_columns(view: View) -> dict[int, str]:
    """Labels of the x-axis by column."""
    span = view.high - view.low
    return {
        min(max(int((place - view.low) / span * view.columns), 0), view.columns - 1): text
        for place, text in x_ticks(view.axis, view.low, view.high, view.columns, view.zone)
    }
