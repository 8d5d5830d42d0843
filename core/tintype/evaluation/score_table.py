"""The columns of a run, growing answer by answer, and which classes its texts name."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np

from tintype.evaluation.answer_case import JUDGE, AnswerCase, Scorer, unusable
from tintype.evaluation.asking import cost_of, doubtful
from tintype.evaluation.headline import RowScore
from tintype.evaluation.normalising import normalise
from tintype.evaluation.results import BY_MACHINE, STATUSES, ScorerFacts
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.run_folder import EvaluationRun
from tintype.evaluation.run_state import case_of, grade_score
from tintype.evaluation.text_scores import without_thinking, yes_or_no

MOST_CLASSES = 25
"""Distinct truths up to which a confusion of texts says something."""

Placed = tuple[int, Mapping[str, Any]]


class ScoreTable:
    """The columns of a run, growing answer by answer."""

    def __init__(
        self, run: EvaluationRun, scorers: Sequence[Scorer], rows: Sequence[EvaluatedRow]
    ) -> None:
        self._run, self._scorers, self._rows = run, scorers, rows
        models = [model.id for model in run.plan.models]
        self._at = {model: at for at, model in enumerate(models)}
        cells, wide = (len(models), len(rows)), (len(scorers), len(models), len(rows))
        self._status = np.full(wide, BY_MACHINE, np.int8)
        self._sum, self._number = np.zeros(wide), np.zeros(wide, np.int64)
        self._format = np.full(wide, -1, np.int8)
        self._reason = np.zeros(wide, np.int64)
        self._reasons: dict[str, int] = {"": 0, "no answer": 1}
        self._reason[:] = 1
        self._float = {name: np.full(cells, np.nan) for name in ("elapsed_s", "ttft_s", "cost_usd")}
        self._int = {
            name: np.full(cells, -1, np.int64) for name in ("tokens_in", "tokens_out", "place")
        }
        self._cases: dict[str, dict[int, AnswerCase]] = {model: {} for model in models}
        self._known = frozenset(truth for row in rows for truth in row.truths)
        self._classes = classes_of(rows)
        self._extra: dict[str, dict[str, Any]] = {
            model: {
                **{"finish": Counter(), "served": Counter()},
                **{"usd": Decimal(0), "unknown": 0, "doubtful": 0},
            }
            for model in models
        }
        self._confusion: dict[str, Counter[tuple[str, str]]] = {m: Counter() for m in models}

    def add(self, at: int, model: str, sample: int, placed: Placed, grade: Placed | None) -> None:
        """Score an answer."""
        if model not in self._at or at >= len(self._rows):
            return
        place, line = placed
        m = self._at[model]
        case = case_of(line, self._rows[at], self._known)
        for s, scorer in enumerate(self._scorers):
            if scorer.name == JUDGE and not unusable(case) and self._run.plan.judge is not None:
                found = grade_score(grade[1] if grade else None, self._run.plan.judge.grades)
            elif scorer.batch is not None and sample == 0:
                continue
            else:
                found = scorer.score(case)
            self._enter(s, m, at, found)
        if sample == 0:
            self._int["place"][m, at] = place
            self._cases[model][at] = case
            self._confuse(model, case)
            if grade is not None:
                places = self._extra[model].setdefault("grades", [-1] * len(self._rows))
                places[at] = grade[0]
        self._measure(m, at, line)
        extra = self._extra[model]
        extra["finish"][line.get("finish") or ""] += 1
        extra["served"][line.get("served") or ""] += 1

    def _enter(self, s: int, m: int, at: int, found: RowScore) -> None:
        where = (s, m, at)
        first = not self._number[where] and self._status[where] == BY_MACHINE
        if found.score is not None:
            self._sum[where] += found.score
            self._number[where] += 1
        if found.format_ok is not None:
            self._format[where] = min(found.format_ok, self._format[where] if not first else 1)
        status = STATUSES.index(found.status)
        if first or status < self._status[where]:
            self._status[where] = status
            reason = "" if found.status == "ok" else found.reason
            self._reason[where] = self._reasons.setdefault(reason[:80], len(self._reasons))

    def _measure(self, m: int, at: int, line: Mapping[str, Any]) -> None:
        for name in ("elapsed_s", "ttft_s"):
            if line.get(name) is not None:
                self._float[name][m, at] = line[name]
        for name, key in (("tokens_in", "in"), ("tokens_out", "out")):
            if line.get(key) is not None:
                self._int[name][m, at] = line[key]
        # What an answer costs, whoever paid for it: a cached one as much as the first.
        known, extra = line.get("cost_usd"), self._extra[line["model"]]
        extra["doubtful"] += doubtful(line)
        if known is None:
            extra["unknown"] += 1
            return
        self._float["cost_usd"][m, at] = float(known)
        extra["usd"] += cost_of(line) or 0

    def failed(self, at: int, model: str, line: Mapping[str, Any]) -> None:
        """Note why there is no answer, and that it may have been billed all the same."""
        if model in self._at and at < len(self._rows):
            why = str(line.get("code") or line.get("http") or "error")
            self._reason[:, self._at[model], at] = self._reasons.setdefault(why, len(self._reasons))
            self._extra[model]["doubtful"] += doubtful(line)

    def _confuse(self, model: str, case: AnswerCase) -> None:
        if self._classes:
            truth = class_of(case.truths[0], self._classes)
            said = class_of(without_thinking(case.answer) or "", self._classes)
            self._confusion[model][(truth, said)] += 1

    def _summaries(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Figures over all rows; answers that are scored all at once are entered, too."""
        for s, scorer in enumerate(self._scorers):
            for model, cases in self._cases.items():
                rows = sorted(cases)
                ordered = [cases[at] for at in rows]
                if scorer.batch is not None:
                    scores, figures = scorer.batch(ordered)
                    for at, found in zip(rows, scores, strict=True):
                        self._enter(s, self._at[model], at, found)
                    yield f"{scorer.name}/{model}", figures
                elif scorer.summary is not None:
                    yield f"{scorer.name}/{model}", scorer.summary(ordered)

    def finished(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The columns, and what is no column."""
        summaries = dict(self._summaries())
        number = np.maximum(self._number, 1)
        score = np.where(self._number > 0, self._sum / number, np.nan)
        arrays = {
            "status": self._status,
            "score": score,
            "format_ok": self._format,
            "reason": self._reason,
            **self._float,
            **self._int,
        }
        facts = [
            asdict(ScorerFacts(one.name, one.rule, one.unit, one.version)) for one in self._scorers
        ]
        extra = {
            model: {
                **one,
                "usd": str(one["usd"]),
                "confusion": [
                    [*pair, n]
                    for pair, n in sorted(
                        self._confusion[model].items(), key=lambda one: (-one[1], one[0])
                    )
                ],
            }
            for model, one in self._extra.items()
        }
        return arrays, {
            "scorers": facts,
            "reasons": list(self._reasons),
            "summaries": summaries,
            "extra": extra,
        }


def classes_of(rows: Sequence[EvaluatedRow]) -> frozenset[str]:
    """The truths as classes, if they are few enough for a confusion; else none."""
    found: set[str] = set()
    for row in rows:
        found.add(normalise(row.truths[0]))
        if len(found) > MOST_CLASSES:
            return frozenset()
    return frozenset(found)


def class_of(text: str, classes: frozenset[str]) -> str:
    """The class that a text names; `other` if it names none."""
    plain = normalise(text)
    if plain in classes:
        return plain
    decided = yes_or_no(text)
    return decided if decided in classes else "other"
