"""`tintype jobs`: list, cancel, pause, resume, results."""

from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.output import as_json, asynchronous, profile_option, put, put_json, say
from tintype_tui.text import age, pad

if TYPE_CHECKING:
    from tintype.resources import Job


@click.group(name="jobs", invoke_without_command=True)
@profile_option
@as_json
@click.pass_context
def command(context: click.Context, profile: str | None, as_json: bool) -> None:
    """List the provider's jobs, newest first; or act on one."""
    context.obj = profile
    if context.invoked_subcommand is None:
        _list(profile, as_json)


@asynchronous
async def _list(profile: str | None, as_json: bool) -> None:
    from tintype import jobs
    from tintype_tui.commands.session import at_work, chosen

    found: list[Job] = []
    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        async for batch in jobs.listed(api, store):
            found.extend(batch)
    if as_json:
        put_json(found, indent=2)
        return
    for job in found:
        name = job.fine_tuned_model or job.suffix or ""
        put(f"{job.id}  {pad(job.status, 12)}  {pad(age(job.created_at), 18)}  {name}")
    if not found:
        say("There is no job yet.")


def _acting(name: str, words: str) -> None:
    @command.command(name=name, help=words)
    @click.argument("job_id")
    @as_json
    @click.pass_obj
    @asynchronous
    async def act(profile: str | None, job_id: str, as_json: bool) -> None:
        from tintype import jobs
        from tintype_tui.commands.session import at_work, chosen

        order: Any = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}[name]
        settings, provider = chosen(profile)
        async with at_work(settings, provider) as (api, store):
            job = await order(api, store, job_id)
        if as_json:
            put_json(job, indent=2)
        else:
            put(f"{job.id}  {job.status}")


_acting("cancel", "Stop a job for good; what was trained until now may be billed.")
_acting("pause", "Stop a job for now.")
_acting("resume", "Go on with a paused job.")


@command.command(name="show")
@click.argument("job_id")
@click.pass_obj
@asynchronous
async def show(profile: str | None, job_id: str) -> None:
    """Print one job as JSON, with its checkpoints."""
    from tintype_tui.commands.output import plain
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, _):
        job = await api.job(job_id)
        checkpoints = await api.job_checkpoints(job_id)
    put_json({**plain(job), "checkpoints": plain(checkpoints.items)}, indent=2)


@command.command(name="results")
@click.argument("job_id")
@click.pass_obj
@asynchronous
async def results(profile: str | None, job_id: str) -> None:
    """Print a finished job's results as CSV."""
    from tintype import jobs
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        found = await jobs.results(api, store, await api.job(job_id))
    put(found.csv.replace("\r\n", "\n").rstrip("\n"))
