"""What a provider keeps for you, as values: files, jobs, events, checkpoints, models.

The shapes follow OpenAI's API, whose names they bear. They are filled by `api` from the wire and
kept by `store`; both tolerate what the published contract does not list (a status `paused`, an
event type `moderation_checks`, null hyperparameters), because real providers send it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar

T = TypeVar("T")

FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
"""The states a job never leaves."""
STATES = FINAL | {
    *("validating_files", "queued", "running", "paused", "pausing", "resuming", "cancelling"),
    *("created", "pending", "notRunning"),  # Azure's
}
"""All that are known here."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the provider."""

    id: str
    filename: str
    size_bytes: int | None
    """None if the provider does not say."""
    purpose: str
    created_at: datetime
    status: str = "processed"
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job failed, in the provider's words."""

    code: str
    message: str
    param: str | None = None


USUAL: frozenset[str] = frozenset({"n_epochs", "batch_size", "learning_rate_multiplier"})
"""The hyperparameters that OpenAI has for supervised training."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a job trains with; `"auto"` until the provider has chosen."""

    n_epochs: int | Literal["auto"] = "auto"
    batch_size: int | Literal["auto"] = "auto"
    learning_rate_multiplier: float | Literal["auto"] = "auto"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What a provider knows beyond these, by its own names, e.g. `lora_rank`."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Sort values by name: those of the wire's flat object."""
        usual = {name: value for name, value in values.items() if name in USUAL}
        return cls(**usual, extra={name: values[name] for name in values.keys() - USUAL})

    def flat(self) -> dict[str, Any]:
        """All of them by name, as the wire has them."""
        return {
            "n_epochs": self.n_epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            **self.extra,
        }


def read_extra(text: str) -> dict[str, Any]:
    """Read extras that a person has typed: `lora_rank=8 lora_target_modules=q_proj,v_proj`."""
    found: dict[str, Any] = {}
    for name, typed in re.findall(r"(\w+)=(\S+)", text):
        try:
            found[name] = json.loads(typed)
        except ValueError:
            found[name] = [word for word in typed.split(",") if word]
    return found


def extra_words(extra: Mapping[str, Any]) -> str:
    """Extras as `read_extra` reads them."""
    return " ".join(f"{name}={_extra_word(value)}" for name, value in extra.items())


def _extra_word(value: object) -> str:
    if isinstance(value, str):
        return value
    return ",".join(map(str, value)) if isinstance(value, Sequence) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What it takes to create a job."""

    model: str
    training_file: str
    """Id of an uploaded file."""
    validation_file: str | None = None
    suffix: str | None = None
    seed: int | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job as last seen."""

    id: str
    model: str
    """The base model."""
    status: str
    """The provider's word; one that is not known here is shown, not refused."""
    created_at: datetime
    training_file: str
    validation_file: str | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    fine_tuned_model: str | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    seed: int | None = None
    suffix: str | None = None
    trained_tokens: int | None = None
    """Billable tokens; none until the provider has counted."""
    result_files: tuple[str, ...] = ()
    failure: JobFailure | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the job has reached a state it never leaves."""
        return self.status in FINAL

    @property
    def dated(self) -> bool:
        """Whether the provider says when it was created; else that moment is 1970."""
        return self.created_at.timestamp() > 0

    def still_knowing(self, before: "Job") -> "Job":
        """This, with what was known of it before where a provider tells less of an ended job."""
        if not (self.ended and self.status == before.status):
            return self
        names = ("model", "training_file", "validation_file", "finished_at", "fine_tuned_model",
                 "seed", "suffix", "trained_tokens", "failure", "metadata")  # fmt: skip
        kept = {name: getattr(before, name) for name in names if not getattr(self, name)}
        if not self.dated:
            kept["created_at"] = before.created_at
        if self.hyperparameters == Hyperparameters():
            kept["hyperparameters"] = before.hyperparameters
        return replace(self, **kept)


TOGETHER = "{} processes share every step."
"""What an engine notes when several do; an estimate reads it of earlier trainings."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's event log."""

    id: str
    created_at: datetime
    message: str
    level: str = "info"
    type: str = "message"
    """`message`, `metrics`, or a word the contract does not list (`moderation_checks`)."""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model saved on the way."""

    id: str
    job_id: str
    model: str
    """The name to ask it by."""
    step: int | None
    """None if the provider does not say."""
    created_at: datetime
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A model the key may use."""

    id: str
    created_at: datetime
    owned_by: str
    shutdown_date: str | None = None
    """`YYYY-MM-DD` when the provider says so; none means unknown, not never."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a tuned model, where a provider gives them: the embedded server does."""

    model: str
    base: str
    job_id: str
    created_at: int
    """Unix seconds."""
    folder: bool
    """Whether they are a folder of files, and not one."""
    files: Mapping[str, int]
    """Sizes in bytes, by name."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    after: str | None = None
    """The cursor to ask for the next page with; none on the last page."""
