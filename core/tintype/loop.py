"""The loop from data to an evaluated model: what has been chosen and done, and what comes next.

One value, replaced whole, that every part of a front end can show and none changes by itself. What
a change means for the rest (another folder's dataset begins the loop again, another provider knows
nothing of a job) is decided here.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tintype.paths import is_file

if TYPE_CHECKING:
    from tintype.resources import Job

Progress = Literal["todo", "now", "done", "trouble"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the loop as the strip shows it."""

    name: str
    progress: Progress
    words: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RowRequest:
    """A request to show a row of a dataset; a later one for the same row is another request."""

    dataset: Path
    row: int
    """0-based."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationRequest:
    """A request to evaluate a model; a later one of the same model is another request."""

    model: str
    """Empty for the one that fits the data."""
    near: Path | None = None
    """A file of the data, where the model's own is not known."""
    beside: tuple[str, ...] = ()
    """Models to evaluate besides, and its base."""
    question: str | None = None
    """What to ask of every row in place of its own question; none asks that."""
    system: str | None = None
    """In place of the rows' own system prompt; none leaves that."""


@dataclass(frozen=True, slots=True, eq=False)
class LookRequest:
    """A request to look at something in its pane; a later one for the same is another request."""

    what: object
    """The folder of an evaluation, a thing of the inventory, or an answer that was kept."""


@dataclass(frozen=True, slots=True)
class LoopState:
    """What has been chosen and done so far."""

    dataset: Path | None = None
    row: int = 0
    """Index of the row looked at last, 0-based."""
    request: RowRequest | None = None
    """The last request to show a row."""
    checked: str = ""
    """Empty, or the worst found: `ok`, `warning`, `skip`, `error`."""
    like: "Job | None" = None
    """A job whose settings the plan begins with."""
    estimate: str = ""
    """The cost, in words."""
    job: str = ""
    """Id of the selected job."""
    job_status: str = ""
    job_percent: int | None = None
    model: str = ""
    """The tuned model to try."""
    tried: bool = False
    to_evaluate: EvaluationRequest | None = None
    """The last request to evaluate a model."""
    look: LookRequest | None = None
    """The last request to look at something that is no stage of the loop."""
    evaluation: str = ""
    """How far the current evaluation is, or what came of it: `41 %`, `paused`, `92.9 %`."""
    evaluated: bool = False

    def kept(self, profile: str) -> dict[str, Any]:
        """What is worth keeping until the next session, as plain JSON."""
        dataset = str(self.dataset) if self.dataset else None
        return {
            "profile": profile,
            "dataset": dataset,
            "row": self.row,
            "job": self.job,
            "model": self.model,
        }

    @classmethod
    def restored(cls, kept: Any, profile: str) -> "LoopState":
        """What the last session left, as far as it is still there.

        Jobs and models belong to the provider of the profile that was in use then; with another
        one, they are left out. Blocking: looks whether the dataset is there.
        """
        if not isinstance(kept, dict):
            return cls()
        path = Path(str(kept.get("dataset") or ""))
        row, job, model = kept.get("row"), kept.get("job"), kept.get("model")
        same = kept.get("profile") == profile
        there = is_file(path)
        return cls(
            dataset=path if there else None,
            row=row if there and isinstance(row, int) else 0,
            job=job if same and isinstance(job, str) else "",
            model=model if same and isinstance(model, str) else "",
        )

    def opening(self, path: Path, row: int | None = None) -> "LoopState":
        """What is left of it when a dataset is opened, at a row if one is asked for.

        Splits lie beside each other; with data of another folder the loop begins again.
        """
        request = None if row is None else RowRequest(path, row)
        if row is None:
            row = self.row if path == self.dataset else 0
        same = self.dataset is not None and self.dataset.parent == path.parent
        return replace(self if same else LoopState(), dataset=path, row=row, request=request)

    def estimating(self, path: Path | None, like: "Job | None") -> "LoopState":
        """With what a plan begins with: a dataset (none: the current one), a job's settings."""
        moved = path is not None and path != self.dataset
        state = replace(self, dataset=path, row=0, request=None) if moved else self
        return replace(state, like=like)

    def following(self, job: "Job", percent: int | None) -> "LoopState":
        """With the state of the selected job, and the model it has made if it has."""
        model = job.fine_tuned_model or ""
        return replace(self, job_status=job.status, job_percent=percent, model=model)

    def elsewhere(self) -> "LoopState":
        """What is left of it at another provider: the data."""
        return LoopState(dataset=self.dataset, row=self.row)

    def stages(self) -> tuple[Stage, ...]:
        """The five stages with what is known of each.

        The one now is that which is under way, else the first that is not done.
        """
        stages = [self._data(), self._estimate(), self._job(), self._try(), self._evaluate()]
        if all(stage.progress != "now" for stage in stages):
            for at, stage in enumerate(stages):
                if stage.progress == "todo":
                    stages[at] = replace(stage, progress="now")
                    break
        return tuple(stages)

    @property
    def ahead(self) -> Stage | None:
        """The stage to go on with: one in trouble first, else the one now; none if all are done."""
        stages = self.stages()
        troubled = (stage for stage in stages if stage.progress == "trouble")
        now = (stage for stage in stages if stage.progress == "now")
        return next(troubled, next(now, None))

    def _data(self) -> Stage:
        if self.dataset is None:
            # What has been launched was of some data, if in another session.
            return Stage("data", "done" if self.job else "todo")
        words = f"{self.dataset.parent.name}/{self.dataset.stem}"
        return Stage("data", "trouble" if self.checked == "error" else "done", words)

    def _estimate(self) -> Stage:
        # What has been launched was estimated, if in another session.
        done = self.estimate or self.job
        return Stage("estimate", "done" if done else "todo", self.estimate)

    def _job(self) -> Stage:
        if not self.job:
            return Stage("job", "todo")
        if self.job_status == "succeeded" or self.model:
            return Stage("job", "done", self.job_status)
        if self.job_status in ("failed", "cancelled"):
            return Stage("job", "trouble", self.job_status)
        words = self.job_status if self.job_percent is None else f"{self.job_percent} %"
        return Stage("job", "now", words)

    def _try(self) -> Stage:
        # A model that is evaluated is tried.
        return Stage("try", "done" if self.tried or self.evaluation else "todo")

    def _evaluate(self) -> Stage:
        progress: Progress = "done" if self.evaluated else "now" if self.evaluation else "todo"
        return Stage("evaluate", progress, self.evaluation)
