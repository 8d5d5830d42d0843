"""What the server keeps, as values: one class per table, one field per column.

Times are Unix seconds, as on the wire.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FILES_BY_PURPOSE = ("assistants", "batch", "fine-tune", "vision", "user_data")
"""The purposes a client may upload for. OpenAI also takes `evals`, which its own description of a
file does not know, and which has ended."""

ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Stored:
    """What every record has."""

    id: str
    created_at: int
    seq: int | None = field(default=None, kw_only=True)
    """The order of arrival, which cursors follow."""


@dataclass(frozen=True, slots=True)
class File(Stored):
    """An uploaded file, or one the server has made. The bytes lie in `files/` under its id."""

    filename: str
    purpose: str
    bytes: int
    expires_at: int | None = None
    deleted: int = 0
    """1: gone, but still good as a cursor and as a name in old jobs."""


@dataclass(frozen=True, slots=True)
class UploadRecord(Stored):
    """A file arriving in parts."""

    filename: str
    purpose: str
    bytes: int
    mime_type: str
    expires_at: int
    status: str = "pending"
    keep_s: int | None = None
    """How long the finished file is to live."""
    file_id: str | None = None
    part_ids: Sequence[str] = ()
    """In the order they were put together; empty until then."""


@dataclass(frozen=True, slots=True)
class Part(Stored):
    """One part of an upload. The bytes lie in `uploads/` under its id."""

    upload_id: str
    bytes: int


@dataclass(frozen=True, slots=True)
class JobRecord(Stored):
    """A fine-tuning job."""

    model: str
    """The base."""
    training_file: str
    validation_file: str | None
    suffix: str | None
    seed: int
    asked: Mapping[str, Any]
    """Hyperparameters as requested: numbers or `"auto"`."""
    metadata: Mapping[str, str] | None = None
    resolved: Mapping[str, Any] | None = None
    """Hyperparameters as numbers, once training has started."""
    status: str = "validating_files"
    examples: int = 0
    """Training examples that passed the rules."""
    epoch_tokens: int = 0
    """Billable tokens of one pass over the training examples."""
    pace_at: float | None = None
    pace_step: int = 0
    """When the trainer now at work reported its first step, and which: for the estimate."""
    finished_at: int | None = None
    estimated_finish: int | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    result_files: Sequence[str] = ()
    error: Mapping[str, Any] | None = None
    reports_read: int = 0
    """Bytes of the trainer's reports that have become events."""
    step: int = 0
    """The last step reported."""
    launches: int = 0
    """How often the trainer was started since it last got any further."""
    wanted: str = ""
    """`pause` or `cancel`, until the trainer has obeyed."""

    @property
    def ended(self) -> bool:
        """Whether the job has reached a state it never leaves."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class EventRecord(Stored):
    """A line of a job's event log. A step makes one event at most: `(job_id, step)` is unique."""

    job_id: str
    message: str
    level: str = "info"
    type: str = "message"
    data: Mapping[str, Any] = field(default_factory=dict)
    step: int | None = None


@dataclass(frozen=True, slots=True)
class CheckpointRecord(Stored):
    """Weights saved at the end of an epoch."""

    job_id: str
    step: int
    epoch: int
    path: str
    metrics: Mapping[str, float]
    model: str | None = None
    """Its public name; none for that of the last epoch until the job has succeeded."""


@dataclass(frozen=True, slots=True)
class Tuned(Stored):
    """A fine-tuned model that can be asked."""

    job_id: str
    base: str
    path: str


@dataclass(frozen=True, slots=True)
class Completion(Stored):
    """A stored completion. What was asked and answered lies in `completions/` under its id."""

    model: str
    metadata: Mapping[str, str] | None = None


Record = (
    File | UploadRecord | Part | JobRecord | EventRecord | CheckpointRecord | Tuned | Completion
)
