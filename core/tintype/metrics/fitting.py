"""Over-fitting, read from the curves: validation that turns while training goes on falling.

A rule of thumb, shown as a hint. The validation of all rows at the end of each epoch is judged
where there is one; a validation of a few rows at each step is smoothed first, because it is noise.
"""

from dataclasses import dataclass

from tintype.metrics.folding import Metrics
from tintype.metrics.reading import Suspicion, describe, suspicions
from tintype.metrics.series import DRAWABLE, Series
from tintype.metrics.smoothing import smooth
from tintype.metrics.wording import figure

_EVALUATIONS = 3
"""With fewer nothing can have turned."""
_POINTS = 30
"""Of the noisy validation."""
_RISEN = 0.05
"""By this share of its lowest value; less is chance."""
_AFTER = 2
"""Evaluations since the lowest, all of them above it."""
_WINDOW = 20
"""Training steps averaged to say whether the loss still falls."""


def overfitting(metrics: Metrics) -> Suspicion | None:
    """Say that a training has begun to memorise, and since when; none if it has not."""
    judged = _judged(metrics)
    if judged is None:
        return None
    points = [(step, value) for step, value in judged if abs(value) <= DRAWABLE]
    best = min(range(len(points)), key=lambda at: points[at][1])
    step, low = points[best]
    last_step, last = points[-1]
    if len(points) - 1 - best < _AFTER or low <= 0 or last < low * (1 + _RISEN):
        return None
    train = metrics.series.get("train_loss")
    if train is None or not _fell(train, step, last_step):
        return None
    sentence = (
        f"Validation loss has risen from {figure(low)} at step {step:,} to {figure(last)} while "
        f"training loss fell: the model is overfitting. Step {step:,} fits best."
    )
    return Suspicion("overfitting", step, sentence)


def _judged(metrics: Metrics) -> Series | None:
    whole = metrics.series.get("full_valid_loss")
    if whole is not None and len(whole) - len(whole.odd()) >= _EVALUATIONS:
        return whole
    part = metrics.series.get("valid_loss")
    if part is not None and len(part) - len(part.odd()) >= _POINTS:
        return smooth(part, 0.9).series
    return None


def _fell(train: Series, step: int, last_step: int) -> bool:
    before, now = _level(train, step), _level(train, last_step)
    return before is not None and now is not None and now < before


def _level(series: Series, step: int) -> float | None:
    """The average of the steps up to a step."""
    end = series.index(step + 1)
    values = [v for v in series.values(max(0, end - _WINDOW), end) if abs(v) <= DRAWABLE]
    return sum(values) / len(values) if values else None


JUDGED = ("train_loss", "valid_loss", "full_valid_loss")
"""The curves that are read; the last of them that is there counts most."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the curves of a training mean, in sentences."""

    trend: str = ""
    """What the curve that counts does; empty before there is one."""
    warnings: tuple[str, ...] = ()
    """What usually means a mistake."""
    courses: tuple[str, ...] = ()
    """What each curve that is read does."""


def diagnose(metrics: Metrics) -> Diagnosis:
    """Read the losses of a training. About 1 ms for 1,000 steps: give it to a thread."""
    judged = [metrics.series[name] for name in JUDGED if name in metrics.series]
    courses = tuple(describe(series) for series in judged)
    warnings = [one.sentence for series in judged for one in suspicions(series)]
    if (fit := overfitting(metrics)) is not None:
        warnings.append(fit.sentence)
    return Diagnosis(courses[-1] if courses else "", tuple(warnings), courses)
