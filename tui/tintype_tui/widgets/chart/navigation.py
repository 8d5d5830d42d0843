"""Moving about a chart: its keys, and where they lead. Pure.

A window is a stretch of the x-axis; none means all of it, whatever comes. Digits, `?`, `q`, `:` and
`/` belong to the app, `t` to its next step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from textual.binding import Binding

from tintype.metrics import Ruler, Series, spikes

Window = tuple[float, float]
Value = TypeVar("Value")


def zoomed(shown: Window, extent: Window, factor: float, at: float, least: float) -> Window | None:
    """Zoom around a place, which stays where it is; factors below 1 go in, to `least` at most."""
    low, high = shown
    width = max((high - low) * factor, least)
    if width >= extent[1] - extent[0]:
        return None
    start = at - (at - low) / (high - low) * width
    return within((start, start + width), extent)


def steps_around(series: Sequence[Series], step: float, before: int, after: int) -> list[int]:
    """Steps at which anything was reported: up to so many up to a step, and so many behind it."""
    earlier: set[int] = set()
    later: set[int] = set()
    for one in series:
        at = one.index(step + 0.5)
        earlier.update(one.steps(max(0, at - before), at))
        later.update(one.steps(at, at + after))
    return sorted(earlier)[-before:] + sorted(later)[:after]


def within(window: Window, extent: Window) -> Window:
    """Push a window back to where there is something."""
    low = min(max(window[0], extent[0]), max(extent[0], extent[1] - (window[1] - window[0])))
    return low, low + (window[1] - window[0])


def next_of(now: Value, among: Sequence[Value]) -> Value:
    """The value after the present one; after the last, the first."""
    return among[(among.index(now) + 1) % len(among)]


def next_place(
    curves: Iterable[tuple[Series, Ruler]], place: float, cell: float, forward: bool
) -> float:
    """The next point of any curve in a direction, or where points are dense one a cell away.

    At the end it stays where it is.
    """
    sign = 1 if forward else -1
    nearest_ahead: list[float] = []
    a_cell_away: list[float] = []
    for series, ruler in curves:
        step = ruler.step(place)
        for target, found in ((step + sign * 1e-6, nearest_ahead), (None, a_cell_away)):
            aim = ruler.step(place + sign * cell) if target is None else target
            number = series.index(aim) if forward else series.index(aim + 1e-9) - 1
            if 0 <= number < len(series):
                found.append(ruler.place(series[number][0]))
    best = min if forward else max
    if not nearest_ahead:
        return place
    first = best(nearest_ahead)
    if abs(first - place) >= cell or not a_cell_away:
        return first
    return best(a_cell_away)


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a chart one looks at."""

    window: Window | None = None
    following: bool = False
    """Whether the window moves along with the newest point."""
    cursor: float | None = None
    second: float | None = None
    """The place from which differences are taken."""

    def dropped(self) -> "Sight":
        """Without a cursor, of two without the second one."""
        return replace(self, cursor=self.cursor if self.second is not None else None, second=None)

    def kept(self) -> dict[str, Any]:
        """As plain JSON, as `read_sight` reads it."""
        return asdict(self)


def read_sight(kept: Any) -> Sight:
    """What was kept; whatever is not as it should be is left out."""
    found = kept if isinstance(kept, dict) else {}
    window = found.get("window")
    places = [
        place if isinstance(place, float) else None
        for place in (*(window if isinstance(window, (list, tuple)) else ()), None, None)[:2]
    ]
    cursor, second = (
        place if isinstance(place := found.get(name), float) else None
        for name in ("cursor", "second")
    )
    low, high = places
    stretch = (low, high) if low is not None and high is not None and low < high else None
    return Sight(stretch, found.get("following") is True, cursor, second)


def kept_up(sight: Sight, extent: Window) -> Sight:
    """Stay where there are points; at the newest of them, if the window follows it."""
    if sight.window is None:
        return sight
    low, high = sight.window
    end = extent[1] if sight.following else high
    return replace(sight, window=within((end - (high - low), end), extent))


def translated(sight: Sight, before: Ruler, after: Ruler) -> Sight:
    """The same steps on another x-axis."""
    low, high, cursor, second = (
        None if place is None else after.place(before.step(place))
        for place in (*(sight.window or (None, None)), sight.cursor, sight.second)
    )
    window = None if low is None or high is None else (low, high)
    return replace(sight, window=window, cursor=cursor, second=second)


@dataclass(frozen=True, slots=True)
class Field:
    """What there is to look at: the curves with their rulers, all of the x-axis, the cells."""

    curves: Sequence[tuple[Series, Ruler]]
    extent: Window
    columns: int

    def shown(self, sight: Sight) -> Window:
        """The stretch of the x-axis on the plot."""
        return self.extent if sight.window is None else sight.window

    def place(self, sight: Sight, column: int) -> float:
        """The middle of a column of cells of the plot."""
        low, high = self.shown(sight)
        return low + (column + 0.5) / self.columns * (high - low)

    def _least(self, sight: Sight) -> float:
        """The narrowest window: two steps."""
        ruler, low = self.curves[0][1], self.shown(sight)[0]
        step = ruler.step(low)
        return max(ruler.place(step + 2) - ruler.place(step), (self.extent[1] - low) * 1e-9)

    def show(self, sight: Sight, window: Window | None) -> Sight:
        """Show a window, and follow the newest point if that is in it."""
        high = self.extent[1]
        following = window is not None and window[1] >= high - (high - window[0]) * 1e-9
        return replace(sight, window=window, following=following)

    def zoom(self, sight: Sight, factor: float, at: float | None = None) -> Sight:
        """Zoom around a place, else the cursor if it is seen, the followed end, or the middle."""
        if not self.curves:
            return sight
        low, high = self.shown(sight)
        if at is None:
            at = (low + high) / 2
            if sight.cursor is not None and low <= sight.cursor <= high:
                at = sight.cursor
            elif sight.following and sight.window is not None:
                at = high
        window = zoomed((low, high), self.extent, factor, at, self._least(sight))
        return self.show(sight, window)

    def pan(self, sight: Sight, share: float) -> Sight:
        """Move the window by a share of its width."""
        if sight.window is None:
            return sight
        low, high = sight.window
        by = (high - low) * share
        return self.show(sight, within((low + by, high + by), self.extent))

    def go(self, sight: Sight, end: int) -> Sight:
        """Go to one end: the window, and the cursor if there is one."""
        low, high = self.extent
        after = sight
        if sight.window is not None:
            width = sight.window[1] - sight.window[0]
            after = self.show(sight, (high - width, high) if end else (low, low + width))
        if sight.cursor is not None or sight.window is None:
            after = replace(after, cursor=high if end else low)
        return after

    def move(self, sight: Sight, by: int) -> Sight:
        """Move the cursor by points; the first time it appears at the end, or the start."""
        if not self.curves:
            return sight
        low, high = self.shown(sight)
        cell = (high - low) / max(self.columns, 1)
        place, count = sight.cursor, abs(by)
        if place is None or not low <= place <= high:
            margin = cell * 1e-3
            place, count, cell = (low - margin if by > 0 else high + margin), 1, 0.0
        for _ in range(count):
            place = next_place(self.curves, place, cell, by > 0)
        return self.put(sight, place)

    def put(self, sight: Sight, place: float) -> Sight:
        """Put the cursor on a place and bring it into the window."""
        low, high = self.shown(sight)
        after = sight
        if sight.window is not None and not low <= place <= high:
            start = place - (high - low) * (0.1 if place < low else 0.9)
            after = self.show(sight, within((start, start + high - low), self.extent))
        return replace(after, cursor=place)

    def row(self, sight: Sight, by: int) -> Sight:
        """Move the cursor to another row of the table."""
        if not self.curves:
            return sight
        ruler, every = self.curves[0][1], [series for series, _ in self.curves]
        step = max(series.last for series in every)
        if sight.cursor is not None:
            step = round(ruler.step(sight.cursor))
        around = steps_around(every, step, abs(by) + 1, abs(by))
        here = sum(at <= step for at in around) - 1
        return replace(sight, cursor=ruler.place(around[min(max(here + by, 0), len(around) - 1)]))

    def unusual(self, sight: Sight, direction: int) -> Sight | None:
        """Go to the next spike or value that is no number; none if there is none."""
        places = {
            ruler.place(step)
            for series, ruler in self.curves
            for step in (
                *(spike.step for spike in spikes(series)),
                *(series[number][0] for number in series.odd()),
            )
        }
        start = self.extent[0] - 1 if direction > 0 else self.extent[1] + 1
        here = start if sight.cursor is None else sight.cursor
        ahead = [place for place in places if (place - here) * direction > 1e-6]
        if not ahead:
            return None
        return self.put(sight, min(ahead) if direction > 0 else max(ahead))


def _key(key: str, action: str, id: str, words: str, tooltip: str, shown: str = "") -> Binding:
    """A key; those with a display of their own are named in the footer."""
    return Binding(
        key,
        action,
        words,
        show=bool(shown),
        key_display=shown or None,
        tooltip=tooltip,
        id=f"chart.{id}",
    )


KEYS: tuple[Binding, ...] = (
    _key("right", "move(1)", "right", "Cursor", "read the values at the next point", "←→"),
    _key("left", "move(-1)", "left", "Cursor back", "read the values at the point before"),
    _key("ctrl+right", "move(10)", "right.far", "Cursor far on", "ten points on"),
    _key("ctrl+left", "move(-10)", "left.far", "Cursor far back", "ten points back"),
    _key("plus,equals_sign", "zoom(0.5)", "in", "Zoom", "half as much, at the cursor", "+-"),
    _key("minus,underscore", "zoom(2.0)", "out", "Zoom out", "twice as much, at the cursor"),
    _key("z", "reset", "all", "All", "show everything, now and as it comes", "z"),
    _key("shift+right,l", "pan(0.25)", "later", "Later", "move on by a quarter"),
    _key("shift+left,h", "pan(-0.25)", "earlier", "Earlier", "move back by a quarter"),
    _key("home", "go(0)", "start", "Start", "go to the first point"),
    _key("end", "go(1)", "end", "End", "go to the newest point and follow it"),
    _key("x", "axis", "axis", "Axis", "step, epoch, elapsed time, time of day", "x"),
    _key("L", "switch('log_y')", "log", "Log", "logarithmic y-axis on or off", "L"),
    _key("S", "smooth(1)", "smoother", "Smooth", "average over more points", "sS"),
    _key("s", "smooth(-1)", "rougher", "Smooth less", "average over fewer points"),
    _key("o", "outliers", "outliers", "Range", "all values, without outliers, or the start cut"),
    _key("v", "second", "second", "Compare", "hold this place and measure from it", "v"),
    _key("n", "unusual(1)", "next", "Next spike", "go to the next spike or NaN", "n"),
    _key("N", "unusual(-1)", "previous", "Spike before", "go to the spike or NaN before"),
    _key("i", "solo", "solo", "One", "show one curve after the other, then all"),
    _key("T", "switch('as_table')", "table", "Table", "sentences and numbers, or the curves", "T"),
    _key("m", "marks", "marks", "Marks", "draw with lines, braille, blocks or ASCII"),
    _key("up", "row(-1)", "row.up", "Row up", "the row before"),
    _key("down", "row(1)", "row.down", "Row down", "the next row"),
    _key("pageup", "row(-20)", "row.pageup", "Rows up", "twenty rows back"),
    _key("pagedown", "row(20)", "row.pagedown", "Rows down", "twenty rows on"),
    _key("escape", "drop", "drop", "No cursor", "take the cursor away"),
)
