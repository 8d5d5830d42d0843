"""The words of a job's events, as OpenAI writes them, in the order it writes them.

Clients are told not to rely on the words, and do. What OpenAI has no word for (a pause, a trainer
that had to be restarted, rows left out) is said in the same tone.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tintype.engines.base import Note, Step
from tintype.server import wire
from tintype.server.records import EventRecord, JobRecord

_METRICS = (
    ("train_loss", "training loss"),
    ("valid_loss", "validation loss"),
    ("full_valid_loss", "full validation loss"),
    ("full_valid_mean_iou", "full validation mean IoU"),
)
"""What the message of a step names, in this order; the rest is in its data only."""


def event(
    job_id: str,
    at: float,
    message: str,
    *,
    level: str = "info",
    data: Mapping[str, Any] | None = None,
) -> EventRecord:
    """A line that reports no step."""
    return EventRecord(
        id=wire.new_id("ftevent-"),
        created_at=int(at),
        job_id=job_id,
        message=message,
        level=level,
        data=data or {},
    )


def created(job: JobRecord) -> str:
    """The first line."""
    return f"Created fine-tuning job: {job.id}"


def validating(job: JobRecord) -> str:
    """What is being validated."""
    also = f" and validation file: {job.validation_file}" if job.validation_file else ""
    return f"Validating training file: {job.training_file}{also}"


VALIDATED = "Files validated, moving job to queued state"
STARTED = "Fine-tuning job started"
PAUSED = "Fine-tuning job paused"
RESUMED = "Fine-tuning job resumed"
CANCELLED = "Fine-tuning job cancelled"
COMPLETED = "The job has successfully completed"
INTERRUPTED_EARLY = "Training was interrupted before its first step and begins again"
INTERRUPTED = "Training was interrupted and continues from its last saved state"


def checkpoint_created(step: int, model: str) -> str:
    """A checkpoint can be asked."""
    return f"Checkpoint created at step {step} with Snapshot ID: {model}"


def model_created(model: str) -> str:
    """The model can be asked."""
    return f"New fine-tuned model created: {model}"


def skipped(job_id: str, at: float, file: str, reasons: Mapping[str, Sequence[int]]) -> EventRecord:
    """What was left out of a file, and why; the data give the lines."""
    count = sum(map(len, reasons.values()))
    counts = ", ".join(f"{reason} ({len(lines)})" for reason, lines in reasons.items())
    were = "example was" if count == 1 else "examples were"
    words = f"{count} {were} skipped in {file}: {counts}"
    data = {"file": file, "skipped": {reason: list(lines) for reason, lines in reasons.items()}}
    return event(job_id, at, words, level="warn", data=data)


def step_event(job_id: str, at: float, step: Step) -> EventRecord:
    """A step's metrics: two decimals in the message, everything in the data.

    JSON has no numbers that are not finite; they are spelled (`"NaN"`), and the level says `warn`.
    """
    losses = [
        f"{words}={step.metrics[name]:.2f}" for name, words in _METRICS if name in step.metrics
    ]
    place = {"step": step.step, "total_steps": step.total_steps, "epoch": step.epoch}
    odd = not all(map(math.isfinite, step.metrics.values()))
    return EventRecord(
        id=wire.new_id("ftevent-"),
        created_at=int(at),
        job_id=job_id,
        message=f"Step {step.step}/{step.total_steps}: {', '.join(losses)}".rstrip(": "),
        level="warn" if odd else "info",
        type="metrics",
        data=place | {name: wire.spelled(value) for name, value in step.metrics.items()},
        step=step.step,
    )


def note_event(job_id: str, at: float, note: Note) -> EventRecord:
    """What the engine has to say."""
    return event(job_id, at, note.message, level=note.level)
