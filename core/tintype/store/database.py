"""One SQLite file: opened, brought to the present version, and its errors as sentences.

Small statements run on the event loop (12 µs each); large ones in a thread, on a connection of
their own (`apart`), which write-ahead logging lets read while others write. Two processes may use
one file: a writer waits for the other, and migrations happen under the write lock.
"""

import asyncio
import errno
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tintype.errors import StoreError
from tintype.store.migrating import APPLICATION_ID, migrate, migrations

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]

_WAIT_S = 3.0


class Database:
    """A connection to the file, and the only place that speaks SQL's errors.

    Threads use it in turn: SQLite ends the process if it is closed amid another's statement.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = _opened(path)
        self._closed = False
        self._turn = threading.RLock()

    def close(self) -> None:
        """Close the file; what was written stays."""
        with self._turn:
            self._connection.close()
            self._closed = True

    def run(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Run one statement and fetch all it gives.

        Raises:
            StoreError: if the file is damaged, locked for too long, or the disk is full.
        """
        with self._turn, self._translated():
            return _executed(self._connection, sql, parameters).fetchall()

    def run_each(self, sql: str, each: Iterable[Sequence[Any]]) -> None:
        """Run one statement many times.

        Raises:
            StoreError: as `run`.
        """
        with self._turn, self._translated():
            self._connection.executemany(sql, map(_storable, each))

    def fetch(self, sql: str, parameters: Parameters, read: Callable[[sqlite3.Row], T]) -> list[T]:
        """Run one statement and make a value of each row it gives.

        Raises:
            StoreError: as `run`; or if a value was written by a newer Tintype.
        """
        rows = self.run(sql, parameters)
        with understood(self.path):
            return [read(row) for row in rows]

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Several statements as one: all of them or none."""
        with self._turn:
            self.run("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(StoreError):
                    self.run("ROLLBACK")
                raise
            self.run("COMMIT")

    async def apart(
        self, sql: str, parameters: Parameters, read: Callable[[sqlite3.Row], T]
    ) -> list[T]:
        """Fetch and read many rows in a thread."""

        def fetch() -> list[T]:
            with (
                self._translated(),
                closing(_connected(self.path)) as connection,
                understood(self.path),
            ):
                return [read(row) for row in _executed(connection, sql, parameters)]

        return await asyncio.to_thread(fetch)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"{self.path} has been closed.", advice="Open it again.")
        with translated(self.path):
            yield


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what reading a stored value raises into a `StoreError`: it is from a newer Tintype."""
    try:
        yield
    except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError) as error:
        raise StoreError(
            f"{path} holds a value that this Tintype cannot read: a newer one wrote it.",
            advice="Use the newer Tintype, or set TINTYPE_HOME to another folder.",
        ) from error


def _executed(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, parameters)
    except UnicodeEncodeError:  # a lone surrogate, from somebody's JSON
        return connection.execute(sql, _storable(parameters))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into sentences; a mistake in our own SQL stays what it is."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except sqlite3.OperationalError as error:
        raise _operational(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def _operational(path: Path, error: sqlite3.OperationalError) -> StoreError:
    code = error.sqlite_errorcode & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{path} has been held by another program for more than {_WAIT_S:.0f} s.",
            advice="Close it, or try again.",
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The disk is full: {path} was not changed.", advice="Free some space, then try again."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreError(
            f"{path} cannot be opened for writing.",
            advice="Check the permissions of the file and its folder.",
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"The disk failed at {path} ({error}).", advice="Check the disk.")
    if code == sqlite3.SQLITE_ERROR:
        return _damaged(path, error)  # a table that should be there is not
    return StoreError(f"{path} cannot be used ({error}).")


def _damaged(path: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"{path} is damaged ({error}).",
        advice="It was left unchanged. Move it away to start a new one; "
        f"`sqlite3 {path.name} .recover` may recover its content.",
    )


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # With a write-ahead log this survives a crash of the program; of the machine, it may lose the
    # last moments but does not damage the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _opened(path: Path) -> sqlite3.Connection:
    """Create the file if it is not there, private, and bring it to the present version."""
    _prepare(path)
    with translated(path):
        connection = _connected(path)
        try:
            _refuse_foreign(connection, path)
            _log_ahead(connection)
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; for this one step SQLite does not wait for others itself."""
    for attempts_left in reversed(range(60)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not attempts_left:
                raise
            time.sleep(0.05)


def _prepare(path: Path) -> None:
    """Create the file, private; one that is there is never opened here.

    A process that closes any descriptor of a file loses all its locks on it, SQLite's too, and
    another one would remove the log that is still written to.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path.resolve(), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            facts = path.stat()
            if not stat.S_ISREG(facts.st_mode):
                raise StoreError(f"{path} is not a file.", advice="Move it away.") from None
            if not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
            if facts.st_mode & 0o077:
                path.chmod(0o600)  # its log files take their mode from it
    except OSError as error:
        raise StoreError(
            f"{path} cannot be opened: {error.strerror}.",
            advice="Check the permissions of its folder, or set TINTYPE_HOME to another.",
        ) from error


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what a newer Tintype or another program has written, before changing anything."""
    connection.execute("BEGIN")  # of one moment: another process may be creating the file
    try:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.execute("ROLLBACK")
    if mark != APPLICATION_ID and (mark or version or tables):
        raise StoreError(
            f"{path} is the database of another program.",
            advice="Move it away, or set TINTYPE_HOME to another folder.",
        )
    latest = max(migrations())
    if version > latest:
        raise StoreError(
            f"{path} was written by a newer Tintype (version {version}, this one knows {latest}).",
            advice="Use the newer Tintype, or set TINTYPE_HOME to another folder.",
        )


def _storable(parameters: Parameters) -> Parameters:
    """The same values with every lone surrogate replaced."""

    def replaced(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    if isinstance(parameters, Mapping):
        return {name: replaced(value) for name, value in parameters.items()}
    return [replaced(value) for value in parameters]
