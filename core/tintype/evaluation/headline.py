"""What a run comes to: the headline with its bounds, slices, comparisons, and who is to blame.

A row without a score is never left out in silence. If the model gave nothing usable, it is wrong
(0), in a bucket of its own; if a machine failed, nobody knows, and the bounds say how much that
could change.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ok", "unscored_model", "unscored_infra"]


@dataclass(frozen=True, slots=True)
class RowScore:
    """What became of one answer."""

    status: Status
    """`unscored_model`: unparsable, refused, empty, cut off. `unscored_infra`: an HTTP error, a
    time limit, a judge that failed."""
    score: float | None = None
    """0 to 1."""
    format_ok: bool | None = None
    """Whether the answer has the form asked for, right or not; none where there is no such form."""
    reason: str = ""
    """Why there is no score (`refused`, `empty`, `cut off`, …), or a judge's words."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A mean score with what it leaves open."""

    n: int
    headline: float | None
    """Sum of scores / rows whose answer could be judged; none where there are none."""
    low: float | None
    """If every row that a machine lost was wrong."""
    high: float | None
    """If every such row was right."""
    unscored_model: int
    unscored_infra: int


def headline(rows: Sequence[RowScore]) -> Headline:
    """Sum up rows."""
    counts = Counter(row.status for row in rows)
    total = sum(row.score or 0.0 for row in rows if row.status == "ok")
    lost, n = counts["unscored_infra"], len(rows)
    return Headline(
        n=n,
        headline=total / (n - lost) if n > lost else None,
        low=total / n if n else None,
        high=(total + lost) / n if n else None,
        unscored_model=counts["unscored_model"],
        unscored_infra=lost,
    )


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on the rows that both have a score for."""

    n: int
    first: float | None
    """Mean score; none without common rows."""
    second: float | None
    wins: int
    """Rows on which the second is better."""
    losses: int
    ties: int
    differences: Mapping[Hashable, float] = field(repr=False, default_factory=dict)
    """Second less first, by row."""


def paired(
    first: Mapping[Hashable, float | None], second: Mapping[Hashable, float | None]
) -> Paired:
    """Compare two models by row; rows that either lacks are left out of both means."""
    common = {
        row: (one, other)
        for row, one in first.items()
        if one is not None and (other := second.get(row)) is not None
    }
    differences = {row: other - one for row, (one, other) in common.items()}
    n = len(common)
    return Paired(
        n=n,
        first=sum(one for one, _ in common.values()) / n if n else None,
        second=sum(other for _, other in common.values()) / n if n else None,
        wins=sum(value > 0 for value in differences.values()),
        losses=sum(value < 0 for value in differences.values()),
        ties=sum(value == 0 for value in differences.values()),
        differences=differences,
    )


def commonest(answers: Sequence[str]) -> str | None:
    """The commonest answer, of equals the one that comes first by code points."""
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer)) if counts else None


@dataclass(frozen=True, slots=True)
class Leaked:
    """A score with and without the rows whose image the model was trained on."""

    rows: int
    with_them: float | None
    without_them: float | None


def without_leaks(rows: Sequence[tuple[str, float]], trained: set[str]) -> Leaked:
    """Score rows, given by image, with and without those whose image was trained on."""
    clean = [score for image, score in rows if image not in trained]
    return Leaked(
        len(rows) - len(clean),
        sum(score for _, score in rows) / len(rows) if rows else None,
        sum(clean) / len(clean) if clean else None,
    )
