"""`tintype status`: how things stand, on one screen of plain text."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import as_json, looking, profile_option, put, put_json
from tintype_tui.commands.spent import sums
from tintype_tui.text import age, clip, count, money, one_line, pad

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.resources import Event
    from tintype.settings import Profile
    from tintype.store import KeptJob, Store

WIDTH, MOST = 79, 20
"""One screen: cells in a line, and jobs."""


@click.command(name="status")
@profile_option
@as_json
@looking
async def command(profile: str | None, as_json: bool) -> None:
    """Show jobs and spending on one screen of plain text, for slow lines.

    A job that runs has a line with step, loss and the time left.
    """
    from tintype.store import month_of
    from tintype_tui.commands.session import at_work, chosen
    from tintype_tui.words.costs import spent_words

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        kept, more = await newest(api, store, MOST - 4)
        lines = [await job_line(api, store, one) for one in kept]
        none = none_listed(store, provider)
        spent = store.spending.total(month_of(datetime.now().astimezone()))
    if as_json:
        jobs = [one.job for one in kept]
        report = {"profile": provider.name, "spent": sums(spent), "jobs": jobs, "more": more}
        put_json(report, indent=2)
        return
    limit = settings.month_limit_usd
    within = f" of {money(limit)}" if limit is not None else ""
    put(clip(f"{provider.name} · spent this month: {spent_words(spent)}{within}", WIDTH))
    put_lines(lines, more, none)


async def newest(api: "Api", store: "Store", most: int) -> tuple[list["KeptJob"], bool]:
    """The newest jobs of the provider, and whether there are more."""
    from tintype import jobs

    found: list[KeptJob] = []
    async for batch in jobs.listed(api, store, most=most + 1):
        known = (store.jobs.find(api.profile.name, job.id) for job in batch)
        found.extend(kept for kept in known if kept)
    return found[:most], len(found) > most


async def job_line(api: "Api", store: "Store", kept: "KeptJob") -> str:
    """A job in one line of plain letters: state, name, how far or how long ago, its whole id."""
    from tintype import jobs

    job, words = kept.job, age(kept.job.finished_at or kept.job.created_at)
    if not job.ended:
        kept, events = await jobs.look_at(api, store, job.id)
        job, words = kept.job, _standing(events) or words
    name = one_line(job.suffix or jobs.data_of(kept) or job.model)
    return fitted(f"{pad(one_line(job.status), 10)} {pad(name, 14)} {words}", one_line(job.id))


def fitted(words: str, id: str) -> str:
    """Words and an id in one line of the screen; an id is never cut, as it would name nothing."""
    return f"{pad(words, max(WIDTH - 1 - len(id), 24))} {id}"


def none_listed(store: "Store", provider: "Profile") -> str:
    """What is said of a list without a job: the store may have some that it has no more."""
    if store.jobs.newest(1, profile=provider.name):
        return f"{provider.title} lists no job. `tintype jobs --all` lists those kept here."
    return "There is no job yet."


def put_lines(lines: list[str], more: bool, none: str) -> None:
    """Print lines about jobs, and that there are more; or why there are none."""
    for line in lines:
        put(line)
    if more:
        put(f"Only the newest {count(len(lines), 'job')}; `tintype jobs` lists all.")
    if not lines:
        put(none)


def _standing(events: list["Event"]) -> str:
    """`120/240 loss 0.42 1 min 10 s`: step, newest loss, time left."""
    from tintype.metrics import figure, fold
    from tintype_tui.text import duration
    from tintype_tui.words.jobs import remaining_s

    metrics = fold(events)
    if not metrics.series:
        return ""
    loss, left = metrics.series.get("train_loss"), remaining_s(metrics)
    words = f"{metrics.last_step}/{metrics.total_steps or '?'}"
    words += f" loss {figure(loss[-1][1])}" if loss else ""
    return words + (f" {duration(left)}" if left is not None else "")
