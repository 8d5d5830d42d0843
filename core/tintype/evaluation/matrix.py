"""The matrix rows × models: which rows to look at, and in which order."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from tintype.evaluation.results import BY_MACHINE, BY_MODEL, Evaluation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Positions = NDArray[np.int64]

View = Literal["all", "failures", "different", "newly broken", "newly fixed", "unscored", "leaked"]
VIEWS: tuple[View, ...] = (
    "all", "failures", "different", "newly broken", "newly fixed", "unscored", "leaked"
)  # fmt: skip
Order = Literal["file", "worst", "best", "change", "random"]
RIGHT = 0.5
"""From this score on a row counts as right where it has to be one or the other."""


def positions(
    evaluation: Evaluation,
    view: View = "all",
    *,
    model: int = 0,
    scorer: str = "",
    order: Order = "file",
) -> "Positions":
    """Positions of the rows to show, (rows,).

    Args:
        evaluation: Opened.
        view: `failures`: the model's score is below one half, or it has no usable answer.
            `different`: models disagree. `newly broken` and `newly fixed`: against the reference.
            `unscored`: of any model. `leaked`: the image was trained on.
        model: Whose failures, by its place.
        scorer: Empty is the leading one.
        order: As in the file; by the model's score, worst or best first; by how much the model
            differs from the reference, the worst loss first; or by chance, the same each time.
    """
    s = evaluation.scorer_at(scorer)
    score, status = evaluation.score[s], evaluation.status[s]
    right = np.where(np.isnan(score), np.nan, score >= RIGHT)
    own, other = right[model], right[evaluation.reference]
    chosen = {
        "all": np.ones(evaluation.rows, bool),
        "failures": (own == 0) | (status[model] == BY_MODEL),
        "different": np.nanmax(score, axis=0, initial=-1) > np.nanmin(score, axis=0, initial=2),
        "newly broken": (own == 0) & (other == 1),
        "newly fixed": (own == 1) & (other == 0),
        "unscored": (status == BY_MACHINE).any(axis=0) | (status == BY_MODEL).any(axis=0),
        "leaked": evaluation.leaked,
    }[view]
    found = np.flatnonzero(chosen)
    if order == "file":
        return found
    if order == "random":
        return np.random.default_rng(0).permutation(found)
    change = score[model] - score[evaluation.reference]
    key = {"worst": score[model], "best": -score[model], "change": change}[order]
    return found[np.argsort(key[found], kind="stable")]  # NaN comes last


def counts(evaluation: Evaluation, *, model: int = 0, scorer: str = "") -> dict[View, int]:
    """How many rows each view has."""
    return {view: len(positions(evaluation, view, model=model, scorer=scorer)) for view in VIEWS}
