"""What was expected of a job and what it was billed, side by side, with what lies between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tintype.jobs.creating import TOKEN, comes_from, is_like
from tintype.jobs.failed_rows import count_left_out
from tintype.pricing import Prices
from tintype.resources import Event, Job
from tintype.store import KeptJob, Spending, Store

_NEAR = 0.02
"""A share off that needs no reason: rounding, and tokens that are not documented."""
_LONG_AGO = timedelta(minutes=30)
"""No launch takes as long: what was asked for before has been given up."""


@dataclass(frozen=True, slots=True)
class Bill:
    """An estimate and what came of it."""

    expected_tokens: int | None
    """None: nothing was estimated when the job was launched."""
    billed_tokens: int | None
    """None: the provider has not said."""
    expected_usd: Decimal | None
    cost_usd: Decimal | None
    """What the billed tokens cost by the price table; none is unknown, not nothing."""
    reasons: tuple[str, ...] = ()
    """What explains the difference: phrases."""

    @property
    def off(self) -> float | None:
        """How far the bill is from the estimate, as a share of it: 0.1 is a tenth more."""
        if not self.expected_tokens or self.billed_tokens is None:
            return None
        return self.billed_tokens / self.expected_tokens - 1


def bill(kept: KeptJob, events: Sequence[Event], prices: Prices, provider: str) -> Bill | None:
    """Compare what was estimated with what is billed; none until the job has ended.

    Args:
        kept: The job, with what it was made from.
        events: Its event log: skipped examples are not billed.
        prices: What providers charge.
        provider: The provider's name in the price table.
    """
    job, expected = kept.job, kept.made_from.estimate
    if not job.ended:
        return None
    billed = job.trained_tokens
    price = prices.training(provider, job.model)
    found = Bill(
        _whole(expected.get("billed_tokens")),
        billed,
        _amount(expected.get("cost_usd")),
        price.cost(billed) if price is not None and billed is not None else None,
    )
    if found.off is None or abs(found.off) < _NEAR:
        return found
    return replace(found, reasons=tuple(_reasons(job, events, expected, found.off)))


def settle(store: Store, profile: str, *jobs: Job, trained: bool | None = None) -> None:
    """Bring the ledger up to what a provider says of jobs that were launched here.

    A job in doubt that turns up is expected; an ended one is settled at the tokens it was billed.
    What the provider has not counted stays as expected.

    Args:
        store: Where the ledger is.
        profile: The profile's name.
        jobs: As last seen.
        trained: Whether they reported a step; none if that is not known.

    Raises:
        StoreError: if the ledger cannot be read or written.
    """
    entries = store.spending.open(profile, "training")
    if not entries:
        return
    for job in jobs:
        token = job.metadata.get(TOKEN, "")
        if token in entries:
            made_certain(store, profile, token, job.id)
            entries[job.id] = replace(entries[token], subject=job.id)
        entry, tokens = entries.get(job.id), billed_tokens(job, trained=trained)
        if entry is not None and tokens is not None:
            store.spending.settle(entry, tokens, _share(entry, tokens))


class Doubts:
    """Requests of which nobody knows whether a job was made, while all jobs are listed."""

    def __init__(self, store: Store, profile: str, now: datetime) -> None:
        self._store, self._profile, self._now = store, profile, now
        self._alike: set[str] = set()

    def look(self, batch: Sequence[Job]) -> None:
        """Note which of them were made, before the batch is remembered."""
        for pending in self._store.jobs.pending(self._profile):
            for job in batch:
                if is_like(job, pending):
                    self._alike.add(pending.token)
                if comes_from(job, pending, self._store):
                    made_certain(self._store, self._profile, pending.token, job.id)
                    self._store.jobs.answered(pending.token)
                    break

    def exclude(self) -> None:
        """After the whole list: strike out what was asked for long ago and is not in it."""
        for pending in self._store.jobs.pending(self._profile):
            if pending.token not in self._alike and pending.asked_at < self._now - _LONG_AGO:
                self._store.spending.remove(self._profile, "training", pending.token)
                self._store.jobs.answered(pending.token)


def strike_out(store: Store, subject: str) -> int:
    """Strike out what is not settled about a job or token, and look for it no more; how many."""
    entries = [one for one in store.spending.entries() if one.subject == subject]
    unsettled = [one for one in entries if one.state != "settled"]
    for entry in unsettled:
        store.spending.remove(entry.profile, entry.kind, subject)
        store.jobs.answered(subject)
    return len(unsettled)


def made_certain(store: Store, profile: str, token: str, job_id: str) -> None:
    """Note in the ledger which job came of a request that was in doubt."""
    with store.spending.changing():
        entry = store.spending.find(profile, "training", token)
        if entry is None:
            return
        store.spending.remove(profile, "training", token)
        if store.spending.find(profile, "training", job_id) is None:
            store.spending.add(replace(entry, subject=job_id, state="expected"))


def billed_tokens(job: Job, *, trained: bool | None = None) -> int | None:
    """Return how many tokens an ended job is billed for; none if nobody has said.

    A job that ended before it trained is billed nothing: its files were refused (OpenAI names
    `training_file` or `validation_file`), or it was cancelled in the queue.
    """
    if not job.ended:
        return None
    if job.trained_tokens is not None:
        return job.trained_tokens
    if job.status == "succeeded":
        return None
    failure = job.failure
    refused = failure is not None and (
        failure.param in ("training_file", "validation_file") or failure.code.startswith("invalid_")
    )
    return 0 if refused or trained is False else None


def _share(entry: Spending, tokens: int) -> Decimal | None:
    """Return what tokens cost by the price that an entry was made with; none if it had none."""
    if not tokens:
        return Decimal(0)
    if entry.cost_usd is None or not entry.tokens:
        return None
    return entry.cost_usd * tokens / entry.tokens


def _reasons(
    job: Job, events: Sequence[Event], expected: Mapping[str, Any], off: float
) -> list[str]:
    """What may explain a difference, in its direction: what was skipped makes no bill larger."""
    reasons = []
    if off < 0 and job.status != "succeeded":
        reasons.append(f"the job was not finished: {job.status}")
    run, planned = job.hyperparameters.n_epochs, _whole(expected.get("epochs"))
    if isinstance(run, int) and planned and (run - planned) * off > 0:
        reasons.append(f"{run} epochs were run where {planned} were expected")
    skipped = count_left_out(events, job.training_file)
    if off < 0 and skipped:
        reasons.append(f"{skipped:,} example{'s were' if skipped > 1 else ' was'} skipped")
    return reasons or ["the provider counts images or the overhead of messages differently"]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
