"""Jobs whose files are being validated: one after another, beside whatever trains."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict

from tintype.server import checking, clearing, job_events, training
from tintype.server.records import JobRecord
from tintype.server.state import State, now

_log = logging.getLogger("tintype.server")


class JobValidator:
    """Validates, and moves jobs on to be queued or to fail."""

    def __init__(self, state: State, poke: Callable[[], None]) -> None:
        """Begin with nothing; `poke` is called whenever a validation has ended."""
        self._state = state
        self._poke = poke
        self._job_id = ""
        self._task: asyncio.Task[None] | None = None

    async def turn(self) -> None:
        """Begin to validate the next job, if none is being validated."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            await self._note_trouble(task)
        job = next(self._state.all(JobRecord, status="validating_files"), None)
        if job is not None and self._task is None:
            self._job_id = job.id
            self._task = asyncio.create_task(self._validate(job))
            self._task.add_done_callback(lambda task: self._poke())

    async def stop(self, job: JobRecord) -> None:
        """Stop validating a job, which must not be in that state any more."""
        if self._task is not None and job.id == self._job_id:
            await self.end()

    async def end(self) -> None:
        """Stop validating; what was being validated will be validated afresh."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _validate(self, job: JobRecord) -> None:
        prepared = await checking.prepare(self._state, job)
        if isinstance(prepared, checking.Rejected):
            job = training.fail(
                self._state,
                job,
                prepared.code,
                prepared.message,
                prepared.param,
                data={"problems": list(map(asdict, prepared.problems))},
            )
            await clearing.clear(self._state, job)
            return
        with self._state.transaction():
            for file, reasons in prepared.skipped.items():
                self._state.add(job_events.skipped(job.id, now(), file, reasons))
            self._state.add(job_events.event(job.id, now(), job_events.VALIDATED))
            self._state.change(
                job,
                status="queued",
                examples=prepared.examples,
                epoch_tokens=prepared.epoch_tokens,
            )

    async def _note_trouble(self, task: "asyncio.Task[None]") -> None:
        """A validation that met an error, expected or not, ends its job and nothing else."""
        error = None if task.cancelled() else task.exception()
        job = self._state.find(JobRecord, self._job_id)
        if error is None or job is None or job.ended:
            return
        _log.error("The validation of %s failed.", job.id, exc_info=error)
        words = f"The server could not validate the files: {error}"
        await clearing.clear(self._state, training.fail(self._state, job, "server_error", words))
