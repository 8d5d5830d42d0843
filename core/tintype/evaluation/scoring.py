"""Scoring a whole run: from its logs to the columns that `results` keeps."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tintype import paths
from tintype.evaluation.answer_case import JUDGE, AnswerCase, Scorer
from tintype.evaluation.headline import RowScore
from tintype.evaluation.log import replay
from tintype.evaluation.results import BASELINE, lines_with_places
from tintype.evaluation.rows import EvaluatedRow, row_from
from tintype.evaluation.run_folder import ANSWERS, BASELINES, GRADES, LEAKS, ROWS, EvaluationRun
from tintype.evaluation.score_table import Placed, ScoreTable
from tintype.evaluation.scorers import scorer_of


def scored(run: EvaluationRun, specs: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Score a run by some scorers: columns, and what else is known of it.

    Raises:
        EvaluationError: if a scorer cannot be used.
        FileError: if the folder cannot be read.
    """
    scorers = [scorer_of(spec) for spec in specs]
    rows, row_places = _rows(run)
    rows = _with_brightness(run, rows)
    answers, errors = _newest(run.folder / ANSWERS)
    grades, _ = _newest(run.folder / GRADES)
    table = ScoreTable(run, scorers, rows)
    try:
        for (at, model, sample), placed in answers.items():
            table.add(at, model, sample, placed, grades.get((at, model, sample)))
    finally:
        for scorer in scorers:
            if scorer.close is not None:
                scorer.close()
    for (at, model, _), (_, line) in errors.items():
        table.failed(at, model, line)
    arrays, meta = table.finished()
    meta["extra"][BASELINE] = _baselines(run, scorers, rows)
    facets = {name: None for row in rows for name in row.facets}
    values = {name: sorted({row.facets.get(name, "") for row in rows} - {""}) for name in facets}
    for number, (name, known) in enumerate(values.items()):
        place = {value: at for at, value in enumerate(known)}
        codes = [place.get(row.facets.get(name, ""), -1) for row in rows]
        arrays[f"facet {number}"] = np.array(codes, np.int64)
    images = {row.image or f"row {at}": 0 for at, row in enumerate(rows)}
    numbers = {image: at for at, image in enumerate(images)}
    arrays |= {
        "images": np.array([numbers[row.image or f"row {at}"] for at, row in enumerate(rows)]),
        "row_place": np.array(row_places, np.int64),
        "row_line": np.array([row.line for row in rows], np.int64),
        "row_index": np.array([row.index for row in rows], np.int64),
        "leaked": _leaked(run, len(rows)),
    }
    return arrays, {**meta, "facets": values}


def _rows(run: EvaluationRun) -> tuple[list[EvaluatedRow], list[int]]:
    rows, places = [], []
    for place, line in lines_with_places(run.folder / ROWS):
        if line:
            rows.append(row_from(json.loads(line.decode("utf-8", "surrogatepass"))))
            places.append(place)
    return rows, places


def _newest(path: Any) -> tuple[dict[Any, Placed], dict[Any, Placed]]:
    """The last whole answer of each question with its place, and the errors without one."""
    answers: dict[Any, Placed] = {}
    errors: dict[Any, Placed] = {}
    for place, line in lines_with_places(path):
        found = replay((line,))
        for into, entries in ((answers, found.answers), (errors, found.errors)):
            for key, entry in entries.items():
                into[key] = (place, entry)
    return answers, {key: one for key, one in errors.items() if key not in answers}


def _baselines(
    run: EvaluationRun, scorers: Sequence[Scorer], rows: Sequence[EvaluatedRow]
) -> dict[str, dict[str, float]]:
    """The mean score of each baseline, by scorer; those of a judge or a process are left out."""
    if not paths.is_file(run.folder / BASELINES):
        return {}
    known = json.loads(paths.read_text(run.folder / BASELINES))["answers"]
    found: dict[str, dict[str, float]] = {}
    truths = frozenset(truth for row in rows for truth in row.truths)
    for name, answers in known.items():
        cases = [
            AnswerCase(row.truths, text, row.question, size=row.size, answers=truths)
            for row, text in zip(rows, answers, strict=True)
        ]
        for scorer in scorers:
            if scorer.name != JUDGE and scorer.close is None:
                scores = [one.score or 0.0 for one in score_all(scorer, cases)]
                found.setdefault(scorer.name, {})[name] = sum(scores) / len(scores)
    return found


def score_all(scorer: Scorer, cases: Sequence[AnswerCase]) -> Sequence[RowScore]:
    """Score many answers, all at once where the scorer can."""
    if scorer.batch is not None:
        return scorer.batch(cases)[0]
    return [scorer.score(case) for case in cases]


def _with_brightness(run: EvaluationRun, rows: list[EvaluatedRow]) -> list[EvaluatedRow]:
    """Rows with how bright their images are, as one of their facets, where that is known."""
    known = json.loads(paths.read_text(run.folder / LEAKS)) if _looked_at(run) else {}
    return [
        row if value is None else replace(row, facets={**row.facets, "brightness": _bright(value)})
        for row, value in zip(rows, known.get("brightness") or [None] * len(rows), strict=True)
    ]


def _bright(value: int) -> str:
    """Of 255: the lower, middle and upper third."""
    return "dark" if value < 85 else "bright" if value >= 170 else "medium"


def _looked_at(run: EvaluationRun) -> bool:
    return paths.is_file(run.folder / LEAKS)


def _leaked(run: EvaluationRun, rows: int) -> Any:
    leaked = np.zeros(rows, np.bool_)
    if _looked_at(run):
        leaked[json.loads(paths.read_text(run.folder / LEAKS))["rows"]] = True
    return leaked
