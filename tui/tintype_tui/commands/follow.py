"""`tintype follow`: a training outside of any provider, by its trainer's log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    A_PATH,
    as_json,
    asynchronous,
    leave,
    put,
    say,
    while_read,
)
from tintype_tui.commands.watch import Thinning, print_event, thinning

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tintype.jobs import JobProgress


@click.command(name="follow")
@click.argument("path", type=A_PATH)
@click.option("--once", is_flag=True, help="Read what is there, and do not wait for more.")
@click.option(
    "--every", type=thinning, metavar="PACE", help="Print steps at most so often: 10s, or 50."
)
@as_json
@asynchronous
async def command(path: Path, once: bool, every: Thinning | None, as_json: bool) -> None:
    """Follow a training of another tool by the log at PATH, until its last step.

    Reads trainer_state.json (transformers, TRL), TensorBoard's event files, and JSONL or CSV with a
    column `step` (LLaMA-Factory, ms-swift, your own). The training is kept as a job of the profile
    `local`, with curves like any other; PATH is never written to. Once begun, a recorder goes on
    with it when this is stopped or its terminal closed, until the last step or six hours without
    a word (`tintype record -p local --status`). Exit codes: 0 ended, or read with --once; 2 could
    not run.
    """
    await while_read(_follow(path, once, every or Thinning(), as_json))


async def _follow(path: Path, once: bool, every: Thinning, as_json: bool) -> None:
    import asyncio

    from tintype import recorder, trainer_logs
    from tintype.settings import load
    from tintype.store import open_store

    log, settings = await asyncio.to_thread(trainer_logs.find, path), load()
    async with open_store(settings.folders.store_file) as store:
        following = trainer_logs.follow(store, log, once=once)
        if settings.recorder and not once:
            following = recorder.follow_log(settings, store, log)
        progress, steps = await _print(following, every, as_json)
    if not as_json:
        put(f"{progress.job.id}  {progress.job.status}")
    if not (steps or progress.metrics.series):
        say(f"{log.kind} at {log.file} measures nothing by step yet.")
        leave(1)


async def _print(
    following: "AsyncGenerator[JobProgress, None]", every: Thinning, as_json: bool
) -> "tuple[JobProgress, int]":
    """Print steps as they come; gives the last progress, and how many steps there were."""
    from contextlib import aclosing

    said, steps = "", 0
    async with aclosing(following):
        async for progress in following:
            steps += len(progress.events)
            for event in progress.events:
                for due in every.of(event):
                    print_event(due, as_json=as_json)
            if progress.trouble != said:
                said = progress.trouble
                say(said)
    for due in every.rest():
        print_event(due, as_json=as_json)
    return progress, steps
