"""The lines of a chart: characters and styles of its cells, and the words around them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from tintype.metrics import Ruler
from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart import readout
from tintype_tui.widgets.chart.palette import (
    AXIS,
    CURSOR,
    LABEL,
    PIN,
    SECOND,
    Line,
    Look,
    Signs,
    owner,
)
from tintype_tui.widgets.chart.plot import Plotter
from tintype_tui.widgets.chart.raster import DOTS
from tintype_tui.widgets.chart.readout import Cursors
from tintype_tui.widgets.chart.traces import Pin, Trace
from tintype_tui.widgets.chart.view import AXIS_NAMES, Frame, Plot, View

Segments = list[Segment]

_SAME = re.compile(rb"(.)\1*", re.DOTALL)

Upright = tuple[str, int]
"""A vertical line through the plot: its character and its style's number."""


def segments(text: str, keys: bytes, styles: Sequence[Style]) -> list[Segment]:
    """Split characters, one cell each, where their style changes."""
    return [
        Segment(text[run.start() : run.end()], styles[keys[run.start()]])
        for run in _SAME.finditer(keys)
    ]


def plot_row(
    plot: Plot,
    row: int,
    traces: Mapping[int, Trace],
    uprights: Mapping[int, Upright],
    grid: bool,
    signs: Signs,
) -> tuple[str, bytes]:
    """One row of the plot: dots, lines and marks, lines of help where nothing else is."""
    view = plot.view
    text = plot.bitmap.patterns[row].decode("latin-1").translate(DOTS[view.marks].glyphs)
    keys = bytearray(plot.bitmap.owners[row])
    if grid and row in plot.y_ticks:
        text = text.replace(" ", signs.grid)
    glyphs, lines = plot.glyphs.get(row, {}), plot.lines.get(row, {})
    if not (glyphs or lines or uprights or plot.cuts):
        return text, bytes(keys)
    cells = list(text)
    over = {column: upright for column, upright in uprights.items() if not keys[column]} | lines
    for column, number in glyphs.items():
        mark = signs.marks[traces[number].slot % len(signs.marks)]
        over[column] = mark, owner(number, clear=True)
    for column, (sign, key) in over.items():
        cells[column], keys[column] = sign, key
    for (column, kind), number in plot.cuts.items():
        if row == (0 if kind == "above" else view.rows - 1):
            cells[column] = odd_sign(kind, signs)
            keys[column] = owner(number, clear=True)
    return "".join(cells), bytes(keys)


def axis_row(plot: Plot, signs: Signs) -> tuple[str, bytes]:
    """The line under the plot: ticks, and what could not be drawn above it."""
    cells = [signs.horizontal] * plot.view.columns
    keys = bytearray([AXIS]) * plot.view.columns
    for column in plot.x_ticks:
        cells[column] = signs.tick_x
    for column, (kind, number) in plot.odd.items():
        cells[column] = odd_sign(kind, signs)
        keys[column] = owner(number, clear=True)
    return "".join(cells), bytes(keys)


def label_row(
    plot: Plot, left: int, width: int, cursors: Sequence[tuple[int, str]]
) -> tuple[str, bytes]:
    """The labels of the x-axis, each centred under its tick; those of the cursors over them."""
    cells, keys = [" "] * width, bytearray([AXIS]) * width
    taken: list[tuple[int, int]] = []
    ticks = [(column, text, AXIS) for column, text in sorted(plot.x_ticks.items())]
    named = [(column, f" {text} "[:width], LABEL) for column, text in reversed(cursors)]
    for column, text, key in (*named, *ticks):
        start = min(max(left + column - len(text) // 2, 0), width - len(text))
        stop = start + len(text)
        if all(stop < begin or start > end for begin, end in taken):
            cells[start:stop] = text
            keys[start:stop] = bytes([key]) * len(text)
            taken.append((start, stop))
    return "".join(cells), bytes(keys)


def ruler_row(pins: Sequence[tuple[int, Pin]], width: int, signs: Signs) -> str:
    """Names of the pins, each beginning at its column, the last one ending there if it must.

    Those without room are left out; none may be in view. Of `epoch 7` the number is what counts:
    where the word has no room everywhere, numbers stand alone.
    """
    ends = [column for column, _ in pins[1:]] + [width] * bool(pins)
    rooms = [end - column - 1 for (column, _), end in zip(pins, ends, strict=True)]
    names = [signs.pin + one_line(pin.name) for _, pin in pins]
    between = zip(names[:-1], rooms, strict=False)  # the last is by the edge, not by another
    cramped = {_word(name) for name, room in between if len(name) > room}
    text = ""
    for (column, _), name, room in zip(pins, names, rooms, strict=True):
        blank = column - cell_len(text)
        if (column, name) == (pins[-1][0], names[-1]) and cell_len(name) > room:
            before = name.removeprefix(signs.pin) + signs.pin  # by the edge: it ends at its column
            if (blank_before := blank + 1 - cell_len(before)) > 1:
                return clip(text + " " * blank_before + before, width)
        if blank < 0 or room < 3:
            continue
        number = name.rpartition(" ")[2]
        if number.isdecimal() and (_word(name) in cramped or len(name) > room):
            name = signs.pin + number if len(number) < room else signs.pin
        elif cell_len(name) > room:
            name = clip(name, room) if room >= 6 else signs.pin
        text += " " * blank + name
    return clip(text, width)


def _word(name: str) -> str:
    """What a name says besides its number."""
    return name.rpartition(" ")[0]


def odd_marks(plot: Plot, text: str, keys: bytes, signs: Signs) -> tuple[str, bytes]:
    """What could not be drawn, put over the lowest row where there is no line below the plot."""
    cells, owners = list(text), bytearray(keys)
    for column, (kind, number) in plot.odd.items():
        cells[column] = odd_sign(kind, signs)
        owners[column] = owner(number, clear=True)
    return "".join(cells), bytes(owners)


def odd_sign(kind: str, signs: Signs) -> str:
    """The character for what could not be drawn."""
    return {"nan": signs.nan, "above": signs.above, "below": signs.below}[kind]


LEAST_BETWEEN_PINS = 8
"""Columns, on average, between the marks of epochs and checkpoints."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the lines are made from."""

    traces: Mapping[int, Trace]
    """Those that are shown, by their numbers."""
    hidden: int
    """How many are not."""
    range_key: str
    pins: Sequence[Pin]
    heading: str
    cursors: Cursors
    following: bool
    plot: Plot
    frame: Frame
    plotter: Plotter
    signs: Signs
    look: Look

    @property
    def ruler(self) -> Ruler:
        """The x-axis of the first trace that has one; pins and cursors are placed by it."""
        traces = self.traces.values()
        first = next((trace for trace in traces if len(trace.series)), next(iter(traces)))
        return self.plotter.ruler(first, self.plot.view.axis)

    def lines(self) -> list[Segments]:
        """From the title to the labels of the x-axis."""
        cells, look = self.frame, self.look
        pins = self._pinned()
        lines: list[Segments] = []
        if cells.title:
            lines.append(look.words(self._title()))
        if cells.legend:
            lines += self._legend()
        if cells.ruler:
            names = ruler_row(pins, cells.columns, self.signs)
            lines.append([Segment(" " * cells.left + names, look.keys[PIN])])
        lines += self._rows(self._uprights(pins))
        if cells.axis > 1:
            text, keys = axis_row(self.plot, self.signs)
            corner = Segment(" " * cells.labels + self.signs.corner, look.keys[AXIS])
            lines.append([corner, *segments(text, keys, look.keys)])
        if cells.axis:
            lines.append(self._labels())
        return lines

    def _title(self) -> Line:
        first = next(trace for trace in self.traces.values() if len(trace.series))
        view, signs = self.plot.view, self.signs
        right = readout.whereabouts(self.cursors, first, self.plotter, view, signs)
        right = right or readout.facts(
            self.plot, self.traces, self.following, self.hidden, self.range_key
        )
        return readout.heading(self.heading, right, self.frame.width, signs)

    def _legend(self) -> list[Segments]:
        cells = self.frame
        lines = readout.legend(
            self.traces,
            self.plotter,
            self.plot.view,
            self.cursors,
            cells.width,
            cells.legend,
            self.signs,
        )
        blank: list[Segments] = [[] for _ in range(cells.legend - len(lines))]
        return [self.look.words(line) for line in lines] + blank

    def _pinned(self) -> list[tuple[int, Pin]]:
        """Where the pins stand in the plot."""
        if not self.pins:
            return []
        ruler, view = self.ruler, self.plot.view
        places = ((column_of(ruler.place(pin.step), view), pin) for pin in self.pins)
        seen = [(column, pin) for column, pin in places if column is not None]
        # A fence of them would hide the curves: of fifty epochs, every fourth; zoom shows the rest.
        return seen[:: -(-len(seen) * LEAST_BETWEEN_PINS // view.columns)] if seen else []

    def _uprights(self, pins: Sequence[tuple[int, Pin]]) -> dict[int, Upright]:
        """The upright lines through the plot; a cursor hides a pin."""
        signs, view = self.signs, self.plot.view
        uprights = {column: (signs.pin, PIN) for column, _ in pins}
        second = column_of(self.cursors.second, view)
        if second is not None:
            uprights[second] = (signs.second, SECOND)
        first = column_of(self.cursors.first, view)
        if first is not None:
            uprights[first] = (signs.cursor, CURSOR)
        return uprights

    def _rows(self, uprights: Mapping[int, Upright]) -> list[Segments]:
        cells, plot, signs, styles = self.frame, self.plot, self.signs, self.look.keys
        lines, ends = [], plot.ends()
        for row in range(cells.rows):
            text, keys = plot_row(plot, row, self.traces, uprights, bool(cells.labels), signs)
            if cells.axis < 2 and row == cells.rows - 1:
                text, keys = odd_marks(plot, text, keys, signs)
            line = segments(text, keys, styles)
            if cells.labels:
                label = plot.y_ticks.get(row)
                tick = signs.vertical if label is None else signs.tick_y
                line.insert(0, Segment(f"{label or '':>{cells.labels}}{tick}", styles[AXIS]))
            if cells.ends and row in ends:
                number = ends[row]
                sign = signs.marks[self.traces[number].slot % len(signs.marks)]
                line.append(Segment(f" {sign}", styles[owner(number, clear=True)]))
            lines.append(line)
        return lines

    def _labels(self) -> Segments:
        """The labels of the x-axis, with its name in the corner."""
        cells, view = self.frame, self.plot.view
        cursors = []
        for place in (self.cursors.second, self.cursors.first):
            column = column_of(place, view)
            if place is not None and column is not None:
                cursors.append((column, view.label(place)))
        text, keys = label_row(self.plot, cells.left, cells.width, cursors)
        name = AXIS_NAMES[view.axis]
        if not text[: len(name) + 1].strip():
            text = name + text[len(name) :]
        return segments(text, keys, self.look.keys)


def column_of(place: float | None, view: View) -> int | None:
    """The column of a place; none if it is not in the plot."""
    if place is None or not view.low <= place <= view.high:
        return None
    return min(int((place - view.low) / (view.high - view.low) * view.columns), view.columns - 1)
