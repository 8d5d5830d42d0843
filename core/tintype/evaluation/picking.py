"""Rows taken out of a result: sliced by other patterns, or written as a dataset of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tintype import paths
from tintype.dataset import open_dataset
from tintype.errors import EvaluationError
from tintype.evaluation.box_scorer import boxed
from tintype.evaluation.box_table import BoxTable
from tintype.evaluation.results import OK, Evaluation
from tintype.evaluation.row_answers import overrides
from tintype.evaluation.rows import compiled, question_type
from tintype.evaluation.run_folder import ANSWERS, logged, rows_of
from tintype.evaluation.run_state import case_of
from tintype.evaluation.score_table import class_of, classes_of
from tintype.evaluation.text_scores import without_thinking


def with_question_types(evaluation: Evaluation, types: Mapping[str, str]) -> Evaluation:
    """The same result with questions counted together by other patterns. Blocking.

    Raises:
        EvaluationError: if one is no regular expression.
    """
    patterns = compiled(types)
    found = [question_type(row.question, patterns) for row in rows_of(evaluation.folder)]
    values = tuple(sorted(set(found)))
    codes = np.array([values.index(value) for value in found], np.int64)
    return replace(evaluation, facets={**evaluation.facets, "question type": (values, codes)})


def with_overrides(evaluation: Evaluation, scorer: str = "") -> Evaluation:
    """The same result with a person's scores in place of a scorer's, where given. Blocking."""
    s = evaluation.scorer_at(scorer)
    score, status = evaluation.score.copy(), evaluation.status.copy()
    places = {model.id: at for at, model in enumerate(evaluation.models)}
    for (row, model), one in overrides(evaluation.folder).items():
        if one.get("score") is not None and model in places and row < evaluation.rows:
            score[s, places[model], row], status[s, places[model], row] = one["score"], OK
    return replace(evaluation, score=score, status=status, sureness={})


async def write_picked(
    evaluation: Evaluation, positions: Sequence[int], target: Path, *, overwrite: bool = False
) -> Path:
    """Write rows of the dataset as they stand, such as those that failed, into a new file.

    Raises:
        EvaluationError: if the dataset has changed since the run.
        DatasetError: if the dataset has gone.
        FileError: if the file cannot be written, or exists.
    """
    rows = list(rows_of(evaluation.folder))
    wanted = {rows[at].index: rows[at] for at in positions}
    with paths.writing(target, replace=overwrite) as file:
        async with open_dataset(evaluation.run.plan.dataset) as dataset:
            for index, row in sorted(wanted.items()):
                [line] = await dataset.lines(index, 1, 1)
                if line.row.line != row.line or not line.raw:
                    raise EvaluationError(
                        f"{dataset.path.name} has changed since the evaluation.",
                        advice="Evaluate it again; what is the same is not asked again.",
                    )
                file.write(line.raw.rstrip(b"\r\n") + b"\n")
    return target


def confused(evaluation: Evaluation, model: int, truth: str, prediction: str) -> list[int]:
    """Positions of the rows behind one cell of a confusion. Blocking.

    Args:
        evaluation: Opened.
        model: The model's place.
        truth: As the confusion has it; empty for boxes that were invented.
        prediction: Likewise; empty for boxes that were missed.
    """
    rows = list(rows_of(evaluation.folder))
    classes, name = classes_of(rows), evaluation.models[model].id
    known = frozenset(one for row in rows for one in row.truths)
    found = []
    for (at, of, sample), line in logged(evaluation.folder, ANSWERS).answers.items():
        if of != name or sample or at >= len(rows):
            continue
        case = case_of(line, rows[at], known)
        if classes:
            said = without_thinking(case.answer) or ""
            cells = {(class_of(case.truths[0], classes), class_of(said, classes))}
        else:
            table = BoxTable.of([boxed(case)[0]])
            cells = {(one[0], one[1]) for one in table.confusion()}
        if (truth, prediction) in cells:
            found.append(at)
    return sorted(found)
