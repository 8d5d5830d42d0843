"""Jobs as the store knows them, whichever profile's: listed, labelled, played again, as a file."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.output import (
    A_NAME,
    A_PATH,
    as_json,
    asynchronous,
    plain,
    put,
    put_json,
    say,
    while_read,
)
from tintype_tui.text import age, clip, count, duration, one_line, pad

if TYPE_CHECKING:
    from tintype.jobs import JobLine


@asynchronous
async def list_all(
    profile: str | None, wanted: str, by: str, reverse: bool, limit: int, as_json: bool
) -> None:
    """List all jobs, filtered and sorted."""
    from tintype import evaluation, jobs
    from tintype.pricing import load_prices
    from tintype.settings import load
    from tintype.store import open_store

    settings = load()
    scores = await asyncio.to_thread(
        evaluation.model_scores, evaluation.runs_folder(settings.folders.data)
    )
    providers = {name: one.provider for name, one in settings.profiles.items()}
    async with open_store(settings.folders.store_file) as store:
        lines = await jobs.overview(store, load_prices(settings.prices), providers, scores)
    wanted = f"{wanted} profile:{profile}" if profile else wanted
    found = jobs.arranged(lines, wanted=wanted, by=by, reverse=reverse)
    if as_json:
        put_json([_report(line) for line in found[:limit]], indent=2)
        return
    for line in found[:limit]:
        put(line_words(line))
    if len(found) > limit:
        say(f"Only {count(limit, 'job')} of {len(found):,}: --limit shows more.")
    if not found:
        say("No job matches." if wanted else "There is no job yet.")


def line_words(line: "JobLine") -> str:
    """A job in one line: pin, state, profile, model, data, age, results, tags, note, id."""
    from tintype.jobs import data_of
    from tintype.metrics import figure
    from tintype_tui.words.outcomes import cost_words, share_words, sorted_by_words

    job = line.kept.job
    cost = "" if line.cost_usd is None else cost_words(line.cost_usd, line.estimated)
    cells = (
        ("*" if line.labels.pinned else " ", 1),
        (one_line(job.status), 10),
        (one_line(line.kept.profile), 10),
        (one_line(job.suffix or job.model), 16),
        (one_line(data_of(line.kept)), 16),
        (age(job.created_at), 17),
        (cost, 8),
        ("" if line.training_s is None else duration(line.training_s), 12),
        ("" if line.best_loss is None else figure(line.best_loss), 8),
        (share_words(line.accuracy), 5),
        (sorted_by_words(line, "score") or "", 8),
    )
    words = " ".join(pad(clip(text, width), width) for text, width in cells)
    tags = " ".join(f"#{tag}" for tag in line.labels.tags)
    note = f"“{one_line(line.labels.note)}”" if line.labels.note else ""
    archived = "archived" if line.labels.archived else ""
    return " ".join(filter(None, (words, job.id, tags, note, archived)))


def _report(line: "JobLine") -> dict[str, Any]:
    from tintype.jobs import data_of

    return {
        "profile": line.kept.profile,
        "id": line.kept.job.id,
        "state": line.kept.job.status,
        "model": line.kept.job.model,
        "tuned_model": line.kept.job.fine_tuned_model,
        "data": data_of(line.kept),
        "created_at": plain(line.kept.job.created_at),
        "seen_at": plain(line.kept.seen_at),
        "cost_usd": plain(line.cost_usd),
        "cost_estimated": line.estimated,
        "loss": line.loss or None,
        "best_loss": line.best_loss,
        "last_loss": line.last_loss,
        "accuracy": line.accuracy,
        "training_s": line.training_s,
        "score": None if line.score is None else line.score.value,
        "scored": plain(line.score),
        **asdict(line.labels),
    }


@click.command(name="label")
@click.argument("job_id", type=A_NAME)
@click.option("--tag", "tags", multiple=True, type=A_NAME, help="Add a word to find it by.")
@click.option("--untag", "gone", multiple=True, type=A_NAME, help="Take one away.")
@click.option("--note", help="What there is to say of it; an empty one takes it away.")
@click.option("--pin/--unpin", "pinned", default=None, help="List it first.")
@click.option("--archive/--unarchive", "archived", default=None, help="List it no more.")
@click.option("--undo", is_flag=True, help="As it was before the last change.")
@as_json
@click.pass_obj
@asynchronous
async def label(
    profile: str | None,
    job_id: str,
    tags: tuple[str, ...],
    gone: tuple[str, ...],
    note: str | None,
    pinned: bool | None,
    archived: bool | None,
    undo: bool,
    as_json: bool,
) -> None:
    """Pin a job, tag it, note something of it, archive it. Nothing is sent to the provider."""
    from tintype import jobs
    from tintype.settings import load
    from tintype.store import Labels, open_store

    settings = load()
    async with open_store(settings.folders.store_file) as store:
        kept = jobs.kept_job(store, job_id, profile, settings.default_profile)
        before = store.labels.of(kept.profile, kept.job.id)
        if undo:
            now = jobs.labels_before(store, kept)
        else:
            now = Labels(
                before.pinned if pinned is None else pinned,
                tuple(sorted(({*before.tags} | {*tags}) - {*gone})),
                before.note if note is None else note,
                before.archived if archived is None else archived,
            )
        jobs.relabel(store, kept, now, datetime.now(UTC))
    if as_json:
        put_json(now, indent=2)
        return
    words = [*(f"#{tag}" for tag in now.tags), *(["pinned"] if now.pinned else [])]
    words += ["archived"] if now.archived else []
    put(" ".join([kept.job.id, *words, one_line(now.note)]).strip())


@click.command(name="export")
@click.argument("job_id", type=A_NAME)
@click.argument("path", type=A_PATH)
@click.pass_obj
@asynchronous
async def export(profile: str | None, job_id: str, path: Path) -> None:
    """Write a job with all its events to the new file PATH, to be imported elsewhere.

    It holds what the job said and how it was set up; of its datasets only their names and digests.
    """
    from tintype import jobs
    from tintype.settings import load
    from tintype.store import open_store

    settings = load()
    async with open_store(settings.folders.store_file) as store:
        kept = jobs.kept_job(store, job_id, profile, settings.default_profile)
        await jobs.export(store, kept.profile, kept.job.id, path)
    put(str(path))


@click.command(name="import")
@click.argument("path", type=A_PATH)
@click.pass_obj
@asynchronous
async def import_(profile: str | None, path: Path) -> None:
    """Take a job from the file PATH, which `export` wrote, into this store."""
    from tintype import jobs
    from tintype.settings import load
    from tintype.store import open_store

    async with open_store(load().folders.store_file) as store:
        kept = await jobs.restore(store, path, profile)
    put(f"{kept.job.id}  {kept.profile}  {kept.job.status}")


@click.command(name="replay")
@click.argument("job_id", type=A_NAME)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="How many times as fast as it was.",
)
@click.option("--from", "step", type=click.IntRange(0), default=0, help="Begin at this step.")
@as_json
@click.pass_obj
@asynchronous
async def replay(profile: str | None, job_id: str, speed: float, step: int, as_json: bool) -> None:
    """Play a recorded job again, a line an event, in the rhythm in which they came."""
    from tintype import jobs
    from tintype.settings import load
    from tintype.store import open_store
    from tintype_tui.commands.watch import print_event

    settings = load()
    async with open_store(settings.folders.store_file) as store:
        kept = jobs.kept_job(store, job_id, profile, settings.default_profile)
        events = await store.jobs.events(kept.profile, kept.job.id)

    async def play() -> None:
        async for progress in jobs.replay(kept, events, speed=speed, from_step=step):
            for event in progress.events:
                print_event(event, as_json=as_json)

    await while_read(play())
