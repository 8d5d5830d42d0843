"""Space put by, so that on a full disk the server can still write down why a job ended."""

import errno
import os
import sqlite3
from pathlib import Path

SERVER_BYTES = 4 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no space left."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, sqlite3.Error) and "full" in str(error)


class Reserve:
    """A file that is there to be given up."""

    def __init__(self, path: Path, size_bytes: int = SERVER_BYTES) -> None:
        self._path = path
        self._size_bytes = size_bytes

    def put_by(self) -> None:
        """Take the space, if it is not taken yet and there is enough besides."""
        try:
            if self._path.exists():
                return
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < 2 * self._size_bytes:
                return
            self._path.write_bytes(bytes(self._size_bytes))
        except OSError:
            self.give_up()

    def give_up(self) -> bool:
        """Let the space go; returns whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
