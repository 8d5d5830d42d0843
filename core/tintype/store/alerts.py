"""What somebody is to be notified of: once for each job and rule, whoever found it first."""

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Literal

from tintype.store.database import Database
from tintype.store.packing import moment


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to notify somebody of."""

    profile: str
    job_id: str
    rule: str
    """Its name, such as `nan`; with a job, it makes the alert unique."""
    raised_at: datetime
    words: str
    """A sentence."""


class AlertTable:
    """Alerts by job and rule."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raise_once(self, alert: Alert) -> bool:
        """Keep an alert; false if one of this job and rule is here already."""
        rows = self._database.run(
            "INSERT OR IGNORE INTO alerts (profile, job_id, rule, raised_at, words) "
            "VALUES (?, ?, ?, ?, ?) RETURNING rule",
            (alert.profile, alert.job_id, alert.rule, alert.raised_at.timestamp(), alert.words),
        )
        return bool(rows)

    def of(self, profile: str, job_id: str) -> tuple[Alert, ...]:
        """List the alerts of a job, oldest first."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM alerts WHERE profile = ? AND job_id = ? ORDER BY raised_at, rule",
                (profile, job_id),
                _alert,
            )
        )

    def unsent(self, profile: str) -> tuple[Alert, ...]:
        """List the alerts of a profile that have not gone to webhook and command, oldest first."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM alerts WHERE profile = ? AND sent = 0 ORDER BY raised_at, rule",
                (profile,),
                _alert,
            )
        )

    def claim(self, alert: Alert, way: Literal["sent", "rung"]) -> bool:
        """Take an alert to deliver it; false if another process has it. Nobody else will get it."""
        rows = self._database.run(
            f"UPDATE alerts SET {way} = 1 WHERE profile = ? AND job_id = ? AND rule = ? "
            f"AND {way} = 0 RETURNING rule",
            (alert.profile, alert.job_id, alert.rule),
        )
        return bool(rows)

    def claim_rings(self, since: datetime) -> tuple[Alert, ...]:
        """Take all alerts raised since a moment that no terminal has rung for, oldest first."""
        found = self._database.fetch(
            "SELECT * FROM alerts WHERE rung = 0 AND raised_at >= ? ORDER BY raised_at, rule",
            (since.timestamp(),),
            _alert,
        )
        return tuple(alert for alert in found if self.claim(alert, "rung"))


def _alert(row: Row) -> Alert:
    return Alert(row["profile"], row["job_id"], row["rule"], moment(row["raised_at"]), row["words"])
