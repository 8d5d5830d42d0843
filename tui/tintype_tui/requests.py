"""Messages that ask the app to go somewhere, or to note what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from tintype.loop import LoopState

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
    """Work out what training on the current dataset costs."""

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


@dataclass
class Restore(Message):
    """Go on where the last session ended, unless something has been chosen already."""

    state: LoopState


@dataclass
class Reached(Message):
    """Something in the loop was chosen or done: how that changes its state, whatever it is."""

    change: Callable[[LoopState], LoopState]
