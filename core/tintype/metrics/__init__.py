"""What a training reports, as series: folded from events, smoothed, cut to a width, read.

    events, in any order ── fold ──> Metrics ── smooth ──> Smoothed
                                        ├────── Series.cut one Column per column of a chart
                                        ├────── timeline > the step as epoch, elapsed or wall time
                                        └────── diagnose, describe, suspicions, spikes, to_csv

Pure Python on purpose: a chart of 100,000 points needs no NumPy, and importing it would cost more
than drawing.
"""

from tintype.metrics.fitting import Diagnosis, diagnose, overfitting
from tintype.metrics.folding import Metrics, fold
from tintype.metrics.reading import (
    SeriesSummary,
    Spike,
    Suspicion,
    describe,
    nearest,
    spikes,
    summary,
    suspicions,
)
from tintype.metrics.reports import Reported, canonical, to_number, to_step
from tintype.metrics.series import DRAWABLE, Column, Series, gap
from tintype.metrics.smoothing import Smoothed, smooth
from tintype.metrics.tabular import from_csv, to_csv
from tintype.metrics.timeline import AXES, Axis, Ruler, Timeline
from tintype.metrics.wording import better, figure, label

__all__ = [
    "AXES",
    "DRAWABLE",
    "Axis",
    "Column",
    "Diagnosis",
    "Metrics",
    "Reported",
    "Ruler",
    "Series",
    "SeriesSummary",
    "Smoothed",
    "Spike",
    "Suspicion",
    "Timeline",
    "better",
    "canonical",
    "describe",
    "diagnose",
    "figure",
    "fold",
    "from_csv",
    "gap",
    "label",
    "nearest",
    "overfitting",
    "smooth",
    "spikes",
    "summary",
    "suspicions",
    "to_csv",
    "to_number",
    "to_step",
]
