"""The store brought to the present version, step by step."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

APPLICATION_ID = 0x54494E54
"""`TINT` in the file's header: tells our file from another program's."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrations() -> dict[int, str]:
    """The numbered steps from nothing to the present, as SQL."""
    return {
        int(path.name[:4]): path.read_text(encoding="utf-8")
        for path in sorted(_MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    }


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing; of two processes one takes them and the other waits."""
    steps = migrations()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == max(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number in sorted(steps):
            if number > version:
                for statement in _statements(steps[number]):
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {max(steps)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
