"""One model against another on the rows both have a score for: in a run, and across two runs."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tintype.errors import EvaluationError
from tintype.evaluation.figures import interval_of, sureness_key
from tintype.evaluation.headline import Paired, paired
from tintype.evaluation.log import unlike
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import Evaluation
from tintype.evaluation.statistics import holm, mcnemar, rows_needed, sign_flip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model against the reference, on the rows that both have a score for."""

    model: EvaluatedModel
    reference: EvaluatedModel
    paired: Paired
    """`first` is the reference: wins are rows on which the model is better."""
    p: float | None
    """Two-sided; none without common rows."""
    adjusted_p: float | None
    """By Holm's method over all comparisons of the run."""
    test: str
    """`McNemar, exact` or `sign flips by image`."""
    rows_needed: int | None
    """Rows that would show the difference seen in four of five runs; none if no number would."""


def comparisons(evaluation: Evaluation, scorer: str = "") -> tuple[Comparison, ...]:
    """Every other model against the reference."""
    s, reference = evaluation.scorer_at(scorer), evaluation.reference
    found = [
        compared(evaluation, m, reference, s)
        for m in range(len(evaluation.models))
        if m != reference
    ]
    known = [one.p for one in found if one.p is not None]
    adjusted = iter(holm(known))
    return tuple(
        Comparison(
            one.model,
            one.reference,
            one.paired,
            one.p,
            next(adjusted) if one.p is not None else None,
            one.test,
            one.rows_needed,
        )
        for one in found
    )


def compared(evaluation: Evaluation, m: int, reference: int, s: int = 0) -> Comparison:
    """One model against another, by their places."""
    second, first = evaluation.score[s, m], evaluation.score[s, reference]
    common = ~(np.isnan(first) | np.isnan(second))
    pairs = paired(
        dict(enumerate(first[common].tolist())), dict(enumerate(second[common].tolist()))
    )
    known = evaluation.sureness.get(sureness_key(evaluation, s, m))
    if known is not None and reference == evaluation.reference:
        p, test = known["p"], known["test"]
    else:
        p, test = _test(evaluation, first, second, common, pairs)
    change = (pairs.wins + pairs.losses) / pairs.n if pairs.n else 0.0
    mean = (pairs.second or 0.0) - (pairs.first or 0.0)
    return Comparison(
        evaluation.models[m],
        evaluation.models[reference],
        pairs,
        p,
        p,
        test,
        rows_needed(change, mean) if pairs.n else None,
    )


def _test(
    evaluation: Evaluation,
    first: "NDArray[np.float64]",
    second: "NDArray[np.float64]",
    common: "Flags",
    pairs: Paired,
) -> tuple[float | None, str]:
    if not pairs.n:
        return None, "no common rows"
    images = evaluation.images[common]
    both = np.concatenate([first[common], second[common]])
    if np.isin(both, (0.0, 1.0)).all() and len(np.unique(images)) == len(images):
        return mcnemar(pairs.losses, pairs.wins), "McNemar, exact"
    differences = (second - first)[common].tolist()
    return sign_flip(differences, images.tolist()), "sign flips by image"


def sureness_of(evaluation: Evaluation) -> dict[str, Any]:
    """Every model's interval, and its test against the reference, to be kept with the scores."""
    found: dict[str, Any] = {}
    for s in range(len(evaluation.scorers)):
        for m in range(len(evaluation.models)):
            known = interval_of(evaluation, s, m)
            bounds = known and [known.value, known.low, known.high, known.method]
            entry: dict[str, Any] = {"interval": bounds, "p": None, "test": ""}
            if m != evaluation.reference:
                against = compared(evaluation, m, evaluation.reference, s)
                entry |= {"p": against.p, "test": against.test}
            found[sureness_key(evaluation, s, m)] = entry
    return found


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


def require_alike(first: Evaluation, second: Evaluation) -> None:
    """Refuse to compare unlike runs.

    Raises:
        EvaluationError: naming the parts in which they differ.
    """
    differing = unlike(first.run.fingerprint, second.run.fingerprint)
    if differing:
        raise EvaluationError(
            f"{first.run.id} and {second.run.id} cannot be compared: they differ in "
            f"{', '.join(differing)}.",
            advice="Run both models on the same rows in one evaluation; answers are used again.",
        )
