"""Whether a candidate can replace a model that is gone: its kept answers against the candidate's.

The answers of both are put side by side as one evaluation, twice: scored by the truth of the rows,
and by the old model's own answers. Intervals, paired tests and slices are so those of Evaluate.
Rows are matched by what is asked and right, wherever their files lie by now.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tintype import evaluation, paths
from tintype.errors import EvaluationError
from tintype.evaluation import Comparison, EvaluatedModel, EvaluatedRow, Evaluation, ModelFigures
from tintype.evaluation.exporting.pages import html_page
from tintype.evaluation.exporting.shown_rows import MOST_ROWS, shown_rows
from tintype.evaluation.log import Key
from tintype.evaluation.report import EvaluationReport, dollars, report_of
from tintype.evaluation.report_section import BarChart, BarGroup, ReportSection
from tintype.evaluation.run_folder import ANSWERS, EvaluationRun, begin, logged, rows_of, run_at
from tintype.evaluation.sentences import bounds_words, p_words, percent, share_words
from tintype.evaluation.text_scorers import ANSWERED

_PLAIN = "normalised"
"""What compares answers with answers where the rows were scored otherwise."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """An old model and its candidates on the rows that all were asked."""

    old: EvaluatedModel
    by_truth: Evaluation | None
    """All of them, the old one as the reference; none where rows do not say what is right."""
    by_old: Evaluation
    """The candidates, scored by the old model's answers; and the old one, if it was asked again."""
    rows: int
    """Rows that all were asked."""
    rows_of_old: int


def replacement(old: Path, candidates: Sequence[Path], scratch: Path) -> Replacement:
    """Put runs side by side. Blocking: their logs are read and scored.

    Args:
        old: The folder of the run with the old model's answers, its first model.
        candidates: Folders of runs with the candidates'.
        scratch: A folder to work in; it has to stay as long as the result is used.

    Raises:
        EvaluationError: if a run cannot be read, or they share no rows.
    """
    first, others = _Run(run_at(old)), [_Run(run_at(one)) for one in candidates]
    model = first.run.plan.models[0]
    shared = [key for key in first.at if all(key in one.at for one in others)]
    if not shared:
        raise EvaluationError(
            f"{first.run.id} shares no row with the candidates' evaluations.",
            advice="Ask the candidates the same rows: --model does.",
        )
    rows = [first.rows[first.at[key]] for key in shared]
    lines = [*first.lines_of(model, shared)]
    asked: list[EvaluatedModel] = []
    for one in others:
        for candidate in one.run.plan.models:
            if candidate.id != model.id and candidate not in asked:
                asked.append(candidate)
                lines += one.lines_of(candidate, shared)
    if not asked:
        raise EvaluationError("There is no candidate: all answers are the old model's.")
    truthless = first.run.plan.scorers == (ANSWERED.name,)
    by_truth = None
    if not truthless:
        plan = replace(first.run.plan, models=(model, *asked), reference=model.id, judge=None)
        scorers = tuple(name for name in plan.scorers if name != "judge") or (_PLAIN,)
        by_truth = _evaluated(
            scratch / "truth", first.run, replace(plan, scorers=scorers), rows, lines
        )
    by_old = _by_old(scratch / "old", first.run, model, asked, rows, lines)
    return Replacement(model, by_truth, by_old, len(shared), len(first.rows))


class _Run:
    """A run's rows and answers."""

    def __init__(self, run: EvaluationRun) -> None:
        self.run = run
        self.rows = list(rows_of(run.folder))
        self.answers: Mapping[Key, Mapping[str, Any]] = logged(run.folder, ANSWERS).answers
        self.at: dict[tuple[str, int], int] = {}
        """By what is asked and right, and which of several like it: the row's position."""
        seen = Counter[str]()
        for at, row in enumerate(self.rows):
            self.at[row.digest, seen[row.digest]] = at
            seen[row.digest] += 1

    def lines_of(
        self, model: EvaluatedModel, shared: Sequence[tuple[str, int]]
    ) -> Iterator[dict[str, Any]]:
        """A model's answers to the shared rows, numbered from the first."""
        new = {self.at[key]: number for number, key in enumerate(shared)}
        for (row, name, _), line in self.answers.items():
            if name == model.id and row in new:
                yield {**line, "row": new[row]}


def _by_old(
    folder: Path,
    run: EvaluationRun,
    model: EvaluatedModel,
    asked: Sequence[EvaluatedModel],
    rows: Sequence[EvaluatedRow],
    lines: Sequence[Mapping[str, Any]],
) -> Evaluation:
    """The candidates against the old model's first answers; its further ones against them, too."""
    mine = [line for line in lines if line["model"] == model.id]
    said = {
        line["row"]: line["text"]
        for line in mine
        if not line.get("sample") and line["text"].strip() and not line.get("refusal")
    }
    if not said:
        raise EvaluationError(f"{run.id} has no answer of {model.name} to compare with.")
    number = {at: new for new, at in enumerate(sorted(said))}
    truths = [replace(rows[at], truths=(said[at],)) for at in sorted(said)]
    others = [line for line in lines if line["model"] != model.id]
    again = [{**line, "sample": line["sample"] - 1} for line in mine if line.get("sample")]
    found = [{**line, "row": number[line["row"]]} for line in others + again if line["row"] in said]
    leading = run.plan.scorers[0]
    compared = leading if leading not in (ANSWERED.name, "judge") else _PLAIN
    models = (*asked, model) if again else tuple(asked)
    plan = replace(run.plan, models=models, scorers=(compared,), judge=None, reference="")
    return _evaluated(folder, run, plan, truths, found)


def _evaluated(
    folder: Path,
    run: EvaluationRun,
    plan: evaluation.EvaluationPlan,
    rows: Sequence[EvaluatedRow],
    lines: Sequence[Mapping[str, Any]],
) -> Evaluation:
    begin(folder, plan, run.fingerprint, rows, run.begun)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    paths.write_whole(folder / ANSWERS, text, replace=True, private=True)
    return evaluation.open(folder)


def replacement_report(found: Replacement) -> EvaluationReport:
    """The result as a sentence and tables. Blocking."""
    old, agreed = found.old.title, _by_model(found.by_old)
    truth = _by_model(found.by_truth) if found.by_truth else {}
    compared = evaluation.comparisons(found.by_truth) if found.by_truth else ()
    pairs = {one.model.id: one for one in compared}
    candidates = [one for name, one in agreed.items() if name != found.old.id]
    words = [
        _sentence(one, old, truth.get(one.model.id), truth.get(found.old.id), pairs)
        for one in candidates
    ]
    rows = [_row(one, truth.get(one.model.id), pairs.get(one.model.id)) for one in candidates]
    if truth or found.old.id in agreed:
        itself = agreed.get(found.old.id)
        rows.append(_row(itself, truth.get(found.old.id), None, title=f"{old} (old)"))
    section = ReportSection(
        "Candidates",
        ("Model", f"Agrees with {old}", "Against the truth", "Fixed", "Broken", "p",
         "Median time", "Per 1,000 rows"),
        tuple(rows),
        note="Agreement is scored as the rows are, with the old model's answers in place of the "
        "truth. The old model's own agreement is between its answers to the same question.",
        chart=BarChart(
            tuple(
                BarGroup(
                    one.model.title,
                    (one.headline.headline,),
                    ((one.interval.low, one.interval.high) if one.interval else None,),
                )
                for one in agreed.values()
            ),
            (f"agrees with {old}",),
        ),
    )  # fmt: skip
    rest = report_of(found.by_truth).sections if found.by_truth else ()
    return EvaluationReport(
        f"What replaces {found.old.name}",
        " ".join(words),
        (
            f"{found.rows:,} of the {found.rows_of_old:,} rows that {found.old.name} was asked",
            *(f"candidate: {one.model.name} at {one.model.profile}" for one in candidates),
        ),
        (section, *rest),
    )


def _by_model(result: Evaluation) -> dict[str, ModelFigures]:
    return {one.model.id: one for one in evaluation.figures(result)}


def _sentence(
    agreed: ModelFigures,
    old: str,
    truth: ModelFigures | None,
    before: ModelFigures | None,
    pairs: Mapping[str, Comparison],
) -> str:
    words = f"{agreed.model.title} agrees with {old} on {share_words(agreed)}"
    if truth is None or before is None:
        return f"{words} of the rows."
    words += f"; against the truth {share_words(truth)}, {old} {share_words(before)}"
    pair = pairs.get(agreed.model.id)
    if pair is None or pair.p is None:
        return f"{words}."
    p = pair.p if pair.adjusted_p is None else pair.adjusted_p
    return f"{words}: {pair.paired.wins:,} fixed, {pair.paired.losses:,} broken, {p_words(p)}."


def _row(
    agreed: ModelFigures | None,
    truth: ModelFigures | None,
    pair: Comparison | None,
    title: str = "",
) -> tuple[str, ...]:
    known = truth or agreed
    assert known is not None  # a model without either has no row
    median = known.latency_s.get(50)
    costs = known.usd_per_1000
    return (
        title or known.model.title,
        _share(agreed),
        _share(truth),
        f"{pair.paired.wins:,}" if pair else "",
        f"{pair.paired.losses:,}" if pair else "",
        p_words(pair.p) if pair and pair.p is not None else "",
        "–" if median is None else f"{median:.2f} s",
        dollars(costs),
    )


def _share(one: ModelFigures | None) -> str:
    if one is None or one.interval is None:
        return "–"
    return f"{percent(one.headline.headline)} ({bounds_words(one.interval)})"


async def replacement_page(found: Replacement) -> str:
    """One file of HTML that opens offline: the report, and broken rows with their images."""
    report = replacement_report(found)
    result, wanted = found.by_truth, []
    if result is not None:
        for model in range(1, len(result.models)):
            wanted += evaluation.positions(
                result, "newly broken", model=model, order="worst"
            ).tolist()
    else:
        result = found.by_old
        wanted = evaluation.positions(result, "failures", order="worst").tolist()
    rows = await shown_rows(result, wanted=[*dict.fromkeys(wanted)][:MOST_ROWS])
    note = (
        "Rows that the old model had right and a candidate has not."
        if found.by_truth is not None
        else "Rows on which a candidate answers otherwise than the old model."
    )
    return html_page(report, rows, note=note)
