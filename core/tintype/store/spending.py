"""The ledger: what was spent, what is expected to be, and what nobody knows the cost of."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from sqlite3 import Row
from typing import Literal

from tintype.store.database import Database
from tintype.store.packing import moment

Kind = Literal["training", "inference"]
State = Literal["settled", "expected", "in doubt"]


@dataclass(frozen=True, slots=True)
class Spending:
    """One entry of the ledger."""

    at: datetime
    profile: str
    model: str
    kind: Kind
    subject: str
    """The id of the job or question; a later entry on the same subject replaces the earlier."""
    tokens: int | None
    cost_usd: Decimal | None
    """None is unknown, not nothing."""
    state: State = "settled"
    """`settled`: as billed. `expected`: entered before it was spent. `in doubt`: a job of which
    nobody knows whether it was created."""
    high_usd: Decimal | None = None
    """The most it may come to; none when settled or unknown."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Totals of ledger entries, in US dollars."""

    known_usd: Decimal
    """Settled and expected costs together, the expected ones at their likely value."""
    unknown: int
    """How many entries have no known cost: the total is at least `known_usd`."""
    expected_usd: Decimal = Decimal(0)
    """The part of `known_usd` that is not settled yet."""
    margin_usd: Decimal = Decimal(0)
    """How much more the expected ones may come to."""
    in_doubt: int = 0
    """How many jobs may or may not have been created."""

    @property
    def settled_usd(self) -> Decimal:
        """What the provider has billed."""
        return self.known_usd - self.expected_usd

    @property
    def high_usd(self) -> Decimal:
        """The most that the known entries may come to."""
        return self.known_usd + self.margin_usd


def day_of(now: datetime) -> datetime:
    """Return the beginning of a moment's calendar day, in the moment's own time zone."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime) -> datetime:
    """Return the beginning of a moment's calendar month, in the moment's own time zone."""
    return day_of(now).replace(day=1)


def total_of(entries: Iterable[Spending]) -> Spent:
    """Add entries up, exactly."""
    known = expected = margin = Decimal(0)
    unknown = in_doubt = 0
    for entry in entries:
        in_doubt += entry.state == "in doubt"
        if entry.cost_usd is None:
            unknown += 1
            continue
        known += entry.cost_usd
        if entry.state != "settled":
            expected += entry.cost_usd
            margin += max(Decimal(0), (entry.high_usd or entry.cost_usd) - entry.cost_usd)
    return Spent(known, unknown, expected, margin, in_doubt)


class Ledger:
    """What was spent, by time. Every method may raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changing(self) -> AbstractContextManager[None]:
        """Read and write as one step, which no other process can come between."""
        return self._database.changing()

    def add(self, entry: Spending) -> None:
        """Enter a cost, in place of an earlier entry on the same subject."""
        self._database.run(
            "INSERT OR REPLACE INTO spending "
            "(at, profile, model, kind, subject, tokens, cost_usd, state, high_usd) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at.timestamp(),
                entry.profile,
                entry.model,
                entry.kind,
                entry.subject,
                entry.tokens,
                _written(entry.cost_usd),
                entry.state,
                _written(entry.high_usd),
            ),
        )

    def find(self, profile: str, kind: Kind, subject: str) -> Spending | None:
        """Return the entry on a subject."""
        found = self._database.fetch(
            "SELECT * FROM spending WHERE profile = ? AND kind = ? AND subject = ?",
            (profile, kind, subject),
            _entry,
        )
        return found[0] if found else None

    def open(self, profile: str, kind: Kind) -> dict[str, Spending]:
        """Return the entries of a profile that are not settled, by subject."""
        found = self._database.fetch(
            "SELECT * FROM spending WHERE profile = ? AND kind = ? AND state != 'settled'",
            (profile, kind),
            _entry,
        )
        return {entry.subject: entry for entry in found}

    def settle(self, entry: Spending, tokens: int | None, cost_usd: Decimal | None) -> None:
        """Enter what an entry came to, at the moment it was first entered."""
        self.add(replace(entry, tokens=tokens, cost_usd=cost_usd, state="settled", high_usd=None))

    def remove(self, profile: str, kind: Kind, subject: str) -> None:
        """Strike out an entry: nothing was spent."""
        self._database.run(
            "DELETE FROM spending WHERE profile = ? AND kind = ? AND subject = ?",
            (profile, kind, subject),
        )

    def entries(
        self, since: datetime | None = None, *, profile: str | None = None
    ) -> tuple[Spending, ...]:
        """List entries, oldest first."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM spending WHERE at >= :since "
                "AND (:profile IS NULL OR profile = :profile) ORDER BY at, id",
                {"since": since.timestamp() if since else 0.0, "profile": profile},
                _entry,
            )
        )

    def total(self, since: datetime | None = None, *, profile: str | None = None) -> Spent:
        """Add up the entries since a moment, exactly: SQL would add floats."""
        return total_of(self.entries(since, profile=profile))


def _written(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _entry(row: Row) -> Spending:
    return Spending(
        moment(row["at"]),
        row["profile"],
        row["model"],
        row["kind"],
        row["subject"],
        row["tokens"],
        _amount(row["cost_usd"]),
        row["state"],
        _amount(row["high_usd"]),
    )
