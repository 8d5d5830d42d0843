"""How a quantity is distributed: its bounds, its middle, its shape."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise

AT_ONCE = 100_000
"""Values counted in one go, for a few milliseconds, in which no other thread runs."""
STEPS = 24
"""Of a histogram."""
_GOLDEN = (5**0.5 - 1) / 2
"""Its multiples, whole parts left out, come as close to even distances as can be without a beat."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity is distributed."""

    count: int = 0
    low: int = 0
    median: int = 0
    p95: int = 0
    """The 95th percentile, by nearest rank."""
    high: int = 0
    total: int = 0
    shape: tuple[int, ...] = ()
    """How many values lie in each of up to 24 equal steps from `low` to `p95`; the last step also
    counts what lies above, or a single outlier would press all others into one."""

    @property
    def mean(self) -> float:
        """The mean, or 0 of nothing."""
        return self.total / self.count if self.count else 0.0


def scattered(count: int, most: int) -> tuple[int, ...]:
    """Return `most` of `count` indices in order, spread evenly and yet in no period.

    Rows often come in turns, four questions about each image: at equal distances all that is picked
    may be the same question.
    """
    if most >= count:
        return tuple(range(count))
    picked: set[int] = set()
    at = 0
    while len(picked) < most:
        picked.add(int(at * _GOLDEN % 1 * count))
        at += 1
    return tuple(sorted(picked))


NO_SPREAD = Spread()
"""Of nothing."""


def spread(values: Iterable[int]) -> Spread:
    """Say how so many whole numbers lie; millions of them are usually a few thousand values."""
    times = _times(values)
    if not times:
        return NO_SPREAD
    ordered = sorted(times)
    ranks = list(accumulate(times[value] for value in ordered))  # how many are up to each
    count = ranks[-1]
    p95 = ordered[bisect_left(ranks, -(-count * 95 // 100))]
    return Spread(
        count=count,
        low=ordered[0],
        median=ordered[bisect_left(ranks, (count + 1) // 2)],
        p95=p95,
        high=ordered[-1],
        total=sum(value * number for value, number in times.items()),
        shape=_shape(ordered, ranks, p95),
    )


def _times(values: Iterable[int]) -> Counter[int]:
    """How often each value occurs."""
    times = Counter[int]()
    if isinstance(values, array) and len(values) >= AT_ONCE:
        import numpy as np

        for at in range(0, len(values), AT_ONCE):
            some = np.frombuffer(values[at : at + AT_ONCE], values.typecode)
            found, often = np.unique(some, return_counts=True)
            times.update(dict(zip(found.tolist(), often.tolist(), strict=True)))
        return times
    coming = iter(values)
    while several := list(islice(coming, AT_ONCE)):
        times.update(several)
    return times


def _shape(ordered: Sequence[int], ranks: Sequence[int], p95: int) -> tuple[int, ...]:
    low = ordered[0]
    steps = min(STEPS, p95 - low + 1)
    edges = [low + -(-(p95 - low + 1) * step // steps) for step in range(1, steps)]
    below = [0, *ranks]
    places = [0, *(below[bisect_left(ordered, edge)] for edge in edges), ranks[-1]]
    return tuple(stop - start for start, stop in pairwise(places))
