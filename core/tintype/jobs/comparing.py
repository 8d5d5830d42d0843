"""Jobs beside each other: those that fit a filter, where their settings differ, and results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from tintype.metrics import Metrics, summary
from tintype.pricing import Prices
from tintype.resources import Event, Hyperparameters, Job
from tintype.store import KeptJob, Source


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the same everywhere."""

    name: str
    values: tuple[str, ...]
    """As many as there are jobs; empty where it is not known."""


def differences(jobs: Sequence[KeptJob]) -> tuple[Difference, ...]:
    """The settings in which jobs differ, in a fixed order; none for fewer than two."""
    found = []
    for name, read in _SETTINGS.items():
        values = tuple(read(kept) for kept in jobs)
        if len(set(values)) > 1:
            found.append(Difference(name, values))
    return tuple(found)


def setting(kept: KeptJob, name: str, value: object) -> str:
    """A hyperparameter in words: `3 (auto)` where the provider chose, `3` where it was asked."""
    asked = _asked(kept)
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(map(str, value))
    said = asked.get(name, "auto" if asked else None)
    return f"{shown} (auto)" if said == "auto" and value != "auto" else shown


def _asked(kept: KeptJob) -> Mapping[str, Any]:
    """The hyperparameters as they were asked for; empty where that is not known here."""
    asked = kept.made_from.request
    for key in ("method", "supervised", "hyperparameters"):
        inner = asked.get(key) if isinstance(asked, Mapping) else None
        asked = inner if isinstance(inner, Mapping) else {}
    return asked


def to_repeat(kept: KeptJob) -> Job:
    """Return a job to be launched again: what was left to the provider is left to it again.

    Of a job that was not launched from here it is not known what was asked for: it is repeated as
    it was trained.
    """
    if not (asked := _asked(kept)):
        return kept.job
    extra = {name: value for name, value in asked.items() if value != "auto"}
    seed = kept.job.seed if "seed" in kept.made_from.request else None
    return replace(kept.job, hyperparameters=Hyperparameters.of(extra), seed=seed)


def _hyperparameter(name: str) -> Callable[[KeptJob], str]:
    # What was trained with counts, not whether it was asked for.
    return lambda kept: f"{getattr(kept.job.hyperparameters, name)}"


def _extra(extra: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {extra[name]}" for name in sorted(extra))


def _file(source: Source | None, id: str | None) -> str:
    """A dataset file by its folder, name and content: two files of one name may differ."""
    if source is None:
        return id or ""
    path = PurePath(source.path)
    return f"{path.parent.name}/{path.name} ({source.digest[:8]})"


def _rows(source: Source | None) -> str:
    return "" if source is None or source.rows is None else f"{source.rows:,}"


_SETTINGS: Mapping[str, Callable[[KeptJob], str]] = {
    "base model": lambda kept: kept.job.model,
    "trained on": lambda kept: _file(kept.made_from.training, kept.job.training_file),
    "rows": lambda kept: _rows(kept.made_from.training),
    "validated on": lambda kept: _file(kept.made_from.validation, kept.job.validation_file),
    "epochs": _hyperparameter("n_epochs"),
    "batch size": _hyperparameter("batch_size"),
    "LR multiplier": _hyperparameter("learning_rate_multiplier"),
    "other hyperparameters": lambda kept: _extra(kept.job.hyperparameters.extra),
    "seed": lambda kept: "" if kept.job.seed is None else str(kept.job.seed),
}


JUDGED_BY = ("full_valid_loss", "valid_loss", "train_loss")
"""The losses that say how good a run is, the best measure first."""
ACCURACIES = (
    "full_valid_mean_iou",
    "full_valid_mean_token_accuracy",
    "valid_mean_token_accuracy",
    "train_mean_token_accuracy",
)
"""Likewise what is better when it is higher."""


@dataclass(frozen=True, slots=True)
class ModelScore:
    """What a model scores in one evaluation; shares from 0 to 1."""

    value: float
    low: float
    """Of its 95 % interval, like `high`."""
    high: float
    n: int
    """Rows that were judged."""
    scorer: str
    evaluation: str
    """The name of its run."""


Scores = Mapping[tuple[str, str], Sequence[ModelScore]]
"""The scores of models by profile and name, those of the newest evaluation first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job; what is not known is none."""

    best_loss: float | None = None
    best_step: int | None = None
    accuracy: float | None = None
    """The highest, from 0 to 1."""
    training_s: float | None = None
    """Seconds from its start to its end, without the queue."""
    cost_usd: Decimal | None = None
    """As billed, else as estimated at launch."""
    estimated: bool = False
    """Whether the cost is an estimate."""
    score: ModelScore | None = None
    """Of its tuned model; none if that was not evaluated."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of several jobs, by the same measures."""

    loss: str = ""
    """The metric that all of them have, by which the losses are compared; empty if none is."""
    accuracy: str = ""
    each: tuple[Outcome, ...] = ()

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The evaluations that the scores are from, with their scorers; one if all are alike."""
        scores = [one.score for one in self.each if one.score is not None]
        return tuple(dict.fromkeys(f"{one.evaluation} ({one.scorer})" for one in scores))


def outcomes(
    runs: Sequence[tuple[KeptJob, Metrics]],
    prices: Prices | None,
    providers: Mapping[str, str],
    scores: Scores = MappingProxyType({}),
    trained_s: Mapping[str, float] = MappingProxyType({}),
) -> Outcomes:
    """Compare what came of jobs: losses and accuracies by the best measure that all of them have.

    Scores are those of the newest evaluation that has one of every job's model; where there is
    none, each model's newest.

    Args:
        runs: Jobs with their metrics.
        prices: What providers charge; none while that is not known.
        providers: The provider of each profile, in the price table.
        scores: What has been evaluated.
        trained_s: How long jobs trained, by id, where that is known from their events; else it is
            counted from the first step.
    """
    loss, accuracy = (_shared(names, runs) for names in (JUDGED_BY, ACCURACIES))
    each = []
    for (kept, metrics), score in zip(runs, _scores(runs, scores), strict=True):
        lowest = summary(metrics.series[loss]) if loss else None
        highest = summary(metrics.series[accuracy]) if accuracy else None
        cost_usd, estimated = cost_or_estimate(kept, prices, providers)
        each.append(
            Outcome(
                best_loss=lowest.low if lowest else None,
                best_step=lowest.low_step if lowest else None,
                accuracy=highest.high if highest else None,
                training_s=trained_s.get(kept.job.id, training_s(kept.job, metrics)),
                cost_usd=cost_usd,
                estimated=estimated,
                score=score,
            )
        )
    return Outcomes(loss, accuracy, tuple(each))


def _scores(runs: Sequence[tuple[KeptJob, Metrics]], scores: Scores) -> Sequence[ModelScore | None]:
    """A score for each run, all of one evaluation if there is such."""
    known = [scores.get((kept.profile, kept.job.fine_tuned_model or ""), ()) for kept, _ in runs]
    for first in known[0] if known else ():
        same = [
            next((one for one in every if one.evaluation == first.evaluation), None)
            for every in known
        ]
        if all(same):
            return same
    return [every[0] if every else None for every in known]


def _shared(names: Sequence[str], runs: Sequence[tuple[KeptJob, Metrics]]) -> str:
    """The first metric that all runs have with a number in it."""
    for name in names:
        found = [metrics.series.get(name) for _, metrics in runs]
        if found and all(one is not None and len(one) > len(one.odd()) for one in found):
            return name
    return ""


def cost(job: Job, prices: Prices | None, provider: str) -> Decimal | None:
    """Return what the provider billed for a job; none if it has not said, or at no known price."""
    price = prices.training(provider, job.model) if prices is not None else None
    if price is None or job.trained_tokens is None:
        return None
    return price.cost(job.trained_tokens)


def cost_or_estimate(
    kept: KeptJob, prices: Prices | None, providers: Mapping[str, str]
) -> tuple[Decimal | None, bool]:
    """Return what a job cost as billed, else as estimated at launch, and whether it is estimated.

    None if neither is known, or if the job failed or was cancelled and no bill is known.
    """
    billed = cost(kept.job, prices, providers.get(kept.profile, ""))
    if billed is not None or kept.job.status in ("failed", "cancelled"):
        return billed, False
    try:
        return Decimal(str(kept.made_from.estimate["cost_usd"])), True
    except (KeyError, InvalidOperation):
        return None, False


def training_s(job: Job, metrics: Metrics, events: Sequence[Event] = ()) -> float | None:
    """Return how long an ended job trained, in seconds, without validation and the queue.

    It starts with the event that says so, else with the first step; none if neither is known.
    """
    if job.finished_at is None:
        return None
    said = (event.created_at for event in events if _says_started(event))
    started = next((moment for moment in said if moment.timestamp() > 0), None)
    if started is None and len(metrics.clock):
        started = datetime.fromtimestamp(min(metrics.clock.values()), UTC)
    return max(0.0, (job.finished_at - started).total_seconds()) if started is not None else None


def _says_started(event: Event) -> bool:
    """Whether an event says that training begins: `Fine-tuning job started`."""
    return event.type != "metrics" and event.message.strip().lower().startswith(
        ("fine-tuning job started", "training started")
    )


_KEYS: Mapping[str, Callable[[KeptJob], str]] = {
    "state": lambda kept: kept.job.status,
    "model": lambda kept: f"{kept.job.model} {kept.job.fine_tuned_model or ''}",
    "suffix": lambda kept: kept.job.suffix or "",
    "data": lambda kept: data_of(kept),
    "id": lambda kept: kept.job.id,
    "meta": lambda kept: " ".join(f"{key}={value}" for key, value in kept.job.metadata.items()),
    "made": lambda kept: f"{kept.job.created_at.astimezone():%Y-%m-%d}",
}

KEYS = tuple(_KEYS)
"""What may stand before a colon."""


def data_of(kept: KeptJob) -> str:
    """The dataset a job was made from, by folder and name; empty if that is not known here."""
    source = kept.made_from.training
    if source is None:
        return ""
    path = PurePath(source.path)
    return f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem


def fits(kept: KeptJob, wanted: str) -> bool:
    """Whether a job fits what is wanted; everything fits nothing wanted."""
    return all(_fits(kept, word) for word in wanted.casefold().split())


def _fits(kept: KeptJob, word: str) -> bool:
    key, colon, rest = word.partition(":")
    if colon and key in _KEYS:
        return rest in _KEYS[key](kept).casefold()
    return any(word in read(kept).casefold() for read in _KEYS.values())
