"""Thinning: a series cut into the columns of a chart, so that no extreme is lost.

Taking every n-th point hides the spike one is looking for. Each column keeps its first and last
value (for the line to its neighbours) and its lowest and highest (for the extent of the ink), as
audio editors draw waves. All the work per point is `min` and `max` over a slice (`Series.cut`).
"""

import math

from tintype.metrics.series import Column, Series


def thin(series: Series, x0: float, x1: float, columns: int) -> list[Column]:
    """Cut the steps from `x0` to `x1`, both included, into columns of equal width.

    Columns without a point are left out.
    """
    width = (x1 - x0) / max(columns, 1)
    edges = [x0 + width * number for number in range(columns)]
    return series.cut([*edges, math.nextafter(max(x0, x1), math.inf)])


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
