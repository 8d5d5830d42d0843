"""`tintype watch`: follow a job, a line an event."""

from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    as_json,
    asynchronous,
    leave,
    plain,
    profile_option,
    put,
    put_json,
    say,
    while_read,
)

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.resources import Event, Job
    from tintype.settings import Settings
    from tintype.store import Store


@click.command(name="watch")
@click.argument("job_id", required=False)
@profile_option
@as_json
@asynchronous
async def command(job_id: str | None, profile: str | None, as_json: bool) -> None:
    """Follow a job until it has ended; without JOB_ID the newest one.

    Prints one line for each event, with step and loss (with --json one object a line). Exit
    codes: 0 succeeded, 1 failed or cancelled, 2 could not run.
    """
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        wanted = job_id or await _newest(api, store)
        job = await while_read(follow_job(settings, api, store, wanted, as_json=as_json))
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
    settings: "Settings",
    api: "Api",
    store: "Store",
    job_id: str,
    *,
    as_json: bool,
    quiet: bool = False,
) -> "Job":
    """Follow a job to its end, printing what it says; an embedded server that goes is restarted."""
    from tintype import jobs
    from tintype.connection import revived

    job, trouble = None, ""
    async for progress in jobs.follow(api, store, job_id):
        job = progress.job
        for event in progress.events if not quiet else ():
            _print(event, as_json=as_json)
        if progress.trouble and progress.trouble != trouble:
            say(progress.trouble)
        trouble = progress.trouble
        if trouble and await revived(settings, api.profile):
            say("The embedded server has been restarted.")
    assert job is not None  # follow raises for a job that nobody knows
    return job


def _print(event: "Event", *, as_json: bool) -> None:
    """Print an event: its message, or what it measured at which step."""
    from tintype.metrics import figure, fold, label

    measured = fold([event]).series if event.type == "metrics" else {}
    points = {name: point for name, series in measured.items() for point in series}
    if as_json:
        values: dict[str, float] = {}
        for name, (step, value) in points.items():
            values |= {"step": step, name: value}
        put_json({**plain(event), "metrics": values or None})
        return
    words = event.message
    if points:
        values_in_words = (f"{label(name)} {figure(value)}" for name, (_, value) in points.items())
        (step, _), *_ = points.values()
        words = f"step {step}: {', '.join(values_in_words)}"
    put(f"{event.created_at.astimezone():%H:%M:%S}  {words}")
