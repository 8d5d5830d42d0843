"""What a person says of a job: pinned, tags, a note, archived."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row

from tintype.store.database import Database


@dataclass(frozen=True, slots=True)
class Labels:
    """What a person says of a job."""

    pinned: bool = False
    """Listed before all others."""
    tags: tuple[str, ...] = ()
    """Words, each once, sorted."""
    note: str = ""
    archived: bool = False
    """Not listed unless it is asked for."""


class LabelTable:
    """Labels by profile and job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Mapping[tuple[str, str], Labels]:
        """Return the labels of all jobs that have any, by profile and id."""
        return dict(self._database.fetch("SELECT * FROM job_labels", (), _labelled))

    def of(self, profile: str, job_id: str) -> Labels:
        """Return the labels of a job."""
        found = self._database.fetch(
            "SELECT * FROM job_labels WHERE profile = ? AND job_id = ?",
            (profile, job_id),
            _labelled,
        )
        return found[0][1] if found else Labels()

    def put(self, profile: str, job_id: str, labels: Labels) -> Labels:
        """Set the labels of a job; return what they were before, so that it can be undone."""
        with self._database.changing():
            before = self.of(profile, job_id)
            self._database.run(
                "INSERT OR REPLACE INTO job_labels VALUES (?, ?, ?, ?, ?, ?)",
                (
                    profile,
                    job_id,
                    labels.pinned,
                    json.dumps(sorted(set(labels.tags))),
                    labels.note,
                    labels.archived,
                ),
            )
        return before


def _labelled(row: Row) -> tuple[tuple[str, str], Labels]:
    labels = Labels(
        bool(row["pinned"]), tuple(json.loads(row["tags"])), row["note"], bool(row["archived"])
    )
    return (row["profile"], row["job_id"]), labels
