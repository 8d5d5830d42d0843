"""Locks on files: held by a process until it ends, and seen by others without being in the way."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import IO

from tintype.paths.failures import translated

_AMID_LOOKS_S = 1.0
"""How long others may be met who only look; each does for some microseconds."""


def locked(path: Path) -> IO[bytes] | None:
    """Lock a file, made if need be, until it is closed or the process ends; none if it is taken.

    Raises:
        FileError: if it cannot be opened, or files cannot be locked there.
    """
    with translated("lock", path), contextlib.ExitStack() as opened:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        file = opened.enter_context(os.fdopen(descriptor, "r+b"))
        if not hold(descriptor, path):
            return None
        opened.pop_all()
        return file


def hold(descriptor: int, path: Path) -> bool:
    """Lock the open file of a path until it is closed; false if another holds it.

    Whoever looks whether it is held (`is_held`) shares the lock for a moment, and is not taken for
    a holder: that would keep a recorder or a training from beginning.

    Raises:
        FileError: if files cannot be locked there.
    """
    end_s = time.monotonic() + _AMID_LOOKS_S
    with translated("lock", path):
        while not _taken(descriptor, fcntl.LOCK_EX):
            if not _taken(descriptor, fcntl.LOCK_SH) or time.monotonic() > end_s:
                return False
            time.sleep(0.001)
    return True


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock on a file; false if it cannot be opened or locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _taken(descriptor, fcntl.LOCK_SH)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _taken(descriptor: int, how: int) -> bool:
    """Take a lock, unless another's is in the way."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
