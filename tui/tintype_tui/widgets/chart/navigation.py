"""Moving about a chart: zoom, pan, and where the cursor goes next. Pure.

A window is a stretch of the x-axis; none means all of it, whatever comes.
"""

from collections.abc import Iterable

from tintype.metrics import Ruler, Series

Window = tuple[float, float]


def zoomed(shown: Window, extent: Window, factor: float, at: float, least: float) -> Window | None:
    """Zoom around a place, which stays where it is; factors below 1 go in, to `least` at most."""
    low, high = shown
    width = max((high - low) * factor, least)
    if width >= extent[1] - extent[0]:
        return None
    start = at - (at - low) / (high - low) * width
    return within((start, start + width), extent)


def within(window: Window, extent: Window) -> Window:
    """Push a window back to where there is something."""
    low = min(max(window[0], extent[0]), max(extent[0], extent[1] - (window[1] - window[0])))
    return low, low + (window[1] - window[0])


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
