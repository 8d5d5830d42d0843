"""What may be spent: a month's limit is never passed, whatever else was agreed to."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tintype.errors import BudgetError
from tintype.store import Spent, Store, month_of

if TYPE_CHECKING:
    from tintype.estimate import Cost


def spent_this_month(store: Store, now: datetime) -> Spent:
    """What was entered into the ledger since the first of the month, for all providers."""
    return store.spending.total(month_of(now))


def keep_within(limit_usd: Decimal | None, spent: Spent, cost: "Cost | None") -> None:
    """Refuse what could lead beyond a month's limit.

    Args:
        limit_usd: None if there is no limit.
        spent: This month, so far.
        cost: What is to be spent; none if that is not known.

    Raises:
        BudgetError: if the limit could be passed, or nobody knows whether it would be.
    """
    if limit_usd is None or (cost is not None and cost.high == 0):
        return
    if cost is None:
        raise BudgetError(
            f"What this will cost is not known, and ${limit_usd:,.2f} is all that may be spent "
            "this month.",
            advice="Put the price into a price table of your own (prices in the settings).",
        )
    if spent.known_usd + cost.high > limit_usd:
        raise BudgetError(
            f"This may cost ${cost.high:,.2f}; ${spent.known_usd:,.2f} of the ${limit_usd:,.2f} "
            "that may be spent this month are gone.",
            advice="Raise month_limit_usd in the settings, or train less.",
        )
