"""One line of a trainer's log, as a report of a step; the names that trainers use, made ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tintype.metrics import canonical, to_number, to_step

_STEP = ("step", "global_step", "current_steps", "iteration", "iter", "_step")
_TOTAL = ("total_steps", "max_steps")
_TIME = ("time", "timestamp", "_timestamp", "wall_time", "created_at")
_NO_METRIC = (
    *("_runtime", "_per_second", "total_flos", "elapsed", "remaining", "percentage", "memory"),
    *("_secs", "_time"),
)
_FAMILIES = (("eval_", "full_valid_"), ("validation_", "valid_"))
_NAMES = {
    "loss": "train_loss",
    "mean_token_accuracy": "train_mean_token_accuracy",
    "token_acc": "train_mean_token_accuracy",
    "accuracy": "train_mean_token_accuracy",
    "lr": "learning_rate",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one step, under our names."""

    step: int
    values: Mapping[str, float]
    time: float | None = None
    """Unix seconds; none where the log does not say."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a log."""

    measured: tuple[Measured, ...] = ()
    total_steps: int | None = None
    skipped: Mapping[str, int] | None = None
    """What was passed over since the beginning, by kind: how many."""


class Reader(Protocol):
    """Reads what is new in one log file."""

    def read(self) -> News:
        """Read on from where it was; blocking.

        Raises:
            FileError: if the file cannot be read.
        """
        ...


def plain_name(name: str) -> str:
    """Return a column's name as it is looked for: `Step` is `step`; a metric's stays as it is."""
    plain = canonical(name)
    return plain if plain in (*_STEP, *_TOTAL, *_TIME) else name.strip()


def named(name: str) -> str:
    """Return our name of a metric, or nothing for what is none."""
    plain = canonical(name)
    if any(part in plain for part in _NO_METRIC) or plain in ("epoch", "step"):
        return ""
    for theirs, ours in _FAMILIES:
        if plain.startswith(theirs):
            return ours + plain.removeprefix(theirs)
    return _NAMES.get(plain, plain)


def read_line(line: Mapping[str, Any]) -> tuple[Measured | None, int | None]:
    """Return what a line of a log measures, and the number of steps in all, if it says so.

    A step `10/100`, as ms-swift writes it, is step 10 of 100.
    """
    step, total = _step(line)
    total = next((whole for key in _TOTAL if (whole := to_step(line.get(key)))), total)
    if step is None:
        return None, total
    values = {
        name: number
        for key, raw in line.items()
        if key not in (*_STEP, *_TOTAL, *_TIME) and "/max_steps" not in key
        for name, number in [(named(key), to_number(raw))]
        if name and number is not None
    }
    time = next((number for key in _TIME if (number := to_number(line.get(key)))), None)
    return (Measured(step, values, time) if values else None), total


def _step(line: Mapping[str, Any]) -> tuple[int | None, int | None]:
    for key, raw in line.items():
        if key.endswith("step/max_steps") and isinstance(raw, str) and raw.count("/") == 1:
            done, total = map(to_step, raw.split("/"))
            return done, total
    return next(
        (whole for key in _STEP if (whole := to_step(line.get(key))) is not None), None
    ), None
