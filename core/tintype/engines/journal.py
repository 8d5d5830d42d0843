"""What a trainer writes down for the server: one report per line, as JSON.

A file with a single writer needs no lock, costs half a microsecond a line, and outlives both sides.
The writer may be killed in the middle of a line: the next one closes the torn line off before it
writes, and the reader skips what is no JSON. Numbers that are not finite are written as Python's
JSON writes them (`NaN`, `Infinity`); only this module reads the file.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tintype.engines.base import Note, Report, Saved, Step

_KINDS: dict[str, Callable[..., Report]] = {"step": Step, "saved": Saved, "note": Note}
CHUNK_BYTES = 1 << 20
"""Read at a time, so that a long absence is caught up with in pieces."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One report as the server reads it."""

    at: float
    """Unix seconds, when the trainer reported it."""
    report: Report
    end: int = 0
    """Where in the file the next line begins, in bytes."""


def open_journal(path: Path) -> int:
    """Open a journal for appending and close off a torn last line; returns a file descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
    return descriptor


def write(descriptor: int, entry: JournalEntry) -> None:
    """Append a report in one write."""
    kind = type(entry.report).__name__.lower()
    fields = asdict(entry.report)
    if isinstance(entry.report, Saved):
        fields["path"] = os.fspath(entry.report.path)
    line = json.dumps({"at": entry.at, "kind": kind, **fields}, default=float) + "\n"
    os.write(descriptor, line.encode())


def read(path: Path, offset: int) -> tuple[list[JournalEntry], int]:
    """Read the complete lines from `offset` on, and say where to go on.

    An absent file is empty. At most a megabyte is read.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(CHUNK_BYTES)
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1 or len(data) // CHUNK_BYTES * CHUNK_BYTES  # no line is that long
    entries, at = [], offset
    for line in data[:end].splitlines(keepends=True):
        at += len(line)
        entry = _parse(line, at)
        if entry is not None:
            entries.append(entry)
    return entries, offset + end


def _parse(line: bytes, end: int) -> JournalEntry | None:
    """Read one line; a torn one is nothing."""
    try:
        fields: dict[str, Any] = json.loads(line)
        at, kind = float(fields.pop("at")), fields.pop("kind")
        if kind == "saved":
            fields["path"] = Path(fields["path"])
        return JournalEntry(at, _KINDS[kind](**fields), end)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
