"""Creating a job exactly once, though replies get lost.

Providers know no idempotency for jobs, and a second job is a second bill. So every request carries
a token in its metadata, written to the store before it is sent. When no answer comes, the job is
looked for by that token before anything is sent again, in this run of the program or a later one.
"""

from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from tintype.api import SYSTEM, Api, Clock, pages
from tintype.api.retrying import Retry, may_be_done, may_pass
from tintype.errors import ApiError, UnreachableError
from tintype.jobs.sending import BUDGET_S
from tintype.resources import Job, JobRequest, Page
from tintype.store import MadeFrom, Pending, Store

TOKEN = "tintype_request"
"""The metadata key that makes a request findable."""

_LOOKS_S = (1.0, 3.0, 6.0)
"""Pauses before each look: a job may turn up some seconds after its reply was lost."""
_SENDS = 3
_PROCESSING_S = (2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 30.0, 30.0)
"""A file may still be `being processed` just after its upload; that refusal is safe to repeat."""


async def create(
    api: Api,
    store: Store,
    request: JobRequest,
    made_from: MadeFrom | None = None,
    *,
    enter: Callable[[str], None] = lambda token: None,
    clock: Clock = SYSTEM,
) -> Job:
    """Create a job, or find the one that an earlier, unanswered call of this created.

    `enter` is called with the request's token before anything is sent, to put the cost into the
    ledger; what it raises is raised, and nothing is sent then.

    Raises:
        ApiError: if the provider refuses; or `UnreachableError` with code `in_doubt` if it cannot
            be known whether the job was made. Calling again with the same request is then safe.
        StoreError: if the store cannot be written; nothing was sent then.
    """
    profile = api.profile.name
    pending = _asked_before(store, profile, request)
    job = None
    if pending is None:
        pending = Pending(uuid4().hex, profile, request, clock.now())
        enter(pending.token)
        store.jobs.ask(profile, pending.token, request, pending.asked_at)
    else:
        enter(pending.token)
        job = await _look(api, store, pending, clock)
    job = job or await _ask(api, store, pending, clock)
    store.jobs.remember(profile, job, seen_at=clock.now())
    if made_from is not None:
        store.jobs.made_from(profile, job.id, made_from)
    store.jobs.answered(pending.token)
    return job


def _asked_before(store: Store, profile: str, request: JobRequest) -> Pending | None:
    for pending in store.jobs.pending(profile):
        if pending.request == request:
            return pending
    return None


async def _ask(api: Api, store: Store, pending: Pending, clock: Clock) -> Job:
    """Send the request, and look before sending it again."""
    metadata = {**pending.request.metadata, TOKEN: pending.token}
    request = replace(pending.request, metadata=metadata)
    for sends in range(1, _SENDS + 1):
        try:
            job = await _when_processed(api, request, clock)
        except ApiError as error:
            if not may_be_done(error):
                store.jobs.answered(pending.token)
                raise
        else:
            return job if sends == 1 else await _only(api, store, pending, job)
        found = await _look(api, store, pending, clock)
        if found is not None:
            return found
    raise _doubt(api)


async def _when_processed(api: Api, request: JobRequest, clock: Clock) -> Job:
    """Send the request; what was refused and may be accepted soon is sent again."""
    pauses_s = iter(_PROCESSING_S)
    retry = Retry(clock, BUDGET_S, api.notify, lambda error: error.status == 429)
    while True:
        try:
            return await api.create_job(request)
        except ApiError as error:
            unready = error.status == 400 and (
                "still being processed" in error.message or "is not ready" in error.message
            )
            pause_s = next(pauses_s, None) if unready else None
            if pause_s is not None:
                await clock.sleep(pause_s)
            elif not may_pass(error) or not await retry.again(error):
                raise


async def _look(api: Api, store: Store, pending: Pending, clock: Clock) -> Job | None:
    """Look for the job a few times; none only if the provider really listed its jobs.

    Raises:
        UnreachableError: if the provider could not be asked.
    """
    looked = False
    for pause_s in _LOOKS_S:
        await clock.sleep(pause_s)
        try:
            found = await _matches(api, store, pending)
        except ApiError as error:
            if not may_pass(error):
                raise
            continue
        looked = True
        if found:
            return found[0]
    if not looked:
        raise _doubt(api)
    return None


async def _matches(api: Api, store: Store, pending: Pending) -> list[Job]:
    """All jobs that come from this request, oldest first."""
    oldest = pending.asked_at - timedelta(days=1)
    found: list[Job] = []
    by_token = {TOKEN: pending.token}

    async def fetch(after: str | None) -> Page[Job]:
        try:
            return await api.jobs(after=after, limit=100, metadata=by_token)
        except ApiError as error:
            if not by_token or error.status not in (400, 422):
                raise
            by_token.clear()  # a provider that does not know the filter
            return await api.jobs(after=after, limit=100)

    async with aclosing(pages(fetch, most=20)) as listing:
        async for batch in listing:
            found += [job for job in batch if comes_from(job, pending, store)]
            if batch and all(job.dated and job.created_at < oldest for job in batch):
                break
    return sorted(found, key=lambda job: job.created_at)


def comes_from(job: Job, pending: Pending, store: Store) -> bool:
    """By the token; or, where a provider drops metadata, by what went in and by being unknown."""
    return is_like(job, pending) and (
        bool(job.metadata) or store.jobs.find(pending.profile, job.id) is None
    )


def is_like(job: Job, pending: Pending) -> bool:
    """Whether a job may come from a request, by what went into it and when."""
    if job.metadata:
        return job.metadata.get(TOKEN) == pending.token
    request = pending.request
    same = (job.training_file, job.validation_file, job.suffix) == (
        request.training_file,
        request.validation_file,
        request.suffix,
    )
    early = job.dated and job.created_at < pending.asked_at - timedelta(minutes=10)  # clocks differ
    return same and not early


async def _only(api: Api, store: Store, pending: Pending, job: Job) -> Job:
    """After a second send, make sure that there is one job: of those with the token, the first."""
    with suppress(ApiError):
        matches = await _matches(api, store, pending)
        marked = [one for one in matches if one.metadata.get(TOKEN) == pending.token]
        for twin in marked[1:]:
            with suppress(ApiError):
                await api.cancel_job(twin.id)
        return marked[0] if marked else job
    return job


def _doubt(api: Api) -> UnreachableError:
    return UnreachableError(
        f"{api.profile.title} did not say whether the job was created.",
        advice="Launch it again in a moment: it will be looked for before anything is sent.",
        code="in_doubt",
    )
