"""The ledger: what was spent, and what was spent without anybody knowing how much."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from sqlite3 import Row
from typing import Literal

from tintype.store.database import Database
from tintype.store.packing import moment

Kind = Literal["training", "inference"]


@dataclass(frozen=True, slots=True)
class Spending:
    """One entry."""

    at: datetime
    profile: str
    model: str
    kind: Kind
    subject: str
    """The job's id, or the answer's; a later entry on the same subject replaces the earlier."""
    tokens: int | None
    cost_usd: Decimal | None
    """None is unknown, not nothing."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum of entries."""

    known_usd: Decimal
    unknown: int
    """How many entries have no known cost: the sum is at least `known_usd`."""


def month_of(now: datetime) -> datetime:
    """The beginning of a moment's calendar month, where the moment's clock hangs."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class SpendingShelf:
    """Entries by time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Spending) -> None:
        """Enter what was spent."""
        self._database.run(
            "INSERT OR REPLACE INTO spending "
            "(at, profile, model, kind, subject, tokens, cost_usd) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at.timestamp(),
                entry.profile,
                entry.model,
                entry.kind,
                entry.subject,
                entry.tokens,
                None if entry.cost_usd is None else str(entry.cost_usd),
            ),
        )

    def entries(
        self, since: datetime | None = None, *, profile: str | None = None
    ) -> tuple[Spending, ...]:
        """List entries, oldest first."""
        rows = self._database.run(
            "SELECT * FROM spending WHERE at >= :since "
            "AND (:profile IS NULL OR profile = :profile) ORDER BY at, id",
            {"since": since.timestamp() if since else 0.0, "profile": profile},
        )
        return tuple(map(_entry, rows))

    def total(self, since: datetime | None = None, *, profile: str | None = None) -> Spent:
        """Sum up, exactly: SQL would add floats."""
        costs = [entry.cost_usd for entry in self.entries(since, profile=profile)]
        known = [cost for cost in costs if cost is not None]
        return Spent(sum(known, Decimal(0)), len(costs) - len(known))


def _entry(row: Row) -> Spending:
    cost = row["cost_usd"]
    return Spending(
        moment(row["at"]),
        row["profile"],
        row["model"],
        row["kind"],
        row["subject"],
        row["tokens"],
        None if cost is None else Decimal(cost),
    )
