"""The folder everything is kept in, once it is open (`opening`).

    token        the key clients must show, 0600
    lock         held by the server for life: two never share a folder
    server.json  where the running server listens (`run`)
    server.db    SQLite
    files/       uploaded files and results, named by id
    uploads/     parts of files, named by id
    completions/ stored questions and answers, named by id
    jobs/        a folder per job: `tintype.engines.launch`
    models/      weights of models that were put back from an archive: `weights`
    incoming/    bodies still being received; emptied at each start
    reserve      space for the case that the disk is full (`storage`)

Names that come from outside are kept in the database only; on disk everything has an id of ours.
The database runs in WAL mode with `synchronous=NORMAL`: nothing is lost when the process is killed;
if the power fails, the last moments may be, never the whole. It is used from the event loop: its
writes cost tens of microseconds.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from tintype.errors import RefusalError
from tintype.server.records import (
    CheckpointRecord,
    Completion,
    EventRecord,
    File,
    JobRecord,
    Part,
    Record,
    Tuned,
    UploadRecord,
)

R = TypeVar("R", bound=Record)

_TABLES: Mapping[type[Any], str] = {
    File: "file",
    UploadRecord: "upload",
    Part: "part",
    JobRecord: "job",
    EventRecord: "event",
    CheckpointRecord: "checkpoint",
    Tuned: "model",
    Completion: "completion",
}
_JSON = frozenset(
    ["part_ids", "asked", "metadata", "resolved", "result_files", "error", "data", "metrics"],
)
"""Columns that hold JSON."""


class State:
    """The server's memory. One process, one thread."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, token: str) -> None:
        self.folder = folder
        self.token = token
        self._connection = connection

    def file_path(self, id: str) -> Path:
        """Where a file's bytes are."""
        return self.folder / "files" / id

    def part_path(self, id: str) -> Path:
        """Where a part's bytes are."""
        return self.folder / "uploads" / id

    def completion_path(self, id: str) -> Path:
        """Where a stored completion is."""
        return self.folder / "completions" / id

    def job_folder(self, id: str) -> Path:
        """What server and trainer share."""
        return self.folder / "jobs" / id

    def incoming_path(self) -> Path:
        """A new place for a body that is being received."""
        return self.folder / "incoming" / secrets.token_hex(8)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:  # SQLite may have rolled it back: the disk is full
                self._connection.execute("rollback")
            raise

    def add(self, record: Record, *, once: bool = False) -> bool:
        """Keep a new record; with `once`, leave one that conflicts as it is. Returns if kept.

        What a trainer reports is read a moment later than it was written; an event is never older
        than the one before it, so that order and times agree.
        """
        if isinstance(record, EventRecord):
            latest = self._connection.execute(
                "select created_at from event where job_id = ? order by seq desc limit 1",
                (record.job_id,),
            ).fetchone()
            if latest is not None and latest[0] > record.created_at:
                record = replace(record, created_at=latest[0])
        names = [field.name for field in fields(record) if field.name != "seq"]
        marks = ", ".join("?" * len(names))
        done = self._connection.execute(
            f"insert {'or ignore ' if once else ''}into {_TABLES[type(record)]} "
            f"({', '.join(names)}) values ({marks})",
            [_encode(name, getattr(record, name)) for name in names],
        )
        return done.rowcount > 0

    def change(self, record: R, **changes: Any) -> R:
        """Change some fields of a record that is kept; returns the new record."""
        if changes:
            self._connection.execute(
                f"update {_TABLES[type(record)]} set "
                f"{', '.join(f'{name} = ?' for name in changes)} where id = ?",
                [*(_encode(name, value) for name, value in changes.items()), record.id],
            )
        return replace(record, **changes)

    def remove(self, record: Record) -> None:
        """Forget a record."""
        self._connection.execute(f"delete from {_TABLES[type(record)]} where id = ?", [record.id])

    def find(self, kind: type[R], id: str) -> R | None:
        """The record with this id."""
        return next(iter(self.all(kind, id=id)), None)

    def all(self, kind: type[R], *, newest_first: bool = False, **where: Any) -> Iterator[R]:
        """Every record whose fields have these values, in order of arrival."""
        condition = " and ".join(f"{name} is ?" for name in where) or "1"
        rows = self._connection.execute(
            f"select * from {_TABLES[kind]} where {condition} "
            f"order by seq {'desc' if newest_first else 'asc'}",
            list(where.values()),
        )
        return (_decode(kind, row) for row in rows)

    def page(
        self,
        kind: type[R],
        *,
        limit: int,
        after: str | None = None,
        newest_first: bool = True,
        match: Callable[[R], bool] = lambda record: True,
        **where: Any,
    ) -> tuple[list[R], bool]:
        """Up to `limit` records beyond the one named `after`, and whether there are more.

        Raises:
            RefusalError: 404, if `after` names nothing in this list.
        """
        found: list[R] = []
        for record in self._beyond(kind, after, newest_first, where):
            if match(record):
                if len(found) == limit:
                    return found, True
                found.append(record)
        return found, False

    def _beyond(
        self, kind: type[R], after: str | None, newest_first: bool, where: Mapping[str, Any]
    ) -> Iterator[R]:
        table = _TABLES[kind]
        condition = " and ".join(f"{name} is ?" for name in where) or "1"
        values = list(where.values())
        if after is not None:
            row = self._connection.execute(
                f"select seq from {table} where id = ? and {condition}", [after, *values]
            ).fetchone()
            if row is None:
                raise RefusalError(404, f"There is no '{after[:100]}' in this list.", param="after")
            condition += f" and seq {'<' if newest_first else '>'} {row[0]}"
        rows = self._connection.execute(
            f"select * from {table} where {condition} "
            f"order by seq {'desc' if newest_first else 'asc'}",
            values,
        )
        return (_decode(kind, row) for row in rows)


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def _encode(name: str, value: Any) -> Any:
    if name in _JSON and value is not None:
        return json.dumps(value, default=dict, allow_nan=False)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a surrogate pair is no text
    return value


def _decode(kind: type[R], row: sqlite3.Row) -> R:
    values: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118  (a Row is no dict)
    for name in _JSON & values.keys():
        if values[name] is not None:
            values[name] = json.loads(values[name])
    return kind(**values)
