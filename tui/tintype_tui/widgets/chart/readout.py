"""The words around a picture: legend, values under the cursor, what is shown, a table. No Textual.

A line is a list of spans, each a text with the name of its style: `text`, `title`, `strong`,
`muted`, `row`, or `trace` followed by a number. Names come from providers and are made harmless
here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tintype.metrics import Axis, Ruler, figure, nearest
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart.axes import clock_label, duration_label
from tintype_tui.widgets.chart.palette import Signs
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.trace import Trace
from tintype_tui.widgets.chart.view import Plot, View

Span = tuple[str, str]
Line = list[Span]

AXIS_NAMES: Mapping[Axis, str] = {
    "step": "step",
    "epoch": "epoch",
    "relative": "elapsed",
    "wall": "time",
}


@dataclass(frozen=True, slots=True)
class Cursors:
    """Where one looks, as places on the x-axis."""

    first: float | None = None
    second: float | None = None
    """Where the difference is taken from."""


def width_of(line: Line) -> int:
    """Cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def place_label(place: float, view: View, exact: bool = False, axis: Axis | None = None) -> str:
    """A place on the x-axis, or another one, in words; `exact` to the second."""
    axis = axis or view.axis
    if axis == "step":
        return f"{round(place):,}"
    if axis == "epoch":
        return f"{place:.2f}"
    step = 1.0 if exact else (view.high - view.low) / 100
    if axis == "relative":
        return duration_label(place, step)
    return clock_label(place, min(step, 59.0), view.zone)


def legend(
    traces: Mapping[int, Trace],
    plotter: Plotter,
    view: View,
    cursors: Cursors,
    width: int,
    rows: int,
    signs: Signs,
) -> list[Line]:
    """Every trace with its mark and its value, last or under the cursor, in at most `rows` lines.

    What has no room is left out by importance: first the smoothed values, then what all names
    share and the pieces of line, then the names; in the end the number of traces that are missing
    is said.
    """
    names = {number: one_line(trace.name) for number, trace in traces.items()}
    short = {number: _abbreviated(name) for number, name in _without_shared_end(names).items()}
    none = dict.fromkeys(names, "") if width < 24 else short
    for shown, averages, pieces in (
        (names, True, True),
        (names, False, True),
        (short, False, False),
        (none, False, False),
    ):
        entries = [
            _entry(number, trace, shown[number], plotter, view, cursors, averages, pieces, signs)
            for number, trace in traces.items()
        ]
        lines, left_out = _fill(entries, width, rows, signs)
        if not left_out:
            break
    return lines


def legend_rows(traces: Sequence[Trace], smoothing: float, width: int) -> int:
    """Lines the legend would like, whatever the values, so that the picture keeps its height."""
    wanted = sum(
        cell_len(one_line(trace.name)) + (21 if smoothing > 0 and trace.smoothable else 13)
        for trace in traces
    )
    return 1 if wanted <= width + 2 else 2


def facts(plot: Plot, traces: Mapping[int, Trace], following: bool, hidden: int) -> list[str]:
    """What one must know to read the picture right, the most important first."""
    view, found = plot.view, []
    if plot.drawn < plot.points:
        found.append(f"{plot.drawn:,} of {plot.points:,} points, extremes kept")
    if hidden:
        found.append(f"{hidden} hidden")
    if view.smoothing > 0 and any(trace.smoothable for trace in traces.values()):
        found.append(f"smoothed {view.smoothing:g}")
    if view.log:
        found.append("log")
    if view.clip:
        found.append("outliers cut")
    if following:
        found.append("following")
    return found


def whereabouts(
    cursors: Cursors, trace: Trace, plotter: Plotter, view: View, signs: Signs
) -> list[str]:
    """Where the cursor stands on every axis there is, and how far the second one is."""
    if cursors.first is None:
        return []
    step = plotter.ruler(trace, view.axis).step(cursors.first)
    found = []
    for axis in (view.axis, *(axis for axis in trace.timeline.axes() if axis != view.axis)):
        place = plotter.ruler(trace, axis).place(step)
        found.append(f"{AXIS_NAMES[axis]} {place_label(place, view, True, axis)}")
    if cursors.second is not None:
        apart = cursors.first - cursors.second
        axis = "relative" if view.axis == "wall" else view.axis
        words = place_label(apart, view, True, axis)
        found.insert(1, f"{signs.delta}{'+' if apart > 0 else ''}{words}")
    return found


def heading(title: str, right: Sequence[str], width: int, signs: Signs) -> Line:
    """The title on the left, facts on the right, as many as fit."""
    title = clip(one_line(title), width)
    room = width - cell_len(title) - 2
    kept: list[str] = []
    for fact in right:
        if cell_len(signs.between.join([*kept, fact])) <= room:
            kept.append(fact)
    words = signs.between.join(kept)
    blank = " " * (width - cell_len(title) - cell_len(words))
    return [(title, "title"), (blank, "text"), (words, "muted")]


def _entry(
    number: int,
    trace: Trace,
    name: str,
    plotter: Plotter,
    view: View,
    cursors: Cursors,
    averages: bool,
    pieces: bool,
    signs: Signs,
) -> Line:
    """One trace: `●━━ training loss 0.2214 ≈0.2301`."""
    slot = trace.slot % len(signs.marks)
    look = signs.marks[slot] + (signs.lines[slot] if pieces else "")
    line = [(f"{look} ", f"trace{number}"), (f"{name} " if name else "", "text")]
    ruler = plotter.ruler(trace, view.axis)
    step = math.inf if cursors.first is None else ruler.step(cursors.first)
    point = nearest(trace.series, step)
    if point is None:
        return [*line, ("no values", "muted")]
    line.append((_figure(point[1], signs), "strong"))
    smoothed = plotter.smoothed(number, trace, view.smoothing) if averages else None
    average = nearest(smoothed, step) if smoothed else None
    if average:
        line.append((f" {signs.about}{_figure(average[1], signs)}", "muted"))
    if cursors.first is not None and cursors.second is not None:
        other = nearest(trace.series, ruler.step(cursors.second))
        if other:
            change = _figure(point[1] - other[1], signs)
            plus = "" if change.startswith(("-", "0")) and change[:2] != "0." else "+"
            line.append((f" {signs.delta}{plus}{change}", "muted"))
    elif cursors.first is not None and _apart(point[0], step, view, ruler):
        line.append((f" at {point[0]:,}", "muted"))
    return line


def _apart(step: int, wanted: float, view: View, ruler: Ruler) -> bool:
    """Whether a point lies more than a cell from where one looks."""
    return abs(ruler.place(step) - ruler.place(wanted)) > (view.high - view.low) / view.columns


def _figure(value: float, signs: Signs) -> str:
    return figure(value).replace("∞", signs.infinity)


def _fill(entries: Sequence[Line], width: int, rows: int, signs: Signs) -> tuple[list[Line], int]:
    """Lay entries into lines; returns also how many had no place."""
    lines: list[Line] = [[]]
    for number, entry in enumerate(entries):
        left = len(entries) - number
        gap: Line = [("  ", "text")] if lines[-1] else []
        last = len(lines) == rows
        reserve = 5 if last and left > 1 else 0
        if width_of([*lines[-1], *gap, *entry]) + reserve <= width:
            lines[-1] += [*gap, *entry]
        elif not last and lines[-1] and width_of(entry) <= width:
            lines.append(list(entry))
        else:
            rest = entry if number == 0 else [*lines[-1], (f"  +{left}", "muted")]
            lines[-1] = cut(rest, width)
            return lines, left
    return lines, 0


def cut(line: Line, width: int) -> Line:
    """Cut a line to a width in cells."""
    kept: Line = []
    for text, style in line:
        if width <= 0:
            break
        text = clip(text, width)
        kept.append((text, style))
        width -= cell_len(text)
    return kept


def _abbreviated(name: str) -> str:
    return name.replace("training", "train").replace("validation", "valid")


def _without_shared_end(names: Mapping[int, str]) -> dict[int, str]:
    """Leave out the words all names end with: training loss, validation loss."""
    words = [name.split() for name in names.values()]
    shared = 0
    while (
        len(words) > 1
        and all(len(each) > shared + 1 for each in words)
        and len({each[-1 - shared] for each in words}) == 1
    ):
        shared += 1
    return {
        number: " ".join(name.split()[: len(name.split()) - shared]) if shared else name
        for number, name in names.items()
    }
