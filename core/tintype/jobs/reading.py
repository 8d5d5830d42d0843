"""A job by what another process brings into the store: nobody is asked twice for the same."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from tintype.api import SYSTEM, Clock
from tintype.jobs.watching import BATCH, JobProgress
from tintype.metrics import Metrics, fold
from tintype.store import Store

LOOK_S = 0.25
"""How often the store is asked whether anything was written: 20 µs each time."""


async def read_along(
    store: Store,
    profile: str,
    job_id: str,
    *,
    trouble: Callable[[], str],
    goes_on: Callable[[], bool],
    clock: Clock = SYSTEM,
) -> AsyncGenerator[JobProgress, None]:
    """Tell of a job as another process follows it, until all is here or nobody follows it.

    Args:
        store: What is read.
        profile: The profile's name.
        job_id: A job that the store knows; of another, nothing is told.
        trouble: Why nothing newer is known, in a sentence, or empty; asked often.
        goes_on: Whether somebody still follows it; asked often.
        clock: What to wait by.

    Raises:
        StoreError: if the store cannot be read.
    """
    metrics, known, sweep = Metrics(), set[str](), 0
    told: tuple[object, ...] = ()
    while True:
        version, why = store.version(), trouble()
        if (kept := store.jobs.find(profile, job_id)) is None:
            return
        events, sweep = await store.jobs.events_since(profile, job_id, sweep)
        new = [event for event in events if event.id not in known]
        known.update(event.id for event in new)
        if told != (told := (kept, why)) or new:
            checkpoints = store.jobs.checkpoints(profile, job_id)
            for start in range(0, len(new) or 1, BATCH):
                batch = tuple(new[start : start + BATCH])
                metrics = await asyncio.to_thread(fold, batch, metrics)
                yield JobProgress(kept.job, batch, metrics, checkpoints, kept.seen_at, why)
        if kept.settled:
            return
        while store.version() == version and trouble() == why:
            if not goes_on():
                return
            await clock.sleep(LOOK_S)
