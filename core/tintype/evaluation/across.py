"""Two runs on the same rows, held against each other."""

from dataclasses import replace

import numpy as np

from tintype.evaluation.figures import Comparison, compared, require_alike
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import Evaluation


def across(
    first: Evaluation, second: Evaluation, *, models: tuple[int, int] = (0, 0), scorer: str = ""
) -> Comparison:
    """A model of the second run against one of the first, on the rows both have a score for.

    Args:
        first: The earlier.
        second: The later: wins are rows on which it is better.
        models: The places of the two models in their runs.
        scorer: Empty is the leading one.

    Raises:
        EvaluationError: if the runs are unlike, naming the parts in which they differ.
    """
    require_alike(first, second)
    s, other = second.scorer_at(scorer), first.scorer_at(scorer)
    one, two = first.models[models[0]], second.models[models[1]]
    if one.id == two.id:
        one = EvaluatedModel(one.name, f"{one.profile}, {first.run.id}")
    score = np.stack([first.score[other, models[0]], second.score[s, models[1]]])
    plan = replace(second.run.plan, models=(one, two), reference=one.id)
    both = replace(second, run=replace(second.run, plan=plan), score=score[None], sureness={})
    return compared(both, 1, 0)
