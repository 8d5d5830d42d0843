"""What may be spent: limits, what must be confirmed, and the ledger, as one step.

Whatever spends money at a provider calls `authorize` before it sends anything. There is no other
way to an entry in the ledger, so no front end can forget a limit. The rules:

* A limit of a day, a month or one act counts the *upper* end of every cost, and is never passed.
* A cost at or above `confirm_from_usd`, or one that is not known, has to be confirmed.
* A limit beside costs of which nobody knows the amount may have been passed already: that has to be
  confirmed by typing, which `--yes` does not stand for.
* What is free needs neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tintype.errors import BudgetError, ConfirmationError
from tintype.store import Spending, Spent, Store, day_of, month_of, total_of

if TYPE_CHECKING:
    from tintype.settings import Settings
    from tintype.store.spending import Kind, State

UNKNOWN = "unknown"
"""What is typed to confirm a cost that is not known."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent, in US dollars; none is no limit."""

    confirm_from_usd: Decimal
    """From here on a cost has to be confirmed."""
    day_usd: Decimal | None = None
    """In a calendar day, local time."""
    month_usd: Decimal | None = None
    """In a calendar month, local time."""
    budget_usd: Decimal | None = None
    """For this one act."""

    @classmethod
    def of(cls, settings: "Settings", *, budget_usd: Decimal | None = None) -> "Limits":
        """Return the limits that a person has set."""
        return cls(
            settings.spend_confirm_usd,
            settings.day_limit_usd,
            settings.month_limit_usd,
            budget_usd,
        )


@dataclass(frozen=True, slots=True)
class Expense:
    """What is about to be spent."""

    profile: str
    model: str
    kind: "Kind"
    subject: str
    """What the ledger knows it by: unique for this profile and kind."""
    tokens: int | None
    likely_usd: Decimal | None
    """None is unknown, not nothing."""
    high_usd: Decimal | None
    """The upper end of what it may cost; none is unknown."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to be confirmed before money is spent."""

    typed: str
    """What a person types: a sum in US dollars such as `16.46`, or `unknown`."""
    why: str
    """A sentence."""
    by_typing: bool = False
    """Whether only typing confirms it: a general yes does not."""

    def is_met_by(self, text: str) -> bool:
        """Whether a text is what has to be typed; `$` and commas do not matter."""
        wanted, given = _amount(self.typed), _amount(text)
        if wanted is None:
            return text.strip().casefold() == self.typed
        return given == wanted


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person has agreed to."""

    typed: str = ""
    """The sum in US dollars that was typed: a cost up to it is agreed to; `unknown` agrees to a
    cost that is not known."""
    yes: bool = False
    """Agreed to in general, whatever it costs, within the limits."""

    def covers(self, demand: Demand) -> bool:
        """Whether a demand has been agreed to."""
        if self.yes and not demand.by_typing:
            return True
        if self.typed.strip().casefold() == UNKNOWN:
            return True
        wanted, given = _amount(demand.typed), _amount(self.typed)
        return wanted is not None and given is not None and given >= wanted


NOTHING_CONFIRMED = Confirmation()


def authorize(
    store: Store,
    *expenses: Expense,
    limits: Limits,
    confirmation: Confirmation,
    now: datetime,
    state: "State" = "expected",
) -> None:
    """Allow expenses and enter them into the ledger, all or none.

    An expense with the subject of an earlier entry takes that entry's place. `now` is aware.

    Raises:
        ConfirmationError: if they have to be confirmed, and are not; it says what to type.
        BudgetError: if they could lead beyond a limit.
        StoreError: if the ledger cannot be read or written.
    """
    with store.spending.changing():
        _allow(store, expenses, limits, confirmation, now)
        for one in expenses:
            store.spending.add(
                Spending(
                    now,
                    one.profile,
                    one.model,
                    one.kind,
                    one.subject,
                    one.tokens,
                    one.likely_usd,
                    state,
                    one.high_usd,
                )
            )


def check(
    store: Store,
    *expenses: Expense,
    limits: Limits,
    confirmation: Confirmation,
    now: datetime,
) -> None:
    """Raise what `authorize` would raise, and enter nothing."""
    _allow(store, expenses, limits, confirmation, now)


def demand(store: Store, *expenses: Expense, limits: Limits, now: datetime) -> Demand | None:
    """Return what would have to be confirmed; none if nothing has to be.

    Raises:
        BudgetError: if the expenses could lead beyond a limit.
        StoreError: if the ledger cannot be read.
    """
    known = [one.high_usd for one in expenses if one.high_usd is not None]
    high_usd, unknown = sum(known, Decimal(0)), len(expenses) - len(known)
    if not unknown and not high_usd:
        return None
    here = now.astimezone()
    own = {(one.profile, one.kind, one.subject) for one in expenses}
    month = [
        entry
        for entry in store.spending.entries(month_of(here))
        if (entry.profile, entry.kind, entry.subject) not in own
    ]
    day = [entry for entry in month if entry.at >= day_of(here)]
    return demanded(high_usd, unknown, limits, day=total_of(day), month=total_of(month))


def demanded(
    high_usd: Decimal, unknown: int, limits: Limits, *, day: Spent, month: Spent
) -> Demand | None:
    """Return what has to be confirmed to spend up to `high_usd` and so many unknown costs. Pure.

    Raises:
        BudgetError: if a limit could be passed.
    """
    if not unknown and not high_usd:
        return None
    blind = [
        reason
        for limit, spent, period, setting in (
            (limits.budget_usd, Spent(Decimal(0), 0), "", "--budget"),
            (limits.day_usd, day, "today", "day_limit_usd"),
            (limits.month_usd, month, "this month", "month_limit_usd"),
        )
        if (reason := _within(limit, spent, high_usd, unknown, period, setting))
    ]
    if not (blind or unknown or high_usd >= limits.confirm_from_usd):
        return None
    if unknown:
        what = "The cost is unknown: there is no price for it."
    else:
        what = f"This may cost up to ${dollars(high_usd)}."
    typed = UNKNOWN if unknown else dollars(high_usd).replace(",", "")
    return Demand(typed, " ".join([what, *blind]), by_typing=bool(blind))


def spent_this_month(store: Store, now: datetime) -> Spent:
    """Return what the ledger holds since the first of the month, for all providers.

    Raises:
        StoreError: if the ledger cannot be read.
    """
    return store.spending.total(month_of(now.astimezone()))


def dollars(usd: Decimal) -> str:
    """Write a sum in cents, or to two digits if it is below one cent."""
    places = Decimal("0.01")
    if 0 < usd < Decimal("0.01"):
        places = Decimal(1).scaleb(usd.adjusted() - 1)
    return f"{usd.quantize(places):,f}"


def _allow(
    store: Store,
    expenses: Sequence[Expense],
    limits: Limits,
    confirmation: Confirmation,
    now: datetime,
) -> None:
    wanted = demand(store, *expenses, limits=limits, now=now)
    if wanted is not None and not confirmation.covers(wanted):
        ways = f"Confirm it by typing {wanted.typed} (in scripts: --confirm {wanted.typed})"
        if wanted.typed == UNKNOWN:
            ways += ", or add the price to your own price table (prices in the settings)"
        raise ConfirmationError(wanted.why, advice=f"{ways}.", typed=wanted.typed)


def _within(
    limit_usd: Decimal | None,
    spent: Spent,
    high_usd: Decimal,
    unknown: int,
    period: str,
    setting: str,
) -> str:
    """Return why nobody knows whether a limit is kept; empty if it is.

    Raises:
        BudgetError: if it could be passed now.
    """
    if limit_usd is None:
        return ""
    may_be_spent = f"may be spent {period}" if period else "this may cost"
    if unknown:
        raise BudgetError(
            f"What this will cost is not known, and ${dollars(limit_usd)} is all that "
            f"{may_be_spent}.",
            advice="Add the price to your own price table (prices in the settings).",
        )
    if spent.high_usd + high_usd > limit_usd:
        so_far = (
            f"${dollars(spent.high_usd)} of the ${dollars(limit_usd)} that {may_be_spent} are gone"
            if period
            else f"the budget is ${dollars(limit_usd)}"
        )
        raise BudgetError(
            f"This may cost ${dollars(high_usd)}; {so_far}.",
            advice=f"Raise {setting}{' in the settings' if period else ''}, or spend less.",
        )
    if not spent.unknown:
        return ""
    costs = "1 cost" if spent.unknown == 1 else f"{spent.unknown:,} costs"
    return (
        f"{costs} of {period} {'is' if spent.unknown == 1 else 'are'} not known, so the limit of "
        f"${dollars(limit_usd)} may have been reached already."
    )


def _amount(text: str) -> Decimal | None:
    """Read a typed sum; none if it is none."""
    try:
        amount = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
