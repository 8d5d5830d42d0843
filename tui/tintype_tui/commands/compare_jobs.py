"""`tintype jobs compare`: what came of jobs, and in which settings they differ."""

import asyncio
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

from tintype_tui.commands.output import A_NAME, as_json, asynchronous, plain, put_json, put_row
from tintype_tui.text import clip, one_line, pad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.jobs import Difference, Outcomes
    from tintype.store import KeptJob

WIDEST = 30
"""Cells of a column."""


@click.command(name="compare")
@click.argument("job_ids", type=A_NAME, nargs=-1, required=True, metavar="JOB_ID…")
@as_json
@click.pass_obj
@asynchronous
async def compare(profile: str | None, job_ids: tuple[str, ...], as_json: bool) -> None:
    """Compare jobs of any profile: loss, accuracy, score, time, cost, and settings that differ.

    From the store alone; nobody is asked. A score is of the newest evaluation that has one of every
    job's model, with its 95 % interval and the number of rows.
    """
    from tintype import evaluation, jobs
    from tintype.pricing import load_prices
    from tintype.settings import load
    from tintype.store import open_store

    settings = load()
    home = evaluation.runs_folder(settings.folders.data)
    scores = await asyncio.to_thread(evaluation.model_scores, home)
    providers = {name: one.provider for name, one in settings.profiles.items()}
    async with open_store(settings.folders.store_file) as store:
        in_use, ids = settings.default_profile, dict.fromkeys(job_ids)
        kept = [jobs.kept_job(store, id, profile, in_use) for id in ids]
        runs = [(one, (await jobs.recorded(store, one.profile, one.job.id))[0]) for one in kept]
        times = {one.job.id: await jobs.trained_s(store, one, metrics) for one, metrics in runs}
    trained_s = {id: seconds for id, seconds in times.items() if seconds is not None}
    found = jobs.outcomes(runs, load_prices(settings.prices), providers, scores, trained_s)
    if as_json:
        put_json(_report(kept, found, jobs.differences(kept)), indent=2)
        return
    for line in table(kept, found):
        put_row(line)


def table(kept: "Sequence[KeptJob]", found: "Outcomes") -> list[str]:
    """The lines of a table: a column for each job."""
    from tintype_tui.words.jobs import name_of
    from tintype_tui.words.outcomes import outcome_rows, setting_rows

    rows = [
        ("", [name_of(one.job) for one in kept]),
        ("job", [one.job.id for one in kept]),
        ("profile", [one.profile for one in kept]),
        ("state", [one.job.status for one in kept]),
        *outcome_rows(found),
        *setting_rows(kept),
    ]
    shown = [(name, [clip(one_line(value or "–"), WIDEST) for value in row]) for name, row in rows]
    first = max(len(name) for name, row in shown if row)
    widths = [max(cell_len(row[at]) for _, row in shown if row) for at in range(len(kept))]
    return [
        "  ".join([pad(name, first) if row else name, *map(pad, row, widths)]).rstrip()
        for name, row in shown
    ]


def _report(
    kept: "Sequence[KeptJob]", found: "Outcomes", differing: "Sequence[Difference]"
) -> dict[str, Any]:
    return {
        "loss": found.loss or None,
        "accuracy": found.accuracy or None,
        "jobs": [
            {"profile": one.profile, "id": one.job.id, "state": one.job.status, **plain(outcome)}
            for one, outcome in zip(kept, found.each, strict=True)
        ],
        "differences": plain(differing),
    }
