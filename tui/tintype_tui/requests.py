"""Messages that ask the app to go somewhere, or to note what was done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from tintype.loop import EvaluationRequest, LookRequest, LoopState
from tintype.paths import absolute

if TYPE_CHECKING:
    from tintype.budget import Confirmation
    from tintype.evaluation import EvaluationPlan
    from tintype.inventory import Ref
    from tintype.resources import Job
    from tintype.store import KeptAnswer


class Request(Message):
    """Something that the app does for the panes."""


@dataclass
class Reached(Request):
    """Something in the loop was chosen or done: how that changes its state, whatever it is."""

    change: Callable[[LoopState], LoopState]
    pane: str = ""
    """The pane to go to then; empty to stay."""
    at_start: bool = False
    """Go there only if nothing was chosen or gone to yet."""


def open_dataset(path: Path, row: int | None = None) -> Reached:
    """Look at a dataset, at a row (0-based); none for the row looked at last, or the first."""
    return Reached(lambda state: state.opening(absolute(path), row), "datasets")


def estimate_dataset(path: Path | None = None, like: "Job | None" = None) -> Reached:
    """Work out what training costs, on a dataset (none for the current one), as a job was run."""
    return Reached(lambda state: state.estimating(path, like), "estimate")


def open_job(job_id: str) -> Reached:
    """Follow a job."""
    return Reached(lambda state: replace(state, job=job_id), "jobs")


def try_model(model: str) -> Reached:
    """Ask a model about images."""
    return Reached(lambda state: replace(state, model=model), "playground")


def evaluate_model(
    model: str,
    near: Path | None = None,
    *beside: str,
    question: str | None = None,
    system: str | None = None,
) -> Reached:
    """Evaluate a model and others, on the test split of its data, else on that of a file.

    A question, or a system prompt, is asked of every row in place of its own.
    """
    wanted = EvaluationRequest(model, near, beside, question, system)
    return Reached(lambda state: replace(state, to_evaluate=wanted), "evaluate")


def look_at(pane: str, what: "Path | Ref | KeptAnswer") -> Reached:
    """Look at an evaluation (its folder), a thing of the inventory, or an answer, in its pane."""
    return Reached(lambda state: replace(state, look=LookRequest(what)), pane)


def restore(kept: LoopState, pane: str = "") -> Reached:
    """Go on where the last session ended, unless something has been chosen already."""
    return Reached(lambda state: kept if state == LoopState() else state, pane, at_start=True)


@dataclass
class AssessDataset(Request):
    """Check and count the current dataset, unless that has been done and still holds."""

    model: str = ""
    """The base model to count for; empty for any."""
    deep: bool = False
    """Decode the pixels of every image, in a large file too."""
    again: bool = False
    """What has been found does not hold: rows were edited."""


@dataclass
class Evaluate(Request):
    """Run an evaluation, which goes on whichever pane is seen; or pause the one that runs."""

    order: "EvaluationOrder | None"
    """None pauses: nothing more is asked, what is under way is waited for."""


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """An evaluation to be run, in a folder that is new or begun."""

    plan: "EvaluationPlan"
    folder: Path
    confirmation: "Confirmation"
    stop_at_usd: Decimal | None = None


@dataclass
class LookAtDeadlines(Request):
    """Look again whether something will be lost soon: what is known of it may have changed."""


@dataclass
class UseProfile(Request):
    """Work with another provider."""

    name: str
