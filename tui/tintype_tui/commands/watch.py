"""`tintype watch`: follow a job, a line an event."""

from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    Progress,
    as_json,
    asynchronous,
    leave,
    profile_option,
    put,
    put_json,
    say,
)

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.resources import Job
    from tintype.store import Store


@click.command(name="watch")
@click.argument("job_id", required=False)
@profile_option
@as_json
@asynchronous
async def command(job_id: str | None, profile: str | None, as_json: bool) -> None:
    """Follow a job until it has ended; without JOB_ID the newest one.

    Prints one line for each event (with --json one object a line). Exit codes: 0 succeeded,
    1 failed or cancelled, 2 could not run.
    """
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        wanted = job_id or await _newest(api, store)
        job = await follow_job(api, store, wanted, as_json=as_json)
        await tell_why(api, store, job)
    if job.status != "succeeded":
        leave(1)


async def tell_why(api: "Api", store: "Store", job: "Job") -> None:
    """Say why a job failed, with the rows to blame; nothing for one that has not."""
    from tintype.jobs import trouble_of
    from tintype_tui.words.jobs import told

    if job.status == "failed":
        events = await store.jobs.events(api.profile.name, job.id)
        for said in told(trouble_of(job, events)):
            say(said.text)


async def _newest(api: "Api", store: "Store") -> str:
    from tintype import jobs
    from tintype.errors import NotFoundError

    async for batch in jobs.listed(api, store, most=1):
        if batch:
            return batch[0].id
    raise NotFoundError("There is no job yet.", advice="Launch one with `tintype train`.")


async def follow_job(
    api: "Api", store: "Store", job_id: str, *, as_json: bool, quiet: bool = False
) -> "Job":
    """Follow a job to its end, printing what it says."""
    from tintype import jobs

    steps = Progress(quiet=quiet or as_json)
    job, trouble = None, ""
    async for progress in jobs.follow(api, store, job_id):
        job = progress.job
        for event in progress.events:
            if as_json:
                put_json(event)
            elif not quiet and event.type == "metrics":
                steps(event.message)
            elif not quiet:
                steps.clear()
                put(f"{event.created_at.astimezone():%H:%M:%S}  {event.message}")
        if progress.trouble and progress.trouble != trouble:
            steps.clear()
            say(progress.trouble)
        trouble = progress.trouble
    steps.clear()
    assert job is not None  # follow raises for a job that nobody knows
    return job
