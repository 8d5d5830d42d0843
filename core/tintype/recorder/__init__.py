"""The recorder: what follows the unfinished jobs of a profile while no app is open.

`place` says where one is, `recording` what it does, `run` is its process. `follow` is how others
follow a job: by what the recorder brings into the store, so that no request is made twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.errors import TintypeError
from tintype.recorder import place
from tintype.recorder.place import LOGS, RecorderStatus, find, runs, watch
from tintype.recorder.run import record, start, stop

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.jobs import JobProgress
    from tintype.settings import Settings
    from tintype.store import Store
    from tintype.trainer_logs import TrainerLog

__all__ = [
    "LOGS",
    "RecorderStatus",
    "find",
    "follow",
    "follow_log",
    "record",
    "runs",
    "start",
    "stop",
    "watch",
]

STARTS = 3
"""How often a recorder that goes away is started again while one job is followed."""


async def follow(
    settings: "Settings",
    profile: str,
    store: "Store",
    job_id: str,
    provider: "Callable[[], Awaitable[Api]] | None",
) -> "AsyncGenerator[JobProgress, None]":
    """Follow a job by its recorder, which is started if need be; without one, as `jobs.follow`.

    Args:
        settings: As loaded; `recorder` says whether there may be one.
        profile: The profile's name.
        store: Where the recorder writes.
        job_id: The job.
        provider: Connects to the provider, if there is no recorder; none: it ends there.

    Raises:
        ApiError: as `jobs.follow`.
        StoreError: if the store cannot be read or written.
    """
    from tintype import jobs
    from tintype.jobs.reading import read_along

    for _ in range(STARTS):
        kept = store.jobs.find(profile, job_id)
        if kept is None or not (kept.settled or await _is_there(settings, profile)):
            break
        looking = _Looking(settings, profile, job_id)
        reading = read_along(
            store, profile, job_id, trouble=looking.trouble, goes_on=looking.goes_on
        )
        async with aclosing(reading):
            async for progress in reading:
                yield progress
        if kept.settled or ((kept := store.jobs.find(profile, job_id)) and kept.settled):
            return
        if looking.given_up:
            break
    if provider is None:
        return
    async with aclosing(jobs.follow(await provider(), store, job_id)) as following:
        async for progress in following:
            yield progress


async def follow_log(
    settings: "Settings", store: "Store", log: "TrainerLog"
) -> "AsyncGenerator[JobProgress, None]":
    """Follow a training by its log, read by the recorder of `local`, which outlives this process.

    Where there can be none, it is read here. What the store had before is not told again.

    Raises:
        FileError: if the log cannot be read.
        StoreError: if the store cannot be read or written.
    """
    from tintype import trainer_logs

    job_id, local = trainer_logs.job_id_of(log.path), trainer_logs.LOCAL
    async with aclosing(trainer_logs.follow(store, log, once=True)) as reading:
        async for progress in reading:
            yield progress
    if progress.job.ended:
        return
    if place.reads_logs(settings, local) and await _is_there(settings, local):
        known = {event.id for event in await store.jobs.events(local, job_id)}
        async with aclosing(follow(settings, local, store, job_id, None)) as following:
            async for progress in following:
                new = tuple(event for event in progress.events if event.id not in known)
                known.update(event.id for event in new)
                yield replace(progress, events=new)
        if progress.job.ended:
            return  # else the recorder has given it up, or has gone
    async with aclosing(trainer_logs.follow(store, log)) as reading:
        async for progress in reading:
            yield progress


async def _is_there(settings: "Settings", profile: str) -> bool:
    """Whether a recorder follows a profile, started if there may be one."""
    if not settings.recorder or runs(settings.folders, profile):
        return settings.recorder
    try:
        await start(settings, profile)
    except TintypeError:
        return False
    return True


class _Looking:
    """Somebody's look at one job, through its recorder."""

    def __init__(self, settings: "Settings", profile: str, job_id: str) -> None:
        self._folders, self._profile, self._id = settings.folders, profile, job_id
        self._touch_at = self._look_at = 0.0
        self._status: RecorderStatus | None = None
        self.given_up = False
        """Whether the recorder has nothing more to ask about the job."""

    def _look(self) -> RecorderStatus | None:
        from tintype.recorder.place import TOUCH_S

        now = asyncio.get_running_loop().time()
        if now >= self._touch_at:
            watch(self._folders, self._profile, self._id)
            self._touch_at = now + TOUCH_S
        if now >= self._look_at:
            self._status = find(self._folders, self._profile)
            self._look_at = now + 0.2
        return self._status

    def trouble(self) -> str:
        status = self._look()
        return status.trouble_of(self._id) if status is not None else ""

    def goes_on(self) -> bool:
        status = self._look()
        self.given_up = status is not None and self._id in status.given_up
        return status is not None and status.runs and not self.given_up
