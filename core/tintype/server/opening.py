"""The server's folder, opened: its lock taken, its key read or made, its database connected.

Whatever is wrong with it is found out here, and said in a sentence.
"""

import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tintype.engines.lora.bases import BASES
from tintype.errors import StoreError
from tintype.server.address import ADDRESS, LOCK, LOG, TOKEN, read_address
from tintype.server.state import State

DATABASE = "server.db"
RESERVE = "reserve"
FOLDERS = ("files", "uploads", "jobs", "models", "completions", "incoming")
OURS = frozenset(
    {
        *(DATABASE, LOCK, TOKEN, ADDRESS, LOG, RESERVE, BASES, *FOLDERS),
        *("token.new", "server.json.new", f"{BASES}.new"),
    }
)

_MIGRATIONS = (
    """
    create table file (seq integer primary key autoincrement, id text unique not null, created_at,
        filename, purpose, bytes, expires_at, deleted);
    create table upload (seq integer primary key autoincrement, id text unique not null, created_at,
        filename, purpose, bytes, mime_type, expires_at, status, keep_s, file_id, part_ids);
    create table part (seq integer primary key autoincrement, id text unique not null, created_at,
        upload_id, bytes);
    create table job (seq integer primary key autoincrement, id text unique not null, created_at,
        model, training_file, validation_file, suffix, seed, asked, metadata, resolved, status,
        examples, epoch_tokens, pace_at, pace_step, finished_at, estimated_finish, fine_tuned_model,
        trained_tokens, result_files, error, reports_read, step, launches, wanted);
    create table event (seq integer primary key autoincrement, id text unique not null, created_at,
        job_id, message, level, type, data, step, unique (job_id, step));
    create table checkpoint (seq integer primary key autoincrement, id text unique not null,
        created_at, job_id, step, epoch, path, metrics, model, unique (job_id, step));
    create table model (seq integer primary key autoincrement, id text unique not null, created_at,
        job_id, base, path);
    create index event_by_job on event (job_id, seq);
    create index part_by_upload on part (upload_id);
    """,
    """
    create table completion (seq integer primary key autoincrement, id text unique not null,
        created_at, model, metadata);
    """,
)
"""Statements that lead from one version of the database to the next, never edited."""


@contextmanager
def open_state(folder: Path) -> Iterator[State]:
    """Open the folder, made if need be, and keep everybody else out.

    Raises:
        StoreError: if another server uses it, it cannot be written, or its database is damaged.
    """
    with ExitStack() as stack:
        try:
            _make_folders(folder)
            stack.enter_context(_locked(folder))
            for leftover in (folder / "incoming").iterdir():
                leftover.unlink()
            token = _token(folder / TOKEN)
            connection = _connect(folder / DATABASE)
            stack.callback(connection.close)
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The server's database {folder / DATABASE} cannot be used: {error}.",
                advice=f"Move {folder} away: the server creates a new one.",
            ) from error
        except OSError as error:
            raise StoreError(
                f"The server cannot use its folder {folder}: {error.strerror or error}.",
                advice="Make it writable, free some space, or choose another folder.",
            ) from error
        yield State(folder, connection, token)


def _make_folders(folder: Path) -> None:
    """Make what is missing; what the server did not make itself it must not tidy up later.

    Raises:
        StoreError: if the folder is somebody else's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    theirs = sorted({entry.name for entry in folder.iterdir()} - OURS)
    if not (folder / DATABASE).exists() and (theirs or _filled(folder)):
        raise StoreError(
            f"The folder {folder} contains other files ({', '.join(theirs or FOLDERS)}) and no "
            "server database.",
            advice="Choose an empty folder.",
        )
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True, mode=0o700)


def _filled(folder: Path) -> bool:
    return any(any((folder / name).glob("*")) for name in ("files", "jobs"))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Whoever looks for a server holds it for an instant: hence the tries.

    Raises:
        StoreError: if another server holds it.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(20):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.02)
        else:
            running = read_address(folder / ADDRESS)
            at = f": it serves at {running.url} (process {running.pid})" if running else ""
            raise StoreError(
                f"Another server already uses the folder {folder}{at}.",
                advice="Use that one, stop it, or name another folder.",
            )
        yield
    finally:
        os.close(lock)


def _token(path: Path) -> str:
    """The key, made at the first start."""
    if not path.exists():
        new = path.with_name("token.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write("tintype-" + secrets.token_urlsafe(32))
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    path.chmod(0o600)
    return path.read_text().strip()


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        flaw = connection.execute("pragma quick_check(1)").fetchone()[0]
        if flaw != "ok":
            raise sqlite3.DatabaseError(flaw)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("pragma user_version").fetchone()[0]
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError("a newer Tintype has written it")
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"begin; {script}; pragma user_version = {number}; commit;")
