"""Curves of a training in a terminal.

`Chart` has keys and a mouse, `StillChart` only shows. Both draw `Trace`s: `traces(metrics)` makes
them from a training's metrics, `pins(metrics)` the marks of its epochs and checkpoints. `to_svg`
draws the same as a file, `sentences` says it in words.

`python -m tintype_tui.widgets.chart` shows a training that never ends.
"""

from tintype_tui.widgets.chart.chart import SMOOTHINGS, Chart
from tintype_tui.widgets.chart.raster import MARKS, Marks
from tintype_tui.widgets.chart.still import StillChart
from tintype_tui.widgets.chart.svg import to_svg
from tintype_tui.widgets.chart.table import sentences
from tintype_tui.widgets.chart.trace import ACCURACIES, LOSSES, Pin, Trace, pins, traces

__all__ = [
    "ACCURACIES",
    "LOSSES",
    "MARKS",
    "SMOOTHINGS",
    "Chart",
    "Marks",
    "Pin",
    "StillChart",
    "Trace",
    "pins",
    "sentences",
    "to_svg",
    "traces",
]
