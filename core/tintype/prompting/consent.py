"""What has been spent on questions in a session, and when a person must be asked first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tintype.budget import UNKNOWN, Demand, dollars
from tintype.errors import BudgetError
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
    cap_usd: Decimal | None = None
    """What may be spent on answers until the app is closed; none is no cap."""

    def require(self, foreseen: Sequence[Foreseen]) -> None:
        """Refuse a question that could lead beyond the cap of the session.

        Raises:
            BudgetError: if it could, or if its cost is unknown while there is a cap.
        """
        if self.cap_usd is None:
            return
        _, most, unknown = total(foreseen)
        if unknown:
            raise BudgetError(
                f"What {', '.join(sorted(_blind(foreseen)))} costs is unknown, so the session's "
                f"cap of ${dollars(self.cap_usd)} cannot be kept.",
                advice="Take the cap away, or name a price under `prices` in the configuration.",
            )
        if most and self.spent_usd + most > self.cap_usd:
            raise BudgetError(
                f"This may cost up to ${dollars(most)}, and ${dollars(self.spent_usd)} of the "
                f"session's cap of ${dollars(self.cap_usd)} are spent.",
                advice="Raise the session's cap, or ask less.",
            )

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
