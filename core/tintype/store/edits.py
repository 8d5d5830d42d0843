"""Edited rows, step by step: each step is written whole, undone and done again as one."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.store.database import Database

if TYPE_CHECKING:
    from tintype.dataset.edits import EditedRow


@dataclass(frozen=True, slots=True)
class KeptEdits:
    """All that is known of the edits of a file."""

    version: str = ""
    """Of the file that the lines are of; empty if nothing was ever edited."""
    rows: tuple["EditedRow", ...] = ()
    """Each edited row as it stands by now, those back to the file's own among them."""
    every: tuple["EditedRow", ...] = ()
    """One for each row that was ever edited, undone steps too; their text says nothing."""
    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    """What `undo` takes back and `redo` does again, the next one last."""


class EditTable:
    """Edits, by the path of their file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, path: Path) -> KeptEdits:
        """Return what is known of a file's edits."""
        name = (str(path),)
        versions = self._database.run("SELECT version FROM edited_files WHERE path = ?", name)
        if not versions:
            return KeptEdits()
        now = (
            "SELECT line, key, text, max(id) FROM edited_rows JOIN edits ON edit = id "
            "WHERE path = ? AND NOT undone GROUP BY line ORDER BY line"
        )
        ever = (
            "SELECT line, key, NULL AS text FROM edited_rows JOIN edits ON edit = id "
            "WHERE path = ? GROUP BY line ORDER BY line"
        )
        steps = self._database.run(
            "SELECT what, undone FROM edits WHERE path = ? ORDER BY id", name
        )
        return KeptEdits(
            versions[0]["version"],
            tuple(self._database.fetch(now, name, _row)),
            tuple(self._database.fetch(ever, name, _row)),
            tuple(step["what"] for step in steps if not step["undone"]),
            tuple(step["what"] for step in reversed(steps) if step["undone"]),
        )

    def add(
        self, path: Path, version: str, what: str, rows: Iterable["EditedRow"], *, at: datetime
    ) -> None:
        """Write down a step; what was undone before it cannot be done again."""
        name, database = str(path), self._database
        with database.changing():
            database.run("INSERT OR REPLACE INTO edited_files VALUES (?, ?)", (name, version))
            database.run("DELETE FROM edits WHERE path = ? AND undone", (name,))
            database.run(
                "INSERT INTO edits (path, what, edited_at) VALUES (?, ?, ?)",
                (name, what, at.timestamp()),
            )
            (step,) = database.run("SELECT last_insert_rowid() AS id")
            database.run_each(
                "INSERT INTO edited_rows VALUES (?, ?, ?, ?)",
                ((step["id"], row.line, row.key, row.text) for row in rows),
            )

    def undo(self, path: Path) -> str:
        """Take the latest step back and return what it was; empty if there is none."""
        return self._turn(path, "max", undone=True)

    def redo(self, path: Path) -> str:
        """Do again what was taken back last and return what it was; empty if nothing was."""
        return self._turn(path, "min", undone=False)

    def move(self, path: Path, version: str, lines: Mapping[int, int]) -> None:
        """Note in which lines of another version of the file the edited rows stand.

        Args:
            path: The file.
            version: Of the file as it is now.
            lines: Line before → line now, for every row that was ever edited.
        """
        name, database = str(path), self._database
        with database.changing():
            database.run("INSERT OR REPLACE INTO edited_files VALUES (?, ?)", (name, version))
            if all(before == now for before, now in lines.items()):
                return
            rows = database.run(
                "SELECT edit, line, key, text FROM edited_rows JOIN edits ON edit = id "
                "WHERE path = ?",
                (name,),
            )
            database.run(
                "DELETE FROM edited_rows WHERE edit IN (SELECT id FROM edits WHERE path = ?)",
                (name,),
            )
            database.run_each(
                "INSERT INTO edited_rows VALUES (?, ?, ?, ?)",
                ((row["edit"], lines[row["line"]], row["key"], row["text"]) for row in rows),
            )

    def _turn(self, path: Path, which: str, *, undone: bool) -> str:
        name, database = str(path), self._database
        with database.changing():
            found = database.run(
                f"SELECT {which}(id) AS id FROM edits WHERE path = ? AND undone = ?",
                (name, not undone),
            )
            if found[0]["id"] is None:
                return ""
            step = (found[0]["id"],)
            database.run(f"UPDATE edits SET undone = {undone:d} WHERE id = ?", step)
            what: str = database.run("SELECT what FROM edits WHERE id = ?", step)[0]["what"]
            return what


def _row(row: sqlite3.Row) -> "EditedRow":
    from tintype.dataset.edits import EditedRow

    return EditedRow(row["line"], row["key"], row["text"])
