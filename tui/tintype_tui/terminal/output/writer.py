"""Writing to a terminal that may not take it: nobody waits."""

import contextlib
import errno
import fcntl
import os
import select
import termios
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable

_GONE = frozenset({errno.EIO, errno.ENXIO, errno.EPIPE, errno.EBADF})
"""What writing to a terminal that is no longer there fails with."""
_RETRY_S = 0.02
_CUT = b"\x18\x1b\\"
"""Ends whatever sequence was cut off: CAN, and the end of a string."""


def open_again(fd: int) -> int:
    """The same terminal as a descriptor of its own that does not block.

    Whether one blocks is shared by all who have a descriptor from each other, the shell included;
    only where the terminal cannot be opened again (after `su`) is theirs changed.
    """
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        own = os.dup(fd)
        fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_NONBLOCK)
        return own


class Writer:
    """Writes what the terminal takes, and the rest when it takes more."""

    def __init__(self, fd: int, loop: AbstractEventLoop, emptied: Callable[[], None]) -> None:
        self._fd = open_again(fd)
        self._loop = loop
        self._emptied = emptied
        self._waiting = bytearray()
        self._gone = False
        self._watched = False

    @property
    def empty(self) -> bool:
        """Whether the terminal has taken everything."""
        return not self._waiting

    def write(self, data: bytes) -> None:
        """Write after what is waiting; what a terminal that has gone away is sent is lost."""
        if not self._gone:
            self._waiting += data
            if not self._watched:
                self._drain()

    def close(self, last: bytes, limit_s: float) -> bool:
        """Finish within a time; where that fails, cut short what waits and say only the last.

        Returns whether the terminal took it.
        """
        self._unwatch()
        end_s = time.monotonic() + limit_s
        if not self._finish(end_s - limit_s / 2) and not self._gone:
            # Half of a sequence may have been taken, and the kernel holds what nobody reads.
            self._waiting = bytearray(_CUT + last)
            with contextlib.suppress(termios.error):
                termios.tcflush(self._fd, termios.TCOFLUSH)
            self._finish(end_s)
        taken = not self._waiting and not self._gone
        self._waiting.clear()
        self._gone = True
        with contextlib.suppress(OSError):
            flags = fcntl.fcntl(self._fd, fcntl.F_GETFL)
            fcntl.fcntl(self._fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
            os.close(self._fd)
        return taken

    def _finish(self, end_s: float) -> bool:
        """Write what waits, until then at most; whether all of it was taken."""
        while self._take() and self._waiting:
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not select.select([], [self._fd], [], left_s)[1]:
                break
        return not self._waiting

    def _take(self) -> bool:
        """Write as much as the terminal takes now; whether it is still there."""
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self._gone = True
            self._waiting.clear()
        return not self._gone

    def _drain(self) -> None:
        if not self._take() or not self._waiting:
            self._unwatch()
        elif not self._watched:
            self._watched = True
            try:
                self._loop.add_writer(self._fd, self._ready)
            except (OSError, NotImplementedError):  # a loop that cannot watch terminals
                self._watched = False
                self._loop.call_later(_RETRY_S, self._ready)

    def _ready(self) -> None:
        self._drain()
        if not self._waiting:
            self._emptied()

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_writer(self._fd)
