"""All that a run comes to, as one value: made in a thread, then only shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tintype.evaluation.figures import (
    ModelFigures,
    SliceFigures,
    facets_worth,
    figures,
    grades_of,
    judge_cost,
    slices,
)
from tintype.evaluation.matrix import View, counts
from tintype.evaluation.report import EvaluationReport, report_of
from tintype.evaluation.results import Evaluation, open
from tintype.evaluation.sentences import headline_sentence

MOST_FACETS = 8
MOST_SLICES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """A run by one of its scorers."""

    evaluation: Evaluation
    scorer: str
    """Its name."""
    sentence: str
    """The headline."""
    figures: tuple[ModelFigures, ...]
    """Of each model."""
    report: EvaluationReport
    """Every table, by the leading scorer."""
    slices: Mapping[str, tuple[SliceFigures, ...]]
    """By facet, the values with the most rows first."""
    grades: tuple[Mapping[str, int], ...]
    """Of each model; empty without a judge."""
    judge_cost_usd: Decimal | None
    """What grading has cost; none where that is unknown."""
    counts: tuple[Mapping[View, int], ...]
    """By model, how many rows each view has."""


def findings(folder: Path, scorer: str = "") -> Findings:
    """Open a run, finished or not, and sum it up. Blocking: at once if its scores are kept.

    Raises:
        EvaluationError: if there is no run, or it was not scored by this scorer.
        FileError: if it cannot be read.
    """
    found = open(folder)
    judge, places = found.run.plan.judge, range(len(found.models))
    return Findings(
        found,
        found.scorers[found.scorer_at(scorer)].name,
        headline_sentence(found, scorer),
        figures(found, scorer),
        report_of(found),
        {
            facet: slices(found, facet, scorer, most=MOST_SLICES)
            for facet in facets_worth(found)[:MOST_FACETS]
        },
        tuple(grades_of(found, at, tuple(judge.grades)) for at in places) if judge else (),
        judge_cost(found) if judge else Decimal(0),
        tuple(counts(found, model=at, scorer=scorer) for at in places),
    )
