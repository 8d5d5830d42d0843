"""What came of jobs, in words: the same in comparisons and lists."""

from collections.abc import Sequence
from decimal import Decimal

from tintype.jobs import JobLine, ModelScore, Outcome, Outcomes, differences
from tintype.metrics import figure, label
from tintype.store import KeptJob
from tintype_tui.text import duration, money


def outcome_rows(outcomes: Outcomes) -> list[tuple[str, Sequence[str]]]:
    """What came of jobs, one measure a row: its name, and a value for each job.

    A row without values is a remark on those above it.
    """
    loss = f"best {label(outcomes.loss)}" if outcomes.loss else "best loss"
    accuracy = f"best {label(outcomes.accuracy)}" if outcomes.accuracy else "accuracy"
    every = outcomes.each
    rows: list[tuple[str, Sequence[str]]] = [
        (loss, tuple(_best(one) for one in every)),
        (accuracy, tuple(share_words(one.accuracy) for one in every)),
        ("score", tuple(score_words(one.score) for one in every)),
        ("trained", tuple(_duration(one.training_s) for one in every)),
        ("cost", tuple(cost_words(one.cost_usd, one.estimated) for one in every)),
    ]
    if len(outcomes.evaluations) > 1:
        rows.insert(3, ("these scores are of different evaluations", ()))
    elif outcomes.evaluations and len(every) > 1:
        rows.insert(3, (f"evaluation {outcomes.evaluations[0]}", ()))
    return [(name, values) for name, values in rows if any(values) or not values]


def setting_rows(every: Sequence[KeptJob]) -> list[tuple[str, Sequence[str]]]:
    """In which settings jobs differ, one a row, as `outcome_rows`; a remark where they do not."""
    rows: list[tuple[str, Sequence[str]]] = [(one.name, one.values) for one in differences(every)]
    if rows or len(every) < 2:
        return rows
    if all(one.made_from.training or one.job.training_file for one in every):
        return [("same data, and no setting differs", ())]
    return [("nothing known differs; the data are not known", ())]


def score_words(score: ModelScore | None) -> str:
    """What a model scores: `92.6 % (91–94), n 774`."""
    if score is None:
        return "not evaluated"
    from tintype.evaluation import percent  # late: it brings numpy, and Home has no scores

    bounds = f"{100 * score.low:.0f}–{100 * score.high:.0f}"
    return f"{percent(score.value)} ({bounds}), n {score.n:,}"


def cost_words(cost_usd: Decimal | None, estimated: bool) -> str:
    """What a job cost, `≈` if that is an estimate of more than nothing; empty if unknown."""
    return f"{'≈' if estimated and cost_usd else ''}{money(cost_usd)}"


def sorted_by_words(line: JobLine, by: str) -> str | None:
    """What a list of jobs is sorted by, in a few cells; none if that is seen anyway."""
    figures = {"loss": line.best_loss, "last": line.last_loss, "smoothed": line.smoothed_loss}
    if by in figures:
        return "" if (loss := figures[by]) is None else figure(loss)
    if by == "accuracy":
        return share_words(line.accuracy)
    if by == "time":
        return _duration(line.training_s)
    if by == "score":
        return "" if line.score is None else score_words(line.score).partition(" (")[0]
    return None


def _best(outcome: Outcome) -> str:
    if outcome.best_loss is None or outcome.best_loss != outcome.best_loss:
        return ""
    return f"{figure(outcome.best_loss)} at {outcome.best_step:,}"


def share_words(share: float | None) -> str:
    """A value from 0 to 1 as a metric is usually written: `0.934`; empty if it is not known."""
    return "" if share is None or share != share else f"{share:.3f}"


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
