"""What is at a path: a file, a folder, something else, nothing, or unknown."""

import errno
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tintype.errors import FileError
from tintype.paths.failures import reason, shown

Kind = Literal["file", "folder", "other", "missing", "unknown"]

_MISSING = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Status:
    """What is at a path, as far as that can be known."""

    path: Path
    kind: Kind
    """`other` is a device, socket or FIFO; `unknown` means that nobody could say."""
    size_bytes: int | None = None
    """None unless it is a file."""
    modified: datetime | None = None
    """UTC; None where nothing is known to be there."""
    reason: str = ""
    """Why it is unknown."""

    @property
    def is_there(self) -> bool:
        """Whether something is known to be there."""
        return self.kind not in ("missing", "unknown")


def status(path: Path) -> Status:
    """Return what is at a path, links followed; never raises."""
    try:
        found = os.stat(path)
    except OSError as error:
        if error.errno in _MISSING:
            return Status(path, "missing")
        return Status(path, "unknown", reason=reason(error))
    except ValueError as error:  # a NUL, half a character
        return Status(path, "unknown", reason=str(error))
    modified = _time(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        return Status(path, "folder", None, modified)
    if stat.S_ISREG(found.st_mode):
        return Status(path, "file", found.st_size, modified)
    return Status(path, "other", None, modified)


def exists(path: Path) -> bool:
    """Whether something is known to be there."""
    return status(path).is_there


def is_file(path: Path) -> bool:
    """Whether it is known to be a file."""
    return status(path).kind == "file"


def is_folder(path: Path) -> bool:
    """Whether it is known to be a folder."""
    return status(path).kind == "folder"


def require(path: Path, kind: Literal["file", "folder", "any"] = "any") -> Status:
    """Return what is at a path, which must be there.

    Raises:
        FileError: if nothing is there, if that cannot be known, or if it is of another kind.
    """
    found = status(path)
    if found.kind == "missing":
        raise FileError(f"There is no file or folder {shown(path)}.", path=path)
    if found.kind == "unknown":
        raise FileError(f"Cannot access {shown(path)}: {found.reason}.", path=path)
    if kind not in ("any", found.kind):
        what = {"file": "a file", "folder": "a folder"}.get(found.kind, "a device, socket or FIFO")
        raise FileError(f"{shown(path)} is {what}, not a {kind}.", path=path)
    return found


def writable(path: Path) -> bool:
    """Whether this user may write there; false where that cannot be known."""
    return os.access(path, os.W_OK)


def free_bytes(path: Path) -> int | None:
    """Return how much may still be written there, in bytes; none where that cannot be known."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def free_at(path: Path) -> int | None:
    """Return how much may still be written to a path that need not exist yet, in bytes."""
    return free_bytes(next((one for one in (path, *path.parents) if exists(one)), path))


def size(path: Path) -> int:
    """Return the size of a file in bytes.

    Raises:
        FileError: if there is no such file, or it cannot be known.
    """
    return require(path, "file").size_bytes or 0


def modified(path: Path) -> datetime:
    """Return when a file or folder was last changed, in UTC.

    Raises:
        FileError: if there is none, or it cannot be known.
    """
    return require(path).modified or datetime.fromtimestamp(0, UTC)


def _time(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
