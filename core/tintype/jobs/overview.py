"""All jobs of all profiles in one list, from the store alone: filtered, sorted, labelled."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tintype.jobs.comparing import (
    ACCURACIES,
    JUDGED_BY,
    ModelScore,
    Scores,
    cost_or_estimate,
    data_of,
    fits,
)
from tintype.jobs.recalling import recorded, trained_s
from tintype.metrics import Metrics, Series, smooth, summary
from tintype.pricing import Prices
from tintype.store import KeptJob, Labels, Store


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job in the list; what is not known is none."""

    kept: KeptJob
    labels: Labels
    cost_usd: Decimal | None = None
    """As billed, else as estimated at launch."""
    estimated: bool = False
    """Whether the cost is an estimate."""
    loss: str = ""
    """The metric that the best loss is of; empty if there is none."""
    best_loss: float | None = None
    last_loss: float | None = None
    smoothed_loss: float | None = None
    """The last of the curve averaged over about ten points."""
    accuracy: float | None = None
    """The highest of the best measure that it has, from 0 to 1."""
    training_s: float | None = None
    """Seconds from its start to its end, without the queue."""
    score: ModelScore | None = None
    """Of its tuned model in the newest evaluation."""


async def overview(
    store: Store,
    prices: Prices | None,
    providers: Mapping[str, str],
    scores: Scores,
) -> tuple[JobLine, ...]:
    """List every job that the store knows, newest first; nobody is asked.

    Args:
        store: The local store.
        prices: What providers charge; none while that is not known.
        providers: The provider of each profile, by the profile's name.
        scores: What has been evaluated.

    Raises:
        StoreError: if the store cannot be read.
    """
    labels, lines = store.labels.all(), []
    for kept in store.jobs.newest():
        job = kept.job
        metrics, _ = await recorded(store, kept.profile, job.id)
        loss, accuracy = (_first(names, metrics) for names in (JUDGED_BY, ACCURACIES))
        figures, smoothed = summary(loss), smooth(loss, SMOOTHING).series.values()
        cost_usd, estimated = cost_or_estimate(kept, prices, providers)
        evaluated = scores.get((kept.profile, job.fine_tuned_model or ""), ())
        lines.append(
            JobLine(
                kept,
                labels.get((kept.profile, job.id), Labels()),
                cost_usd,
                estimated,
                loss.name if len(loss) else "",
                _known(figures.low),
                _known(figures.last),
                _known(smoothed[-1] if len(smoothed) else math.nan),
                _known(summary(accuracy).high),
                await trained_s(store, kept, metrics),
                evaluated[0] if evaluated else None,
            )
        )
    return tuple(lines)


def _first(names: Sequence[str], metrics: Metrics) -> Series:
    """The first of some metrics that there is; an empty series if there is none."""
    found = (metrics.series[name] for name in names if len(metrics.series.get(name, ())))
    return next(found, Series("none"))


def _known(value: float) -> float | None:
    return value if value == value else None


SMOOTHING = 0.9
_BY: Mapping[str, Callable[[JobLine], str | float | Decimal | None]] = {
    "age": lambda line: -line.kept.job.created_at.timestamp(),
    "state": lambda line: line.kept.job.status,
    "profile": lambda line: line.kept.profile,
    "model": lambda line: line.kept.job.model,
    "data": lambda line: data_of(line.kept) or None,
    "cost": lambda line: line.cost_usd,
    "loss": lambda line: line.best_loss,
    "last": lambda line: line.last_loss,
    "smoothed": lambda line: line.smoothed_loss,
    "accuracy": lambda line: None if line.accuracy is None else -line.accuracy,
    "time": lambda line: line.training_s,
    "score": lambda line: None if line.score is None else -line.score.value,
}

SORTED_BY = tuple(_BY)
"""What a list of jobs may be sorted by; the best, cheapest or newest comes first."""
RESULTS = frozenset({"cost", "loss", "last", "smoothed", "accuracy", "time", "score"})
"""Of these, what `overview` must have been asked for."""


def arranged(
    lines: Sequence[JobLine], *, wanted: str = "", by: str = "age", reverse: bool = False
) -> tuple[JobLine, ...]:
    """Return the lines that fit, sorted: pinned ones first, what is not known last.

    Args:
        lines: As `overview` gives them.
        wanted: Words as `jobs.fits` takes them; besides `profile:`, `tag:`, `note:`, `is:pinned`,
            `is:archived`, and `sort:loss`, which goes before `by`; `loss` is the lowest.
            Archived jobs are listed only if that is asked for.
        by: One of `SORTED_BY`.
        reverse: The other way round.
    """
    by, words = sorted_by(wanted) or by, wanted.casefold().split()
    if "is:archived" not in words:
        lines = [line for line in lines if not line.labels.archived]
    found = [line for line in lines if all(_fits(line, word) for word in words)]
    key = _BY[by]
    known = [line for line in found if key(line) is not None]
    known.sort(key=lambda line: key(line) or 0, reverse=reverse)
    known += [line for line in found if key(line) is None]
    return tuple(sorted(known, key=lambda line: not line.labels.pinned))


def sorted_by(wanted: str) -> str:
    """Return what words ask to sort by: of `sort:loss`, `loss`; empty if they do not."""
    asked = [word.removeprefix("sort:") for word in wanted.casefold().split()]
    return next(
        (by for by in reversed(asked) if by in _BY and f"sort:{by}" in wanted.casefold()), ""
    )


def _fits(line: JobLine, word: str) -> bool:
    if word == "is:all" or word.startswith("sort:"):
        return True
    labels = line.labels
    name, colon, rest = word.partition(":")
    texts = {
        "profile": line.kept.profile,
        "tag": " ".join(labels.tags),
        "note": labels.note,
    }
    if colon and name == "is":
        return bool({"pinned": labels.pinned, "archived": labels.archived}.get(rest))
    if colon and name in texts:
        return rest in texts[name].casefold()
    return fits(line.kept, word) or any(word in text.casefold() for text in texts.values())
