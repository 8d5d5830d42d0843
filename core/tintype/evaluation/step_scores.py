"""Scores by training step: what an evaluation of checkpoints says of the course of a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import TintypeError
from tintype.evaluation.figures import figures
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import open as opened
from tintype.evaluation.run_folder import EvaluationRun, runs_in
from tintype.evaluation.statistics import Interval


@dataclass(frozen=True, slots=True)
class StepScores:
    """What the checkpoints of a job score, all in one evaluation."""

    run: EvaluationRun
    scorer: str
    points: tuple[tuple[int, Interval], ...]
    """Step and score, 0…1 with its bounds, by step."""


def step_scores(home: Path, profile: str, steps: Mapping[str, int]) -> StepScores | None:
    """Return the scores of a job's models from the evaluation that has most of them.

    Scores of several evaluations are never put together: their rows may differ. Blocking.

    Args:
        home: The folder of all evaluations.
        profile: That of the job.
        steps: The step of each model that the job has made, by name.

    Returns:
        None if no evaluation has a score of any; of equals, the newest.
    """
    runs = [(len(_own(run, profile, steps)), run) for run in runs_in(home)]
    for number, run in sorted(runs, key=lambda one: -one[0]):  # stable: the newest first
        if not number:
            return None
        try:
            found = figures(made := opened(run.folder))
        except TintypeError:  # its scorer is gone: another run may do
            continue
        points = [
            (steps[one.model.name], one.interval)
            for one in found
            if one.model in _own(run, profile, steps) and one.interval is not None
        ]
        if points:
            return StepScores(run, made.scorers[0].name, tuple(sorted(points, key=_step)))
    return None


def latest_scores(home: Path) -> dict[tuple[str, str], float]:
    """Return the score of every model in the newest evaluation that has one of it. Blocking.

    Args:
        home: The folder of all evaluations.

    Returns:
        Scores by the first scorer of each evaluation, by profile and model's name.
    """
    found: dict[tuple[str, str], float] = {}
    for run in reversed(runs_in(home)):  # the newest comes last, and counts
        try:
            every = figures(opened(run.folder))
        except TintypeError:
            continue
        found |= {
            (one.model.profile, one.model.name): one.interval.value
            for one in every
            if one.interval is not None
        }
    return found


def _own(run: EvaluationRun, profile: str, steps: Mapping[str, int]) -> list[EvaluatedModel]:
    return [one for one in run.plan.models if one.profile == profile and one.name in steps]


def _step(point: tuple[int, Interval]) -> int:
    return point[0]
