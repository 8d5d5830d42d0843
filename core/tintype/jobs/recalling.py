"""What a job measured, from the store: its curves as kept, and what has come since."""

import asyncio

from tintype.jobs.comparing import training_s
from tintype.jobs.results import charted
from tintype.metrics import Metrics, fold
from tintype.store import KeptJob, Store

WORTH = 200
"""So many events to be folded are worth keeping what comes of it."""


async def recorded(store: Store, profile: str, job_id: str) -> tuple[Metrics, int]:
    """Return the curves of a job that the store knows, and the reading up to which they are whole.

    Events of later readings are in them as well, so that folding those once more changes nothing.
    Where no event with metrics was ever recorded, the curves are those of the results file, which
    have no times.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    metrics, whole = await store.curves.read(profile, job_id) or (Metrics(), 0)
    complete = store.curves.whole_up_to(profile, job_id)
    events, _ = await store.jobs.events_since(profile, job_id, whole + 1 if whole else 0)
    if events:
        metrics = await asyncio.to_thread(fold, events, metrics)
    if len(events) >= WORTH and complete > whole:
        await store.curves.keep(profile, job_id, metrics, complete)
        whole = complete
    if not metrics.series and (csv := store.jobs.results(profile, job_id)):
        metrics = await asyncio.to_thread(charted, csv, metrics)
    return metrics, whole


async def trained_s(store: Store, kept: KeptJob, metrics: Metrics) -> float | None:
    """Return how long a job trained, in seconds, as `training_s` does, with its events as kept."""
    if not kept.job.ended:
        return None
    started = await store.curves.log(kept.profile, kept.job.id, word="started")
    return training_s(kept.job, metrics, started)
