"""What is known of a run while it runs: answers, grades, money, and the score so far."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tintype.evaluation.answer_case import JUDGE, AnswerCase, Scorer, unusable
from tintype.evaluation.asking import cost_of, doubtful
from tintype.evaluation.headline import RowScore
from tintype.evaluation.log import Key, Replay, to_ask
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.run_folder import EvaluationRun
from tintype.evaluation.statistics import GrowingMean, Interval


class RunState:
    """What is known of a run: its answers, its grades, its money, its score so far."""

    def __init__(self, run: EvaluationRun, rows: Sequence[EvaluatedRow], scorer: Scorer) -> None:
        self.run, self.rows, self.scorer = run, rows, scorer
        self.replayed = Replay({}, {}, 0)
        self.answers: dict[Key, Mapping[str, Any]] = {}
        self.grades: dict[Key, Mapping[str, Any]] = {}
        self.errors: dict[Key, Mapping[str, Any]] = {}
        self.ungraded: dict[Key, Mapping[str, Any]] = {}
        self.reused = 0
        self.judged = JUDGE in run.plan.scorers
        self.spent_usd, self.unknown = Decimal(0), 0
        self._money: dict[tuple[str, bool], list[Any]] = {}
        self._scores: dict[str, GrowingMean] = {}
        self._gradable = 0
        self._news: list[tuple[int, str, float | None]] = []
        self._known = frozenset(truth for row in rows for truth in row.truths)

    def recall(self, answers: Replay, grades: Replay) -> None:
        """Take in what the logs hold."""
        self.replayed = answers
        for line in answers.answers.values():
            self.take(line, self.score(line))
        for line in answers.errors.values():
            self.fail(line)
        for line in grades.answers.values():
            self.take_grade(line)
        self._news.clear()

    def take(self, line: Mapping[str, Any], score: float | None) -> None:
        """Count an answer that has been written down, and its score by the leading scorer."""
        key = (line["row"], line["model"], line["sample"])
        self.answers[key] = line
        self.errors.pop(key, None)
        self.reused += bool(line.get("cached"))
        self._spend(line, line["model"], is_judge=False)
        self._news.append((key[0], key[1], score))
        if score is not None:
            image = self.rows[key[0]].image or str(key[0])
            self._scores.setdefault(key[1], GrowingMean()).add(image, score)

    def fail(self, line: Mapping[str, Any], *, grading: bool = False) -> None:
        """Count a question without an answer; what may have been billed has no known cost."""
        key = (line["row"], line["model"], line["sample"])
        (self.ungraded if grading else self.errors)[key] = line
        asked = line["judge"] if grading else line["model"]
        self._money_of(asked, is_judge=grading)[1] += doubtful(line)
        self.unknown += bool(doubtful(line))

    def take_grade(self, line: Mapping[str, Any]) -> None:
        """Count a grade."""
        key = (line["row"], line["model"], line["sample"])
        self.grades[key] = line
        self.ungraded.pop(key, None)
        self._spend(line, line["judge"], is_judge=True)

    def score(self, line: Mapping[str, Any]) -> float | None:
        """Score an answer by the leading scorer; none where that is a judge or a process.

        Blocking: a scorer from outside may take as long as it likes.
        """
        if self.scorer.name == JUDGE or self.scorer.close is not None:
            return None
        found = self.scorer.score(case_of(line, self.rows[line["row"]], self._known))
        return found.score if found.status != "unscored_infra" else None

    def _spend(self, line: Mapping[str, Any], model: str, *, is_judge: bool) -> None:
        cost = cost_of(line)
        money = self._money_of(model, is_judge=is_judge)
        money[0] += cost or 0
        money[1] += (cost is None) + doubtful(line)
        money[2] += 0 if line.get("cached") else (line.get("in") or 0) + (line.get("out") or 0)
        self.spent_usd += cost or 0
        self.unknown += cost is None

    def _money_of(self, model: str, *, is_judge: bool) -> list[Any]:
        return self._money.setdefault((model, is_judge), [Decimal(0), 0, 0])

    def spent_on(self, model: EvaluatedModel, *, is_judge: bool) -> Decimal:
        """US dollars that a model's answers came to, as far as they are known."""
        found: Decimal = self._money_of(model.id, is_judge=is_judge)[0]
        return found

    def unknown_on(self, model: EvaluatedModel, *, is_judge: bool) -> int:
        """How many of a model's answers have no known cost."""
        return int(self._money_of(model.id, is_judge=is_judge)[1])

    def tokens_on(self, model: EvaluatedModel, *, is_judge: bool) -> int:
        """Tokens in and out of a model's answers."""
        return int(self._money_of(model.id, is_judge=is_judge)[2])

    def asked(self) -> dict[str, set[int]]:
        """By model, the rows that have all their answers; the judge's under `judge`."""
        samples = self.run.plan.samples
        found: dict[str, set[int]] = {}
        for row, model, _ in self.answers:
            found.setdefault(model, set()).add(row)
        for model, rows in found.items():
            found[model] = {
                row
                for row in rows
                if all((row, model, sample) in self.answers for sample in range(samples))
            }
        models = [model.id for model in self.run.plan.models]
        every = {(row, model, s) for row, model, s in self.grades}
        found["judge"] = {
            row
            for row in range(len(self.rows))
            if all((row, model, s) in every for model in models for s in range(samples))
        }
        return found

    def missing(self, profile: str) -> Iterator[Key]:
        """What a profile's models are still to be asked, row by row."""
        plan = self.run.plan
        models = [model.id for model in plan.models if model.profile == profile]
        known = Replay(dict(self.answers), {}, 0)
        return to_ask(known, len(self.rows), models, samples=plan.samples)

    def to_grade(self) -> Iterator[Key]:
        """Answers without a grade, those left out that nobody could grade."""
        found = [
            key
            for key, line in sorted(self.answers.items())
            if key not in self.grades
            and not unusable(case_of(line, self.rows[key[0]], self._known))
        ]
        self._gradable = len(self.grades) + len(found)
        return iter(found)

    def counted(self, *, grading: bool) -> tuple[int, int]:
        """How many are done, of how many."""
        if grading:
            return len(self.grades), self._gradable
        plan = self.run.plan
        return len(self.answers), len(self.rows) * len(plan.models) * plan.samples

    @property
    def failed(self) -> int:
        """Questions without an answer, and answers that no judge would grade."""
        return len(self.errors) + len(self.ungraded)

    def why_failed(self) -> str:
        """What most of these failed of, in a sentence that follows others; empty if unknown."""
        lines = [*self.errors.values(), *self.ungraded.values()]
        [(most, times)] = Counter(line.get("error") or "" for line in lines).most_common(1)
        if not most:
            return ""
        return f" {most}" if times == len(lines) else f" Of {times:,} of them: {most}"

    def scores(self) -> dict[str, Interval]:
        """The leading scorer's mean so far, by model."""
        return {model: growing.interval() for model, growing in self._scores.items()}

    def news(self) -> tuple[tuple[int, str, float | None], ...]:
        """What has come since the last call."""
        found, self._news = tuple(self._news), []
        return found


def case_of(line: Mapping[str, Any], row: EvaluatedRow, known: frozenset[str]) -> AnswerCase:
    """An answer of the log, ready to be scored."""
    return AnswerCase(
        row.truths,
        line["text"],
        row.question,
        line.get("finish") or "stop",
        line.get("refusal") or "",
        row.size,
        known,
    )


def grade_score(line: Mapping[str, Any] | None, grades: Mapping[str, float]) -> RowScore:
    """A judge's grade as a score; a judge that failed leaves a row unscored."""
    if line is None:
        return RowScore("unscored_infra", None, None, "not judged yet")
    grade = str(line.get("grade"))
    if grade not in grades:
        return RowScore(
            "unscored_infra", None, None, f"judge: {line.get('unscored') or 'no grade'}"
        )
    return RowScore("ok", grades[grade], None, str(line.get("reason") or grade))
