"""One report of a training, read: its step and its values, whatever carries them.

Numbers are taken from an event's `data`. Where there are none (Azure, and transcripts), from the
words of its message, which OpenAI rounds to two decimals. A results file is a report per line. All
spell the same metric differently; `canonical` gives each metric one name.

What cannot be read for certain is left out: `1,200` is 1,200 as a step, which is whole, and nothing
as a value, which may as well be 1.2.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

_ABOUT = frozenset(
    {"step", "global_step", "total_steps", "epoch", "n_epochs", "time", "created_at", "timestamp"}
)
"""Keys that say where a value belongs and are no metric themselves."""

_COUNT = r"\d{1,3}(?:[,'\u2019_ \u00a0\u202f]\d{3})+(?!\d)|\d{1,15}(?!\d)"
_STEP = re.compile(
    rf"\s*Step ({_COUNT})(?:\s?/\s?({_COUNT}))?(?:\s*:|\s*,(?=\s)|\s+-(?=\s))\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(
    r"([A-Za-z][A-Za-z _]{0,60}?)\s*=\s*"
    r"([-+]?(?:\d[\d.,]*\d|\d\.?)(?:e[-+]?\d+)?(?:\s?%)?|[-+]?nan|[-+]?inf(?:inity)?)"
    r"(?!\w|\s?%|[.,'\u2019 \u00a0\u202f]\d)",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[-+]?(?:0|\d+(?=,(?!\d{3}$))),\d+", re.ASCII)
"""A comma that can only be a decimal one: `0,22`, `12,5`, and not `1,234`."""
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})", re.ASCII)

_FAMILIES = (
    ("full_validation_", "full_valid_"),
    ("full_val_", "full_valid_"),
    ("training_", "train_"),
    ("validation_", "valid_"),
    ("val_", "valid_"),
)
_ACCURACY = re.compile(r"(train|valid|full_valid)_(?:token_)?accuracy")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z][a-z]{2})")
_BETWEEN = re.compile(r"[\W_]+")

_NEVER_NEGATIVE = ("loss", "accuracy", "iou", "perplexity", "error")
"""Of these, -1 is what Azure and OpenAI write for "not measured at this step"."""

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
class Report:
    """The values of one step."""

    step: int
    values: Mapping[str, float]
    """By canonical name, at least one."""
    total_steps: int | None = None
    epoch: int | None = None
    time: float | None = None
    """Unix seconds."""


def canonical(name: str) -> str:
    """Return the one name of a metric: `Validation Mean Token Accuracy` is `valid_mean_token_…`.

    Quotes, spaces, capitals, hyphens and slashes do not matter, nor whether the split is written
    out; `accuracy` alone is the token accuracy, as in OpenAI's results file.
    """
    plain = _BETWEEN.sub("_", _CAPITALS.sub("_", name)).strip("_").lower()
    for spelled, family in _FAMILIES:
        if plain.startswith(spelled):
            plain = family + plain.removeprefix(spelled)
            break
    return _ACCURACY.sub(r"\1_mean_token_accuracy", plain) if "accuracy" in plain else plain


def read_report(report: "Reported | Mapping[str, Any]") -> Report | None:
    """Read an event, or a mapping as `fold` takes it; none if it carries no metric."""
    if isinstance(report, Mapping):
        data = report.get("data", report)
        message, time = report.get("message", ""), report.get("created_at", report.get("time"))
    else:
        data, message, time = report.data, report.message, report.created_at
    found = _from_data(data) if isinstance(data, Mapping) else None
    if found is None and isinstance(message, str):
        found = _from_message(message)
    return replace(found, time=_seconds(time)) if found else None


def _from_data(data: Mapping[str, Any]) -> Report | None:
    if "step" not in data:
        data = {_name(key): value for key, value in data.items()}
    step = to_step(data.get("step", data.get("global_step")))
    if step is None:
        return None
    nested = data.get("metrics")
    found = nested if isinstance(nested, Mapping) else data
    values = _measured((_name(key), to_number(raw)) for key, raw in found.items())
    if not values:
        return None
    epoch = data.get("epoch")  # a fraction, as some trainers report, is no epoch's number
    number = to_step(epoch) or None if isinstance(epoch, int) else None
    return Report(step, values, to_step(data.get("total_steps")), number)


def _from_message(message: str) -> Report | None:
    """Read `Step 3/300: training loss=0.22, validation loss=0.31`, with or without the total."""
    found = _STEP.match(message[:2_000])
    if not found:
        return None
    spoken = _VALUE.findall(found[3])
    values = _measured((_name(name), to_number(text)) for name, text in spoken)
    return Report(_count(found[1]), values, _count(found[2]) or None) if values else None


_NAMES: dict[str, str] = {}
"""Spellings seen: a training of a hundred thousand steps has a handful."""


def _name(key: Any) -> str:
    spelled = str(key)
    if spelled not in _NAMES:
        if len(_NAMES) >= 1_000:  # a provider that makes up names
            return canonical(spelled)
        _NAMES[spelled] = canonical(spelled)
    return _NAMES[spelled]


def _measured(found: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """Keep what is a metric and was measured."""
    return {
        name: value
        for name, value in found
        if value is not None
        and name not in _ABOUT
        and not (value == -1 and any(word in name for word in _NEVER_NEGATIVE))
    }


def to_number(raw: Any) -> float | None:
    """Return a number, or read one in a text, NaN and infinity too; none if it could be two."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        return float(raw)
    except ValueError:
        return _spelled(str(raw).strip())
    except OverflowError:
        return math.inf if isinstance(raw, int) and raw > 0 else -math.inf


def _spelled(text: str) -> float | None:
    """Read `0,22`, `1,234.5` and `62 %`."""
    if text.endswith("%"):
        share = to_number(text[:-1].rstrip())
        return None if share is None else share / 100
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    return float(text.replace(",", "")) if _THOUSANDS.fullmatch(text) else None


def _count(text: str | None) -> int:
    """Read a whole number, with or without marks between the thousands; 0 for none."""
    return int(re.sub(r"\D", "", text)) if text else 0


def to_step(raw: Any) -> int | None:
    """Return a step: a whole number that is not negative; none for anything else."""
    if isinstance(raw, str) and re.fullmatch(_COUNT, raw.strip()):
        return _count(raw)
    number = to_number(raw)
    if number is None or not 0 <= number <= _FARTHEST_STEP or number != int(number):
        return None
    return int(number)


def _seconds(time: Any) -> float | None:
    number = time.timestamp() if isinstance(time, datetime) else to_number(time)
    return number if number is not None and 0 < number < _LATEST else None
