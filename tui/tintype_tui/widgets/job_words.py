"""What there is to say about jobs, in words: the same in the pane and on the command line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tintype.jobs import Bill, Blamed, Explanation, Moderation, explain, left_out, moderation
from tintype.metrics import Metrics, describe, overfitting, suspicions
from tintype.resources import Event, Job
from tintype_tui.text import count, money, number

JUDGED = ("train_loss", "valid_loss", "full_valid_loss")
"""The curves that are looked at for trouble, and described."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """All that went wrong with a job, as far as the provider says."""

    failure: Explanation | None = None
    left_out: tuple[Blamed, ...] = ()
    """Rows that warnings say were not used."""
    checks: tuple[Moderation, ...] = ()
    """What safety checks found."""

    def __bool__(self) -> bool:
        return bool(self.failure or self.left_out or any(one.advice for one in self.checks))

    @property
    def rows(self) -> tuple[Blamed, ...]:
        """Every row that is named."""
        return (*(self.failure.rows if self.failure else ()), *self.left_out)


def trouble_of(job: Job, events: Sequence[Event]) -> Trouble:
    """Gather what went wrong; events are in order and need not include metrics."""
    checks = tuple(found for event in events if (found := moderation(event)))
    return Trouble(explain(job, events), left_out(events, job), checks)


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph about trouble, or a row with what is wrong with it."""

    text: str
    style: str = ""
    """A colour of the theme without its `$`, or `dim`, `bold`."""
    row: Blamed | None = None


def told(trouble: Trouble) -> Iterator[Said]:
    """Everything about trouble, in the order to read it: code, cause, fix, rows."""
    if trouble.failure is not None:
        yield from _told_failure(trouble.failure)
    for checks in trouble.checks:
        yield from _told_checks(checks)
    if trouble.left_out:
        yield Said(f"! {count(len(trouble.left_out), 'row')} left out of the training:", "warning")
        yield from map(_row, trouble.left_out)


def _told_failure(failure: Explanation) -> Iterator[Said]:
    yield Said(f"✗ {failure.code or 'failed'}", "bold error")
    if failure.said:
        yield Said(f"“{failure.said}”", "dim")
    yield Said(failure.cause)
    yield Said(f"→ {failure.fix}", "success")
    yield from map(_row, failure.rows)
    if failure.more:
        where = "more than are named here" if failure.rows else "more"
        yield Said(f"and {failure.more:,} {where}: check the dataset to see all", "dim")


def _told_checks(checks: Moderation) -> Iterator[Said]:
    yield Said(checks.sentence, "error" if checks.advice else "")
    for one in checks.categories:
        if one.verdict == "flagged":
            words = f"{one.name}: {one.about}" if one.about else one.name
            yield Said(f"  ✗ {words}{f' ({one.enforcement})' if one.enforcement else ''}")
    if checks.advice:
        yield Said(f"→ {checks.advice}", "success")


def _row(row: Blamed) -> Said:
    fix = f" → {row.fix}" if row.fix else ""
    return Said(f"{row.place}: {row.words}{fix}", row=row)


def bill_words(bill: Bill) -> str:
    """A bill beside what was expected: `150,000 tokens, $3.75; expected 300,000: …`."""
    if bill.billed_tokens is None:
        return "The provider has not said."
    words = f"{number(bill.billed_tokens)} tokens, {money(bill.cost_usd)}"
    if bill.cost_usd is None:
        words = f"{number(bill.billed_tokens)} tokens, price unknown"
    if bill.off is None or bill.expected_tokens is None:
        return f"{words}; nothing was estimated here"
    if not bill.reasons:
        return f"{words}; as estimated"
    usd = f", {money(bill.expected_usd)}" if bill.expected_usd else ""
    side = f"{abs(bill.off):.0%} {'more' if bill.off > 0 else 'less'} than estimated"
    why = "; ".join(bill.reasons)
    return f"{words}; {side} ({number(bill.expected_tokens)}{usd}): {why}"


def odd_words(metrics: Metrics) -> str:
    """The first thing about the curves that usually means a mistake; empty if there is none."""
    for name in JUDGED:
        if name in metrics.series and (odd := suspicions(metrics.series[name])):
            return odd[0].sentence
    fit = overfitting(metrics)
    return fit.sentence if fit is not None else ""


def trend_words(metrics: Metrics) -> str:
    """What the curve that counts does, in a sentence; empty before there is one."""
    series = metrics.series
    judged = series.get("full_valid_loss") or series.get("valid_loss") or series.get("train_loss")
    return describe(judged) if judged is not None and len(judged) else ""


def remarks(metrics: Metrics) -> list[str]:
    """A sentence on each curve that counts, and on all that is odd about them."""
    found = [describe(metrics.series[name]) for name in JUDGED if name in metrics.series]
    for name in JUDGED:
        odd = suspicions(metrics.series[name]) if name in metrics.series else ()
        found += [f"! {one.sentence}" for one in odd]
    fit = overfitting(metrics)
    return [*found, f"! {fit.sentence}"] if fit is not None else found
