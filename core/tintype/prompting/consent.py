"""What has been spent on questions in a session, and when a person must be asked first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tintype.budget import UNKNOWN, Demand, dollars
from tintype.prompting.foreseeing import Foreseen, total


@dataclass(frozen=True, slots=True)
class SessionSpending:
    """Money spent on answers since the app was opened, and what the person agreed to."""

    spent_usd: Decimal = Decimal(0)
    """As far as it is known."""
    unknown: int = 0
    """Answers of unknown cost."""
    agreed_usd: Decimal = Decimal(0)
    """What may be spent by the person's last word; each further limit's worth is asked about."""
    agreed_models: frozenset[str] = frozenset()
    """Models without a known price that may be asked all the same."""

    def answered(self, cost_usd: Decimal | None) -> "SessionSpending":
        """Add what an answer cost; none is unknown, not nothing."""
        return replace(
            self,
            spent_usd=self.spent_usd + (cost_usd or 0),
            unknown=self.unknown + (cost_usd is None),
        )

    def demanded(
        self, foreseen: Sequence[Foreseen], limit_usd: Decimal, demand: Demand | None = None
    ) -> Demand | None:
        """Return what a person must type before a question is sent; none if nothing.

        It is wanted for each limit's worth of questions, and once for each model without a price.

        Args:
            foreseen: What the question would cost, for each model.
            limit_usd: How much may be spent without asking, in US dollars.
            demand: What the budget wants confirmed for this question alone; none if nothing.
        """
        _, most, _ = total(foreseen)
        spent = self.spent_usd + most
        dear = bool(spent) and spent >= self.agreed_usd + limit_usd
        if demand is not None:  # an unknown price may have been agreed to
            dear = dear or demand.typed != UNKNOWN or demand.by_typing
        if not dear and _blind(foreseen) <= self.agreed_models:
            return None
        return demand or Demand(dollars(most).replace(",", ""), "")

    def consented(self, foreseen: Sequence[Foreseen]) -> "SessionSpending":
        """Note that a person agreed to this question."""
        _, most, _ = total(foreseen)
        return replace(
            self,
            agreed_usd=self.spent_usd + most,
            agreed_models=self.agreed_models | _blind(foreseen),
        )


def _blind(foreseen: Sequence[Foreseen]) -> frozenset[str]:
    return frozenset(one.model for one in foreseen if one.likely_usd is None)
