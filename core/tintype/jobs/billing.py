"""What was expected of a job and what it was billed, side by side, with what lies between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from tintype.jobs.blaming import count_left_out
from tintype.pricing import Prices
from tintype.resources import Event, Job
from tintype.store import KeptJob

_NEAR = 0.02
"""A share off that needs no reason: rounding, and tokens that are not documented."""


@dataclass(frozen=True, slots=True)
class Bill:
    """An estimate and what came of it."""

    expected_tokens: int | None
    """None: nothing was estimated when the job was launched."""
    billed_tokens: int | None
    """None: the provider has not said."""
    expected_usd: Decimal | None
    cost_usd: Decimal | None
    """What the billed tokens cost by the price table; none is unknown, not nothing."""
    reasons: tuple[str, ...] = ()
    """What explains the difference: phrases."""

    @property
    def off(self) -> float | None:
        """How far the bill is from the estimate, as a share of it: 0.1 is a tenth more."""
        if not self.expected_tokens or self.billed_tokens is None:
            return None
        return self.billed_tokens / self.expected_tokens - 1


def bill(kept: KeptJob, events: Sequence[Event], prices: Prices, provider: str) -> Bill | None:
    """Compare what was estimated with what is billed; none until the job has ended.

    Args:
        kept: The job, with what it was made from.
        events: Its diary: skipped examples are not billed.
        prices: What providers charge.
        provider: The provider's name in the price table.
    """
    job, expected = kept.job, kept.made_from.estimate
    if not job.ended:
        return None
    billed = job.trained_tokens
    price = prices.training(provider, job.model)
    found = Bill(
        _whole(expected.get("billed_tokens")),
        billed,
        _amount(expected.get("cost_usd")),
        price.cost(billed) if price is not None and billed is not None else None,
    )
    if found.off is None or abs(found.off) < _NEAR:
        return found
    return replace(found, reasons=tuple(_reasons(job, events, expected, found.off)))


def _reasons(
    job: Job, events: Sequence[Event], expected: Mapping[str, Any], off: float
) -> list[str]:
    """What may explain a difference, in its direction: what was skipped makes no bill larger."""
    reasons = []
    if off < 0 and job.status != "succeeded":
        reasons.append(f"the job was not finished: {job.status}")
    run, planned = job.hyperparameters.n_epochs, _whole(expected.get("epochs"))
    if isinstance(run, int) and planned and (run - planned) * off > 0:
        reasons.append(f"{run} epochs were run where {planned} were expected")
    skipped = count_left_out(events, job.training_file)
    if off < 0 and skipped:
        reasons.append(f"{skipped:,} example{'s were' if skipped > 1 else ' was'} skipped")
    return reasons or ["the provider counts images or the overhead of messages differently"]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
