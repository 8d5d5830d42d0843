"""The other x-axes: a step as an epoch, as time elapsed, as the time on the wall.

A series knows only steps. A `Ruler` turns a step into a place on an axis and back, always rising,
so that a chart can find the steps of its columns by bisection and never converts a single point.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from tintype.metrics.series import Series

Axis = Literal["step", "epoch", "relative", "wall"]
AXES: tuple[Axis, ...] = ("step", "epoch", "relative", "wall")
"""The x-axes in the order a key cycles through them. Relative time is in seconds since the first
report, wall time in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A rising, piecewise linear map from steps to places on an axis."""

    steps: Sequence[float]
    """Known steps, strictly rising, at least one."""
    places: Sequence[float]
    """Where they lie, rising."""

    def place(self, step: float) -> float:
        """Where a step lies; outside what is known the first or last pace continues."""
        return _interpolate(self.steps, self.places, step)

    def step(self, place: float) -> float:
        """Which step lies at a place: the inverse of `place`."""
        return _interpolate(self.places, self.steps, place)


STEPS = Ruler((0.0, 1.0), (0.0, 1.0))
"""The axis that is the step itself."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the steps of one training happened."""

    clock: Series = field(default_factory=lambda: Series("clock"))
    """Unix seconds by step; may run backwards where a provider's clock did."""
    steps_per_epoch: float | None = None

    def axes(self) -> tuple[Axis, ...]:
        """The axes on which these steps have a place."""
        epoch: tuple[Axis, ...] = ("epoch",) if self.steps_per_epoch else ()
        times: tuple[Axis, ...] = ("relative", "wall") if len(self.clock) else ()
        return ("step", *epoch, *times)

    def ruler(self, axis: Axis) -> Ruler:
        """The map for an axis; for one without places, the step itself."""
        if axis == "epoch" and self.steps_per_epoch:
            return Ruler((0.0, self.steps_per_epoch), (0.0, 1.0))
        if axis in ("relative", "wall") and len(self.clock):
            times = _spread(list(accumulate(self.clock.values(), max)))
            origin = times[0] if axis == "relative" else 0.0
            return Ruler(self.clock.steps(), [time - origin for time in times] if origin else times)
        return STEPS


def _interpolate(known: Sequence[float], wanted: Sequence[float], at: float) -> float:
    if len(known) < 2:  # one step at one moment: a step is a second
        return wanted[0] + (at - known[0])
    left = min(max(bisect_right(known, at) - 1, 0), len(known) - 2)
    width = known[left + 1] - known[left]
    share = (at - known[left]) / width if width else 0.0
    return wanted[left] + share * (wanted[left + 1] - wanted[left])


def _spread(times: list[float]) -> list[float]:
    """Spread the steps of one second evenly over it.

    Providers stamp events with whole seconds; a fast training has many steps in each.
    """
    if len(set(times)) == len(times):
        return times
    spread: list[float] = []
    while len(spread) < len(times):
        start = len(spread)
        here, stop = times[start], bisect_right(times, times[start], start)
        room = min(times[stop] - here, 1.0) if stop < len(times) else 1.0
        spread.extend(here + room * number / (stop - start) for number in range(stop - start))
    return spread
