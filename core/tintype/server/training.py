"""One job in the hands of a trainer: what it reports becomes events, checkpoints and a model.

Every step is one event, however often the trainer was killed and began again from its last state:
what was read is remembered in the transaction that keeps it, and `(job, step)` is unique.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from tintype.engines import journal
from tintype.engines import launch as launching
from tintype.engines.base import Engine, Note, Resolved, Saved, Step, TrainingOrder
from tintype.engines.launchers import Launcher
from tintype.resources import Hyperparameters
from tintype.server import job_events, wire
from tintype.server.records import CheckpointRecord, EventRecord, JobRecord, Tuned
from tintype.server.reports import settled
from tintype.server.results import write_results
from tintype.server.state import State, now

KEPT_EPOCHS = 3
"""The checkpoints of so many last epochs are kept."""
DATA, ENGINE = "data", "engine"
TRAINING, VALIDATION = "training.jsonl", "validation.jsonl"
_PLACE = {"step", "total_steps", "epoch"}
"""What the data of a step's event hold besides metrics."""
_PACE_STEPS, _PACE_S = 5, 2.0
"""What it takes before an estimate of the end is worth anything."""


def begin(state: State, job: JobRecord, engine: Engine, *, waits: bool = False) -> JobRecord:
    """Note that a trainer is being started, before it is: a crash in between is seen as its death.

    The hyperparameters are settled at the first start. With `waits`, a scheduler has the job first:
    it stays queued until its trainer runs (`run`).
    """
    resolved = job.resolved or engine.resolve(job.examples, Hyperparameters.of(job.asked)).flat()
    with state.transaction():
        if job.resolved is None and not waits:
            state.add(job_events.event(job.id, now(), job_events.STARTED))
        return state.change(
            job,
            status="queued" if waits else "running",
            resolved=resolved,
            launches=job.launches + 1,
            pace_at=None,
            estimated_finish=None,
        )


def run(state: State, job: JobRecord) -> JobRecord:
    """A job that a scheduler had in its queue has begun to run."""
    with state.transaction():
        if not any(state.all(EventRecord, job_id=job.id, message=job_events.STARTED)):
            state.add(job_events.event(job.id, now(), job_events.STARTED))
        return state.change(job, status="running")


def say(state: State, job: JobRecord, words: str) -> None:
    """Note what a scheduler says of a job, once."""
    if not any(state.all(EventRecord, job_id=job.id, message=words)):
        state.add(job_events.event(job.id, now(), words))


def start(folder: Path, job: JobRecord, launcher: Launcher, ranks: str = "") -> None:
    """Start the trainer, or have it started; blocks.

    `ranks` is how many processes are to share every step, as in `TrainingOrder`.

    Raises:
        EngineError: if it runs already, no process can be started, or a scheduler refuses it.
    """
    data = folder / DATA
    order = TrainingOrder(
        training=data / TRAINING,
        validation=data / VALIDATION if (data / VALIDATION).exists() else None,
        folder=folder / ENGINE,
        hyperparameters=Resolved.of(job.resolved or {}),
        seed=job.seed,
        ranks=ranks,
    )
    launching.write_order(folder, job.model, order)
    launcher.launch(folder)


def listen(state: State, job: JobRecord, *, ended: bool) -> JobRecord:
    """Take in what the trainer has reported since the last time; all of it, if it has ended."""
    path = state.job_folder(job.id) / launching.REPORTS
    epochs = (job.resolved or {}).get("n_epochs", 0)
    while True:
        entries, offset = journal.read(path, job.reports_read)
        told = settled(entries, epochs, ended=ended)
        if len(told) < len(entries) and (not told or told[-1].end < entries[-1].end):
            offset = told[-1].end if told else job.reports_read
        if offset == job.reports_read:
            return job
        if told and job.status == "queued" and not job.wanted:
            job = run(state, job)  # whatever its scheduler still says
        with state.transaction():
            for entry in told:
                job = _take(state, job, entry)
            job = state.change(job, reports_read=offset)


def _take(state: State, job: JobRecord, entry: journal.JournalEntry) -> JobRecord:
    report = entry.report
    if isinstance(report, Note):
        state.add(job_events.note_event(job.id, entry.at, report))
        return job
    if isinstance(report, Saved):
        checkpoint = _checkpoint(state, job, entry.at, report)
        if state.add(checkpoint, once=True) and report.epoch < (job.resolved or {})["n_epochs"]:
            # That of the last epoch is the model itself, which the end of the training names.
            _publish(state, job, checkpoint, f"{model_name(job)}:ckpt-step-{report.step}")
            newest = sorted(state.all(CheckpointRecord, job_id=job.id), key=lambda one: one.epoch)
            _retire(state, job, newest[-KEPT_EPOCHS:])
        return job
    event = job_events.step_event(job.id, entry.at, report)
    changes: dict[str, Any] = {}
    if state.add(event, once=True):
        changes = {"step": report.step, "launches": 0}
    else:
        _amend(state, event, report)
    if job.pace_at is None:
        changes |= {"pace_at": entry.at, "pace_step": report.step}
    else:
        changes["estimated_finish"] = _estimate(job, entry.at, report)
    return state.change(job, **changes)


def _amend(state: State, event: EventRecord, step: Step) -> None:
    """A step that has its event already is reported again: only a validation it lacked is news.

    So it is after a pause between a step and its validation.
    """
    for known in list(state.all(EventRecord, job_id=event.job_id, step=step.step)):
        if not event.data.keys() <= known.data.keys():
            metrics = {**known.data, **event.data}
            whole = replace(
                step, metrics={name: float(metrics[name]) for name in metrics.keys() - _PLACE}
            )
            told = job_events.step_event(event.job_id, known.created_at, whole)
            state.change(known, message=told.message, data=told.data)


def _estimate(job: JobRecord, at: float, step: Step) -> int | None:
    steps, seconds = step.step - job.pace_step, at - (job.pace_at or at)
    if steps < _PACE_STEPS or seconds < _PACE_S:
        return None
    return int(at + seconds / steps * (step.total_steps - step.step))


def _checkpoint(state: State, job: JobRecord, at: float, saved: Saved) -> CheckpointRecord:
    return CheckpointRecord(
        id=wire.new_id("ftckpt_"),
        created_at=int(at),
        job_id=job.id,
        step=saved.step,
        epoch=saved.epoch,
        path=os.path.relpath(saved.path, state.folder),
        metrics={name: value for name, value in saved.metrics.items() if math.isfinite(value)},
    )


def succeed(state: State, job: JobRecord) -> JobRecord:
    """Publish the model and its checkpoints, write the results, and end the job."""
    saved = {one.epoch: one for one in state.all(CheckpointRecord, job_id=job.id)}
    kept = [saved[epoch] for epoch in sorted(saved)[-KEPT_EPOCHS:]]
    if not kept:
        return fail(state, job, "training_failed", "The training ended without a checkpoint.")
    name = model_name(job)
    epochs = (job.resolved or {}).get("n_epochs", 0)
    with state.transaction():
        results = write_results(state, job)
        _retire(state, job, kept)
        for checkpoint in kept[:-1]:
            if checkpoint.model is None:
                _publish(state, job, checkpoint, f"{name}:ckpt-step-{checkpoint.step}")
        _publish(state, job, kept[-1], name)
        state.add(job_events.event(job.id, now(), job_events.COMPLETED))
        return state.change(
            job,
            status="succeeded",
            fine_tuned_model=name,
            finished_at=now(),
            estimated_finish=None,
            trained_tokens=job.epoch_tokens * epochs,
            result_files=[results.id],
            wanted="",
        )


def _retire(state: State, job: JobRecord, kept: Sequence[CheckpointRecord]) -> None:
    """Forget the checkpoints that are not kept, and their models."""
    for checkpoint in list(state.all(CheckpointRecord, job_id=job.id)):
        if checkpoint.id not in {one.id for one in kept}:
            for model in list(state.all(Tuned, id=checkpoint.model or "")):
                state.remove(model)
            state.remove(checkpoint)


def model_name(job: JobRecord) -> str:
    """What the job's model will be called: the same from the first checkpoint to the end."""
    own = sha256(job.id.encode()).hexdigest()[:8]
    return f"ft:{job.model}:{wire.ORGANIZATION}:{slug(job.suffix)}:{own}"


def _publish(state: State, job: JobRecord, checkpoint: CheckpointRecord, name: str) -> None:
    state.change(checkpoint, model=name)
    state.add(Tuned(name, now(), job.id, job.model, checkpoint.path))
    words = (
        job_events.checkpoint_created(checkpoint.step, name)
        if ":ckpt-step-" in name
        else job_events.model_created(name)
    )
    state.add(job_events.event(job.id, now(), words))


def fail(
    state: State,
    job: JobRecord,
    code: str,
    message: str,
    param: str | None = None,
    *,
    data: Mapping[str, Any] | None = None,
) -> JobRecord:
    """End the job with the reason; `data` go with the event."""
    with state.transaction():
        state.add(job_events.event(job.id, now(), message, level="error", data=data))
        return state.change(
            job,
            status="failed",
            error={"code": code, "message": message, "param": param},
            finished_at=now(),
            estimated_finish=None,
            wanted="",
        )


def cancel(state: State, job: JobRecord, *, wanted: str = "") -> JobRecord:
    """End the job as wished; `wanted` stays `cancel` while its trainer is still to obey."""
    with state.transaction():
        if not job.ended:
            state.add(job_events.event(job.id, now(), job_events.CANCELLED))
        return state.change(
            job,
            status="cancelled",
            finished_at=job.finished_at or now(),
            estimated_finish=None,
            wanted=wanted,
        )


def pause(state: State, job: JobRecord, *, wanted: str = "") -> JobRecord:
    """Hold the job; `wanted` stays `pause` while its trainer is still to obey."""
    with state.transaction():
        if job.status != "paused":
            state.add(job_events.event(job.id, now(), job_events.PAUSED))
        return state.change(job, status="paused", estimated_finish=None, launches=0, wanted=wanted)


def slug(suffix: str | None) -> str:
    """A suffix as part of a model's name: small letters, digits, `-` and `_`."""
    words = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "-"
        for char in (suffix or "").lower()
    )
    return words.strip("-")
