"""A job's way: validated, queued, trained, ended. One training at a time, the others wait.

A cluster's scheduler is given all of them, and they wait in its queue (`engines.launchers`).

The database says where each job stands, and every move is one transaction; whatever the moment at
which the server dies, the next one goes on from there. It adopts trainers that are still at work,
starts those again that were killed (a few times in a row without getting any further are enough),
and validates again what was being validated.
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

from tintype.engines import launch as launching
from tintype.engines.base import Engine, Wanted
from tintype.engines.launch import Ending, unwritable
from tintype.engines.launchers import Launcher, Launchers, LaunchState, state_of
from tintype.errors import EngineError
from tintype.server import clearing, job_events, storage, training
from tintype.server.opening import RESERVE
from tintype.server.records import Completion, File, JobRecord, Part, Tuned
from tintype.server.state import State, now
from tintype.server.storage import Reserve, is_full
from tintype.server.validation import JobValidator

TICK_S = 0.1
"""How often a trainer's reports are read."""
REST_S = 60.0
"""How often an idle server looks for files whose time is up."""
PATIENCE_S = 0.8
"""How long a request waits for the trainer to obey, before it is answered all the same."""
LAUNCHES, KILLS = 3, 20
"""How often a trainer is started without getting any further: if it crashed, and if it left no
word, because somebody or something killed it from outside."""
TROUBLE_S = 5.0
"""A rest after the disk was full or the database busy."""

_log = logging.getLogger("tintype.server")


class Queue:
    """Moves jobs on. `run` is its life; the other methods are called by requests."""

    def __init__(
        self, state: State, engines: Mapping[str, Engine], launchers: Launchers | None = None
    ) -> None:
        self._state = state
        self._engines = engines
        self._launchers = launchers or Launchers()
        self._poked = asyncio.Event()
        self._turned = asyncio.Event()
        self._validation = JobValidator(state, self.poke)
        self._reserve = Reserve(state.folder / RESERVE)
        self._asked_s: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._leaving = False
        self._expired_s = 0.0

    async def run(self) -> None:
        """Move jobs on until cancelled; trainers go on without it."""
        await self._tidy()
        try:
            while True:
                self._poked.clear()
                rest_s = await self._turn_or_rest()
                self._turned.set()
                self._turned = asyncio.Event()
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest_s):
                        await self._poked.wait()
        finally:
            await self._validation.end()

    def poke(self) -> None:
        """There is something to do."""
        self._poked.set()

    @property
    def busy(self) -> bool:
        """Whether a job is being validated, waits or trains."""
        return any(not job.ended and job.status != "paused" for job in self._state.all(JobRecord))

    async def interrupt(self) -> None:
        """Have the trainers save their states and leave; the next server takes them up again."""
        self._leaving = True
        for job in self._watched():
            folder = self._state.job_folder(job.id)
            try:
                await asyncio.to_thread(self._launchers.of(folder).interrupt, folder)
            except (OSError, EngineError):
                _log.exception("The trainer of %s could not be asked to leave.", job.id)

    async def stop(self, job: JobRecord, wanted: Wanted) -> JobRecord:
        """Pause or cancel a job that has not ended; answers within a second."""
        end = training.pause if wanted == "pause" else training.cancel
        if not _has_trainer(job):
            job = end(self._state, job)
            await self._validation.stop(job)
            if job.ended:
                await clearing.clear(self._state, job)
            self.poke()
            return job
        job = self._state.change(job, wanted=wanted)
        self.poke()
        launching.want(self._state.job_folder(job.id), wanted)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while self._fresh(job).wanted:
                    await self._turned.wait()
        job = self._fresh(job)  # it may have obeyed in the very moment that patience ran out
        return end(self._state, job, wanted=wanted) if job.wanted else job

    def resume(self, job: JobRecord) -> JobRecord:
        """Queue a paused job again."""
        with self._state.transaction():
            self._state.add(job_events.event(job.id, now(), job_events.RESUMED))
            validated = job.examples > 0
            job = self._state.change(job, status="queued" if validated else "validating_files")
        self.poke()
        return job

    def _fresh(self, job: JobRecord) -> JobRecord:
        return self._state.find(JobRecord, job.id) or job

    def _watched(self) -> list[JobRecord]:
        """Jobs whose trainers are at work, or were until a moment ago."""
        running = self._state.all(JobRecord, status="running")
        submitted = filter(_has_trainer, self._state.all(JobRecord, status="queued"))
        stopping = (self._state.all(JobRecord, wanted=wanted) for wanted in ("pause", "cancel"))
        return list({job.id: job for job in chain(running, submitted, *stopping)}.values())

    async def _turn_or_rest(self) -> float:
        """Do what there is to do; returns for how long there is nothing more, in seconds."""
        if self._leaving:
            return REST_S
        try:
            return TICK_S if await self._turn() else REST_S
        except (OSError, sqlite3.Error, EngineError) as error:
            if is_full(error) and self._reserve.give_up():
                _log.warning("The disk is full; the server uses its reserved space.")
                return 0.0
            _log.exception("The queue failed and tries again in %s s.", TROUBLE_S)
            return TROUBLE_S

    async def _turn(self) -> bool:
        await self._validation.turn()
        for job in self._watched():
            await self._watch(job)
        for waiting in list(self._state.all(JobRecord, status="queued", wanted="")):
            free = self._launchers.chosen.queues or not self._watched()
            if free and not _has_trainer(waiting):
                await self._launch(waiting)
        self._expire()
        return bool(self._watched())

    def _expire(self) -> None:
        if time.monotonic() - self._expired_s > REST_S:
            self._expired_s = time.monotonic()
            storage.remove_expired(self._state)
            self._reserve.put_by()

    async def _launch(self, job: JobRecord) -> None:
        if self._leaving:
            return
        launcher = self._launchers.chosen
        try:
            engine = self._engine(job.model)
            job = training.begin(self._state, job, engine, waits=launcher.queues)
        except EngineError as error:
            job = training.fail(self._state, job, "model_not_available", str(error))
            await clearing.clear(self._state, job)
            return
        try:
            folder = self._state.job_folder(job.id)
            await asyncio.to_thread(training.start, folder, job, launcher, self._launchers.ranks)
        except OSError as error:
            await self._fail(job, unwritable(error))
        except EngineError as error:
            if not launcher.queues:
                raise
            await self._fail(job, str(error))

    async def _fail(self, job: JobRecord, words: str) -> None:
        job = training.fail(self._state, job, "training_failed", words)
        await clearing.clear(self._state, job)

    def _engine(self, model: str) -> Engine:
        engine = self._engines.get(model)
        if engine is None:
            raise EngineError(f"There is no engine for {model} on this machine any more.")
        return engine

    async def _watch(self, job: JobRecord) -> None:
        job, folder = self._fresh(job), self._state.job_folder(job.id)
        launcher = self._launchers.of(folder)
        # Before the reports are read: else the last are missed.
        trainer = await state_of(launcher, folder)
        if self._leaving:
            return
        job = self._fresh(job)
        ended = None if trainer.phase != "gone" else launching.ending(folder)
        begun = trainer.phase == "running" or ended is not None
        if job.status == "queued" and begun and not job.wanted:  # else it is on its way out
            job = training.run(self._state, job)
        self._note(job, trainer)
        job = training.listen(self._state, job, ended=ended is not None)
        if trainer.phase != "gone":
            await self._insist(job, launcher, trainer)
            return
        self._asked_s.pop(job.id, None)
        self._said.pop(job.id, None)
        await self._end(job, ended, trainer)

    def _note(self, job: JobRecord, trainer: LaunchState) -> None:
        """Have the job's events say what its scheduler says, when it says something else."""
        if trainer.words and not job.ended and self._said.get(job.id) != trainer.words:
            self._said[job.id] = trainer.words
            if not trainer.is_final:
                training.say(self._state, job, trainer.words)

    async def _insist(self, job: JobRecord, launcher: Launcher, trainer: LaunchState) -> None:
        if not job.wanted:
            return
        folder = self._state.job_folder(job.id)
        since_s = self._asked_s.setdefault(job.id, time.monotonic())
        if trainer.phase == "waiting" or time.monotonic() - since_s > launcher.obey_s:
            await asyncio.to_thread(launcher.kill, folder)
        elif not (folder / launching.WANTED).exists():  # the server died before it wrote it
            launching.want(folder, "cancel" if job.wanted == "cancel" else "pause")

    async def _end(self, job: JobRecord, ended: Ending | None, trainer: LaunchState) -> None:
        """The trainer is gone: move the job on."""
        if ended is not None and ended.outcome == "succeeded" and not job.ended:
            job = training.succeed(self._state, job)
        elif ended is not None and ended.outcome == "failed" and not job.ended:
            job = training.fail(self._state, job, "training_failed", ended.message)
        elif job.wanted == "cancel":
            job = training.cancel(self._state, job)
        elif job.wanted == "pause" and job.status == "queued" and not job.launches:
            # Resumed in the meantime.
            job = self._state.change(job, wanted="")
        elif job.wanted == "pause":
            job = training.pause(self._state, job)
        elif trainer.is_final:
            job = training.fail(self._state, job, "training_failed", trainer.words)
        else:
            job = await self._start_again(job)
        if job.ended:
            await clearing.clear(self._state, job)

    async def _start_again(self, job: JobRecord) -> JobRecord:
        words = launching.last_words(self._state.job_folder(job.id))
        if job.launches >= (LAUNCHES if words else KILLS):
            job = training.listen(self._state, job, ended=True)
            return training.fail(
                self._state,
                job,
                "training_failed",
                f"The training process ended {job.launches} times without progress. "
                f"Its last output: {words or 'none'}",
            )
        said = job_events.INTERRUPTED if job.step else job_events.INTERRUPTED_EARLY
        self._state.add(job_events.event(job.id, now(), said, level="warn"))
        await self._launch(job)
        return self._fresh(job)

    async def _tidy(self) -> None:
        """Remove what a server that died has left half done."""
        files_there = {file.id for file in self._state.all(File, deleted=0)}
        parts_there = {part.id for part in self._state.all(Part)}
        kept = {one.id for one in self._state.all(Completion)}
        jobs = {job.id: job for job in self._state.all(JobRecord)}
        for name, known in (
            ("files", files_there),
            ("uploads", parts_there),
            ("jobs", {*jobs}),
            ("completions", kept),
        ):
            for entry in list(os.scandir(self._state.folder / name)):
                if entry.name not in known:
                    clearing.remove(self._state.folder / name / entry.name)
        for job in jobs.values():
            if job.ended and not job.wanted:
                await clearing.clear(self._state, job)
        for model in list(self._state.all(Tuned)):
            if not (self._state.folder / model.path).exists():
                self._state.remove(model)


def _has_trainer(job: JobRecord) -> bool:
    """Whether a trainer has been started, or a scheduler asked to start one."""
    submitted = job.status == "queued" and job.launches > 0
    return job.status == "running" or submitted or bool(job.wanted)
