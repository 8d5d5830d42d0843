"""Scores by training step: what an evaluation of checkpoints says of the course of a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tintype import paths
from tintype.errors import TintypeError
from tintype.evaluation.figures import figures
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import open as opened
from tintype.evaluation.run_folder import ANSWERS, GRADES, MANIFEST, ROWS, EvaluationRun, runs_in
from tintype.evaluation.statistics import Interval
from tintype.jobs import ModelScore


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


def model_scores(home: Path) -> dict[tuple[str, str], tuple[ModelScore, ...]]:
    """Return what models score, by profile and name, by the first scorer of each evaluation.

    Blocking; an evaluation that has not changed since it was looked at is not read again.

    Args:
        home: The folder of all evaluations.

    Returns:
        For every model a score of each evaluation that has one of it, the newest first.
    """
    found: dict[tuple[str, str], tuple[ModelScore, ...]] = {}
    for run in runs_in(home):  # the newest first
        for model, score in _scores_of(run.folder, _stamp(run.folder)):
            found[model] = (*found.get(model, ()), score)
    return found


_Scored = tuple[tuple[tuple[str, str], ModelScore], ...]


@lru_cache(maxsize=1_000)
def _scores_of(folder: Path, _stamp: tuple[int, ...]) -> _Scored:
    try:
        evaluation = opened(folder)
        every = figures(evaluation)
    except TintypeError:  # its scorer is gone
        return ()
    scorer = evaluation.scorers[0].name
    return tuple(
        (
            (one.model.profile, one.model.name),
            ModelScore(
                one.interval.value,
                one.interval.low,
                one.interval.high,
                one.headline.n - one.headline.unscored_infra,
                scorer,
                folder.name,
            ),
        )
        for one in every
        if one.interval is not None
    )


def _stamp(folder: Path) -> tuple[int, ...]:
    """What changes when an evaluation does: the sizes of its logs."""
    files = (paths.status(folder / name) for name in (MANIFEST, ROWS, ANSWERS, GRADES))
    return tuple(-1 if one.size_bytes is None else one.size_bytes for one in files)


def _own(run: EvaluationRun, profile: str, steps: Mapping[str, int]) -> list[EvaluatedModel]:
    return [one for one in run.plan.models if one.profile == profile and one.name in steps]


def _step(point: tuple[int, Interval]) -> int:
    return point[0]
