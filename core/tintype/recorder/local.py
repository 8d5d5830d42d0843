"""What the recorder of `local` does: trainings of other tools, from the logs they write.

It goes on when the terminal of `tintype follow` is closed. A training is followed until its last
step is there, or until its log has said nothing for six hours.
"""

import asyncio
import logging
import os
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from tintype import __version__, trainer_logs
from tintype.api import SYSTEM, Clock
from tintype.errors import TintypeError
from tintype.recorder import place
from tintype.recorder.notifying import Alerting
from tintype.recorder.place import RecorderStatus
from tintype.settings import Profile, Settings
from tintype.store import KeptJob, Store
from tintype.trainer_logs import LOCAL

LOG = logging.getLogger("tintype.recorder")
GIVE_UP_S = 6 * 3600.0
"""A log that says nothing for so long is followed no longer."""
RULE = "each log every 2 s, until its last step, or until it has said nothing for 6 hours"
SILENT = "The log has said nothing for 6 hours: `tintype follow` takes it up again."
TICK_S, LINGER_S = 1.0, 15.0
"""How often it is looked for another training, and how long before it ends."""


class LogRecording:
    """What the recorder of `local` knows while it runs."""

    def __init__(self, settings: Settings, store: Store, *, clock: Clock = SYSTEM) -> None:
        self._store, self._clock = store, clock
        self._folder = place.folder_of(settings.folders, LOCAL)
        self._alerting = Alerting(settings, Profile(LOCAL), store, clock=clock)
        self._done: dict[str, str] = {}
        """Ids of trainings that are not followed any more, and why, or empty."""
        now = clock.now()
        self.status = RecorderStatus(LOCAL, os.getpid(), now, __version__, RULE, said_at=now)

    async def run(self) -> None:
        """Follow every training that has not ended, until there is none."""
        tasks: dict[str, asyncio.Task[None]] = {}
        idle_since = self._clock.monotonic()
        try:
            while True:
                for kept in self._wanted():
                    if kept.job.id not in tasks:
                        tasks[kept.job.id] = asyncio.create_task(self._follow(kept))
                for job_id in [one for one, task in tasks.items() if task.done()]:
                    tasks.pop(job_id).result()
                await self._say(tuple(tasks))
                now = self._clock.monotonic()
                idle_since = now if tasks else idle_since
                if not tasks and now - idle_since >= LINGER_S:
                    return
                self._alerting.tick()
                await self._clock.sleep(TICK_S)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            await self._alerting.aclose()

    def _wanted(self) -> list[KeptJob]:
        with suppress(TintypeError):  # the store cannot be read at the moment
            return [
                kept
                for kept in self._store.jobs.newest(profile=LOCAL)
                if not kept.job.ended and kept.job.id not in self._done and path_of(kept)
            ]
        return []

    async def _follow(self, kept: KeptJob) -> None:
        """Follow one training to its end, or say why that cannot be."""
        try:
            log = await asyncio.to_thread(trainer_logs.find, Path(path_of(kept)))
            following = trainer_logs.follow(
                self._store, log, give_up_s=GIVE_UP_S, clock=self._clock
            )
            ended = kept.job.ended
            async with aclosing(following):
                async for progress in following:
                    self._alerting.hear(progress)
                    ended = progress.job.ended
            self._done[kept.job.id] = "" if ended else SILENT
        except TintypeError as error:
            self._done[kept.job.id] = str(error)
        LOG.info("%s: %s", kept.job.id, self._done[kept.job.id] or "all of it is here")

    async def _say(self, followed: tuple[str, ...]) -> None:
        """Write down how things stand, if that has changed."""
        given_up = {job_id: why for job_id, why in self._done.items() if why}
        known = replace(self.status, jobs=followed, job_troubles=given_up, given_up=tuple(given_up))
        if known != self.status:
            self.status = replace(known, said_at=self._clock.now())
            with suppress(OSError):
                await asyncio.to_thread(place.write_status, self._folder, self.status)


def path_of(kept: KeptJob) -> str:
    """Return where the log of a training is; empty if that is not known."""
    return kept.job.metadata.get("log", "")
