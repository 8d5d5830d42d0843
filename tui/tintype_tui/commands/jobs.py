"""`tintype jobs`: list, show, cancel, pause, resume, results."""

from typing import Any

import click

from tintype_tui.commands.compare_jobs import compare
from tintype_tui.commands.output import (
    A_NAME,
    as_json,
    asynchronous,
    first_of,
    leave,
    limit_option,
    looking,
    plain,
    profile_option,
    put,
    put_json,
    put_row,
    say,
)
from tintype_tui.commands.stored_jobs import export, import_, label, list_all, replay
from tintype_tui.text import age, pad

SORTED_BY = (
    "age",
    "state",
    "profile",
    "model",
    "data",
    "cost",
    "loss",
    "last",
    "smoothed",
    "accuracy",
    "time",
    "score",
)


@click.group(name="jobs", invoke_without_command=True)
@profile_option
@click.option(
    "--filter",
    "wanted",
    default="",
    metavar="WORDS",
    help="As in the app, for example state:failed.",
)
@click.option("--once", is_flag=True, help="One screen of plain text, with how far each job is.")
@click.option(
    "--all", "every", is_flag=True, help="Those of all profiles, as the store knows them."
)
@click.option(
    "--sort",
    "by",
    type=click.Choice(SORTED_BY),
    default="age",
    help="With --all; what is not known comes last.",
)
@click.option("--reverse", is_flag=True, help="With --all: the other way round.")
@limit_option
@as_json
@click.pass_context
def command(
    context: click.Context,
    profile: str | None,
    wanted: str,
    once: bool,
    every: bool,
    by: str,
    reverse: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the provider's jobs, newest first; or act on one.

    `last` is the newest job of the profile in use, or of the one that --profile names.
    """
    context.obj = profile
    if context.invoked_subcommand is None:
        if every:
            list_all(profile, wanted, by, reverse, limit, as_json)
        elif once and not (wanted or as_json):
            _screen(profile)
        else:
            _list(profile, wanted, limit, as_json)


@looking
async def _screen(profile: str | None) -> None:
    from tintype_tui.commands.session import at_work, chosen
    from tintype_tui.commands.status import MOST, job_line, newest, none_listed, put_lines

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        kept, more = await newest(api, store, MOST)
        lines = [await job_line(api, store, one) for one in kept]
        put_lines(lines, more, none_listed(store, provider))


@looking
async def _list(profile: str | None, wanted: str, limit: int, as_json: bool) -> None:
    from tintype import jobs
    from tintype_tui.commands.session import at_work, chosen
    from tintype_tui.commands.status import none_listed

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        listed, short, code = await first_of(jobs.listed(api, store, most=limit + 1), limit)
        known = [store.jobs.find(provider.name, job.id) for job in listed]
        found = [kept for kept in known if kept and jobs.fits(kept, wanted)]
        none = none_listed(store, provider)
    if as_json:
        put_json([kept.job for kept in found], indent=2)
    for kept in found if not as_json else ():
        job, data = kept.job, pad(jobs.data_of(kept), 18)
        name = job.fine_tuned_model or job.suffix or ""
        put_row(f"{job.id}  {pad(job.status, 12)}  {pad(age(job.created_at), 18)}  {data}  {name}")
    if not found and not as_json:
        say("No job matches." if wanted else none)
    if short:
        say(short)
        leave(code)


def _acting(name: str, words: str) -> None:
    @command.command(name=name, help=words)
    @click.argument("job_id", type=A_NAME)
    @as_json
    @click.pass_obj
    @asynchronous
    async def act(profile: str | None, job_id: str, as_json: bool) -> None:
        from tintype import jobs
        from tintype_tui.commands.session import at_work, chosen

        order: Any = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}[name]
        settings, provider = chosen(profile)
        async with at_work(settings, provider) as (api, store):
            job = await order(api, store, await jobs.full_id(job_id, api, store))
        if as_json:
            put_json(job, indent=2)
        else:
            put_row(f"{job.id}  {job.status}")


_acting("cancel", "Cancel a job; what was trained so far may be billed.")
_acting("pause", "Pause a job.")
_acting("resume", "Resume a paused job.")


@command.command(name="show")
@click.argument("job_id", type=A_NAME)
@as_json
@click.pass_obj
@looking
async def show(profile: str | None, job_id: str, as_json: bool) -> None:
    """Show everything about one job: settings, checkpoints, bill, and why it failed."""
    from tintype import jobs
    from tintype.metrics import diagnose, fold
    from tintype.pricing import load_prices
    from tintype_tui.commands.session import at_work, chosen
    from tintype_tui.words import jobs as job_words

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        kept, events = await jobs.look_at(api, store, await jobs.full_id(job_id, api, store))
        checkpoints = store.jobs.checkpoints(provider.name, kept.job.id)
    trouble = jobs.trouble_of(kept.job, events)
    bill = jobs.bill(kept, events, load_prices(settings.prices), provider.provider)
    if as_json:
        told = {**plain(kept.job), "checkpoints": plain(checkpoints), "bill": plain(bill)}
        put_json({**told, **plain(trouble)}, indent=2)
        return
    for name, words in job_words.facts(kept, bill, diagnose(fold(events))):
        put_row(f"{pad(name, 16)}  {words}".rstrip())
    for one in checkpoints:
        step = "?" if one.step is None else one.step
        put_row(f"{pad('checkpoint', 16)}  step {step}  {one.model}")
    for said in job_words.told(trouble):
        put(said.text)


@command.command(name="results")
@click.argument("job_id", type=A_NAME)
@click.pass_obj
@looking
async def results(profile: str | None, job_id: str) -> None:
    """Print a finished job's results as CSV, with every digit the provider reported.

    Where all of it has been recorded here, nobody is asked.
    """
    from tintype import jobs
    from tintype.metrics import fold, to_csv
    from tintype.store import open_store
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with open_store(settings.folders.store_file) as store:
        kept = store.jobs.find(provider.name, job_id)
        if kept is not None and kept.settled and store.jobs.results(provider.name, job_id):
            metrics, _ = await jobs.recorded(store, provider.name, job_id)
            csv = store.jobs.results(provider.name, job_id)
            put(to_csv(jobs.charted(csv, metrics)).rstrip("\n"))
            return
    async with at_work(settings, provider) as (api, store):
        kept, events = await jobs.look_at(api, store, await jobs.full_id(job_id, api, store))
        found = await jobs.results(api, store, kept.job)
    put(to_csv(fold(events, found.metrics)).rstrip("\n"))


for stored in (compare, label, export, import_, replay):
    command.add_command(stored)
