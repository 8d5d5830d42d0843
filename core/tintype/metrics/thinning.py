"""Thinning: a series cut into the columns of a chart, so that no extreme is lost.

Taking every n-th point hides the spike one is looking for. Each column keeps its first and last
value (for the line to its neighbours) and its lowest and highest (for the extent of the ink), as
audio editors draw waves. All the work per point is `min` and `max` over a slice.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tintype.metrics.series import Series


class Column(NamedTuple):
    """The points that fall into one column."""

    at: int
    """Which column, from 0 at the left."""
    start: int
    """Number of its first point."""
    stop: int
    """One more than the number of its last point."""
    first: float
    """The first value, whatever it is."""
    last: float
    """The last value, whatever it is."""
    low: float
    """The lowest drawable value; NaN if there is none."""
    high: float
    """The highest drawable value; NaN if there is none."""
    odd: int
    """How many values are not drawable."""


def thin(series: Series, x0: float, x1: float, columns: int) -> list[Column]:
    """Cut the steps from `x0` to `x1`, both included, into columns of equal width.

    Columns without a point are left out.
    """
    width = (x1 - x0) / max(columns, 1)
    edges = [x0 + width * number for number in range(columns)]
    return list(thin_between(series, [*edges, math.nextafter(max(x0, x1), math.inf)]))


def thin_between(series: Series, edges: Sequence[float]) -> Iterator[Column]:
    """Cut a series at ascending steps; a column holds its left edge and not its right one."""
    if len(edges) < 2:
        return
    stop = series.index(edges[0])
    end = series.index(edges[-1], stop)
    has_odd = bool(series.odd(stop, end))
    for at, edge in enumerate(edges[1:]):
        start, stop = stop, series.index(edge, stop)
        if stop == start:
            if stop == end:
                return
            continue
        odd = len(series.odd(start, stop)) if has_odd else 0
        low, high = series.extremes(start, stop)
        yield Column(at, start, stop, series[start][1], series[stop - 1][1], low, high, odd)


def gap(series: Series) -> float:
    """The distance in steps beyond which two neighbours are not joined by a line.

    A provider that reports every step and then nothing for fifty has left a hole, and a line across
    it would claim what nobody measured; one that reports every hundredth has not. So the measure
    is the series' own rhythm, from up to 64 of its distances: three times the median, or twice the
    upper quartile where the rhythm is uneven. With fewer than three distances nothing is a gap.
    """
    count = len(series) - 1
    if count < 3:
        return math.inf
    stride = max(1, count // 64)
    distances = sorted(series.spacing(number + 1) for number in range(0, count, stride))
    median, quartile = distances[len(distances) // 2], distances[len(distances) * 3 // 4]
    return float(max(3 * median, 2 * quartile))
