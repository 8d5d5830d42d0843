"""What stands behind a score, as sections: grades, boxes, normalising steps, confusions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tintype.evaluation.figures import grades_of
from tintype.evaluation.report_section import BarChart, BarGroup, ReportSection
from tintype.evaluation.results import Evaluation
from tintype.evaluation.sentences import percent
from tintype.evaluation.text_scorers import MOST_EFFECTS

MOST_COLUMNS = 14
"""Of a confusion as a matrix; a larger one is a list."""


def grades(evaluation: Evaluation) -> ReportSection:
    """How often a judge gave each grade."""
    judge = evaluation.run.plan.judge
    assert judge is not None
    names = tuple(judge.grades)
    counted = [grades_of(evaluation, m, names) for m in range(len(evaluation.models))]
    groups = tuple(
        BarGroup(name, tuple(float(one[name]) for one in counted))
        for name in (*names, "unscored")
        if name in names or any(one[name] for one in counted)
    )
    named = evaluation.titles
    rows = tuple(
        (one.label, *(f"{value:,.0f}" for value in one.values if value is not None))
        for one in groups
    )
    return ReportSection(
        "Grades", ("Grade", *named), rows, chart=BarChart(groups, named, is_share=False)
    )


def boxes(evaluation: Evaluation) -> list[ReportSection]:
    """What became of the boxes, in all and by label; none where no boxes were scored."""
    sums = [one for one in _summaries(evaluation, "boxes") if one]
    if not sums:
        return []
    named = evaluation.titles
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
        ReportSection("Boxes at IoU ≥ 0.5", ("", *named), tuple(rows), note=_doctor(named, sums)),
        *curves(named, sums),
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


def curves(named: Sequence[str], sums: Sequence[Any]) -> list[ReportSection]:
    """Precision at each tenth of recall, of models whose boxes have scores."""
    known = [one.get("curve") or () for one in sums]
    if not any(known):
        return []
    groups = tuple(
        BarGroup(f"recall {at} %", tuple(one[at] if one else None for one in known))
        for at in range(0, 101, 10)
    )
    rows = tuple((one.label, *map(percent, one.values)) for one in groups)
    note = "At IoU ≥ 0.5, the mean of all labels: how precise a model is once it has found so many."
    return [ReportSection(CURVE, ("", *named), rows, note, BarChart(groups, tuple(named)))]


CURVE = "Precision by recall"
"""The title of the precision–recall curve."""
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


def _summaries(evaluation: Evaluation, scorer: str) -> list[Any]:
    """A scorer's figures over all rows, by model; empty where it has none."""
    return [evaluation.summaries.get(f"{scorer}/{one.id}", {}) for one in evaluation.models]


def steps(evaluation: Evaluation) -> list[ReportSection]:
    """What each normalising step of a scorer forgives."""
    found = []
    for scorer in evaluation.scorers:
        sums = _summaries(evaluation, scorer.name)
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
            headers = ("Step", *evaluation.titles)
            found.append(ReportSection(f"What {scorer.name} forgives", headers, rows, note))
    return found


def confusions(evaluation: Evaluation) -> list[ReportSection]:
    """Which class, or label, each model predicted for which."""
    found = []
    for title, model in zip(evaluation.titles, evaluation.models, strict=True):
        pairs = evaluation.extra[model.id].get("confusion") or [
            *evaluation.summaries.get(f"boxes/{model.id}", {}).get("confusion", ())
        ]
        known = tuple(sorted(((*one,) for one in pairs), key=lambda one: (-one[2], *one[:2])))
        cells = {(one[0] or "nothing", one[1] or "nothing"): one[2] for one in known}
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
        found.append(ReportSection(f"Confusion: {title}", headers, rows, pairs=known))
    return found


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{np.round(value, 3):.3f}"
