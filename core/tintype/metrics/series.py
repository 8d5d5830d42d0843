"""A series: the values of one metric, step by step.

A series never changes; a longer one is another. While a job runs there is a new one several times
a second, and copying 100,000 points each time would be waste, so the versions of a series share
their storage: lists that only ever grow, and a count that says how far this version sees. Whoever
holds the newest version grows the lists in place; growing an older one copies. Any version may be
read by any thread at any time, but no two threads may grow versions of one series at once.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

DRAWABLE = 1e300
"""The largest magnitude that is treated as a number. Anything beyond is as good as infinite, and
spans and sums of two such values would overflow."""

BLOCK = 32
"""Points whose extremes are kept together, so that a wide view need not look at every point."""


class Column(NamedTuple):
    """The points that fall into one column of a chart."""

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


class Series:
    """Points in strict order of step. Values may be NaN or infinite; a step may be absent."""

    __slots__ = ("_count", "_highs", "_lows", "_name", "_odd", "_steps", "_values")

    def __init__(self, name: str, points: Iterable[tuple[int, float]] = ()) -> None:
        """Take points in any order; of two at one step the later in order of arrival counts."""
        self._name = name
        self._count = 0
        self._steps: list[int] = []
        self._values: list[float] = []
        self._odd: list[int] = []
        self._lows: list[float] = []
        self._highs: list[float] = []
        ordered = sorted(dict(points).items())
        self._grow([step for step, _ in ordered], [value for _, value in ordered])

    @property
    def name(self) -> str:
        """The metric's name, as the provider spells it."""
        return self._name

    @property
    def first(self) -> int:
        """The first step; 0 when there is none."""
        return self._steps[0] if self._count else 0

    @property
    def last(self) -> int:
        """The last step; 0 when there is none."""
        return self._steps[self._count - 1] if self._count else 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.steps(), self.values(), strict=True)

    def __getitem__(self, index: int) -> tuple[int, float]:
        if not -self._count <= index < self._count:
            raise IndexError(index)
        index %= self._count
        return self._steps[index], self._values[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Series):
            return NotImplemented
        if self._name != other._name or self._count != other._count:
            return False
        return self._steps is other._steps or _same(self, other)

    def __hash__(self) -> int:
        return hash((self._name, self._count, self.last))

    def __repr__(self) -> str:
        return f"Series({self._name!r}, {self._count} points, steps {self.first}…{self.last})"

    def steps(self, start: int = 0, stop: int | None = None) -> list[int]:
        """Copy the steps of the points numbered `start` to `stop`."""
        return self._steps[start : self._count if stop is None else min(stop, self._count)]

    def values(self, start: int = 0, stop: int | None = None) -> list[float]:
        """Copy the values of the points numbered `start` to `stop`."""
        return self._values[start : self._count if stop is None else min(stop, self._count)]

    def index(self, step: float, start: int = 0) -> int:
        """Number of the first point, from `start` on, at or after a step."""
        return bisect_left(self._steps, step, min(start, self._count), self._count)

    def at(self, numbers: Iterable[int]) -> list[float]:
        """The values of the points of these numbers."""
        values = self._values
        return [values[number] for number in numbers]

    @property
    def unbroken(self) -> bool:
        """Whether there is a point at every step from the first to the last."""
        return self.last - self.first == self._count - 1

    def spacing(self, number: int) -> int:
        """How many steps a point lies behind the one before it; `number` is at least 1."""
        return self._steps[number] - self._steps[number - 1]

    def odd(self, start: int = 0, stop: int | None = None) -> list[int]:
        """Numbers of the points that are no drawable number: NaN, infinite, beyond `DRAWABLE`."""
        end = self._count if stop is None else min(stop, self._count)
        if not self._odd:
            return []
        return self._odd[bisect_left(self._odd, start) : bisect_left(self._odd, end)]

    def extremes(self, start: int, stop: int) -> tuple[float, float]:
        """The lowest and highest drawable value of a range of points; NaN if there is none.

        Whole blocks are looked up, so a range of thousands costs no more than one of a hundred.
        """
        stop = min(stop, self._count)
        if stop - start <= 2 * BLOCK:
            part = self._values[start:stop]
            return _extremes(part) if self._odd or not part else (min(part), max(part))
        first, last = -(-start // BLOCK), stop // BLOCK
        ends = self.values(start, first * BLOCK) + self.values(last * BLOCK, stop)
        lows, highs = self._lows[first:last], self._highs[first:last]
        if self._odd:
            return _extremes([value for value in ends + lows + highs if value == value])
        return min(lows + ends), max(highs + ends)

    def cut(self, edges: Sequence[float], before: Sequence[Column] = ()) -> list[Column]:
        """Cut at ascending steps into columns; a column holds its left edge and not its right one.

        Columns without a point are left out. Taking every n-th point would hide a spike; a column
        keeps its first and last value (for the line to its neighbours) and its lowest and highest
        (for the extent of the ink).

        Args:
            edges: one more than there are columns.
            before: what an earlier version of this series was cut into, anywhere. While a job runs
                most columns gain or lose a point at either end: their extremes are known from it.
        """
        found: list[Column] = []
        if len(edges) < 2:
            return found
        values = self._values
        start, *stops = self._numbers(edges)
        has_odd = bool(self.odd(start, stops[-1]))
        known = {} if has_odd else {column.at: column for column in before if not column.odd}
        for at, stop in enumerate(stops):
            if stop == start:
                continue
            old = known.get(at)
            low, high = (old and self._moved(old, start, stop)) or self.extremes(start, stop)
            odd = len(self.odd(start, stop)) if has_odd else 0
            found.append(Column(at, start, stop, values[start], values[stop - 1], low, high, odd))
            start = stop
        return found

    def _numbers(self, edges: Sequence[float]) -> list[int]:
        """For each of some ascending steps the number of the first point at or after it."""
        if self.unbroken:
            first, count = self.first, self._count
            return [min(max(math.ceil(edge) - first, 0), count) for edge in edges]
        found, wide = [self.index(edges[0])], 0
        end = self.index(edges[-1], found[0])
        for edge in edges[1:]:  # columns of a width hold about as many as the one before
            near = found[-1] + wide + 1
            most = near if near < end and self._steps[near] >= edge else end
            found.append(bisect_left(self._steps, edge, found[-1], most))
            wide = found[-1] - found[-2]
        return found

    def _moved(self, old: Column, start: int, stop: int) -> tuple[float, float] | None:
        """The extremes of a range that has moved on a little from a column without odd values.

        None if more than a few points are others, or one that was an extreme is no longer in it.
        """
        if not old.start <= start < old.stop <= stop < old.stop + BLOCK:
            return None
        low, high = old.low, old.high
        gone = self._values[old.start : start]
        if low in gone or high in gone:
            return None
        come = self._values[old.stop : stop]
        return min((low, *come)), max((high, *come))

    def continues(self, other: "Series") -> bool:
        """Whether this is a later version of the other, known without looking at the points."""
        return self._steps is other._steps and self._count >= other._count

    def extended(self, steps: Sequence[int], values: Sequence[float]) -> "Series":
        """Return a longer version, given points that all follow the last one, in order."""
        if not steps:
            return self
        longer = Series.__new__(Series)
        longer._name, longer._count = self._name, self._count
        if self._count and self._count == len(self._steps):
            longer._steps, longer._values = self._steps, self._values
            longer._odd, longer._lows, longer._highs = self._odd, self._lows, self._highs
        else:
            longer._steps, longer._values = self.steps(), self.values()
            blocks = self._count // BLOCK
            longer._odd = self.odd()
            longer._lows, longer._highs = self._lows[:blocks], self._highs[:blocks]
        longer._grow(steps, values)
        return longer

    def merged(self, points: Mapping[int, float]) -> "Series":
        """Return a version with further points anywhere; they replace those at the same step.

        Points that are known already change nothing, and the very same series is returned.
        """
        news = {step: value for step, value in points.items() if not self._knows(step, value)}
        if not news:
            return self
        ordered = sorted(news)
        if not self._count or ordered[0] > self.last:
            return self.extended(ordered, [news[step] for step in ordered])
        return Series(self._name, (dict(self) | news).items())

    def _knows(self, step: int, value: float) -> bool:
        at = self.index(step)
        if at == self._count or self._steps[at] != step:
            return False
        known = self._values[at]
        return known == value or (known != known and value != value)

    def _grow(self, steps: Sequence[int], values: Sequence[float]) -> None:
        base = len(self._steps)
        self._steps.extend(steps)
        self._values.extend(values)
        self._odd.extend(
            number
            for number, value in enumerate(values, base)
            if not -DRAWABLE <= value <= DRAWABLE
        )
        self._count = base + len(steps)
        for start in range(len(self._lows) * BLOCK, self._count - BLOCK + 1, BLOCK):
            low, high = _extremes(self._values[start : start + BLOCK])
            self._lows.append(low)
            self._highs.append(high)


def _extremes(values: list[float]) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (math.nan, math.nan)
    if low != low or not -DRAWABLE <= low <= high <= DRAWABLE or not math.isfinite(sum(values)):
        drawable = [value for value in values if -DRAWABLE <= value <= DRAWABLE]
        return (min(drawable), max(drawable)) if drawable else (math.nan, math.nan)
    return low, high


def _same(one: Series, other: Series) -> bool:
    """Compare point by point; NaN equals NaN here, because it says the same."""
    return one.steps() == other.steps() and all(
        a == b or (a != a and b != b) for a, b in zip(one.values(), other.values(), strict=True)
    )


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
