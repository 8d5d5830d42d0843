"""A result as sections of tables and charts, from which every written form is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tintype.evaluation.answer_case import JUDGE
from tintype.evaluation.comparing import comparisons
from tintype.evaluation.figures import (
    ModelFigures,
    SliceFigures,
    facets_worth,
    figures,
    judge_cost,
    slices,
)
from tintype.evaluation.report_details import boxes, confusions, grades, steps
from tintype.evaluation.report_section import BarChart, BarGroup, ReportSection
from tintype.evaluation.results import Evaluation
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
        sections.append(grades(evaluation))
    sections += boxes(evaluation)
    for facet in facets_worth(evaluation):
        if not (vqa and facet in ("question type", "form")):
            sections.append(_slices(evaluation, facet))
    sections += [*steps(evaluation), *confusions(evaluation), _buckets(evaluation)]
    return EvaluationReport(
        f"Evaluation of {evaluation.run.plan.dataset.name}",
        headline_sentence(evaluation),
        _facts(evaluation),
        tuple(one for one in sections if one.rows),
    )


def _names(evaluation: Evaluation) -> list[str]:
    return [one.name for one in evaluation.scorers]


def _facts(evaluation: Evaluation) -> tuple[str, ...]:
    run, plan = evaluation.run, evaluation.run.plan
    found = [
        f"{run.rows:,} rows of {plan.dataset.name}, begun {run.begun:%d %b %Y %H:%M} UTC",
        f"parameters: {plan.parameters.words() or 'the providers’ own'}",
        *(
            f"{title}: {model.name} at {model.profile}"
            for title, model in zip(evaluation.titles, evaluation.models, strict=True)
        ),
        f"fingerprint of the rows: {run.fingerprint.get('rows')}",
    ]
    if plan.judge is not None:
        cost = judge_cost(evaluation)
        words = "cost unknown" if cost is None else dollars(cost) if cost else "free"
        found.append(f"judge: {plan.judge.model.name} at {plan.judge.model.profile}, {words}")
    return tuple(found)


def _models(evaluation: Evaluation) -> ReportSection:
    named = evaluation.titles
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
        dollars(one.cost_usd),
        dollars(one.usd_per_1000),
    )


def _compared(evaluation: Evaluation) -> list[ReportSection]:
    found = comparisons(evaluation)
    if not found:
        return []
    reference = evaluation.titles[evaluation.reference]
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
    return ReportSection("Scorers", ("Scorer", "Unit", *evaluation.titles, "Rule"), tuple(rows))


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
    named = evaluation.titles
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


def _buckets(evaluation: Evaluation) -> ReportSection:
    named = evaluation.titles
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


def dollars(usd: Decimal | float | None) -> str:
    """Costs in two digits at least: `$1.20`, `$0.000028`, `unknown`; what costs is no zero."""
    if usd is None:
        return "unknown"
    digits = 1 - Decimal(usd).adjusted() if 0 < usd < 0.01 else 2
    return f"${usd:.{digits}f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
