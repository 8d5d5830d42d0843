"""Axes: the range of a plot, round places on it, and their labels. No drawing, no Textual.

Labels follow the step between ticks, not the single value: 0.10, 0.15, 0.20 and not 0.1, 0.15, 0.2.
Ticks are 1, 2 or 5 times a power of ten, on a logarithmic axis within each decade, and on a time
axis what a clock has.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise

from tintype.metrics import Axis

Tick = tuple[float, str]
"""A place on an axis and its label."""

_CLOCK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 7, 14, 30, 90, 180, 365, 730, 3_650, 36_500, 365_000)),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of the y-axis; a logarithmic one is kept as powers of ten."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How high a value lies: 0 at the bottom, 1 at the top, beyond them outside.

        On a logarithmic scale what is not positive lies far below.
        """
        if self.log:
            value = math.log10(value) if value > 0 else -1e4
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """What lies at a height: the inverse of `share`."""
        at = self.low + share * (self.high - self.low)
        return _power(at) if self.log else at


def fit(low: float, high: float, log: bool) -> Scale:
    """Choose a range that shows all of `low` to `high`, with a little air.

    A curve that comes close to zero from above stands on zero; one that does not move lies in the
    middle.
    On a logarithmic scale both must be positive.
    """
    bottom, top = (math.log10(low), math.log10(high)) if log else (low, high)
    span = top - bottom
    if span <= max(abs(bottom), abs(top)) * 1e-9:
        air = 0.3 if log else abs(bottom) * 0.1 or 1.0
        top += air / 7  # a little off the middle, where rounding would make an average waver
    else:
        air = span * 0.04
    floor = bottom - air
    grounded = not log and low >= 0 and floor < 0.1 * top
    return Scale(0.0 if grounded else floor, top + air, log)


def evenly(scale: Scale, rows: int, count: int, width: int) -> tuple[Scale, list[Tick]]:
    """Widen a range so that its ticks lie equally many rows apart, in the middle of their rows.

    A logarithmic range, and one of very few rows, is left as it is.

    Args:
        scale: The range to be shown.
        rows: Cells down.
        count: About so many ticks.
        width: Cells for a label.
    """
    if scale.log or rows < 5:
        return scale, y_ticks(scale, count, width)
    low, span = scale.low, scale.high - scale.low
    choices = []
    for between in range(2, max(3, rows // 2)):
        step = _round_step(span / (rows - 0.5) * between, False)
        while step / between * (rows - 0.5) < span + (low - _down(low, step / between)):
            step = _round_step(step * 1.5, False)
        crowd = abs(rows / between - count) / count
        choices.append((rows * step / between / span + 0.4 * crowd, between, step))
    _, between, step = min(choices)
    row = step / between
    bottom = _down(low, row) - row / 2
    even = Scale(bottom, bottom + rows * row)
    first, last = math.ceil(even.low / step - 1e-9), math.floor(even.high / step + 1e-9)
    values = [number * step for number in range(first, last + 1)]
    return even, list(zip(values, number_labels(values, step, width), strict=True))


def _down(value: float, unit: float) -> float:
    """The next multiple of a unit at or below a value."""
    return math.floor(value / unit + 1e-9) * unit


def y_ticks(scale: Scale, count: int, width: int) -> list[Tick]:
    """About `count` ticks, at most, with labels of at most `width` characters."""
    if scale.log:
        decades = _log_ticks(scale, count)
        if len(decades) >= 2 or scale.high - scale.low > 1.5:
            return [(value, _short(value, width)) for value in decades]
        low, high = _power(scale.low), _power(scale.high)
    else:
        low, high = scale.low, scale.high
    values, step = round_places(low, high, count)
    return list(zip(values, number_labels(values, step, width), strict=True))


def x_ticks(
    axis: Axis, low: float, high: float, width: int, zone: tzinfo | None = None
) -> list[Tick]:
    """As many ticks as have room for their labels, with a gap between, in `width` cells.

    Args:
        axis: what the places are; it decides what is round and how it is written.
        low: the place at the left edge.
        high: the place at the right edge.
        width: cells for the whole axis.
        zone: of wall time; the machine's own if none.
    """
    if not high > low:
        return []
    ticks: list[Tick] = []
    for count in range(max(width // 6, 1), 0, -1):
        ticks = _x_ticks(axis, low, high, count, zone)
        room = width / max(count, 1) if len(ticks) < 2 else _room(ticks, low, high, width)
        if all(len(text) + 2 <= room for _, text in ticks):
            return ticks
    return ticks[:1]


def round_places(
    low: float, high: float, count: int, whole: bool = False
) -> tuple[list[float], float]:
    """At most `count` multiples of 1, 2 or 5 times a power of ten, and the step between them."""
    step = _round_step((high - low) / max(count, 1), whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    while last - first + 1 > max(count, 1) and last > first:
        step = _round_step(step * 1.5, whole)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)], step


def number_labels(values: Sequence[float], step: float, width: int) -> list[str]:
    """Write numbers alike, with the decimals their step needs, thousands as k, M, G."""
    top = max((abs(value) for value in values), default=0.0)
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")):
        if unit and (top < size * (10 if unit == "k" else 1) or step < size / 1000):
            continue
        decimals = max(0, -math.floor(math.log10(step / size) + 1e-9))
        if decimals <= 8:
            labels = [f"{value / size:.{decimals}f}{unit if value else ''}" for value in values]
            if all(len(text) <= width for text in labels):
                return labels
    return [_short(value, width) for value in values]


def duration_label(seconds: float, step: float) -> str:
    """Elapsed time in the units of its step: 45s, 1m30s, 20m, 1h30m, 2d6h."""
    total = round(abs(seconds))
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    parts = [(total // size % limit, unit, size) for (unit, size), limit in zip(
        units, (10**12, 24, 60, 60), strict=True
    )]  # fmt: skip
    shown = [f"{count}{unit}" for count, unit, size in parts if count and size * 60 > step]
    return ("-" if seconds < 0 and total else "") + ("".join(shown[:2]) or "0")


def clock_label(seconds: float, step: float, zone: tzinfo | None) -> str:
    """The time on the wall, or from a step of a day the date."""
    moment = _moment(seconds, zone)
    if step >= 86_400:
        return f"{moment:%d %b}" if step < 86_400 * 300 else f"{moment:%Y}"
    return f"{moment:%H:%M}" if step >= 60 else f"{moment:%H:%M:%S}"


def _x_ticks(axis: Axis, low: float, high: float, count: int, zone: tzinfo | None) -> list[Tick]:
    if axis in ("relative", "wall"):
        label: Callable[[float, float], str] = duration_label
        shift = 0.0
        if axis == "wall":
            offset = _moment(high, zone).utcoffset()
            shift = offset.total_seconds() if offset else 0.0
            label = lambda place, step: clock_label(place, step, zone)  # noqa: E731
        wanted = (high - low) / count
        step = float(next((size for size in _CLOCK_STEPS if size >= wanted), _CLOCK_STEPS[-1]))
        first, last = math.ceil((low + shift) / step), math.floor((high + shift) / step)
        places = [number * step - shift for number in range(first, min(last, first + 200) + 1)]
        return [(place, label(place, step)) for place in places]
    places, step = round_places(low, high, count, whole=axis == "step")
    if axis == "step" and max(abs(low), abs(high)) < 1e6:
        return [(place, f"{place:,.0f}") for place in places]
    return list(zip(places, number_labels(places, step, 9), strict=True))


def _room(ticks: Sequence[Tick], low: float, high: float, width: int) -> float:
    """Cells from one tick to the next, at least."""
    nearest = min(after[0] - before[0] for before, after in pairwise(ticks))
    return nearest / (high - low) * width


def _log_ticks(scale: Scale, count: int) -> list[float]:
    """Decades, each split 1-2-5 if there is room, or every second, fifth, tenth … decade."""
    first, last = math.floor(scale.low), math.ceil(scale.high)
    for factors in ((1, 2, 5), (1,)):
        values = [
            factor * 10.0**power
            for power in range(first, last + 1)
            for factor in factors
            if last - first <= 200 and scale.low <= power + math.log10(factor) <= scale.high
        ]
        if 0 < len(values) <= count:
            return values
    for step in (2, 5, 10, 20, 50, 100, 200, 500, 1_000):
        powers = range(math.ceil(scale.low / step) * step, last + 1, step)
        values = [10.0**power for power in powers if -300 <= power <= min(scale.high, 300)]
        if len(values) <= count:
            break
    return values


def _power(exponent: float) -> float:
    """A power of ten within what a float can hold."""
    return float(10.0 ** min(max(exponent, -320.0), 300.0))


def _round_step(rough: float, whole: bool) -> float:
    if not rough > 1e-300:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(
        (factor * power for factor in (1, 2, 5) if factor * power >= rough * 0.999999), 10 * power
    )
    return max(1.0, step) if whole else step


def _short(value: float, width: int) -> str:
    """As few characters as say it: 0.002, 5, 2000, 1e-5."""
    plain = f"{value:.10f}".rstrip("0").rstrip(".") if 1e-4 <= abs(value) < 1e5 else ""
    if plain and len(plain) <= width:
        return plain
    if value == 0:
        return "0"
    for digits in range(3, -1, -1):
        mantissa, _, power = f"{value:.{digits}e}".partition("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(power)}"
        if len(text) <= width:
            return text
    return text


def _moment(seconds: float, zone: tzinfo | None) -> datetime:
    """A moment within the years a calendar has."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), 2.5e11), zone).astimezone(zone)
