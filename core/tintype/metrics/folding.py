"""Folding: what a provider reports, in any order and more than once, into one `Metrics`.

Events arrive in pages, newest first, while new ones come in; after a broken connection some come
again. Folding the same reports in any order gives the same series. Where two reports of one step
differ (a training that was resumed), the one with the later time counts, and what is folded later
replaces what was folded before.

Numbers are taken from an event's `data`. Where there are none (Azure, and transcripts), from the
words of its message, which OpenAI rounds to two decimals.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from tintype.metrics.series import Series
from tintype.metrics.timeline import Timeline

_ABOUT = frozenset({"step", "total_steps", "epoch", "n_epochs", "time", "created_at", "timestamp"})
"""Keys that say where a value belongs and are no metric themselves."""

_STEP = re.compile(r"\s*Step (\d{1,15})(?:/(\d{1,15}))?\s*[:,]\s*(.*)", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(
    r"([A-Za-z][A-Za-z _]{0,60}?)\s*=\s*"
    r"([-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|nan|inf(?:inity)?))(?![\w.])",
    re.IGNORECASE,
)
_SPOKEN = {"training": "train", "validation": "valid"}
_ALIASES = {
    "train_accuracy": "train_mean_token_accuracy",
    "valid_accuracy": "valid_mean_token_accuracy",
}
"""Names that only the results CSV uses."""

_FARTHEST_STEP = 2**53
_LATEST = 1e11
"""Unix seconds; a time beyond it is milliseconds or nonsense."""


class Reported(Protocol):
    """An event: `tintype.resources.Event` is one."""

    @property
    def message(self) -> str:
        """The sentence for people."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """The numbers, if the provider sends them."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was said."""
        ...


@dataclass(frozen=True, slots=True)
class Metrics:
    """All that is known of one training, as series by name."""

    series: Mapping[str, Series] = field(default_factory=dict)
    total_steps: int | None = None
    n_epochs: int | None = None
    """From the job's hyperparameters (`dataclasses.replace`); events do not carry it."""
    clock: Series = field(default_factory=lambda: Series("clock"))
    """Unix seconds by step."""
    epoch_starts: Mapping[int, int] = field(default_factory=dict)
    """The first step of each epoch, 1-based, where a provider reports epochs."""

    @property
    def last_step(self) -> int:
        """The latest step of which anything is known; 0 before the first."""
        return max((series.last for series in self.series.values()), default=0)

    @property
    def steps_per_epoch(self) -> float | None:
        """How many steps make an epoch, if that can be known."""
        if self.total_steps and self.n_epochs:
            return self.total_steps / self.n_epochs
        latest = max(self.epoch_starts, default=0)
        if latest < 2 or self.epoch_starts[latest] <= 1:
            return None
        return (self.epoch_starts[latest] - 1) / (latest - 1)

    @property
    def timeline(self) -> Timeline:
        """When the steps happened, for the other x-axes."""
        return Timeline(self.clock, self.steps_per_epoch)

    @property
    def epoch_ends(self) -> tuple[int, ...]:
        """The last steps of the epochs completed so far."""
        length = self.steps_per_epoch
        if not length or length < 1 or self.last_step / length > 10_000:
            return ()
        return tuple(
            round(number * length) for number in range(1, int(self.last_step / length + 1e-9) + 1)
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    """One report, understood."""

    step: int
    values: Mapping[str, float]
    total_steps: int | None = None
    epoch: int | None = None
    time: float | None = None


def fold(reports: Iterable[Reported | Mapping[str, Any]], into: Metrics | None = None) -> Metrics:
    """Add reports to what is known; those that carry no metric are passed over.

    It takes about 7 µs a report: give a job's whole history to a thread.

    Args:
        reports: events; or mappings, either of the wire's shape (`data`, `message`, `created_at`),
            or bare (`{"step": 1, "train_loss": 2.3}`), or with the values under `metrics`.
        into: what was known before. It is returned itself if nothing is new.
    """
    before = into or Metrics()
    heard = sorted(filter(None, map(_hear, reports)), key=lambda one: one.time or 0.0)
    points: dict[str, dict[int, float]] = {}
    for one in heard:
        for name, value in one.values.items():
            points.setdefault(name, {})[one.step] = value
    series = dict(before.series)
    for name, news in points.items():
        series[name] = series.get(name, Series(name)).merged(news)
    after = replace(
        before,
        series=series,
        total_steps=max((one.total_steps for one in heard if one.total_steps), default=None)
        or before.total_steps,
        clock=before.clock.merged({one.step: one.time for one in heard if one.time is not None}),
        epoch_starts=_epoch_starts(before.epoch_starts, heard),
    )
    return before if after == before else after


def _epoch_starts(before: Mapping[int, int], heard: Iterable[_Heard]) -> Mapping[int, int]:
    starts = dict(before)
    for one in heard:
        if one.epoch is not None:
            starts[one.epoch] = min(one.step, starts.get(one.epoch, one.step))
    return starts


def _hear(report: Reported | Mapping[str, Any]) -> _Heard | None:
    """Understand a report; none if it is about something else."""
    if isinstance(report, Mapping):
        data = report.get("data", report)
        message, time = report.get("message", ""), report.get("created_at", report.get("time"))
    else:
        data, message, time = report.data, report.message, report.created_at
    heard = _from_data(data) if isinstance(data, Mapping) else None
    if heard is None and isinstance(message, str):
        heard = _from_message(message)
    return replace(heard, time=_seconds(time)) if heard else None


def _from_data(data: Mapping[str, Any]) -> _Heard | None:
    step = _step(data.get("step"))
    nested = data.get("metrics")
    found = nested if isinstance(nested, Mapping) else data
    values = {
        _ALIASES.get(name, name): value
        for name, value in ((str(key), _number(raw)) for key, raw in found.items())
        if value is not None and name not in _ABOUT
    }
    if step is None or not values:
        return None
    epoch = data.get("epoch")  # a fraction, as some trainers report, is no epoch's number
    number = _step(epoch) or None if isinstance(epoch, int) else None
    return _Heard(step, values, _step(data.get("total_steps")), number)


def _from_message(message: str) -> _Heard | None:
    """Read `Step 3/300: training loss=0.22, validation loss=0.31`, with or without the total."""
    found = _STEP.match(message[:2_000])
    if not found:
        return None
    values: dict[str, float] = {}
    for spoken, text in _VALUE.findall(found[3]):
        value = _number(text)
        if value is not None:
            values["_".join(_SPOKEN.get(word, word) for word in spoken.lower().split())] = value
    total = int(found[2]) if found[2] else None
    return _Heard(int(found[1]), values, total) if values else None


def _number(raw: Any) -> float | None:
    """Take numbers, and the spellings of NaN and infinity that JSON cannot hold."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        return float(raw)
    except ValueError:
        return None
    except OverflowError:
        return math.inf if isinstance(raw, int) and raw > 0 else -math.inf


def _step(raw: Any) -> int | None:
    number = _number(raw)
    if number is None or number != number or not 0 <= number <= _FARTHEST_STEP:
        return None
    return int(number)


def _seconds(time: Any) -> float | None:
    number = time.timestamp() if isinstance(time, datetime) else _number(time)
    return number if number is not None and 0 < number < _LATEST else None
