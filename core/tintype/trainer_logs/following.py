"""A training's log into the store, as it grows: a job of the profile `local`.

An event's id is its step and its values, so that a log that is read again doubles nothing. Where a
log does not say when a step was, what was there before it was followed has no time, and no pace and
no time left are made up from it.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tintype.api import SYSTEM, Clock
from tintype.jobs import JobProgress
from tintype.metrics import Metrics, fold
from tintype.paths import modified
from tintype.resources import Event, Hyperparameters, Job
from tintype.store import Ranked, Store
from tintype.trainer_logs.finding import TrainerLog
from tintype.trainer_logs.measured import Measured, News

LOCAL = "local"
"""The profile that these jobs belong to."""
LOOK_S = 2.0
SILENT_S = 900.0
"""After so long without a new step nobody knows whether it runs."""
BATCH = 1_000
_LATEST = 1e11
"""Unix seconds; a time beyond it is milliseconds or nonsense."""
_NO_TIME = datetime.fromtimestamp(0, UTC)


def job_id_of(path: Path) -> str:
    """Return the id of the job that a log at a path is kept as."""
    return f"local-{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]}"


async def follow(
    store: Store,
    log: TrainerLog,
    *,
    once: bool = False,
    give_up_s: float | None = None,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[JobProgress, None]:
    """Read a log, and go on reading it until its last step is there; with `once`, only now.

    Args:
        store: Where it is kept.
        log: As `find` gives it.
        once: Whether not to wait for more.
        give_up_s: Go on no longer once it has said nothing for so many seconds; none: never.
        clock: The time.

    Raises:
        FileError: if the log cannot be read.
        StoreError: if the store cannot be written.
    """
    reader, job_id, first = log.open(log.file), job_id_of(log.path), True
    kept = store.jobs.find(LOCAL, job_id)
    job = await asyncio.to_thread(_begun, log) if kept is None else kept.job
    earlier = await store.jobs.events(LOCAL, job_id)
    metrics, known = fold(earlier), {event.id for event in earlier}
    heard_at, total, said = clock.monotonic(), metrics.total_steps, ""
    while True:
        news = await asyncio.to_thread(reader.read)
        total = news.total_steps or total
        now = clock.now()
        new = [
            event
            for one in news.measured
            if (event := _event(one, total, _NO_TIME if first else now)).id not in known
        ]
        known.update(event.id for event in new)
        metrics = await asyncio.to_thread(fold, new, metrics)
        if first:  # what was written before was heard when it was written
            heard_at -= await asyncio.to_thread(_quiet_s, log, clock)
        elif new:
            heard_at = clock.monotonic()
        quiet_s = clock.monotonic() - heard_at
        job = replace(job, status=_status(metrics, total, quiet_s))
        job = replace(job, finished_at=now) if job.ended and not job.finished_at else job
        _keep(store, job, new, now)
        if new or first or job.status != said:
            yield JobProgress(job, tuple(new), metrics, (), now, _skipped(news))
        first, said = False, job.status
        if once or job.ended or (give_up_s is not None and quiet_s > give_up_s):
            return
        await clock.sleep(LOOK_S)


def _begun(log: TrainerLog) -> Job:
    return Job(
        job_id_of(log.path),
        log.base_model or "unknown",
        "running",
        modified(log.file),
        "",
        hyperparameters=Hyperparameters("auto", "auto", "auto"),
        suffix=log.path.name[:60],
        metadata={"log": str(log.path), "kind": log.kind},
    )


def _event(one: Measured, total: int | None, else_at: datetime) -> Event:
    data = {"step": one.step, **one.values} | ({"total_steps": total} if total else {})
    digest = hashlib.sha256(json.dumps({**one.values}, sort_keys=True).encode()).hexdigest()
    timed = one.time is not None and 0 < one.time < _LATEST
    at = datetime.fromtimestamp(one.time or 0, UTC) if timed else else_at
    return Event(f"{one.step}-{digest[:16]}", at, f"Step {one.step}", "info", "metrics", data)


def _status(metrics: Metrics, total: int | None, quiet_s: float) -> str:
    """`succeeded` at the last step; what says nothing for long may run or not: `unknown`."""
    if total and metrics.last_step >= total:
        return "succeeded"
    return "unknown" if quiet_s > SILENT_S else "running"


def _quiet_s(log: TrainerLog, clock: Clock) -> float:
    files = list(log.file.rglob("*")) if log.file.is_dir() else [log.file]
    latest = max((one.stat().st_mtime for one in files if one.is_file()), default=0.0)
    return max(0.0, clock.now().timestamp() - latest)


def _skipped(news: News) -> str:
    found = {kind: number for kind, number in (news.skipped or {}).items() if number}
    words = ", ".join(f"{kind} ({number:,})" for kind, number in found.items())
    return f"Passed over in the log: {words}." if words else ""


def _keep(store: Store, job: Job, new: list[Event], now: datetime) -> None:
    store.jobs.remember(LOCAL, job, seen_at=now)
    if not new:
        return
    sweep = store.jobs.begin_sweep(LOCAL, job.id)
    for start in range(0, len(new), BATCH):
        ranked = [Ranked(event, start + at) for at, event in enumerate(new[start : start + BATCH])]
        store.jobs.add_events(LOCAL, job.id, ranked, sweep=sweep)
    store.jobs.close_sweep(LOCAL, job.id, sweep)
    if job.ended:
        store.jobs.settle(LOCAL, job.id)
