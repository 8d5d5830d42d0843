"""A result as sections of tables and charts, from which every written form is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tintype.evaluation.figures import (
    ModelFigures,
    SliceFigures,
    comparisons,
    facets_worth,
    figures,
    grades_of,
    slices,
)
from tintype.evaluation.results import Evaluation
from tintype.evaluation.scorers import JUDGE, MOST_EFFECTS
from tintype.evaluation.sentences import (
    bounds_words,
    headline_sentence,
    p_words,
    percent,
    share_words,
)
from tintype.evaluation.statistics import Interval

EXACT, LENIENT = "exact", "contains"
"""The cookbook's strict and lenient comparison."""
MOST_COLUMNS = 14
"""Of a confusion as a matrix; a larger one is a list."""


@dataclass(frozen=True, slots=True)
class BarGroup:
    """Bars that stand together: one for each model."""

    label: str
    values: tuple[float | None, ...]
    """0 to 1, or counts; none where there is nothing."""
    bounds: tuple[tuple[float, float] | None, ...] = ()
    """The interval of each bar, where it has one."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Grouped bars."""

    groups: tuple[BarGroup, ...]
    names: tuple[str, ...]
    """Of the bars in a group."""
    is_share: bool = True
    """Whether values are shares, drawn from 0 to 100 %; else counts."""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A heading with a table, and perhaps a chart."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    chart: BarChart | None = None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """A result, ready to be written."""

    title: str
    sentence: str
    facts: tuple[str, ...]
    """What was evaluated and how: a line each."""
    sections: tuple[ReportSection, ...] = field(default=())


def report_of(evaluation: Evaluation, *, vqa: bool = False) -> EvaluationReport:
    """Make the report of a run. Blocking; with `vqa`, with every table and chart of the cookbook.

    Raises:
        EvaluationError: if the cookbook's tables are wanted and the run lacks a scorer for them.
    """
    sections = [_models(evaluation), *_compared(evaluation), _scorers(evaluation)]
    sections.append(_baselines(evaluation))
    if vqa:
        sections += _cookbook(evaluation)
    if evaluation.run.plan.judge is not None and JUDGE in _names(evaluation):
        sections.append(_grades(evaluation))
    sections += _boxes(evaluation)
    for facet in facets_worth(evaluation):
        if not (vqa and facet in ("question type", "form")):
            sections.append(_slices(evaluation, facet))
    sections += [*_steps(evaluation), *_confusions(evaluation), _buckets(evaluation)]
    return EvaluationReport(
        f"Evaluation of {evaluation.run.plan.dataset.name}",
        headline_sentence(evaluation),
        _facts(evaluation),
        tuple(one for one in sections if one.rows),
    )


def titles(evaluation: Evaluation) -> tuple[str, ...]:
    """What to call the models."""
    return evaluation.titles


def _names(evaluation: Evaluation) -> list[str]:
    return [one.name for one in evaluation.scorers]


def _facts(evaluation: Evaluation) -> tuple[str, ...]:
    run, plan = evaluation.run, evaluation.run.plan
    found = [
        f"{run.rows:,} rows of {plan.dataset.name}, begun {run.begun:%d %b %Y %H:%M} UTC",
        f"parameters: {plan.parameters.words() or 'the providers’ own'}",
        *(
            f"{title}: {model.name} at {model.profile}"
            for title, model in zip(titles(evaluation), evaluation.models, strict=True)
        ),
        f"fingerprint of the rows: {run.fingerprint.get('rows')}",
    ]
    if plan.judge is not None:
        found.append(f"judge: {plan.judge.model.name} at {plan.judge.model.profile}")
    return tuple(found)


def _models(evaluation: Evaluation) -> ReportSection:
    named = titles(evaluation)
    return ReportSection(
        "Models",
        (
            *("Model", "Score", "95 %", "Format", "Unusable", "Unscored", "p50", "p95", "p99"),
            *("First text", "Tokens in", "Tokens out", "Cost", "Per 1,000 rows"),
        ),
        tuple(
            _model_row(title, one) for title, one in zip(named, figures(evaluation), strict=True)
        ),
        note=evaluation.scorers[0].rule,
    )


def _model_row(title: str, one: ModelFigures) -> tuple[str, ...]:
    latency = [_seconds(one.latency_s.get(at)) for at in (50, 95, 99)]
    return (
        title,
        percent(one.headline.headline),
        bounds_words(one.interval) if one.interval else "–",
        percent(one.format_ok),
        f"{one.headline.unscored_model:,}",
        f"{one.headline.unscored_infra:,}",
        *latency,
        _seconds(one.ttft_s.get(50)),
        _number(one.tokens_in),
        _number(one.tokens_out),
        "unknown" if one.cost_usd is None else f"${one.cost_usd:.2f}",
        "unknown" if one.usd_per_1000 is None else f"${one.usd_per_1000:.2f}",
    )


def _compared(evaluation: Evaluation) -> list[ReportSection]:
    found = comparisons(evaluation)
    if not found:
        return []
    reference = titles(evaluation)[evaluation.reference]
    rows = tuple(
        (
            evaluation.titles[evaluation.models.index(one.model)],
            f"{one.paired.wins:,}",
            f"{one.paired.losses:,}",
            f"{one.paired.ties:,}",
            "–" if one.p is None else p_words(one.p),
            "–" if one.adjusted_p is None else p_words(one.adjusted_p),
            one.test,
            f"{one.rows_needed:,}" if one.rows_needed else "–",
        )
        for one in found
    )
    headers = ("Model", "Better", "Worse", "Same", "p", "p, Holm", "Test", "Rows to show it")
    return [
        ReportSection(
            f"Against {reference}",
            headers,
            rows,
            note="On the rows that both have a score for. The last column is how many rows would "
            "show this difference in four of five runs.",
        )
    ]


def _scorers(evaluation: Evaluation) -> ReportSection:
    rows = []
    for one in evaluation.scorers:
        scores = [share_words(each) for each in figures(evaluation, one.name)]
        rows.append((one.name, one.unit, *scores, one.rule))
    return ReportSection("Scorers", ("Scorer", "Unit", *titles(evaluation), "Rule"), tuple(rows))


def _baselines(evaluation: Evaluation) -> ReportSection:
    rows = tuple((name, percent(score)) for name, score in evaluation.baselines().items())
    return ReportSection(
        "Without looking at the image",
        ("Baseline", evaluation.scorers[0].name),
        rows,
        note="Answers learnt from the training file if it was named, else from the rows.",
    )


def _slices(evaluation: Evaluation, facet: str, scorer: str = "", title: str = "") -> ReportSection:
    found = slices(evaluation, facet, scorer)
    return _slice_section(evaluation, title or f"By {facet}", facet, found)


def _slice_section(
    evaluation: Evaluation, title: str, facet: str, found: Sequence[SliceFigures]
) -> ReportSection:
    rows = tuple(
        (one.value, f"{one.rows:,}", *(_share(each) for each in one.intervals)) for one in found
    )
    groups = tuple(
        BarGroup(
            one.value,
            tuple(each.value if each else None for each in one.intervals),
            tuple((each.low, each.high) if each else None for each in one.intervals),
        )
        for one in found[:12]
    )
    named = titles(evaluation)
    chart = BarChart(groups, named)
    return ReportSection(title, (facet.capitalize(), "Rows", *named), rows, chart=chart)


def _cookbook(evaluation: Evaluation) -> list[ReportSection]:
    """Closed and open questions, exact and lenient; accuracy by question type."""
    strict = {one.value: one for one in slices(evaluation, "form", EXACT)}
    lenient = {one.value: one for one in slices(evaluation, "form", LENIENT)}
    found = [
        SliceFigures(f"{form}, {kind}", by[form].rows, by[form].intervals)
        for form in ("closed", "open")
        for kind, by in (("exact", strict), ("lenient", lenient))
        if form in by
    ]
    return [
        _slice_section(evaluation, "Closed and open questions", "questions", found),
        _slices(evaluation, "question type", LENIENT, "Accuracy by question type (lenient)"),
    ]


def _grades(evaluation: Evaluation) -> ReportSection:
    judge = evaluation.run.plan.judge
    assert judge is not None
    names = tuple(judge.grades)
    counted = [grades_of(evaluation, m, names) for m in range(len(evaluation.models))]
    groups = tuple(
        BarGroup(name, tuple(float(one[name]) for one in counted))
        for name in (*names, "unscored")
        if name in names or any(one[name] for one in counted)
    )
    named = titles(evaluation)
    rows = tuple(
        (one.label, *(f"{value:,.0f}" for value in one.values if value is not None))
        for one in groups
    )
    return ReportSection(
        "Grades", ("Grade", *named), rows, chart=BarChart(groups, named, is_share=False)
    )


def _boxes(evaluation: Evaluation) -> list[ReportSection]:
    sums = [one for one in figures_by_summary(evaluation, "boxes") if one]
    if not sums:
        return []
    named = titles(evaluation)
    wanted = (
        *("precision", "recall", "f1", "mean_iou", "map50", "map50_95"),
        *("ap50_without_scores", "ap50_95_without_scores"),
        *("right", "missed", "invented", "misnamed", "duplicates"),
    )
    rows = [
        (_BOX_WORDS.get(name, name), *(_figure(one.get(name)) for one in sums))
        for name in wanted
        if any(one.get(name) is not None for one in sums)
    ]
    found = [
        ReportSection("Boxes at IoU ≥ 0.5", ("", *named), tuple(rows), note=_doctor(named, sums))
    ]
    labels = dict.fromkeys(label for one in sums for label in one["by_label"])
    groups, table = [], []
    for label in labels:
        known = [one["by_label"].get(label, {}) for one in sums]
        truths = max(int(one.get("truths", 0)) for one in known)
        cells = [
            " · ".join(percent(one.get(name)) for name in ("precision", "recall", "f1"))
            for one in known
        ]
        table.append((label, f"{truths:,}", *cells))
        groups.append(BarGroup(label, tuple(one.get("f1") for one in known)))
    headers = ("Label", "Boxes", *(f"{name}: precision · recall · F1" for name in named))
    chart = BarChart(tuple(groups[:12]), named)
    return [*found, ReportSection("F1 by label", headers, tuple(table), chart=chart)]


_BOX_WORDS = {
    "f1": "F1",
    "mean_iou": "mean IoU",
    "map50": "mAP@50",
    "map50_95": "mAP@50:95",
    "ap50_without_scores": "AP@50, one operating point",
    "ap50_95_without_scores": "AP@50:95, one operating point",
}


def _doctor(named: Sequence[str], sums: Sequence[Any]) -> str:
    said = [
        f"{name}: {one['doctor']['words']}; corrected, mean IoU would rise by "
        f"{one['doctor']['gain']:.2f} from {one['doctor']['iou']:.2f}."
        for name, one in zip(named, sums, strict=False)
        if one.get("doctor")
    ]
    return " ".join(said)


def figures_by_summary(evaluation: Evaluation, scorer: str) -> list[Any]:
    """A scorer's figures over all rows, by model; empty where it has none."""
    return [evaluation.summaries.get(f"{scorer}/{one.id}", {}) for one in evaluation.models]


def _steps(evaluation: Evaluation) -> list[ReportSection]:
    found = []
    for scorer in evaluation.scorers:
        sums = figures_by_summary(evaluation, scorer.name)
        if sums and all("steps" in one for one in sums):
            rows = tuple(
                (step, *(f"+{one['steps'][step]:,}" for one in sums))
                for step in sums[0]["steps"]
                if any(one["steps"][step] for one in sums)
            )
            note = (
                "Answers that are right because of each step alone, the others applied; of up to "
                f"{MOST_EFFECTS:,} answers. Steps that change nothing are left out."
            )
            headers = ("Step", *titles(evaluation))
            found.append(ReportSection(f"What {scorer.name} forgives", headers, rows, note))
    return found


def _confusions(evaluation: Evaluation) -> list[ReportSection]:
    found = []
    for title, model in zip(titles(evaluation), evaluation.models, strict=True):
        pairs = evaluation.extra[model.id].get("confusion") or [
            *evaluation.summaries.get(f"boxes/{model.id}", {}).get("confusion", ())
        ]
        cells = {(one[0] or "nothing", one[1] or "nothing"): one[2] for one in pairs}
        said = sorted({predicted for _, predicted in cells})
        headers: tuple[str, ...] = ("Truth", "Prediction", "How often")
        rows: tuple[tuple[str, ...], ...] = tuple(
            (*pair, f"{number:,}") for pair, number in list(cells.items())[:40]
        )
        if len(said) <= MOST_COLUMNS:
            headers = ("Truth ↓ prediction →", *said)
            rows = tuple(
                (truth, *(f"{cells.get((truth, one), 0):,}" for one in said))
                for truth in sorted({truth for truth, _ in cells})
            )
        found.append(ReportSection(f"Confusion: {title}", headers, rows))
    return found


def _buckets(evaluation: Evaluation) -> ReportSection:
    named = titles(evaluation)
    rows = tuple(
        (title, reason, f"{number:,}")
        for title, one in zip(named, figures(evaluation), strict=True)
        for reason, number in one.buckets.items()
    )
    return ReportSection(
        "Rows without a score of their own",
        ("Model", "Why", "Rows"),
        rows,
        note="A model's unusable answer counts 0; what a machine failed at counts in the bounds.",
    )


def _share(one: Interval | None) -> str:
    return f"{percent(one.value)} ({bounds_words(one)})" if one else "–"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{np.round(value, 3):.3f}"
