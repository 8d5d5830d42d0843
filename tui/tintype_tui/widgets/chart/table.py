"""The numbers instead of the picture: sentences on what the curves do, and a row per step.

This is also what a screen reader gets: plain lines, no frames, no dots.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.cells import cell_len

from tintype.metrics import Series, describe, figure, nearest, suspicions
from tintype_tui.text import one_line, pad
from tintype_tui.widgets.chart.palette import Signs
from tintype_tui.widgets.chart.readout import Line
from tintype_tui.widgets.chart.trace import Trace


def sentences(traces: Iterable[Trace]) -> list[str]:
    """What each curve does, and what about it looks like a mistake."""
    found: list[str] = []
    for trace in traces:
        found.append(one_line(describe(trace.series)))
        found += [one_line(suspicion.sentence) for suspicion in suspicions(trace.series)]
    return found


def steps_around(series: Sequence[Series], step: float, before: int, after: int) -> list[int]:
    """Steps at which anything was reported: up to so many up to a step, and so many behind it."""
    earlier: set[int] = set()
    later: set[int] = set()
    for one in series:
        at = one.index(step + 0.5)
        earlier.update(one.steps(max(0, at - before), at))
        later.update(one.steps(at, at + after))
    return sorted(earlier)[-before:] + sorted(later)[:after]


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
    widths = [min(max(cell_len(name) + 2, 11), 32) for name in names]
    while widths and sum(widths) + 9 > width and max(widths) > 11:
        widths[widths.index(max(widths))] -= 1
    kept = max(1, sum(sum(widths[: number + 1]) + 9 <= width for number in range(len(widths))))
    head = f"{'step':>9}" + "".join(
        " " + _right(name, size - 1) for name, size in zip(names[:kept], widths, strict=False)
    )
    lines.append([(head, "strong")])
    here = max((at for at in shown if at <= step), default=None)
    for at in shown:
        style = "row" if at == here else "text"
        cells = [
            f"{_value(one, at, signs):>{size}}"
            for one, size in zip(series[:kept], widths, strict=False)
        ]
        lines.append([(f"{'> ' if at == here else ''}{at:,}".rjust(9) + "".join(cells), style)])
    return lines


def _value(series: Series, step: int, signs: Signs) -> str:
    point = nearest(series, step)
    if point is None or point[0] != step:
        return ""
    return figure(point[1]).replace("∞", signs.infinity)


def _right(name: str, width: int) -> str:
    """Clip from the right, then align to the right."""
    name = pad(name, width).rstrip()
    return " " * (width - cell_len(name)) + name
