"""Is the judge right? A person grades some answers blind, and the two are compared."""

import random

from tintype.evaluation.judging import JudgeAgreement, agreement
from tintype.evaluation.results import Evaluation
from tintype.evaluation.row_answers import overrides
from tintype.evaluation.run_folder import GRADES, logged


def to_grade(evaluation: Evaluation, number: int, *, seed: int = 0) -> list[tuple[int, int]]:
    """Answers for a person to grade, `(position, place of the model)`: drawn by chance.

    The same seed draws the same; what a person has graded already is left out. Blocking.
    """
    places = {model.id: at for at, model in enumerate(evaluation.models)}
    said = {key for key, one in overrides(evaluation.folder).items() if one.get("grade")}
    graded = [
        (row, places[model])
        for (row, model, sample), line in logged(evaluation.folder, GRADES).answers.items()
        if sample == 0 and line.get("grade") and model in places and (row, model) not in said
    ]
    return random.Random(seed).sample(sorted(graded), min(number, len(graded)))


def judge_agreement(evaluation: Evaluation) -> tuple[int, JudgeAgreement | None]:
    """How many answers both have graded, and how far they agree; none without any. Blocking."""
    judged = logged(evaluation.folder, GRADES).answers
    pairs = [
        (str(one["grade"]), str(judged[(row, model, 0)]["grade"]))
        for (row, model), one in overrides(evaluation.folder).items()
        if one.get("grade") and judged.get((row, model, 0), {}).get("grade")
    ]
    return len(pairs), agreement([one for one, _ in pairs], [other for _, other in pairs])
