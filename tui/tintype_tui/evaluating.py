"""An evaluation as the app knows it: how far it is, or why it ended."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.evaluation import EvaluationPlan, RunProgress


MOST_FAILURES = 200
"""Failures of a running evaluation that are listed, the latest."""


@dataclass(frozen=True, slots=True)
class Evaluating:
    """An evaluation that was begun, or gone on with, in this run of the app."""

    plan: "EvaluationPlan"
    folder: Path
    progress: "RunProgress | None" = None
    failures: tuple[tuple[int, str], ...] = ()
    """Answers that scored nothing, the latest first: position of the row, the model's id."""
    pausing: bool = False
    trouble: str = ""
    """Why it ended before its time: a sentence."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is asked."""
        return bool(self.trouble) or (
            self.progress is not None and self.progress.phase in ("done", "paused", "budget")
        )

    @property
    def words(self) -> str:
        """How far it is, or what came of it: `41 %`, `paused`, `92.9 %`."""
        now = self.progress
        if self.trouble or now is None or now.phase not in ("asking", "grading", "done"):
            return "stopped" if self.trouble else now.phase if now else "reading"
        if now.phase != "done":
            return f"{100 * now.done // max(1, now.total)} %"
        score = now.scores.get(self.plan.models[0].id)
        return f"{100 * score.value:.1f} %" if score else "done"

    def after(self, progress: "RunProgress") -> "Evaluating":
        """What is known with the next progress."""
        new = [(row, model) for row, model, score in progress.latest if score == 0]
        failures = (*reversed(new), *self.failures)[:MOST_FAILURES]
        return replace(self, progress=progress, failures=failures)
