"""Small things to find again: recent datasets, drafts, queries, and how the session stood."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tintype.store.database import Database
from tintype.store.packing import moment


@dataclass(frozen=True, slots=True)
class RecentDataset:
    """A dataset that was opened."""

    path: Path
    opened_at: datetime
    size_bytes: int
    rows: int | None = None
    """None until it has been indexed to its end."""
    title: str = ""


class DatasetTable:
    """Recent datasets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def opened(self, dataset: RecentDataset) -> None:
        """Put a dataset on top of the list; what is not known now keeps its last value."""
        self._database.run(
            "INSERT INTO datasets (path, opened_at, rows, size_bytes, title) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
            "opened_at = excluded.opened_at, size_bytes = excluded.size_bytes, "
            "rows = coalesce(excluded.rows, rows), "
            "title = CASE excluded.title WHEN '' THEN title ELSE excluded.title END",
            (
                str(dataset.path),
                dataset.opened_at.timestamp(),
                dataset.rows,
                dataset.size_bytes,
                dataset.title,
            ),
        )

    def newest(self, limit: int = 20) -> tuple[RecentDataset, ...]:
        """List datasets, the last opened first; whether they still exist is not looked at."""
        return tuple(
            self._database.fetch(
                "SELECT * FROM datasets ORDER BY opened_at DESC, path LIMIT ?",
                (limit,),
                lambda row: RecentDataset(
                    Path(row["path"]),
                    moment(row["opened_at"]),
                    row["size_bytes"],
                    row["rows"],
                    row["title"],
                ),
            )
        )

    def forget(self, path: Path) -> None:
        """Take a dataset off the list; the file is not touched."""
        self._database.run("DELETE FROM datasets WHERE path = ?", (str(path),))


class NoteTable:
    """Drafts and session state: small JSON by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, name: str, default: Any = None) -> Any:
        """Read a note, or the default if there is none."""
        found = self._database.fetch(
            "SELECT value FROM notes WHERE name = ?", (name,), lambda row: json.loads(row["value"])
        )
        return found[0] if found else default

    def write(self, name: str, value: Any, written_at: datetime) -> None:
        """Write a note in place of an earlier one; none removes it."""
        if value is None:
            self._database.run("DELETE FROM notes WHERE name = ?", (name,))
            return
        self._database.run(
            "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)",
            (name, json.dumps(value), written_at.timestamp()),
        )


class ArchiveTable:
    """Archives that were kept into: notes of their own kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> dict[Path, str]:
        """The profile that was kept into each, by the archive's absolute path; the newest last."""
        found = self._database.fetch(
            "SELECT substr(notes.name, 9) AS path, json_extract(notes.value, '$') AS profile, "
            "written_at FROM notes WHERE substr(notes.name, 1, 8) = 'archive:' "
            "UNION ALL SELECT each.value, each.key, written_at "  # as they were noted first
            "FROM notes, json_each(notes.value) AS each WHERE notes.name = 'archives' "
            "ORDER BY written_at",
            (),
            lambda row: (Path(row["path"]), str(row["profile"])),
        )
        return dict(found)

    def kept(self, path: Path, profile: str, at: datetime) -> None:
        """Note that a profile is kept into an archive.

        Args:
            path: Absolute; a folder or a file.
            profile: By its name.
            at: When.
        """
        self._database.run(
            "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)",
            (f"archive:{path}", json.dumps(profile), at.timestamp()),
        )


class QueryTable:
    """Queries that a person saved under names: notes of their own kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> dict[str, str]:
        """All of them, by name."""
        found = self._database.fetch(
            "SELECT name, value FROM notes WHERE substr(name, 1, 6) = 'query:' ORDER BY name",
            (),
            lambda row: (row["name"].removeprefix("query:"), str(json.loads(row["value"]))),
        )
        return dict(found)

    def save(self, name: str, query: str, at: datetime) -> None:
        """Save a query in place of an earlier one of this name."""
        self._database.run(
            "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)",
            (f"query:{name}", json.dumps(query), at.timestamp()),
        )

    def forget(self, name: str) -> None:
        """Delete a query."""
        self._database.run("DELETE FROM notes WHERE name = ?", (f"query:{name}",))
