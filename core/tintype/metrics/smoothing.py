"""Smoothing: an exponential moving average without the bias of its start.

The same as TensorBoard's slider: `mean = w·mean + (1−w)·value`, divided by `1 − wⁿ` after n values,
so that the first point is the first value and not a hundredth of it. It runs over every point that
was reported, never over those that happen to be drawn: zooming does not change the curve. What is
no number stays a hole, and the average goes on behind it as if it had not been there.

Source of the de-biasing: Kingma and Ba, Adam (2015), section 3.
"""

import math
from dataclasses import dataclass

from tintype.metrics.series import DRAWABLE, Series


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A smoothed series, and what it takes to continue it when the source has grown."""

    source: Series
    weight: float
    """0 leaves the values as they are; 0.99 averages over about a hundred."""
    series: Series
    mean: float = 0.0
    """The average before its bias is taken out."""
    decay: float = 1.0
    """Weight to the power of the values seen: what of the start is still in the average."""


def smooth(source: Series, weight: float, before: Smoothed | None = None) -> Smoothed:
    """Smooth a series; given the result for an earlier version, only the new points are worked on.

    Args:
        source: what to smooth.
        weight: 0 ≤ weight < 1; outside it is clamped.
        before: an earlier result, used if it is of the same series and weight.
    """
    weight = min(max(weight, 0.0), 0.9999)
    if before is None or before.weight != weight or not source.continues(before.source):
        before = Smoothed(Series(source.name), weight, Series(source.name))
    elif len(source) == len(before.source):
        return before
    start = len(before.series)
    mean, decay, rest = before.mean, before.decay, 1.0 - weight
    values: list[float] = []
    for value in source.values(start):
        if not -DRAWABLE <= value <= DRAWABLE:
            values.append(math.nan)
            continue
        mean = mean * weight + rest * value
        decay *= weight
        values.append(mean / (1.0 - decay))
    series = before.series.extended(source.steps(start), values)
    return Smoothed(source, weight, series, mean, decay)
