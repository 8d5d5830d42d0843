"""What a dataset looks like, as charts whose every bar and cell is a condition.

A bar or a cell says how much there is of something and which condition names exactly those rows,
so that whoever picks it sees what it counts. Widgets and reports draw; nothing here does.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tintype.selection.columns import FieldColumns, Rows
from tintype.selection.conditions import Condition
from tintype.selection.fields import FIELDS

MOST_BARS = 20
"""Bars of numbers; with more different numbers, each bar is a range."""
MOST_CLASSES = 200
_TAIL = 0.99
"""Share of the numbers that ranges are made for; the last range takes the few beyond."""
Bounds = tuple[int, int]
"""Inclusive."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, or one of each series."""

    label: str
    counts: tuple[int, ...]
    """Of each series; the first is the file itself."""
    condition: Condition


@dataclass(frozen=True, slots=True)
class Bars:
    """How often values or ranges of values occur."""

    title: str
    unit: str
    """What is counted: `rows`, `images`."""
    bars: tuple[Bar, ...]
    series: tuple[str, ...] = ("",)
    """What the counts are of, e.g. `train`, `valid`."""
    totals: tuple[int, ...] = ()
    """Of each series, all that there is: bars are then shares of it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Pairs of numbers counted in cells of a plane."""

    counts: tuple[tuple[int, ...], ...]
    """Row by row, the first at the top."""
    across: tuple[Bounds, ...]
    """What each column covers."""
    down: tuple[Bounds, ...]
    field: str

    @property
    def most(self) -> int:
        """The count of the fullest cell."""
        return max(map(max, self.counts), default=0)

    def merged(self, columns: int, rows: int) -> "Grid":
        """The same with so many columns and rows in one."""
        wide = range(0, len(self.across), columns)
        counts = tuple(
            tuple(
                sum(sum(line[x : x + columns]) for line in self.counts[y : y + rows]) for x in wide
            )
            for y in range(0, len(self.down), rows)
        )
        return Grid(counts, _joined(self.across, columns), _joined(self.down, rows), self.field)

    def condition(self, column: int, row: int) -> Condition:
        """The condition that names the rows of a cell."""
        between = "x" if self.field == "size" else ","
        sides = (self.across[column], self.down[row])
        return Condition(self.field, ":", between.join(f"{low}..{high}" for low, high in sides))


@dataclass(frozen=True, slots=True)
class Plane:
    """Pairs of numbers, to be counted in cells of any size."""

    title: str
    unit: str
    field: str
    counts: Mapping[tuple[int, int], int]
    across: Bounds
    down: Bounds
    """The least and the most that is shown."""
    upwards: bool = False
    """Whether the second number grows upwards."""
    dots: bool = False
    """Whether single pairs are to be seen, and not only how many there are."""

    def grid(self, columns: int, rows: int) -> Grid:
        """Count in at most so many cells each way; a cell covers whole numbers."""
        across, down = _cut(self.across, columns), _cut(self.down, rows)
        made = [[0] * len(across) for _ in down]
        for (x, y), times in self.counts.items():
            made[_which(y, self.down, len(down))][_which(x, self.across, len(across))] += times
        if self.upwards:
            made.reverse()
            down.reverse()
        return Grid(tuple(map(tuple, made)), tuple(across), tuple(down), self.field)


Chart = Bars | Plane


def charts(
    columns: FieldColumns, rows: Rows = None, others: Mapping[str, Mapping[str, int]] | None = None
) -> dict[str, Chart]:
    """All charts of a dataset by name, those left out that have nothing to show.

    Args:
        columns: What the rows say.
        rows: Of which rows; none for all.
        others: Of each other split, how many rows have each class; see `split_classes`.
    """
    rows = None if rows is None else frozenset(rows)
    made = {
        "places": _places(columns, rows),
        "objects": numbers(columns, "objects", "Objects on each row", "rows", rows),
        "sizes": _sizes(columns, rows),
        "sides": numbers(columns, "side", "Longer side of images, pixels", "rows", rows),
        "classes": _classes(columns, rows, others or {}),
        "answers": numbers(columns, "chars", "Length of answers, characters", "rows", rows),
        "tokens": numbers(columns, "tokens", "Tokens of rows, images included", "rows", rows),
    }
    return {name: chart for name, chart in made.items() if chart is not None}


def numbers(columns: FieldColumns, field: str, title: str, unit: str, rows: Rows) -> Bars | None:
    """How often a number occurs, or numbers of a range; none if they are all the same."""
    counts = columns[field].counts(rows)
    if len(counts) < 2:
        return None
    return Bars(title, unit, tuple(_ranges(columns, field, counts, rows)))


def _ranges(
    columns: FieldColumns, field: str, counts: Mapping[Any, int], rows: Rows
) -> Iterator[Bar]:
    if len(counts) <= MOST_BARS:
        for value in sorted(counts):
            yield Bar(f"{value:,}", (counts[value],), Condition(field, ":", f"{value}"))
        return
    step, begin, bins = _steps(counts)
    having: list[set[int]] = [set() for _ in range(bins)]
    for row, value in columns[field].pairs(rows):
        having[min(bins - 1, (value - begin) // step)].add(row)
    last = max(counts)
    for at, found in enumerate(having):
        low, high = begin + at * step, begin + (at + 1) * step - 1
        if at == bins - 1 and last > high:
            yield Bar(f"{low:,} or more", (len(found),), Condition(field, ">=", f"{low}"))
        else:
            shown = f"{low:,}" if low == high else f"{low:,}–{high:,}"
            yield Bar(shown, (len(found),), Condition(field, ":", f"{low}..{high}"))


def _steps(counts: Mapping[int, int]) -> tuple[int, int, int]:
    """How wide ranges are (1, 2 or 5 with zeros), where they begin, and how many there are."""
    ordered, total, seen = sorted(counts), sum(counts.values()), 0
    upper = ordered[-1]
    for value in ordered:
        seen += counts[value]
        if seen >= _TAIL * total:
            upper = value
            break
    span = max(1, (upper - ordered[0]) / (MOST_BARS - 2))
    power = 10 ** math.floor(math.log10(span))
    step = max(1, next(int(n * power) for n in (1, 2, 5, 10) if n * power >= span))
    begin = ordered[0] // step * step
    return step, begin, (upper - begin) // step + 1


def _places(columns: FieldColumns, rows: Rows) -> Plane | None:
    counts = columns["place"].counts(rows)
    if not counts:
        return None
    return Plane("Where boxes have their middle", "boxes", "place", counts, (0, 99), (0, 99))


def _sizes(columns: FieldColumns, rows: Rows) -> Plane | None:
    counts = columns["size"].counts(rows)
    if len(counts) < 2:
        return None
    across, down = ((min(side), max(side)) for side in zip(*counts, strict=True))
    return Plane(
        "Width and height of images, pixels", "images", "size", counts, across, down, True, True
    )


def _classes(
    columns: FieldColumns, rows: Rows, others: Mapping[str, Mapping[str, int]]
) -> Bars | None:
    own = columns["class"].counts(rows)
    names = dict.fromkeys([*own, *(name for counts in others.values() for name in counts)])
    if not 1 < len(names) <= MOST_CLASSES:
        return None
    every = (own, *others.values())
    bars = (
        Bar(name, tuple(counts.get(name, 0) for counts in every), Condition("class", "=", name))
        for name in names
    )
    split = next(iter(columns["split"].values), "this file")
    totals = tuple(sum(counts.values()) for counts in every)
    if not others:
        return Bars("Classes", "rows", tuple(bars))
    return Bars("Classes, share of each split", "rows", tuple(bars), (split, *others), totals)


def split_classes(facets: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """How many rows have each class, from what `statistics` counts."""
    answers = {name: times for name, times in facets.get("answer", {}).items() if name != "longer"}
    return {**answers, **facets.get("label", {})}


def _cut(bounds: Bounds, pieces: int) -> list[Bounds]:
    """A range of whole numbers cut into at most so many of about the same length."""
    low, span = bounds[0], bounds[1] - bounds[0] + 1
    pieces = max(1, min(pieces, span))
    edges = [low + at * span // pieces for at in range(pieces + 1)]
    return [(begin, end - 1) for begin, end in pairwise(edges)]


def _joined(bounds: tuple[Bounds, ...], size: int) -> tuple[Bounds, ...]:
    """Neighbouring ranges as one, so many at a time, whichever way they run."""
    pieces = (bounds[at : at + size] for at in range(0, len(bounds), size))
    return tuple((min(low for low, _ in some), max(high for _, high in some)) for some in pieces)


def _which(value: int, bounds: Bounds, pieces: int) -> int:
    """The piece of a cut range that a number lies in."""
    low, span = bounds[0], bounds[1] - bounds[0] + 1
    return ((value - low + 1) * pieces - 1) // span


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a field, or a range of them, with how many rows have it."""

    label: str
    count: int
    condition: Condition


def facets(columns: FieldColumns, rows: Rows = None) -> dict[str, tuple[FacetValue, ...]]:
    """For each field its values with their counts in some rows, the commonest first.

    Fields that no row has a value in are left out.
    """
    rows = None if rows is None else frozenset(rows)
    made: dict[str, tuple[FacetValue, ...]] = {}
    for name, column in columns.by_field.items():
        if name == "place":
            continue  # a plane has no list
        counts = column.counts(rows)
        if FIELDS[name].kind == "number":
            bars = _ranges(columns, name, counts, rows) if counts else ()
            made[name] = tuple(
                FacetValue(bar.label, bar.counts[0], bar.condition) for bar in bars if bar.counts[0]
            )
        elif FIELDS[name].kind == "pair":
            made[name] = tuple(
                FacetValue(f"{a}x{b}", times, Condition(name, ":", f"{a}x{b}"))
                for (a, b), times in counts.items()
            )
        else:
            made[name] = tuple(
                FacetValue(value, times, Condition(name, "=", value))
                for value, times in counts.items()
            )
    return {name: values for name, values in made.items() if values}
