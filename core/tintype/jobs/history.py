"""What one's own past says of the next training: speed of uploads, time of jobs, bills.

Only what was measured counts; where there is nothing, nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from tintype.store import KeptJob, Store

if TYPE_CHECKING:
    from tintype.estimation import Estimate, Forecast
    from tintype.estimation.usage import BreakEven, Request

LATELY = 50
"""Jobs that are looked through."""
MOST_SPEEDS = 8
FEWEST_BYTES = 100_000
"""A smaller upload says more of the greeting than of the line."""


@dataclass(frozen=True, slots=True)
class UploadSpeed:
    """How fast files have been sent to a provider lately."""

    uploads: int
    low: float
    """Bytes per second, like the next two."""
    likely: float
    high: float

    def seconds(self, size_bytes: int) -> float:
        """How long so many bytes are likely to take."""
        return size_bytes / self.likely


@dataclass(frozen=True, slots=True)
class Learnt:
    """How far the bills of one's own jobs were from what was estimated."""

    jobs: int
    low: float
    """Billed tokens as a share of the estimated ones: 1.02 is two percent more."""
    likely: float
    high: float

    def cost(self, estimate: "Estimate") -> Decimal | None:
        """What the plan costs if its bill is as those were; none if its cost is not known."""
        cost = estimate.cost_usd
        return None if cost is None else cost.likely * Decimal(str(round(self.likely, 4)))


@dataclass(frozen=True, slots=True)
class Prospects:
    """What is to be expected beside the bill, as far as it is known."""

    forecast: "Forecast | None" = None
    upload: UploadSpeed | None = None
    """None: no file has been sent there yet."""
    learnt: Learnt | None = None
    """None: no job that was estimated has been billed yet."""
    request: "Request | None" = None
    """A usual request to the tuned model."""
    answers: tuple["BreakEven", ...] = ()
    """The tuned model beside base models; empty where prices are not known."""


def note_upload(store: Store, profile: str, size_bytes: int, seconds: float, at: datetime) -> None:
    """Keep how long a file took to be sent, with the seven uploads before it.

    Raises:
        StoreError: if it cannot be kept.
    """
    if size_bytes >= FEWEST_BYTES and seconds > 0:
        before = _speeds(store, profile)
        kept = [*before, [size_bytes, round(seconds, 3)]][-MOST_SPEEDS:]
        store.notes.write(_note(profile), kept, at)


def upload_speed(store: Store, profile: str) -> UploadSpeed | None:
    """Return how fast files have been sent at a profile; none before the first of 100 KB.

    Raises:
        StoreError: if the store cannot be read.
    """
    speeds = [size / seconds for size, seconds in _speeds(store, profile)]
    if not speeds:
        return None
    return UploadSpeed(len(speeds), min(speeds), median(speeds), max(speeds))


def job_time(store: Store, profile: str, estimate: "Estimate") -> "Forecast":
    """Return how long a job takes at a provider, by one's own that have succeeded there.

    From its creation to its end, the wait in the queue included, for each token billed.

    Raises:
        StoreError: if the store cannot be read.
    """
    from tintype.estimation import Forecast

    model, tokens = estimate.plan.model, estimate.billed_tokens.likely
    paces = [
        (kept.job.finished_at - kept.job.created_at).total_seconds() / kept.job.trained_tokens
        for kept in _done(store, profile, model)
        if kept.job.finished_at is not None and kept.job.trained_tokens and kept.job.dated
    ]
    paces = [pace for pace in paces if pace > 0]
    if not paces or not tokens:
        reason = f"How long it takes is unknown until a first job of {model} has ended here."
        return Forecast(None, None, None, None, reason)
    jobs = "1 job" if len(paces) == 1 else f"{len(paces)} jobs"
    return Forecast(
        None,
        min(paces) * tokens,
        median(paces) * tokens,
        max(paces) * tokens,
        f"By {jobs} of {model}, from creation to end, the queue included: "
        f"{median(paces) * 1_000_000:,.0f} s per million tokens.",
    )


def learnt(store: Store, profile: str, model: str) -> Learnt | None:
    """Return how far bills were from estimates; none before the first job of a model has ended.

    Only jobs that were estimated here and have succeeded count.

    Raises:
        StoreError: if the store cannot be read.
    """
    found = []
    for kept in _done(store, profile, model):
        expected = kept.made_from.estimate.get("billed_tokens")
        if isinstance(expected, int) and expected > 0 and kept.job.trained_tokens:
            found.append(kept.job.trained_tokens / expected)
    return Learnt(len(found), min(found), median(found), max(found)) if found else None


def _done(store: Store, profile: str, model: str) -> list[KeptJob]:
    jobs = store.jobs.newest(LATELY, profile=profile)
    return [one for one in jobs if one.job.model == model and one.job.status == "succeeded"]


def _speeds(store: Store, profile: str) -> Sequence[tuple[int, float]]:
    kept = store.notes.read(_note(profile), [])
    return [(size, seconds) for size, seconds in kept if size > 0 and seconds > 0]


def _note(profile: str) -> str:
    return f"upload speeds at {profile}"
