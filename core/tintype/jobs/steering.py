"""Cancelling, pausing and resuming jobs; a lost reply is looked up rather than guessed."""

from collections.abc import Awaitable, Callable

from tintype.api import SYSTEM, Api, Clock
from tintype.errors import ApiError, UnreachableError
from tintype.jobs.billing import settle
from tintype.resources import Job
from tintype.store import Store


async def cancel(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Stop a job for good. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.cancel_job, job_id, ("cancelled",), clock)


async def pause(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Stop a job for now. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.pause_job, job_id, ("paused",), clock)


async def resume(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Go on with a paused job. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.resume_job, job_id, ("queued", "running"), clock)


async def _steer(
    api: Api,
    store: Store,
    order: Callable[[str], Awaitable[Job]],
    job_id: str,
    wanted: tuple[str, ...],
    clock: Clock,
) -> Job:
    try:
        job = await order(job_id)
    except ApiError as error:
        lost = isinstance(error, UnreachableError) or (error.status or 0) >= 500
        # 400: perhaps because it was done already, by somebody else or by a lost request
        if not lost and error.status not in (400, 409):
            raise
        try:
            job = await api.job(job_id)
        except ApiError:
            raise error from None
        if job.status not in wanted:
            raise
    store.jobs.remember(api.profile.name, job, seen_at=clock.now())
    settle(store, api.profile.name, job)
    return job
