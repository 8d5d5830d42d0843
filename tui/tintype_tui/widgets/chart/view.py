"""What is asked of a plot, what comes back, and where it lies in a chart. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal

from tintype.metrics import Axis
from tintype_tui.widgets.chart.axes import Scale, clock_label, duration_label
from tintype_tui.widgets.chart.raster import Bitmap, Marks

Clip = Literal["start", "nothing", "outliers"]
CLIPS: tuple[Clip, ...] = ("start", "nothing", "outliers")
"""What the y-range may leave out, in the order a key cycles through them: first steps that would
take most of the height for themselves, nothing, or the few values far from all others."""


AXIS_NAMES: Mapping[Axis, str] = {
    "step": "step",
    "epoch": "epoch",
    "relative": "elapsed",
    "wall": "time",
}


@dataclass(frozen=True, slots=True)
class View:
    """What of the curves is to be seen, and how large."""

    columns: int
    """Cells across."""
    rows: int
    """Cells down."""
    axis: Axis = "step"
    low: float = 0.0
    """The place on the x-axis at the left edge."""
    high: float = 1.0
    """At the right edge; above `low`."""
    log: bool = False
    smoothing: float = 0.0
    marks: Marks = "line"
    clip: Clip = "nothing"
    label_width: int = 7
    zone: tzinfo | None = None

    def label(self, place: float, exact: bool = False, axis: Axis | None = None) -> str:
        """A place on the x-axis, or another one, in words; `exact` to the second."""
        axis = axis or self.axis
        if axis == "step":
            return f"{round(place):,}"
        if axis == "epoch":
            return f"{place:.2f}"
        step = 1.0 if exact else (self.high - self.low) / 100
        if axis == "relative":
            return duration_label(place, step)
        return clock_label(place, min(step, 59.0), self.zone)


@dataclass(slots=True)
class Plot:
    """Drawn curves and what stands around them."""

    view: View
    scale: Scale
    cut: bool
    """Whether the scale leaves out values in view."""
    y_ticks: dict[int, str]
    """Labels by row."""
    x_ticks: dict[int, str]
    """Labels by column, each centred there."""
    bitmap: Bitmap = field(default_factory=lambda: Bitmap((), ()))
    """What is drawn in dots."""
    lines: dict[int, dict[int, tuple[str, int]]] = field(default_factory=dict)
    """What is drawn as lines: row → column → character and style."""
    glyphs: dict[int, dict[int, int]] = field(default_factory=dict)
    """Marks on the curves: row → column → of which trace."""
    odd: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Column → what could not be drawn there (`nan`, `above`, `below`) and of which trace."""
    cuts: dict[tuple[int, str], int] = field(default_factory=dict)
    """Column and side (`above`, `below`) where a curve leaves the scale → which trace."""
    endings: list[tuple[float, int]] = field(default_factory=list)
    """Where curves end at the right, in cells from the top, and of which trace."""
    drawn: int = 0
    points: int = 0
    """Of so many points in view so many were drawn; the rest lies between two that were."""

    def ends(self) -> dict[int, int]:
        """Rows for the marks beside the plot: at the curves' values where there is room.

        Where there is none they stand next to each other, in the order of their values.
        """
        rows: list[list[float]] = []  # groups of neighbours: their first row, how many they are
        order = sorted(self.endings)[: self.view.rows]
        for y, _ in order:
            rows.append([min(max(int(y), 0), self.view.rows - 1), 1])
            while len(rows) > 1 and rows[-2][0] + rows[-2][1] > rows[-1][0]:
                (first, many), (second, more) = rows[-2:]
                middle = (first * many + (second - many) * more) / (many + more)
                together = many + more
                rows[-2:] = [[min(max(round(middle), 0), self.view.rows - together), together]]
        places = [int(first) + at for first, many in rows for at in range(int(many))]
        return {place: number for place, (_, number) in zip(places, order, strict=True)}


_LABELS = 7
"""Cells for the labels of the y-axis. Always the same, so that the plot does not jump."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Heights and widths in cells; what is 0 is not there."""

    width: int
    height: int
    title: int
    legend: int
    ruler: int
    """The line that names the pins."""
    rows: int
    """Of the plot."""
    axis: int
    """1 for the labels, 2 with a line above them."""
    labels: int
    """Of the y-axis, without its line."""
    ends: int
    """Beside the plot, for the marks of the curves."""

    @property
    def left(self) -> int:
        """Cells before the plot."""
        return self.labels + 1 if self.labels else 0

    @property
    def columns(self) -> int:
        """Of the plot."""
        return max(self.width - self.left - self.ends, 0)

    @property
    def top(self) -> int:
        """Lines above the plot."""
        return self.title + self.legend + self.ruler


def frame(width: int, height: int, legend: int, pinned: bool, several: bool) -> Frame:
    """Divide a size. Below 24×6 only a line of values and the bare plot are left.

    Args:
        width: cells across.
        height: cells down.
        legend: lines the legend would like.
        pinned: whether there is something to name above the plot.
        several: whether there is more than one curve.
    """
    if width < 24 or height < 6:
        words = 1 if height != 2 or width >= 12 else 0
        return Frame(width, height, 0, words, 0, max(height - words, 0), 0, 0, 0)
    title = 1 if height >= 7 else 0
    legend = legend if height >= 16 else 1
    ruler = 1 if pinned and height >= 14 else 0
    axis = 2 if height >= 8 else 1
    rows = height - title - legend - ruler - axis
    return Frame(width, height, title, legend, ruler, rows, axis, _LABELS, 2 if several else 0)
