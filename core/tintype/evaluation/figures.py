"""What a run comes to: per model, by slice, and compared; every figure with how sure it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tintype.errors import EvaluationError
from tintype.evaluation.headline import Headline, Paired, paired
from tintype.evaluation.log import unlike
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import BY_MACHINE, BY_MODEL, Evaluation
from tintype.evaluation.statistics import (
    SAMPLES,
    Interval,
    holm,
    interval,
    mcnemar,
    percentiles,
    rows_needed,
    sign_flip,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

SLICE_SAMPLES = 1999
"""Of a bootstrap for one slice: there are many, and each is drawn in a few pixels."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model's result by one scorer."""

    model: EvaluatedModel
    headline: Headline
    interval: Interval | None
    """Of the mean over rows with a score; none where there are none."""
    format_ok: float | None
    """Share of answers of the form asked for, right or not; none where that is not judged."""
    buckets: Mapping[str, int]
    """Why rows have no score: reason → rows, the commonest first."""
    answered: int
    latency_s: Mapping[float, float]
    """Percentiles 50, 95, 99 from question to end; empty where unknown."""
    ttft_s: Mapping[float, float]
    """Likewise to the first text."""
    tokens_in: int | None
    """In all; none where unknown."""
    tokens_out: int | None
    cost_usd: Decimal | None
    """What this run paid; none where a question's cost is unknown, or nothing was answered yet."""
    usd_per_1000: float | None
    """Of 1,000 rows at these prices, answers of earlier runs included; none where unknown."""
    runaway: int
    cut_off: int
    snapshots: Mapping[str, int]
    """Answers by the model that really gave them; more than one makes a mixed run."""
    leaked: int
    """Rows whose image was trained on."""
    without_leaks: float | None
    """The headline without them; none where nothing is left."""
    summary: Mapping[str, Any]
    """The scorer's figures over all rows, such as average precision; empty if it has none."""


def figures(evaluation: Evaluation, scorer: str = "") -> tuple[ModelFigures, ...]:
    """Every model's result by a scorer; empty is the leading one."""
    s = evaluation.scorer_at(scorer)
    return tuple(_figures(evaluation, s, m) for m in range(len(evaluation.models)))


def _figures(evaluation: Evaluation, s: int, m: int) -> ModelFigures:
    model = evaluation.models[m]
    status, score = evaluation.status[s, m], evaluation.score[s, m]
    format_ok = evaluation.format_ok[s, m]
    judged, extra = format_ok[format_ok >= 0], evaluation.extra[model.id]
    answered = int((evaluation.place[m] >= 0).sum())
    clean = ~evaluation.leaked
    costs = evaluation.cost_usd[m]
    priced = costs[~np.isnan(costs)]
    finishes, blind = extra["finish"], extra["unknown"] or extra["doubtful"]
    return ModelFigures(
        model=model,
        headline=_headline(status, score),
        interval=_interval(evaluation, s, m),
        format_ok=float(judged.mean()) if len(judged) else None,
        buckets=_buckets(evaluation, s, m),
        answered=answered,
        latency_s=percentiles(_known(evaluation.elapsed_s[m])),
        ttft_s=percentiles(_known(evaluation.ttft_s[m])),
        tokens_in=_sum(evaluation.tokens_in[m], answered),
        tokens_out=_sum(evaluation.tokens_out[m], answered),
        cost_usd=Decimal(extra["usd"]) if answered and not blind else None,
        usd_per_1000=float(priced.mean() * 1000) if len(priced) and not extra["unknown"] else None,
        runaway=finishes.get("runaway", 0),
        cut_off=finishes.get("length", 0),
        snapshots={name: n for name, n in extra["served"].items() if name},
        leaked=int(evaluation.leaked.sum()),
        without_leaks=_headline(status[clean], score[clean]).headline,
        summary=evaluation.summaries.get(f"{evaluation.scorers[s].name}/{model.id}", {}),
    )


def _headline(status: "NDArray[np.int8]", score: "NDArray[np.float64]") -> Headline:
    """As `headline.headline`, over columns."""
    n, lost = len(status), int((status == BY_MACHINE).sum())
    total = float(np.nansum(np.where(status == BY_MACHINE, 0.0, score)))
    return Headline(
        n=n,
        headline=total / (n - lost) if n > lost else None,
        low=total / n if n else None,
        high=(total + lost) / n if n else None,
        unscored_model=int((status == BY_MODEL).sum()),
        unscored_infra=lost,
    )


def _known(values: "NDArray[np.float64]") -> list[float]:
    found: list[float] = values[~np.isnan(values)].tolist()
    return found


def _sum(values: "NDArray[np.int64]", answered: int) -> int | None:
    known = values[values >= 0]
    return int(known.sum()) if len(known) == answered else None


def _buckets(evaluation: Evaluation, s: int, m: int) -> dict[str, int]:
    reasons = evaluation.reason[s, m][evaluation.status[s, m] > 0]
    counts = Counter(reasons.tolist())
    return {evaluation.reasons[code]: n for code, n in counts.most_common()}


def _groups(
    evaluation: Evaluation, score: "NDArray[np.float64]", chosen: "Flags"
) -> list[list[float]]:
    """Scores of the chosen rows, those of one image together."""
    images, values = evaluation.images[chosen], score[chosen]
    order = np.argsort(images, kind="stable")
    starts = np.flatnonzero(np.diff(images[order])) + 1
    return [part.tolist() for part in np.split(values[order], starts) if len(part)]


def _interval(
    evaluation: Evaluation, s: int, m: int, within: "Flags | None" = None
) -> Interval | None:
    """The interval of a model's mean; of a slice, with fewer samples where they are drawn."""
    known = evaluation.sureness.get(_name(evaluation, s, m))
    if within is None and known is not None:
        return None if known["interval"] is None else Interval(*known["interval"])
    chosen = evaluation.status[s, m] != BY_MACHINE
    if within is not None:
        chosen = chosen & within
    groups = _groups(evaluation, evaluation.score[s, m], chosen)
    return interval(groups, samples=SAMPLES if within is None else SLICE_SAMPLES)


def _name(evaluation: Evaluation, s: int, m: int) -> str:
    return f"{evaluation.scorers[s].name}/{evaluation.models[m].id}"


def sureness_of(evaluation: Evaluation) -> dict[str, Any]:
    """Every model's interval, and its test against the reference, to be kept with the scores."""
    found: dict[str, Any] = {}
    for s in range(len(evaluation.scorers)):
        for m in range(len(evaluation.models)):
            known = _interval(evaluation, s, m)
            bounds = known and [known.value, known.low, known.high, known.method]
            entry: dict[str, Any] = {"interval": bounds, "p": None, "test": ""}
            if m != evaluation.reference:
                against = compared(evaluation, m, evaluation.reference, s)
                entry |= {"p": against.p, "test": against.test}
            found[_name(evaluation, s, m)] = entry
    return found


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
    known = evaluation.sureness.get(_name(evaluation, s, m))
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


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """Rows with one value of a facet."""

    value: str
    rows: int
    intervals: tuple[Interval | None, ...]
    """Of each model."""


def slices(
    evaluation: Evaluation, facet: str, scorer: str = "", *, most: int = 50
) -> tuple[SliceFigures, ...]:
    """Scores by the values of a facet, those with the most rows first.

    Raises:
        EvaluationError: if no row has this facet.
    """
    if facet not in evaluation.facets:
        raise EvaluationError(
            f"The rows have no facet {facet!r}.",
            advice=f"They have {', '.join(evaluation.facets)}.",
        )
    s = evaluation.scorer_at(scorer)
    values, codes = evaluation.facets[facet]
    sizes = np.bincount(codes[codes >= 0], minlength=len(values))
    found = []
    for at in np.argsort(-sizes, kind="stable")[:most].tolist():
        within = codes == at
        intervals = tuple(
            _interval(evaluation, s, m, within) for m in range(len(evaluation.models))
        )
        found.append(SliceFigures(values[at], int(sizes[at]), intervals))
    return tuple(found)


def facets_worth(evaluation: Evaluation) -> tuple[str, ...]:
    """The facets that tell rows apart: with 2 values at least, and 50 at most."""
    return tuple(name for name, (values, _) in evaluation.facets.items() if 2 <= len(values) <= 50)


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


def grades_of(evaluation: Evaluation, model: int, grades: Sequence[str]) -> dict[str, int]:
    """How often a judge gave each grade to a model's answers."""
    from tintype.evaluation.run_folder import GRADES, logged

    counts: Counter[str] = Counter()
    name = evaluation.models[model].id
    for (_, of, _), line in logged(evaluation.folder, GRADES).answers.items():
        if of == name:
            counts[line.get("grade") or "unscored"] += 1
    return {grade: counts.get(grade, 0) for grade in (*grades, "unscored")}
