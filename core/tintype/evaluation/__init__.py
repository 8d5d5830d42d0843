"""Evaluation: rows × models → scores, with honest statistics.

A plan is a value; `run` asks what is missing and writes every answer down before it counts it;
`open` gives a run's scores, offline; `figures`, `comparisons`, `slices` and `positions` say what
they come to.
"""

from tintype.evaluation.answer_case import AnswerCase, Scorer
from tintype.evaluation.comparing import Comparison, comparisons, require_alike
from tintype.evaluation.costs import EvaluationCost, ModelCost, estimate
from tintype.evaluation.figures import (
    ModelFigures,
    SliceFigures,
    facets_worth,
    figures,
    grades_of,
    slices,
)
from tintype.evaluation.findings import Findings, findings
from tintype.evaluation.judge_check import judge_agreement, to_grade
from tintype.evaluation.matrix import VIEWS, View, counts, positions
from tintype.evaluation.picking import (
    confused,
    with_overrides,
    with_question_types,
    write_picked,
)
from tintype.evaluation.plan import AskingLimits, EvaluatedModel, EvaluationPlan, JudgePlan
from tintype.evaluation.proposing import proposed
from tintype.evaluation.results import Evaluation, open
from tintype.evaluation.row_answers import AnswerOfRow, look_at, override, overrides
from tintype.evaluation.rows import EvaluatedRow, LeftOut, read_rows
from tintype.evaluation.run_folder import (
    EvaluationRun,
    UnreadableRun,
    listed,
    new_folder,
    run_at,
    runs_folder,
    runs_in,
)
from tintype.evaluation.running import RunProgress, models_of, run
from tintype.evaluation.scorers import scorer_names, scorer_of, suggested
from tintype.evaluation.sentences import headline_sentence, omitted_words, percent
from tintype.evaluation.step_scores import StepScores, model_scores, step_scores

__all__ = [
    "VIEWS",
    "AnswerCase",
    "AnswerOfRow",
    "AskingLimits",
    "Comparison",
    "EvaluatedModel",
    "EvaluatedRow",
    "Evaluation",
    "EvaluationCost",
    "EvaluationPlan",
    "EvaluationRun",
    "Findings",
    "JudgePlan",
    "LeftOut",
    "ModelCost",
    "ModelFigures",
    "RunProgress",
    "Scorer",
    "SliceFigures",
    "StepScores",
    "UnreadableRun",
    "View",
    "comparisons",
    "confused",
    "counts",
    "estimate",
    "facets_worth",
    "figures",
    "findings",
    "grades_of",
    "headline_sentence",
    "judge_agreement",
    "listed",
    "look_at",
    "model_scores",
    "models_of",
    "new_folder",
    "omitted_words",
    "open",
    "override",
    "overrides",
    "percent",
    "positions",
    "proposed",
    "read_rows",
    "require_alike",
    "run",
    "run_at",
    "runs_folder",
    "runs_in",
    "scorer_names",
    "scorer_of",
    "slices",
    "step_scores",
    "suggested",
    "to_grade",
    "with_overrides",
    "with_question_types",
    "write_picked",
]
