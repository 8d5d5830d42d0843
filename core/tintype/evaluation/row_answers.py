"""One row of a result looked at: what was asked, every answer, and what a person says of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tintype import paths
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.results import STATUSES, Evaluation
from tintype.evaluation.rows import EvaluatedRow, row_from
from tintype.evaluation.run_folder import ANSWERS, GRADES, OVERRIDES, ROWS


@dataclass(frozen=True, slots=True)
class AnswerOfRow:
    """One model's answer to a row, looked at."""

    model: EvaluatedModel
    text: str
    """Empty where there is none."""
    line: Mapping[str, Any]
    """The line of the log; empty where there is none."""
    scores: Mapping[str, float | None]
    """By scorer; none where a machine failed or nothing was answered."""
    statuses: Mapping[str, str]
    """By scorer: `ok`, `unscored_model`, `unscored_infra`."""
    reasons: Mapping[str, str]
    """By scorer: why there is no score."""
    grade: Mapping[str, Any]
    """The line of a judge; empty where there is none."""
    override: Mapping[str, Any]
    """What a person said of it: `score`, `comment`; empty if nothing."""


def look_at(evaluation: Evaluation, position: int) -> tuple[EvaluatedRow, tuple[AnswerOfRow, ...]]:
    """A row with every model's answer. Blocking: some lines are read."""
    return _looked_at(evaluation, position, overrides(evaluation.folder))


def all_rows(
    evaluation: Evaluation,
) -> Iterator[tuple[EvaluatedRow, tuple[AnswerOfRow, ...]]]:
    """Every row with every model's answer, in order. Blocking."""
    said = overrides(evaluation.folder)
    for position in range(evaluation.rows):
        yield _looked_at(evaluation, position, said)


def _looked_at(
    evaluation: Evaluation, position: int, said: Mapping[tuple[int, str], Mapping[str, Any]]
) -> tuple[EvaluatedRow, tuple[AnswerOfRow, ...]]:
    folder = evaluation.folder
    value = _line_at(folder / ROWS, int(evaluation.row_place[position]))
    answers = []
    for at, model in enumerate(evaluation.models):
        place = int(evaluation.place[at, position])
        line = _line_at(folder / ANSWERS, place) if place >= 0 else {}
        columns = {one.name: (s, at, position) for s, one in enumerate(evaluation.scorers)}
        answers.append(
            AnswerOfRow(
                model,
                str(line.get("text", "")),
                line,
                {
                    name: None if np.isnan(score := evaluation.score[where]) else float(score)
                    for name, where in columns.items()
                },
                {name: STATUSES[evaluation.status[where]] for name, where in columns.items()},
                {
                    name: evaluation.reasons[evaluation.reason[where]]
                    for name, where in columns.items()
                },
                _grade(evaluation, position, model),
                said.get((position, model.id), {}),
            )
        )
    return row_from(value), tuple(answers)


def _line_at(path: Path, place: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek(place)
        value: dict[str, Any] = json.loads(file.readline().decode("utf-8", "surrogatepass"))
        return value


def _grade(evaluation: Evaluation, position: int, model: EvaluatedModel) -> Mapping[str, Any]:
    places = evaluation.extra.get(model.id, {}).get("grades")
    if not places or places[position] < 0:
        return {}
    return _line_at(evaluation.folder / GRADES, places[position])


def override(
    folder: Path,
    position: int,
    model: str,
    score: float | None,
    comment: str = "",
    *,
    grade: str = "",
) -> None:
    """Say what an answer deserves, apart from the machine's score; nothing said takes it back.

    Args:
        folder: The run's.
        position: Of the row.
        model: The model's id.
        score: 0 to 1; none if nothing is said of it.
        comment: In words.
        grade: By the judge's scale, where a person checks the judge.

    Raises:
        FileError: if the folder cannot be written.
    """
    entry: dict[str, Any] = {"row": position, "model": model, "score": score, "comment": comment}
    if grade:
        entry["grade"] = grade
    line = json.dumps(entry).encode() + b"\n"
    paths.append_private(folder / OVERRIDES, line, max_bytes=1 << 30)


def overrides(folder: Path) -> dict[tuple[int, str], Mapping[str, Any]]:
    """What a person has said of scores, by position and model.

    Raises:
        FileError: if it cannot be read.
    """
    found: dict[tuple[int, str], Mapping[str, Any]] = {}
    path = folder / OVERRIDES
    for line in paths.read_bytes(path).splitlines() if paths.is_file(path) else ():
        try:
            entry = json.loads(line)
            key = (entry["row"], entry["model"])
        except (ValueError, KeyError, TypeError):
            continue
        if entry.get("score") is None and not entry.get("comment") and not entry.get("grade"):
            found.pop(key, None)
        else:
            found[key] = entry
    return found
