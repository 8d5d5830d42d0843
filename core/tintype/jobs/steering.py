"""Listing, cancelling, pausing and resuming jobs; a lost reply is looked up, not guessed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from tintype.api import SYSTEM, Api, Clock, pages
from tintype.api.retrying import Retry, may_be_done
from tintype.errors import ApiError, NotFoundError
from tintype.jobs.billing import Doubts, settle
from tintype.jobs.sending import BUDGET_S
from tintype.model_names import parse_model_name
from tintype.resources import Job
from tintype.store import KeptJob, Store


async def cancel(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Stop a job for good. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.cancel_job, job_id, ("cancelled",), clock)


async def pause(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Pause a job. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.pause_job, job_id, ("paused",), clock)


async def resume(api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM) -> Job:
    """Resume a paused job. Raises `ApiError` if the provider refuses."""
    return await _steer(api, store, api.resume_job, job_id, ("queued", "running"), clock)


async def _steer(
    api: Api,
    store: Store,
    order: Callable[[str], Awaitable[Job]],
    job_id: str,
    wanted: tuple[str, ...],
    clock: Clock,
) -> Job:
    retry = Retry(clock, BUDGET_S, api.notify)
    while True:
        try:
            job = await order(job_id)
            break
        except ApiError as error:
            # 400 and 409: perhaps because it was done already, by somebody or by a lost request
            if may_be_done(error) or error.status in (400, 409):
                found = await _found(api, job_id, error)
                if found.status in wanted:
                    job = found
                    break
            if not await retry.again(error):
                raise
    store.jobs.remember(api.profile.name, job, seen_at=clock.now())
    settle(store, api.profile.name, job)
    return job


async def _found(api: Api, job_id: str, error: ApiError) -> Job:
    """Look at the job; if it cannot be seen, the error that led here counts."""
    try:
        return await api.job(job_id)
    except ApiError:
        raise error from None


async def listed(
    api: Api, store: Store, *, clock: Clock = SYSTEM, most: int = 1_000
) -> AsyncGenerator[tuple[Job, ...], None]:
    """List a provider's jobs, newest first, up to about `most`.

    Every one is kept in the store, and the ledger brought up to what they were billed: what was in
    doubt is expected once it is found, and struck out if the whole list does not have it.

    Raises:
        ApiError: if the provider refuses, cannot be reached, or its list has no end.
        StoreError: if the store cannot be written.
    """
    count, doubts = 0, Doubts(store, api.profile.name, clock.now())
    async with aclosing(pages(lambda after: api.jobs(after=after, limit=100))) as listing:
        async for batch in listing:
            doubts.look(batch)
            store.jobs.remember(api.profile.name, *batch, seen_at=clock.now())
            settle(store, api.profile.name, *batch)
            yield batch
            count += len(batch)
            if count >= most:
                return
    doubts.exclude()


async def full_id(job_id: str, api: Api, store: Store) -> str:
    """Return a job's id: `last` is the newest one.

    Raises:
        NotFoundError: if there is none yet.
    """
    if job_id != "last":
        return job_id
    async for batch in listed(api, store, most=1):
        if batch:
            return batch[0].id
    for kept in store.jobs.newest(1, profile=api.profile.name):
        return kept.job.id  # restored from an archive: the provider has it no longer
    raise NotFoundError("There is no job yet.", advice="Launch one with `tintype train`.")


def kept_job(store: Store, job_id: str, profile: str | None, in_use: str) -> KeptJob:
    """Return a job as the store knows it: by its id, of any profile where none is named.

    `last` is the newest job of that profile; where none is named, of the profile in use, or of any
    if that has none.

    Raises:
        NotFoundError: if the store does not know it.
    """
    named = store.jobs.newest(profile=profile)
    if job_id == "last" and profile is None:
        named = store.jobs.newest(1, profile=in_use) or named
    for kept in named:
        if job_id in ("last", kept.job.id):
            return kept
    where = f" of profile {profile}" if profile else ""
    what = f"No job{where}" if job_id == "last" else f"The job {job_id}{where}"
    raise NotFoundError(
        f"{what} is {'' if job_id == 'last' else 'not '}known here.",
        advice="`tintype jobs --all` lists those that are; `tintype jobs` reads a provider's, "
        "`tintype keep restore` an archive's.",
    )


async def full_name(model: str, api: Api, store: Store, *, other: str = "") -> str:
    """Return a model's name: `last` is the one tuned last, `base` what `other` was tuned from.

    Raises:
        NotFoundError: if none has been tuned yet.
    """
    if model == "base" and other:
        return parse_model_name(other).base
    if model != "last":
        return model
    async for batch in listed(api, store):
        for job in batch:
            if job.fine_tuned_model:
                return str(job.fine_tuned_model)
    for kept in store.jobs.newest(profile=api.profile.name):
        if kept.job.fine_tuned_model:
            return kept.job.fine_tuned_model
    raise NotFoundError("No model has been tuned yet.", advice="Tune one with `tintype train`.")
