"""Rows that a person has marked: laid over a dataset, whose file is never touched."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from tintype.store.database import Database


class KeptMarks:
    """Marks, by the line in one version of a file.

    A version is named by its fingerprint (`Dataset.fingerprint`): when the file has changed, its
    lines may be others, so its marks stay with the version that they were made on.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, path: Path, fingerprint: str) -> dict[int, str]:
        """The lines marked, 1-based, each with its reason, which may be empty."""
        rows = self._database.run(
            "SELECT line, reason FROM marks WHERE path = ? AND fingerprint = ? ORDER BY line",
            (str(path), fingerprint),
        )
        return {row["line"]: row["reason"] for row in rows}

    def of_other_versions(self, path: Path, fingerprint: str) -> int:
        """How many lines are marked in other versions of a file."""
        rows = self._database.run(
            "SELECT count(*) AS lines FROM marks WHERE path = ? AND fingerprint != ?",
            (str(path), fingerprint),
        )
        return int(rows[0]["lines"])

    def change(
        self,
        path: Path,
        fingerprint: str,
        *,
        marked: Mapping[int, str],
        unmarked: Iterable[int] = (),
        at: datetime,
    ) -> None:
        """Mark some lines, each with a reason, and unmark others: all of it or nothing."""
        with self._database.changing():
            self._database.run_each(
                "DELETE FROM marks WHERE path = ? AND fingerprint = ? AND line = ?",
                ((str(path), fingerprint, line) for line in unmarked),
            )
            self._database.run_each(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)",
                (
                    (str(path), fingerprint, line, reason, at.timestamp())
                    for line, reason in marked.items()
                ),
            )
