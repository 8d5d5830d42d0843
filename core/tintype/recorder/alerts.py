"""What somebody wants to be notified of, judged from what a job says. Pure.

Each rule speaks once for a job: what was said is kept in the store (`store.alerts`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from tintype.api import one_line
from tintype.api.retrying import words
from tintype.jobs import JobProgress
from tintype.metrics import Series, figure, label

SILENT = timedelta(minutes=20)
"""A running job that has said nothing for so long."""
RISES = 3
"""So many evaluations in a row, each worse than the one before."""
NEAR_DAYS = 60
"""Days before a model is shut down from which on it is said."""
SPENT = Decimal("0.8")
"""The part of a limit from which on it is said."""
_VALIDATION = ("full_valid_loss", "valid_loss")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule judges by."""

    progress: JobProgress
    now: datetime
    heard_at: datetime
    """When the job last said something, or was created."""
    spent_usd: Decimal = Decimal(0)
    """In this calendar month, as far as it is known."""
    month_limit_usd: Decimal | None = None
    days_left: int | None = None
    """Until the base model is shut down, where that is announced."""


def nan(at: Situation) -> str:
    """A measured value is not a number."""
    for name, series in at.progress.metrics.series.items():
        if odd := series.odd():
            return f"{label(name)} is not a number at step {series[odd[0]][0]:,}"
    return ""


def silence(at: Situation) -> str:
    """The job runs and says nothing."""
    if at.progress.job.status != "running" or at.progress.trouble or at.now - at.heard_at < SILENT:
        return ""
    return f"it has said nothing for {words((at.now - at.heard_at).total_seconds())}"


def validation(at: Situation) -> str:
    """The validation loss has risen several times in a row."""
    series = next((at.progress.metrics.series[n] for n in _VALIDATION if _has(at, n)), None)
    if series is None or len(series) <= RISES:
        return ""
    values = series.values()[-RISES - 1 :]
    if any(not before < after for before, after in pairwise(values)):
        return ""
    return (
        f"{label(series.name)} has risen {RISES} times in a row, "
        f"from {figure(values[0])} to {figure(values[-1])}"
    )


def _has(at: Situation, name: str) -> bool:
    series: Series | None = at.progress.metrics.series.get(name)
    return series is not None and len(series) > RISES


def budget(at: Situation) -> str:
    """Most of the month's limit is spent."""
    limit = at.month_limit_usd
    if limit is None or at.spent_usd < limit * SPENT:
        return ""
    return f"${at.spent_usd:,.2f} of this month's limit of ${limit:,.2f} is spent"


def deadline(at: Situation) -> str:
    """The base model is shut down soon."""
    if at.days_left is None or at.days_left > NEAR_DAYS:
        return ""
    model = one_line(at.progress.job.model, 60)
    if at.days_left < 0:
        return f"{model}, which it tunes, has been shut down"
    days = "today" if at.days_left == 0 else f"in {at.days_left} days"
    return f"{model}, which it tunes, is shut down {days}"


def ended(at: Situation) -> str:
    """The job has ended."""
    status = at.progress.job.status
    if not at.progress.job.ended:
        return ""
    return "it has been cancelled" if status == "cancelled" else f"it has {status}"


RULES: Mapping[str, Callable[[Situation], str]] = {
    rule.__name__: rule for rule in (nan, silence, validation, budget, deadline, ended)
}
"""By the name they have in the configuration; each gives words, or nothing."""


def judged(at: Situation, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return a sentence for each rule that has something to say, by the rule's name."""
    job = at.progress.job
    name = one_line(job.suffix or job.id, 60)
    found = {rule: RULES[rule](at) for rule in wanted if rule in RULES}
    return {rule: f"Job {name}: {words}." for rule, words in found.items() if words}
