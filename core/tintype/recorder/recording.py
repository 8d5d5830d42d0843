"""What a recorder does: every unfinished job of a profile into the store, until none is left.

A fault is a state with a sentence, never the end: the network, the key and the provider may come
back. What jobs say is read by `jobs.follow`, which loses and doubles nothing; here is which jobs,
in which rhythm, and what is done with what they leave behind.
"""

import asyncio
import logging
import math
import os
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from tintype import __version__, jobs
from tintype.api import SYSTEM, Api, Clock
from tintype.api.retrying import back_off, may_pass, with_jitter
from tintype.connection import connected, found
from tintype.errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    RateLimitError,
    TintypeError,
    UnreachableError,
)
from tintype.jobs import JobProgress, Pace
from tintype.recorder import place
from tintype.recorder.notifying import Alerting
from tintype.recorder.place import RecorderStatus
from tintype.settings import Profile, Settings
from tintype.store import Store

LOG = logging.getLogger("tintype.recorder")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a recorder asks, in seconds."""

    pace: Pace
    """For each job."""
    gap_s: float = 1.5
    """Between two looks at jobs that nobody looks at, whichever they are."""
    watched_s: float = 5.0
    """The longest wait for a job that somebody looks at, but after a fault."""
    list_s: float = 60.0
    """Between two looks at the list of jobs."""
    tick_s: float = 1.0
    """Between two looks at the store for jobs that were launched meanwhile: no request."""
    linger_s: float = 15.0
    """How long it waits for another job before it ends."""
    longest_s: float = 600.0
    """Between two tries after faults, at most."""

    @property
    def words(self) -> str:
        """The pace in words."""
        return (
            f"every {self.pace.fastest_s:g} to {self.pace.slowest_s:g} s for each job, "
            f"{self.gap_s:g} s apart; the list of jobs every {self.list_s:g} s"
        )


REMOTE = Rhythm(Pace(5.0, 60.0, 2))
LOCAL = Rhythm(Pace(5.0, 30.0, 1), watched_s=0.5)
"""For a server on this machine: at no cost, but both share its processor."""
_OF_THE_MOMENT = (AuthenticationError, ForbiddenError, RateLimitError, UnreachableError)
LATELY = timedelta(days=7)
"""Of jobs that ended without Tintype, those created since then are read too."""


class Recording:
    """What one recorder knows while it runs."""

    def __init__(
        self,
        settings: Settings,
        profile: Profile,
        store: Store,
        *,
        rhythm: Rhythm,
        clock: Clock = SYSTEM,
    ) -> None:
        self._settings, self._profile, self._store = settings, profile, store
        self._rhythm, self._clock = rhythm, clock
        self._alerting = Alerting(settings, profile, store, clock=clock)
        self._folder = place.folder_of(settings.folders, profile.name)
        self._done: dict[str, str] = {}
        """Ids of jobs that are not asked for any more in this run, and why, or empty."""
        self._troubles: dict[str, str] = {}
        self._away: set[str] = set()
        """Jobs whose provider failed last: it is not asked earlier than said."""
        self._wakes: dict[str, asyncio.Event] = {}
        self._next_slot = -math.inf
        self._list_at = 0.0
        self._list_failures = 0
        self._listed = False
        now = clock.now()
        self.status = RecorderStatus(
            profile.name, os.getpid(), now, __version__, rhythm.words, said_at=now
        )

    # -------------------------------------------------------------------------- from first to last

    async def run(self) -> None:
        """Record until nothing unfinished is left; faults are said, and waited for."""
        failures = 0
        while self._wanted() or self._may_list():
            before = self._listed
            try:
                async with connected(self._settings, self._profile, LOG.info) as api:
                    await self._follow_all(api)
                    return
            except TintypeError as error:
                failures = 1 if self._listed and not before else failures + 1
                pause_s = min(self._rhythm.longest_s, 2.0 ** min(failures + 2, 12))
                await self.say(trouble=str(error))
                if not self._wanted():
                    return
                await self._clock.sleep(with_jitter(min(pause_s, self._rhythm.longest_s)))

    def _may_list(self) -> bool:
        """Whether the provider may have an unknown job; no server is started to be asked."""
        return self._profile.dialect != "embedded" or found(self._settings) is not None

    def _wanted(self) -> list[str]:
        """Ids of the jobs to follow: unfinished ones, and what somebody looks at."""
        since = self._clock.now() - LATELY
        profile, known = self._profile.name, self._store.jobs
        with suppress(TintypeError):
            found = {kept.job.id for kept in known.unfinished(profile, since=since)}
            for job_id in place.watched_jobs(self._folder):
                kept = known.find(profile, job_id)
                if kept is not None and not kept.settled:
                    found.add(job_id)
            return sorted(found - self._done.keys())
        return list(self._wakes)  # the store cannot be read at the moment

    async def _follow_all(self, api: Api) -> None:
        """Follow every unfinished job until there is none."""
        tasks: dict[str, asyncio.Task[None]] = {}
        idle_since = self._clock.monotonic()
        try:
            while True:
                await self._list(api)
                for job_id in self._wanted():
                    if job_id not in tasks:
                        tasks[job_id] = asyncio.create_task(self._follow(api, job_id))
                for job_id in [one for one, task in tasks.items() if task.done()]:
                    tasks.pop(job_id).result()
                await self.say(
                    jobs=tuple(tasks), trouble="" if self._listed else self.status.trouble
                )
                now = self._clock.monotonic()
                idle_since = now if tasks or not self._listed else idle_since
                if not tasks and now - idle_since >= self._rhythm.linger_s:
                    return
                self._wake()
                self._alerting.tick()
                await self._clock.sleep(self._rhythm.tick_s)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            await self._alerting.aclose()

    async def _list(self, api: Api) -> None:
        """Look for jobs that are not known here, if it is time."""
        now = self._clock.monotonic()
        if now < self._list_at:
            return
        if not (self._wakes or self._may_list()):
            self._listed = True
            return
        most = 100 if self._listed else 1_000
        try:
            async with aclosing(jobs.listed(api, self._store, most=most)) as listing:
                async for _ in listing:
                    pass
            self._listed, self._list_failures, pause_s = True, 0, self._rhythm.list_s
        except (AuthenticationError, ForbiddenError):
            raise
        except ApiError as error:
            self._list_failures += 1
            pause_s = back_off(error, self._list_failures, longest_s=self._rhythm.list_s)
            await self.say(trouble=error.message)
            self._listed = False
            if not self._wanted() and self._list_failures > 3:
                raise
        self._list_at = self._clock.monotonic() + min(pause_s, self._rhythm.longest_s)

    # ------------------------------------------------------------------------------------- one job

    async def _follow(self, api: Api, job_id: str) -> None:
        """Follow a job to its end, whatever fails; a refused key concerns all, and is raised."""
        failures = 0
        self._wakes[job_id] = asyncio.Event()
        await self._slot(job_id)
        while True:
            try:
                self._done[job_id] = await self._to_the_end(api, job_id)
                break
            except (AuthenticationError, ForbiddenError):
                raise
            except TintypeError as error:
                failures += 1
                LOG.warning("%s: %s", job_id, error)
                self._troubles[job_id] = str(error)
                pause_s = min(self._rhythm.longest_s, 2.0 ** min(failures + 2, 12))
                await self._clock.sleep(with_jitter(pause_s))
        self._troubles.pop(job_id, None)
        self._wakes.pop(job_id, None)
        LOG.info("%s: %s", job_id, self._done[job_id] or "all of it is here")

    async def _to_the_end(self, api: Api, job_id: str) -> str:
        """Read all that a job says and leaves behind; returns why there is no more, or nothing."""
        clock = Clock(
            self._clock.now, self._clock.monotonic, lambda seconds: self._pause(job_id, seconds)
        )
        following = jobs.follow(api, self._store, job_id, clock=clock, pace=self._rhythm.pace)
        progress: JobProgress | None = None
        async with aclosing(following):
            async for progress in following:
                self._hear(job_id, progress)
        assert progress is not None  # `follow` raises for a job that nobody knows
        kept = self._store.jobs.find(self._profile.name, job_id)
        if kept is None or not kept.settled:
            return progress.trouble or "It was deleted from the store."
        await jobs.recorded(self._store, self._profile.name, job_id)  # it opens at once then
        if progress.job.result_files:
            try:
                await jobs.results(api, self._store, progress.job)
            except ApiError as error:
                if isinstance(error, _OF_THE_MOMENT) or may_pass(error):
                    raise
                return error.message  # the next try would bring the same
        return ""

    def _hear(self, job_id: str, progress: JobProgress) -> None:
        before = self._troubles.get(job_id, "")
        if progress.trouble and progress.trouble != before:
            LOG.warning("%s: %s", job_id, progress.trouble)
        self._troubles[job_id] = progress.trouble
        (self._away.add if progress.next_look_s is not None else self._away.discard)(job_id)
        self._alerting.hear(progress)

    # ------------------------------------------------------------------------------ when to ask it

    async def _pause(self, job_id: str, seconds: float) -> None:
        """Wait before the next look at a job; less if somebody looks at it, unless it failed."""
        wake = self._wakes[job_id]
        wake.clear()
        if job_id in self._away:
            await self._clock.sleep(seconds)
        elif self._is_watched(job_id):
            await self._clock.sleep(min(seconds, self._rhythm.watched_s))
        else:
            await self._clock_or(wake, seconds)
        await self._slot(job_id)

    async def _clock_or(self, wake: asyncio.Event, seconds: float) -> None:
        both = [asyncio.ensure_future(one) for one in (self._clock.sleep(seconds), wake.wait())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()

    async def _slot(self, job_id: str) -> None:
        """Wait for a turn: jobs that nobody looks at are asked for one after the other."""
        if not self._is_watched(job_id):
            now = self._clock.monotonic()
            self._next_slot = max(now, self._next_slot + self._rhythm.gap_s)
            await self._clock.sleep(self._next_slot - now)

    def _is_watched(self, job_id: str) -> bool:
        return place.watched(self._folder, job_id)

    def _wake(self) -> None:
        """Have the jobs asked for that somebody has begun to look at."""
        for job_id, wake in self._wakes.items():
            if not wake.is_set() and self._is_watched(job_id):
                wake.set()

    # ------------------------------------------------------------------------------ how things are

    async def say(self, **news: object) -> None:
        """Write down how things stand, if that has changed."""
        troubles = {job_id: words for job_id, words in self._troubles.items() if words}
        given_up = tuple(job_id for job_id, why in self._done.items() if why)
        known = replace(self.status, job_troubles=troubles, given_up=given_up, **news)  # type: ignore[arg-type]
        if known.trouble and known.trouble != self.status.trouble:
            LOG.warning("%s", known.trouble)
        if known == self.status:
            return
        self.status = replace(known, said_at=self._clock.now())
        with suppress(OSError):
            await asyncio.to_thread(place.write_status, self._folder, self.status)
