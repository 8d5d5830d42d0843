"""What a run comes to, per model and by slice; every figure with how sure it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tintype.errors import EvaluationError
from tintype.evaluation.asking import cost_of, doubtful
from tintype.evaluation.headline import Headline
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import BY_MACHINE, BY_MODEL, Evaluation
from tintype.evaluation.run_folder import GRADES, logged
from tintype.evaluation.statistics import (
    SAMPLES,
    Interval,
    interval,
    percentiles,
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
        interval=interval_of(evaluation, s, m),
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


def interval_of(
    evaluation: Evaluation, s: int, m: int, within: "Flags | None" = None
) -> Interval | None:
    """The interval of a model's mean; of a slice, with fewer samples where they are drawn."""
    known = evaluation.sureness.get(sureness_key(evaluation, s, m))
    if within is None and known is not None:
        return None if known["interval"] is None else Interval(*known["interval"])
    chosen = evaluation.status[s, m] != BY_MACHINE
    if within is not None:
        chosen = chosen & within
    groups = _groups(evaluation, evaluation.score[s, m], chosen)
    return interval(groups, samples=SAMPLES if within is None else SLICE_SAMPLES)


def sureness_key(evaluation: Evaluation, s: int, m: int) -> str:
    """What a model's interval and test are kept under."""
    return f"{evaluation.scorers[s].name}/{evaluation.models[m].id}"


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
            interval_of(evaluation, s, m, within) for m in range(len(evaluation.models))
        )
        found.append(SliceFigures(values[at], int(sizes[at]), intervals))
    return tuple(found)


def facets_worth(evaluation: Evaluation) -> tuple[str, ...]:
    """The facets that tell rows apart: with 2 values at least, and 50 at most."""
    return tuple(name for name, (values, _) in evaluation.facets.items() if 2 <= len(values) <= 50)


def judge_cost(evaluation: Evaluation) -> Decimal | None:
    """What grading has cost this run, in US dollars; none where a grade's cost is unknown.

    Blocking.
    """
    found = logged(evaluation.folder, GRADES)
    costs = [cost_of(line) for line in found.answers.values()]
    doubts = sum(map(doubtful, (*found.answers.values(), *found.errors.values())))
    known = [cost for cost in costs if cost is not None]
    return None if doubts or len(known) < len(costs) else sum(known, Decimal(0))


def grades_of(evaluation: Evaluation, model: int, grades: Sequence[str]) -> dict[str, int]:
    """How often a judge gave each grade to a model's answers."""
    counts: Counter[str] = Counter()
    name = evaluation.models[model].id
    for (_, of, _), line in logged(evaluation.folder, GRADES).answers.items():
        if of == name:
            counts[line.get("grade") or "unscored"] += 1
    return {grade: counts.get(grade, 0) for grade in (*grades, "unscored")}
