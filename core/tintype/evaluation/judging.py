"""Judges: what their replies mean, how far they agree with a person, whom they should not judge.

A reply that cannot be read is unscored, with the reason; nothing is clamped, guessed or defaulted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tintype.evaluation.json_scores import objects_in
from tintype.evaluation.normalising import normalise

Unscored = Literal["refused", "truncated", "unparsable", "out_of_scale"]


@dataclass(frozen=True, slots=True)
class NumberScale:
    """Grades that are numbers within bounds, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Grade:
    """What a judge said."""

    grade: str | float | None
    unscored: Unscored | None = None
    """Why there is no grade."""
    reason: str = ""
    """The judge's own words."""


def read_grade(
    raw: str,
    scale: Sequence[str] | NumberScale,
    *,
    key: str = "grade",
    finish_reason: str = "stop",
) -> Grade:
    """Read a judge's reply: the last whole JSON object in it that has the key.

    Args:
        raw: The reply.
        scale: The names of the grades, or the bounds of a number.
        key: What the grade is called in the reply.
        finish_reason: Why the reply ended.
    """
    if finish_reason == "content_filter":
        return Grade(None, "refused")
    found = [value for value in objects_in(raw) if isinstance(value, dict) and key in value]
    if not found:
        return Grade(None, "truncated" if finish_reason == "length" else "unparsable")
    reason = found[-1].get("reason")
    grade = _graded(found[-1][key], scale)
    words = reason if isinstance(reason, str) else ""
    return Grade(grade, None if grade is not None else "out_of_scale", words)


def _graded(value: Any, scale: Sequence[str] | NumberScale) -> str | float | None:
    if isinstance(scale, NumberScale):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number and scale.low <= value <= scale.high else None
    if not isinstance(value, str):
        return None
    folded = _folded(value)
    same = [name for name in scale if _folded(name) == folded]
    return same[0] if len(same) == 1 else None


def _folded(name: str) -> str:
    return normalise(name, ("nfkc", "space", "case"))


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """How far a judge agrees with a person."""

    agreement: float
    """Share of equal grades, 0 to 1."""
    kappa: float | None
    """Cohen's kappa, unweighted: above chance; none where all grades are one and the same."""


def agreement(human: Sequence[str], judge: Sequence[str]) -> JudgeAgreement | None:
    """Compare grades given to the same answers; none where there are none."""
    pairs = list(zip(human, judge, strict=True))
    if not pairs:
        return None
    observed = sum(one == other for one, other in pairs) / len(pairs)
    mine, other = Counter(human), Counter(judge)
    chance = sum(mine[grade] * other[grade] for grade in mine) / len(pairs) ** 2
    return JudgeAgreement(observed, (observed - chance) / (1 - chance) if chance < 1 else None)


@dataclass(frozen=True, slots=True)
class Duels:
    """Pairs of answers judged twice, each answer shown first once."""

    first: int
    """Won by the first model both times."""
    second: int
    tie: int
    flipped: int
    """Ties because the verdict followed the place."""


def duels(verdicts: Iterable[tuple[str, str]]) -> Duels:
    """Count wins that hold in both orders.

    Args:
        verdicts: For each pair, the verdict with the first model's answer shown first, and with the
            second's: `first` or `second`, as shown, or anything else for a tie.
    """
    counts: Counter[str] = Counter()
    for straight, swapped in verdicts:
        if (straight, swapped) == ("first", "second"):
            counts["first"] += 1
        elif (straight, swapped) == ("second", "first"):
            counts["second"] += 1
        else:
            counts["tie"] += 1
            counts["flipped"] += straight == swapped and straight in ("first", "second")
    return Duels(counts["first"], counts["second"], counts["tie"], counts["flipped"])


_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")


def family(model: str) -> str:
    """A model's family: its name without `ft:`, suffixes and a closing date."""
    base = re.split(r"[:/]", model.removeprefix("ft:"), maxsplit=1)[0]
    return _DATE.sub("", base)


def judged_by_kin(judge: str, models: Iterable[str]) -> tuple[str, ...]:
    """The models that are of the judge's own family: it tends to favour them."""
    return tuple(model for model in models if family(model) == family(judge))
