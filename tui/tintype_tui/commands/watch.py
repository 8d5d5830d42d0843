"""`tintype watch`: follow a job, a line an event."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    A_NAME,
    as_json,
    asynchronous,
    leave,
    plain,
    profile_option,
    put_json,
    put_row,
    say,
    while_read,
)
from tintype_tui.text import age, clock, duration

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.jobs import JobProgress
    from tintype.resources import Event, Job
    from tintype.settings import Settings
    from tintype.store import Store


LONG_S = 30.0
"""A wait from which on it is said how long it is."""
PATIENCE_S = 3_600.0
"""So long it is watched on while no answer can be used."""


@dataclass(slots=True)
class Thinning:
    """Lets the first measured step pass, the last, and others at a pace; and all other events."""

    seconds: float = 0.0
    steps: int = 0
    _passed: "Event | None" = None
    _passed_step: int = 0
    _held: "Event | None" = None

    def of(self, event: "Event") -> "Iterator[Event]":
        """What to print now that an event has come."""
        if event.type != "metrics":
            yield event
        elif self._is_due(event):
            self._passed, self._passed_step, self._held = event, _step(event), None
            yield event
        else:
            self._held = event

    def rest(self) -> "Iterator[Event]":
        """What was held back last: in the end, that is the last step."""
        if self._held is not None:
            yield self._held
            self._held = None

    def _is_due(self, event: "Event") -> bool:
        if self._passed is None:
            return True
        passed_s = (event.created_at - self._passed.created_at).total_seconds()
        if self.steps:
            return _step(event) - self._passed_step >= self.steps
        return passed_s >= self.seconds


def _step(event: "Event") -> int:
    from tintype.metrics import fold

    return fold([event]).last_step


def thinning(text: str) -> Thinning:
    """A pace: `10s` and `5m` in time, `50` in steps; `ValueError` for anything else."""
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", text)
    if found is None:
        raise ValueError
    amount, unit = int(found[1]), found[2]
    return (
        Thinning(seconds=amount * {"s": 1, "m": 60, "h": 3600}[unit])
        if unit
        else Thinning(steps=amount)
    )


@click.command(name="watch")
@click.argument("job_id", required=False, type=A_NAME)
@profile_option
@click.option(
    "--every",
    type=thinning,
    metavar="PACE",
    help="Print measured steps at most so often: 10s, 5m, or 50 for every 50 steps.",
)
@as_json
@asynchronous
async def command(
    job_id: str | None, profile: str | None, every: Thinning | None, as_json: bool
) -> None:
    """Follow a job until it has ended; without JOB_ID the newest one.

    Prints one line for each event, with step and loss (with --json one object a line). Exit
    codes: 0 succeeded, 1 failed or cancelled, 2 could not run, or an hour without an answer.
    """
    from tintype import jobs
    from tintype_tui.commands.session import at_work, chosen

    settings, provider = chosen(profile)
    async with at_work(settings, provider) as (api, store):
        wanted = await jobs.full_id(job_id or "last", api, store)
        job = await while_read(
            follow_job(settings, api, store, wanted, as_json=as_json, every=every)
        )
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


async def follow_job(
    settings: "Settings",
    api: "Api",
    store: "Store",
    job_id: str,
    *,
    as_json: bool,
    quiet: bool = False,
    every: Thinning | None = None,
) -> "Job":
    """Follow a job to its end, printing what it says; its recorder asks, if there may be one.

    Raises:
        UnreachableError: if no answer could be used for `PATIENCE_S`.
        ApiError: if the provider refuses.
        StoreError: if the store cannot be read or written.
    """
    from tintype import recorder

    async def connected() -> "Api":
        return api

    job, trouble, every, began = None, "", every or Thinning(), datetime.now(UTC)
    following = recorder.follow(settings, api.profile.name, store, job_id, connected)
    async with aclosing(following):
        async for progress in _patiently(following):
            job = progress.job
            for event in progress.events if not quiet else ():
                for due in every.of(event):
                    print_event(due, as_json=as_json)
            if progress.trouble and progress.trouble != trouble:
                say(progress.trouble + _again(settings, progress) + _old(progress.fresh_at))
            trouble = progress.trouble
            _ring(settings, store, began)
    for due in every.rest():
        print_event(due, as_json=as_json)
    assert job is not None  # follow raises for a job that nobody knows
    return job


async def _patiently(
    following: "AsyncGenerator[JobProgress, None]",
) -> "AsyncGenerator[JobProgress, None]":
    """Pass on what is learnt of a job, as long as some answer can be used."""
    from tintype.errors import UnreachableError

    until, progress = None, None
    while True:
        try:
            async with asyncio.timeout_at(until):
                latest = await anext(following)
        except StopAsyncIteration:
            return
        except TimeoutError:
            assert progress is not None
            raise UnreachableError(
                f"{progress.trouble} That has lasted for {duration(PATIENCE_S)}.",
                advice=f"The job goes on; `tintype watch {progress.job.id}` follows it again.",
            ) from None
        if not latest.trouble:
            until = None
        elif until is None or progress is None or latest.fresh_at != progress.fresh_at:
            until = asyncio.get_running_loop().time() + PATIENCE_S
        progress = latest
        yield progress


def _again(settings: "Settings", progress: "JobProgress") -> str:
    """When a provider that cannot be had is asked again, for how long, and how to stop it."""
    wait_s = progress.next_look_s
    if wait_s is None and not settings.recorder:
        return ""
    again = f" Asking again in {duration(wait_s)}." if wait_s and wait_s >= LONG_S else ""
    last = duration(PATIENCE_S)
    return f"{again} Watching ends if this lasts for {last}, or with Ctrl+C; the job goes on."


def _ring(settings: "Settings", store: "Store", since: datetime) -> None:
    """Ring the terminal for what the recorder has noticed, and say it."""
    from tintype_tui.terminal.ringing import ringing

    for alert in store.alerts.claim_rings(since) if settings.recorder else ():
        if sys.stderr.isatty():
            sys.stderr.write(ringing(alert.words, settings.notify_terminal, os.environ))
        say(alert.words)


def _old(fresh_at: "datetime | None") -> str:
    """How old what is known is, where that matters."""
    if fresh_at is None or (datetime.now(UTC) - fresh_at).total_seconds() < LONG_S:
        return ""
    return f" What is known of the job is from {age(fresh_at)}."


def print_event(event: "Event", *, as_json: bool) -> None:
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
    put_row(f"{clock(event.created_at)}  {words}")
