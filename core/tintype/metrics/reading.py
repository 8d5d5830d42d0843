"""Reading a series as an experienced person would: where it stands, where it goes, what is odd.

The thresholds here are rules of thumb, each with its reason. What they find is shown as a hint and
never decides anything.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tintype.metrics.series import DRAWABLE, Series
from tintype.metrics.smoothing import smooth
from tintype.metrics.wording import better, figure, label

_EVALUATIONS = 50
"""Up to so many points a series is read value by value; beyond it is noise and is smoothed."""


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """Where a series stands."""

    count: int
    odd: int
    """How many values are NaN or infinite."""
    last_step: int
    last: float
    """The last value, whatever it is; NaN if there is none."""
    low_step: int
    low: float
    high_step: int
    high: float


@dataclass(frozen=True, slots=True)
class Spike:
    """A value far out of the run of its neighbours, for the worse."""

    step: int
    value: float
    expected: float
    """What the neighbours before it led one to expect."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something about a curve that usually means a mistake."""

    kind: Literal["not a number", "zero", "flat", "exploding", "overfitting"]
    step: int
    """Where it begins."""
    sentence: str


def nearest(series: Series, step: float) -> tuple[int, float] | None:
    """The point closest to a step, the earlier of two equally close; none if there is no point."""
    if not len(series):
        return None
    right = series.index(step)
    if right == 0:
        return series[0]
    if right == len(series) or step - series[right - 1][0] <= series[right][0] - step:
        return series[right - 1]
    return series[right]


def summary(series: Series) -> SeriesSummary:
    """Sum up a series; extremes are of the drawable values and NaN if there is none."""
    odd = len(series.odd())
    values = series.values()
    if odd:
        values = [value if abs(value) <= DRAWABLE else math.nan for value in values]
    drawable = [value for value in values if value == value] if odd else values
    if not drawable:
        last = series[-1][1] if len(series) else math.nan
        return SeriesSummary(len(series), odd, series.last, last, 0, math.nan, 0, math.nan)
    low, high = min(drawable), max(drawable)
    low_step, high_step = series[values.index(low)][0], series[values.index(high)][0]
    return SeriesSummary(
        len(series), odd, series.last, series[-1][1], low_step, low, high_step, high
    )


def describe(series: Series) -> str:
    """Say in one sentence what a curve does."""
    name, count = _title(series), len(series) - len(series.odd())
    if not count:
        return f"{name} has no values yet." if not len(series) else f"{name} has no number."
    if count > _EVALUATIONS:
        return f"{name} {_course(series)}."
    points = [(step, value) for step, value in series if abs(value) <= DRAWABLE]
    if count == 1:
        return f"{name} is {figure(points[0][1])} at step {points[0][0]:,}."
    return f"{name} {_streak(series.name, points) or _course(series)}."


def spikes(series: Series, factor: float = 6.0) -> list[Spike]:
    """Find sudden turns for the worse: upwards, or for an accuracy downwards.

    A value is a spike if its distance from the average of the values before it is `factor` times
    the usual distance and a tenth of the average itself. Of neighbouring ones the worst is kept.
    The first 20 values teach what is usual.
    """
    sign = -1.0 if better(series.name) == "high" else 1.0
    found: list[Spike] = []
    mean = spread = 0.0
    seen, run = 0, False
    for step, value in series:
        if not -DRAWABLE <= value <= DRAWABLE:
            continue
        away = sign * (value - mean)
        if seen >= 20 and away > factor * spread and away > 0.1 * abs(mean):
            if not run:
                found.append(Spike(step, value, mean))
            elif sign * (value - found[-1].value) > 0:
                found[-1] = Spike(step, value, found[-1].expected)
            run = True
            # A new level is no spike: it is slowly believed.
            value, away = mean + sign * factor * spread * 0.5, factor * spread * 0.5
        else:
            run = False
        pace = max(0.05, 1 / (seen + 1))
        spread += pace * (abs(away) - spread) if seen else 0.0
        mean += pace * (value - mean)
        seen += 1
    return found


def suspicions(series: Series) -> tuple[Suspicion, ...]:
    """What about a loss looks like a mistake; of other metrics only what is not a number.

    The cases are the ones people ask about: a loss that is exactly 0 at once (nothing is trained
    on, or the answers are cut off), one that does not move (nothing is being learnt), one that
    explodes (learning rate), one that is NaN.
    """
    loss = "loss" in series.name
    found = [_not_a_number(series)]
    if loss:
        found += [_zero(series), _flat(series), _exploding(series)]
    return tuple(one for one in found if one)


def _streak(name: str, points: Sequence[tuple[int, float]]) -> str:
    """Tell how often an evaluation has gone the same way at the end; empty below twice."""
    if not name.startswith(("valid", "full_valid", "eval")):
        return ""
    rises = [after[1] > before[1] for before, after in pairwise(points)]
    moves = [after[1] != before[1] for before, after in pairwise(points)]
    run = 0
    while run < len(rises) and rises[-1 - run] == rises[-1] and moves[-1 - run]:
        run += 1
    if run < 2:
        return ""
    (start, before), (end, after) = points[-1 - run], points[-1]
    verb = "rose" if rises[-1] else "fell"
    return (
        f"{verb} {run} evaluations running, from {figure(before)} at step {start:,} "
        f"to {figure(after)} at step {end:,}"
    )


def _course(series: Series) -> str:
    """Tell from where to where a curve goes, smoothed if there is much of it, and its best.

    A curve that has turned for the worse is described by its best and by what followed: that a run
    which diverged still ends below its first value says nothing.
    """
    count, found = len(series), summary(series)
    odd = set(series.odd())
    first = next(number for number in range(count) if number not in odd)
    last = next(number for number in range(count - 1, -1, -1) if number not in odd)
    (start, before), (end, after), manner = series[first], series[last], ""
    if count - len(odd) > _EVALUATIONS:
        # Of what lies 400 values back, 0.9⁴⁰⁰ is left in an average: nothing.
        since = max(last - 400, 0)
        recent = zip(series.steps(since, last + 1), series.values(since, last + 1), strict=True)
        after, manner = smooth(Series(series.name, recent), 0.9).series[-1][1], " (smoothed)"
    good = better(series.name)
    best, best_step = (
        (found.high, found.high_step) if good == "high" else (found.low, found.low_step)
    )
    if good and (turned := _turned(series, good)):
        fell, rises = ("fell", "has risen") if good == "low" else ("rose", "has fallen")
        way = f"{fell} from {figure(before)} to" if best_step > start else "began at"
        return f"{way} {figure(best)} at step {best_step:,} and {rises} to {figure(turned)} since"
    steps = "1 step" if end - start == 1 else f"{end - start:,} steps"
    if abs(after - before) <= 0.02 * (found.high - found.low):
        course = f"stays around {figure(after)}{manner} over {steps}"
    else:
        verb = "rose" if after > before else "fell"
        course = f"{verb} from {figure(before)} to {figure(after)}{manner} over {steps}"
    if not good or found.low == found.high:
        return course
    name = "lowest" if good == "low" else "highest"
    return f"{course}; {name} {figure(best)} at step {best_step:,}"


_WORSE = 0.3
"""The share of its improvement that a curve has lost again where one says that it has turned."""


def _turned(series: Series, good: Literal["low", "high"]) -> float | None:
    """Where a curve stands that has lost much of what it had gained; none if it has not.

    Judged by the values of a while, so that neither noise nor one lucky batch counts: those of the
    end must lie apart from those around the best.
    """
    sign = 1.0 if good == "low" else -1.0
    parts = [sorted(sign * value for value in values) for _, values in _stretches(series)]
    if len(parts) < 3:
        return None
    levels = [_middle(part) for part in parts]
    best, end = min(parts, key=_middle), parts[-1]
    low, now = _middle(best), levels[-1]
    if now <= best[-1] or end[0] <= low or now - low <= 0.1 * abs(low):
        return None
    return sign * now if now - low > _WORSE * (max(levels) - low) else None


def _stretches(series: Series) -> list[tuple[int, list[float]]]:
    """Return up to ten neighbouring values at up to 66 places of a curve, with their first step."""
    points = [(step, value) for step, value in series if abs(value) <= DRAWABLE]
    size = max(1, min(10, len(points) // 3))
    last = len(points) - size
    starts = [*range(0, last, max(1, last // 64)), last] if points else []
    return [(points[at][0], [value for _, value in points[at : at + size]]) for at in starts]


def _not_a_number(series: Series) -> Suspicion | None:
    odd = series.odd()
    if not odd:
        return None
    step, value = series[odd[0]]
    many = f" and {len(odd) - 1:,} more" if len(odd) > 1 else ""
    sentence = f"{_title(series)} is {figure(value)} at step {step:,}{many}."
    return Suspicion("not a number", step, sentence)


def _zero(series: Series) -> Suspicion | None:
    """Three zeros in a row at the end: one may be rounding, for OpenAI's messages say 0.00."""
    run = _run(series, lambda value: value == 0)
    if run < 3:
        return None
    step = series[-run][0]
    name = _title(series)
    return Suspicion("zero", step, f"{name} has been exactly 0 since step {step:,}.")


def _flat(series: Series) -> Suspicion | None:
    """Twenty values equal to four digits, when even a finished model's batches differ by more."""
    if len(series) < 20 or series[-1][1] == 0:
        return None
    last = series[-1][1]
    run = _run(series, lambda value: abs(value - last) <= 1e-4 * abs(last))
    if run < 20:
        return None
    step, name = series[-run][0], _title(series)
    return Suspicion("flat", step, f"{name} has not moved from {figure(last)} since step {step:,}.")


_GUESSING = 15.0
"""A loss above it is worse than guessing: ln of the largest vocabularies, 262,000, is 12.5."""


def _exploding(series: Series) -> Suspicion | None:
    """Medians of ten values: the last is thrice the lowest, and above the first or any guess."""
    levels = [(step, _middle(values)) for step, values in _stretches(series)]
    if len(series) - len(series.odd()) < 10:
        return None
    now = levels[-1][1]
    step, low = min(levels, key=lambda level: level[1])
    name = _title(series)
    if now > 3 * low and now > 0 and (now > levels[0][1] or now > _GUESSING):
        sentence = f"{name} has grown from {figure(low)} to {figure(now)} since step {step:,}."
        return Suspicion("exploding", step, sentence)
    if now > _GUESSING:
        sentence = (
            f"{name} is {figure(now)}, worse than guessing: the run has diverged. "
            "Try a lower learning rate multiplier."
        )
        return Suspicion("exploding", levels[0][0], sentence)
    return None


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _title(series: Series) -> str:
    name = label(series.name)
    return name[:1].upper() + name[1:]


def _run(series: Series, same: Callable[[float], bool]) -> int:
    """How many of the last points are alike."""
    run = 0
    for number in range(len(series) - 1, -1, -1):
        if not same(series[number][1]):
            break
        run += 1
    return run
