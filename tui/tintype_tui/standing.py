"""Where in the loop one stands: data → estimate → job → try.

One value, held by the app and bound into every pane, so that each pane can show the way so far and
knows what the others chose.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
class Sought:
    """A wish to see a row of a dataset; a later one for the same row is another wish."""

    dataset: Path
    row: int
    """0-based."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What has been chosen and reached so far."""

    dataset: Path | None = None
    row: int = 0
    """Index of the row looked at last, 0-based."""
    sought: Sought | None = None
    """The row that was asked for last."""
    checked: str = ""
    """Empty, or the worst found: `ok`, `warning`, `skip`, `error`."""
    like: "Job | None" = None
    """A job whose settings the plan begins with."""
    estimate: str = ""
    """The sum, in words."""
    job: str = ""
    """Id of the job in hand."""
    job_status: str = ""
    job_percent: int | None = None
    model: str = ""
    """The tuned model to try."""
    tried: bool = False

    def kept(self) -> dict[str, Any]:
        """What is worth keeping until the next session, as plain JSON."""
        dataset = str(self.dataset) if self.dataset else None
        return {"dataset": dataset, "row": self.row, "job": self.job, "model": self.model}

    @classmethod
    def again(cls, kept: Any) -> "Standing":
        """How the last session stood, as far as that can be told and is still there."""
        if not isinstance(kept, dict):
            return cls()
        path = Path(str(kept.get("dataset") or ""))
        row, job, model = kept.get("row"), kept.get("job"), kept.get("model")
        return cls(
            dataset=path if path.is_file() else None,
            row=row if isinstance(row, int) else 0,
            job=job if isinstance(job, str) else "",
            model=model if isinstance(model, str) else "",
        )

    def stages(self) -> tuple[Stage, ...]:
        """The four stages with what is known of each; the first that is not done is the one now."""
        stages = [self._data(), self._estimate(), self._job(), self._try()]
        for at, stage in enumerate(stages):
            if stage.progress == "todo":
                stages[at] = replace(stage, progress="now")
                break
            if stage.progress == "now":
                break
        return tuple(stages)

    def _data(self) -> Stage:
        if self.dataset is None:
            return Stage("data", "todo")
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
        return Stage("try", "done" if self.tried else "todo")
