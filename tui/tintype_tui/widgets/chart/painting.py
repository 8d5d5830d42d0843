"""From a plot to lines of a terminal: characters, and the number of a style for each cell."""

import re
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from tintype_tui.text import clip, one_line
from tintype_tui.widgets.chart.curves import owner
from tintype_tui.widgets.chart.palette import Signs
from tintype_tui.widgets.chart.raster import DOTS
from tintype_tui.widgets.chart.trace import Pin, Trace
from tintype_tui.widgets.chart.view import Plot

GRID, PIN, CURSOR, SECOND, AXIS, LABEL = range(6)
"""What a cell shows that belongs to no curve; curves have their owner's number."""

_SAME = re.compile(rb"(.)\1*", re.DOTALL)

Upright = tuple[str, int]
"""A vertical line through the picture: its character and its style's number."""


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
    """One row of the picture: dots, marks on the curves, lines of help where nothing else is."""
    view = plot.view
    text = plot.picture.patterns[row].decode("latin-1").translate(DOTS[view.marks].glyphs)
    keys = bytearray(plot.picture.owners[row])
    if grid and row in plot.y_ticks:
        text = text.replace(" ", signs.grid)
    glyphs = plot.glyphs.get(row, {})
    if not glyphs and not uprights:
        return text, bytes(keys)
    cells = list(text)
    for column, (sign, key) in uprights.items():
        if not keys[column]:
            cells[column], keys[column] = sign, key
    for column, number in glyphs.items():
        cells[column] = signs.marks[traces[number].slot % len(signs.marks)]
        keys[column] = owner(number, clear=True)
    return "".join(cells), bytes(keys)


def axis_row(plot: Plot, signs: Signs) -> tuple[str, bytes]:
    """The line under the picture: ticks, and what could not be drawn above it."""
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
    """Names of the pins, each beginning at its column; those without room are left out.

    Of `epoch 7` the number is what counts: where the word has no room everywhere, numbers stand
    alone.
    """
    ends = [column for column, _ in pins[1:]] + [width]
    rooms = [end - column - 1 for (column, _), end in zip(pins, ends, strict=True)]
    names = [signs.pin + one_line(pin.name) for _, pin in pins]
    between = zip(names[:-1], rooms, strict=False)  # the last is by the edge, not by another
    cramped = {_word(name) for name, room in between if len(name) > room}
    text = ""
    for (column, _), name, room in zip(pins, names, rooms, strict=True):
        blank = column - cell_len(text)
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
    """What could not be drawn, put over the lowest row where there is no line below the picture."""
    cells, owners = list(text), bytearray(keys)
    for column, (kind, number) in plot.odd.items():
        cells[column] = odd_sign(kind, signs)
        owners[column] = owner(number, clear=True)
    return "".join(cells), bytes(owners)


def odd_sign(kind: str, signs: Signs) -> str:
    """The character for what could not be drawn."""
    return {"nan": signs.nan, "above": signs.above, "below": signs.below}[kind]
