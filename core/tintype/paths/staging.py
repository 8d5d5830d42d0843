"""Hidden folders in which something is made before it is put in its place.

Whoever makes something there holds a lock on the folder for as long as the process lives. So what a
killed process has left is distinguished from what is under way, and is removed by the next that
makes such a folder beside it.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

_NAME = re.compile(r"\.tintype-\w{8}\.tmp")
_ABOUT_TO_LOCK_S = 60
"""An empty folder younger than that may be another process's that has not locked it yet."""


class StagingFolder:
    """A hidden folder of this process, which is gone with its content once it is closed."""

    def __init__(self, parent: Path) -> None:
        """Make one, after those that killed processes have left beside it are removed.

        Raises:
            OSError: if none can be made in `parent`.
        """
        remove_leftovers(parent)
        self.path = Path(tempfile.mkdtemp(prefix=".tintype-", suffix=".tmp", dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # no locks here: nobody can tell, nobody removes it
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def remove_leftovers(parent: Path) -> None:
    """Remove what killed processes have left half made in a folder."""
    with contextlib.suppress(OSError), os.scandir(parent) as found:
        for path in [Path(entry.path) for entry in found if _NAME.fullmatch(entry.name)]:
            _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_old = time.time() - os.fstat(lock).st_mtime > _ABOUT_TO_LOCK_S
            if is_old or os.listdir(lock):
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)
