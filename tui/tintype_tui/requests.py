"""Messages that ask the app to go somewhere, or to note where one stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from tintype.resources import Job


@dataclass
class OpenDataset(Message):
    """Look at a dataset."""

    path: Path
    row: int | None = None
    """0-based; none for the row looked at last, or the first."""


@dataclass
class AssessDataset(Message):
    """Check and count the current dataset, unless that has been done and still holds."""

    model: str = ""
    """The base model to count for; empty for any."""


@dataclass
class EstimateDataset(Message):
    """Work out what training on the dataset in hand costs."""

    like: "Job | None" = None
    """A job whose settings to begin with."""
    path: Path | None = None
    """A dataset to make the current one first; none for the current one."""


@dataclass
class OpenJob(Message):
    """Follow a job."""

    job_id: str


@dataclass
class TryModel(Message):
    """Ask a model about images."""

    model: str


@dataclass
class UseProfile(Message):
    """Work with another provider."""

    name: str


class Reached(Message):
    """Something in the loop was chosen or reached; names are those of `Standing`."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.changes = changes
