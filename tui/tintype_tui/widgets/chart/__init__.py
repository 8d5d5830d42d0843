"""Curves of a training in a terminal.

`Chart` has keys and a mouse, a `ChartGrid` is several that move together. Both draw `Trace`s:
`traces(metrics)` makes them from a training's metrics, `curves(runs)` from those
of several; `pins(metrics)` the marks of its epochs and checkpoints. `to_svg` draws the same as a
file, `sentences` says it in words.

`python -m tintype_tui.widgets.chart` shows a training that never ends.
"""

from tintype_tui.widgets.chart.chart import SMOOTHINGS, Chart
from tintype_tui.widgets.chart.grid import ChartGrid, Panel, read_shape
from tintype_tui.widgets.chart.raster import MARKS, Marks
from tintype_tui.widgets.chart.readout import sentences
from tintype_tui.widgets.chart.svg import to_svg
from tintype_tui.widgets.chart.traces import (
    ACCURACIES,
    LOSSES,
    SCORE,
    Pin,
    Run,
    Trace,
    curves,
    free_slot,
    groups,
    pins,
    told_apart,
    traces,
    with_scores,
)

__all__ = [
    "ACCURACIES",
    "LOSSES",
    "MARKS",
    "SCORE",
    "SMOOTHINGS",
    "Chart",
    "ChartGrid",
    "Marks",
    "Panel",
    "Pin",
    "Run",
    "Trace",
    "curves",
    "free_slot",
    "groups",
    "pins",
    "read_shape",
    "sentences",
    "to_svg",
    "told_apart",
    "traces",
    "with_scores",
]
