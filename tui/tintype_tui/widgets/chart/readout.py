"""The words of a chart: legend, values under the cursor, what is shown, a table. No Textual.

Names come from providers and are made harmless here. The table, sentences on what the curves do and
a row per step, is also what a screen reader gets: plain lines, no frames, no dots.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len

from tintype.metrics import Ruler, Series, describe, figure, nearest, suspicions
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart.navigation import steps_around
from tintype_tui.widgets.chart.palette import Line, Signs
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.traces import Trace
from tintype_tui.widgets.chart.view import AXIS_NAMES, Plot, View


@dataclass(frozen=True, slots=True)
class Cursors:
    """Where one looks, as places on the x-axis."""

    first: float | None = None
    second: float | None = None
    """Where the difference is taken from."""


def width_of(line: Line) -> int:
    """Cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


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
    """Lines the legend would like, whatever the values, so that the plot keeps its height."""
    wanted = sum(
        cell_len(one_line(trace.name)) + (21 if smoothing > 0 and trace.smoothable else 13)
        for trace in traces
    )
    return 1 if wanted <= width + 2 else 2


def facts(
    plot: Plot, traces: Mapping[int, Trace], following: bool, hidden: int, range_key: str
) -> list[str]:
    """What one must know to read the plot right, the most important first.

    `range_key` chooses another range of values.
    """
    view, found = plot.view, []
    if plot.drawn < plot.points:
        found.append(f"{plot.drawn:,} of {plot.points:,} points, extremes kept")
    if hidden:
        found.append(f"{hidden} hidden")
    if view.smoothing > 0 and any(trace.smoothable for trace in traces.values()):
        found.append(f"smoothed {view.smoothing:g}")
    if view.log:
        found.append("log")
    if plot.cut:
        what = "outliers cut" if view.clip == "outliers" else f"cut at {_cut_at(plot)}"
        found.insert(0, f"{what}, {range_key}: all")
    if following:
        found.append("following")
    return found


def _cut_at(plot: Plot) -> str:
    """Where the plot ends that cuts something off."""
    above = any(kind == "above" for _, kind in plot.cuts)
    return f"{plot.scale.value(1.0 if above else 0.0):.3g}"


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
        found.append(f"{AXIS_NAMES[axis]} {view.label(place, True, axis)}")
    if cursors.second is not None:
        apart = cursors.first - cursors.second
        axis = "relative" if view.axis == "wall" else view.axis
        words = view.label(apart, True, axis)
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


def sentences(traces: Iterable[Trace]) -> list[str]:
    """What each curve does, and what about it looks like a mistake."""
    found: list[str] = []
    for trace in traces:
        found.append(one_line(describe(trace.series)))
        found += [one_line(suspicion.sentence) for suspicion in suspicions(trace.series)]
    return found


def table(
    traces: Mapping[int, Trace],
    words: Sequence[str],
    step: float,
    width: int,
    height: int,
    signs: Signs,
) -> list[Line]:
    """Lines of a table in which the row of a step, or the last one before it, is picked out."""
    lines: list[Line] = []
    for sentence in words:
        sentence = sentence.replace("∞", signs.infinity)
        lines += [[(line, "text")] for line in wrap(sentence, max(width - 1, 8))]
    lines = lines[: max(0, height // 2 - 1)]
    if lines:
        lines.append([("", "text")])
    series = [trace.series for trace in traces.values()]
    rows = height - len(lines) - 1
    if rows < 1:
        return lines[:height]
    shown = steps_around(series, step, rows, rows // 3)[-rows:]
    names = [one_line(trace.name) for trace in traces.values()]
    if sum(cell_len(name) + 2 for name in names) + 9 > width:
        names = [_abbreviated(name) for name in names]
    widths = [min(max(cell_len(name) + 2, 11), 32) for name in names]
    while widths and sum(widths) + 9 > width and max(widths) > 11:
        widths[widths.index(max(widths))] -= 1
    kept = max(1, sum(sum(widths[: number + 1]) + 9 <= width for number in range(len(widths))))
    heads = _distinct(names[:kept], [size - 1 for size in widths[:kept]])
    head = f"{'step':>9}" + "".join(" " + text for text in heads)
    lines.append([(head, "strong")])
    here = max((at for at in shown if at <= step), default=None)
    for at in shown:
        style = "row" if at == here else "text"
        cells = [
            f"{_at_step(one, at, signs):>{size}}"
            for one, size in zip(series[:kept], widths, strict=False)
        ]
        lines.append([(f"{'> ' if at == here else ''}{at:,}".rjust(9) + "".join(cells), style)])
    return lines


def _at_step(series: Series, step: int, signs: Signs) -> str:
    point = nearest(series, step)
    if point is None or point[0] != step:
        return ""
    return figure(point[1]).replace("∞", signs.infinity)


def _distinct(names: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Clip names to their widths, to the right of their columns; alike ones keep their ends."""
    heads = [clip(name, width) for name, width in zip(names, widths, strict=True)]
    alike = [heads.count(head) > 1 for head in heads]
    for at, (name, width) in enumerate(zip(names, widths, strict=True)):
        if alike[at] and cell_len(name) > width:
            tail = name
            while cell_len(tail) > width - 1:
                tail = tail[1:]
            heads[at] = f"…{tail}"
        heads[at] = " " * (width - cell_len(heads[at])) + heads[at]
    return heads
