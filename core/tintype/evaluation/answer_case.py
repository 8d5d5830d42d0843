"""One answer to be scored, and a scorer as a value with its rule in words, unit and version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tintype.evaluation.headline import RowScore
from tintype.evaluation.text_scores import without_thinking

JUDGE = "judge"
"""The scorer whose scores are a judge's grades; they come from a run's log."""


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """One answer with everything that its score may depend on."""

    truths: tuple[str, ...]
    """What is right; the best score over them counts."""
    answer: str
    """As the model gave it."""
    question: str = ""
    finish_reason: str = "stop"
    """`stop`, `length`, `runaway`, `content_filter` …"""
    refusal: str = ""
    """Words that the provider marked as a refusal."""
    size: tuple[int, int] | None = None
    """Width and height of the first image in pixels, upright; none if that is not known."""
    answers: frozenset[str] = frozenset()
    """Every truth of the dataset, for closed sets."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A way to score one answer."""

    name: str
    """Its specification."""
    rule: str
    """What it does, in a sentence."""
    unit: str
    """What its mean is: `share right`, `mean F1` …"""
    version: int
    """Raised when its scores change."""
    score: Callable[[AnswerCase], RowScore]
    summary: Callable[[Sequence[AnswerCase]], Mapping[str, Any]] | None = None
    """Figures over all rows that are no means of row scores, such as average precision."""
    batch: Callable[[Sequence[AnswerCase]], tuple[Sequence[RowScore], Mapping[str, Any]]] | None = (
        None
    )
    """Scores and figures of many answers, where that is quicker than one by one."""
    needs_truth: bool = True
    """Whether it compares an answer with what is right: rows without it are left out then."""
    close: Callable[[], None] | None = None
    """Ends the process in which it scores, if it has one; it is then not used while a run asks."""


def unusable(case: AnswerCase) -> str:
    """Why an answer cannot be right whatever it is compared with: empty if it can."""
    if case.finish_reason == "content_filter" or case.refusal:
        return "refused"
    if without_thinking(case.answer) is None:
        return "cut off" if case.finish_reason == "length" else "empty"
    return ""


def as_score(value: Any) -> RowScore:
    """What a function of somebody's gave, as a score: a number from 0 to 1, or none with a reason.

    A mapping has `score` and perhaps `reason` and `format_ok`; none is unscored, not wrong.
    """
    if isinstance(value, RowScore):
        return value
    given = value if isinstance(value, Mapping) else {"score": value}
    number, reason = given.get("score"), str(given.get("reason", ""))
    if number is None:
        return RowScore("unscored_infra", None, given.get("format_ok"), reason or "no score")
    if not isinstance(number, bool | int | float) or not 0 <= number <= 1:
        return RowScore("unscored_infra", None, None, f"{number!r} is no number from 0 to 1")
    return RowScore("ok", float(number), given.get("format_ok"), reason)
