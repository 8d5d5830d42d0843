"""One curve on a plot: from the columns it is cut into to lines, dots and marks.

A curve is drawn along a `Path`, a stop for each dot column it passes. A clear curve with room is a
line; where many points share a column, dots show their extent.
"""

import math
from collections.abc import Iterable, Sequence

from tintype.metrics import DRAWABLE, Column, Series
from tintype_tui.widgets.chart.axes import Scale
from tintype_tui.widgets.chart.palette import DASHES, owner
from tintype_tui.widgets.chart.raster import DOTS, Layer, Path, line
from tintype_tui.widgets.chart.traces import Curve
from tintype_tui.widgets.chart.view import Plot, View

_APART = 8
"""Cells between two marks of a curve that leaves the plot."""
_FAR = 1e6
"""Cells; a curve that leaves the plot is not followed farther."""


class Pen:
    """Turns values into heights, and makes the layers to draw on."""

    def __init__(self, view: View, scale: Scale) -> None:
        self.dots, self.columns, self.rows = DOTS[view.marks], view.columns, view.rows
        self.scale = scale
        self.least = 0.0 if scale.log else -DRAWABLE
        """Only what lies above has a place."""
        self.layers: list[tuple[int, Layer]] = []

    def layer(self, key: int) -> Layer:
        layer = Layer(self.dots, self.columns, self.rows)
        self.layers.append((key, layer))
        return layer

    def drawable(self, value: float) -> bool:
        """Whether a value has a place on this scale."""
        return self.least < value <= DRAWABLE

    def heights(self, values: Iterable[float]) -> list[float]:
        """Cells from the top, at most far outside; for a value without a place, anything."""
        scale = self.scale
        high, low = scale.high, scale.low
        if scale.log:
            values = [math.log10(value) if value > 0 else math.nan for value in values]
        pace = self.rows * (1 - 1e-9) / (high - low)
        found = [(high - value) * pace for value in values]
        if found and not (min(found) > -_FAR and max(found) < _FAR and sum(found) < math.inf):
            return [y if -_FAR < y < _FAR else math.copysign(_FAR, y) for y in found]
        return found


def draw(curve: Curve, plot: Plot, under: Pen, over: Pen, several: bool) -> None:
    """Draw one trace: what was measured, over it the smoothed curve, and its marks."""
    lines, dash = plot.view.marks == "line", DASHES[curve.trace.slot % len(DASHES)]
    path = _measured(curve, over)
    if curve.smoothed or not lines or curve.stop - curve.start > plot.view.columns:
        pen = under if curve.smoothed else over
        pen.layer(owner(curve.number, clear=pen is over)).stroke(path, dash)
    else:
        _line(plot, path, curve.number)
    _mark_lonely(curve, plot, path)
    if curve.smoothed:
        path = _averaged(curve, over, curve.smoothed, lines)
        if lines:
            _line(plot, path, curve.number)
        else:
            over.layer(owner(curve.number, clear=True)).stroke(path, dash)
    _mark(curve, plot, path, several)
    _note_unseen(curve, plot, over)
    plot.points += curve.stop - curve.start
    columns = curve.columns
    plot.drawn += len(columns) + sum([column.stop - column.start > 1 for column in columns])


# -- from columns to a path ------------------------------------------------------------------------


def _measured(curve: Curve, pen: Pen) -> Path:
    """The extent of each column, with the nearest point on either side of the view."""
    series, columns, path = curve.trace.series, curve.columns, Path()
    left = _neighbour(path, curve.x0, series, curve.start - 1, False, pen)
    if not columns:
        pass
    elif _is_plain(curve, pen):
        at, start, _, firsts, lasts, lows, highs, _ = zip(*columns, strict=True)
        path.xs += at
        path.firsts += pen.heights(firsts)
        path.tops += pen.heights(highs)
        path.bottoms += pen.heights(lows)
        path.lasts += pen.heights(lasts)
        links = [True] * len(at) if series.unbroken else [curve.near(point) for point in start]
        links[0] = links[0] and left
        path.linked += links
        left = True
    else:
        left = _with_holes(curve, pen, path, left)
    if left:
        _neighbour(path, curve.x1, series, curve.stop, True, pen, curve)
    return path


def _is_plain(curve: Curve, pen: Pen) -> bool:
    """Whether every value has a place."""
    if curve.odd:
        return False
    return not pen.scale.log or all(column.low > 0 for column in curve.columns)


def _with_holes(curve: Curve, pen: Pen, path: Path, open_end: bool) -> bool:
    """Add the columns of a curve some of whose values have no place; whether its end is open."""
    least = pen.scale.value(0) if pen.scale.log else 0.0
    for column in curve.columns:
        if not pen.drawable(column.high):
            open_end = False
            continue
        starts, ends = pen.drawable(column.first), pen.drawable(column.last)
        low = column.low if column.low > 0 or not pen.scale.log else least
        first, top, bottom, last = pen.heights(
            [
                column.first if starts else column.high,
                column.high,
                low,
                column.last if ends else column.high,
            ]
        )
        path.xs.append(column.at)
        path.firsts.append(first)
        path.tops.append(top)
        path.bottoms.append(bottom)
        path.lasts.append(last)
        path.linked.append(open_end and starts and curve.near(column.start))
        open_end = ends
    return open_end


def _averaged(curve: Curve, pen: Pen, series: Series, lines: bool) -> Path:
    """The smoothed curve at the end of each column, linked where what it is made of is."""
    path, columns, whole = Path(), curve.columns, curve.trace.series.unbroken
    if lines and whole:  # a line has one height in a cell
        columns = [*{column.at // pen.dots.across: column for column in columns}.values()]
    open_end = _neighbour(path, curve.x0, series, curve.start - 1, False, pen)
    ends = series.at([column.stop - 1 for column in columns])
    if columns and whole and not curve.odd and pen.drawable(min(ends)) and pen.drawable(max(ends)):
        path.xs += [column.at for column in columns]
        path.lasts += pen.heights(ends)
        path.linked += [open_end, *[True] * (len(ends) - 1)]
        open_end = True
    else:
        open_end = _with_gaps(curve, columns, ends, series, pen, path, open_end)
    path.firsts, path.tops, path.bottoms = [*path.lasts], [*path.lasts], [*path.lasts]
    if open_end:
        _neighbour(path, curve.x1, series, curve.stop, True, pen, curve)
    return path


def _with_gaps(
    curve: Curve,
    columns: Sequence[Column],
    ends: list[float],
    series: Series,
    pen: Pen,
    path: Path,
    open_end: bool,
) -> bool:
    """Add the ends of a smoothed curve that is not linked everywhere; whether its end is open."""
    for number, (column, value) in enumerate(zip(columns, ends, strict=True)):
        at = column.stop - 1
        while at > column.start and not pen.drawable(value):
            at -= 1
            value = ends[number] = series[at][1]
    for column, value, y in zip(columns, ends, pen.heights(ends), strict=True):
        if not pen.drawable(value):
            open_end = False
            continue
        path.xs.append(column.at)
        path.lasts.append(y)
        path.linked.append(open_end and (curve.trace.series.unbroken or curve.near(column.start)))
        open_end = True
    return open_end


def _neighbour(
    path: Path,
    x: float,
    series: Series,
    number: int,
    linked: bool,
    pen: Pen,
    curve: Curve | None = None,
) -> bool:
    """Add the stop of a point beside the view, if there is one; whether there is."""
    if not (0 <= number < len(series) and pen.drawable(series[number][1])):
        return False
    (y,) = pen.heights([series[number][1]])
    path.add(x, y, linked and (curve is None or curve.near(number)))
    return True


def _line(plot: Plot, path: Path, number: int) -> None:
    """Draw a path as a line from cell to cell."""
    view, key = plot.view, owner(number, clear=True)
    for row, column, sign in line(path, DOTS[view.marks].across, view.columns, view.rows):
        plot.lines.setdefault(row, {})[column] = (sign, key)


def _note_unseen(curve: Curve, plot: Plot, pen: Pen) -> None:
    """Remember what has no place on the scale, and where the curve leaves the plot."""
    scale = pen.scale
    if not _is_plain(curve, pen):
        for column in curve.columns:
            if column.odd or (scale.log and not column.low > 0):
                _note_odd(curve, column, plot, scale.log)
    if plot.cut:
        _note_cuts(curve, plot, "above", [one.high > scale.value(1) for one in curve.columns])
        _note_cuts(curve, plot, "below", [one.low < scale.value(0) for one in curve.columns])


def _note_cuts(curve: Curve, plot: Plot, kind: str, out: Sequence[bool]) -> None:
    """Mark where a curve leaves the plot; of neighbours the last, where it comes back."""
    across, latest = DOTS[plot.view.marks].across, -_APART
    for column, is_out in zip(curve.columns, out, strict=True):
        if is_out:
            cell = column.at // across
            if cell - latest < _APART:
                plot.cuts.pop((latest, kind), None)
            plot.cuts[cell, kind] = curve.number
            latest = cell


def _note_odd(curve: Curve, column: Column, plot: Plot, log: bool) -> None:
    """Remember for the axis row what could not be drawn; NaN outweighs the rest."""
    kinds = {
        "nan" if value != value else "above" if value > DRAWABLE else "below"
        for value in curve.trace.series.values(column.start, column.stop)
        if not (-DRAWABLE <= value <= DRAWABLE) or (log and value <= 0)
    }
    for kind in ("nan", "above", "below"):
        if kind in kinds:
            cell = column.at // DOTS[plot.view.marks].across
            if plot.odd.get(cell, ("",))[0] != "nan":
                plot.odd[cell] = (kind, curve.number)
            return


# -- marks -----------------------------------------------------------------------------------------


def _mark_lonely(curve: Curve, plot: Plot, path: Path) -> None:
    """Mark single points that no line leads to or from: one dot is easily overlooked."""
    if all(path.linked[1:]) and len(path.xs) > 1:
        return
    for number, linked in enumerate(path.linked):
        led_away = number + 1 < len(path.xs) and path.linked[number + 1]
        if not linked and not led_away and path.tops[number] == path.bottoms[number]:
            _glyph(plot, path, number, curve.number)


def _mark(curve: Curve, plot: Plot, path: Path, several: bool) -> None:
    """Put the trace's mark on its points where they lie apart, or now and then on its line.

    Of several curves, note where each ends, for the mark beside the plot.
    """
    view, across = plot.view, DOTS[plot.view.marks].across
    width = view.columns * across
    inside = [number for number, x in enumerate(path.xs) if 0 <= x < width]
    if several and inside and path.xs[inside[-1]] >= 0.9 * width:
        plot.endings.append((path.lasts[inside[-1]], curve.number))
    every = due = 0
    if len(inside) * 4 > view.columns:
        if not several or len(inside) * 2 <= view.columns:
            return
        every, due = 28 * across, (curve.number * 9 % 28 + 10) * across
    for number in inside:
        if path.xs[number] >= due:
            _glyph(plot, path, number, curve.number)
            due = int(path.xs[number]) + every


def _glyph(plot: Plot, path: Path, at: int, number: int) -> None:
    column, row = int(path.xs[at]) // DOTS[plot.view.marks].across, math.floor(path.lasts[at])
    if 0 <= column < plot.view.columns and 0 <= row < plot.view.rows:
        plot.glyphs.setdefault(row, {})[column] = number
