"""Files as streams: as they are, and gzip read at any place as if it were not compressed."""

import bisect
import io
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from tintype.dataset.files import PlainFile

_BOMB_BYTES = 1_000_000_000
_BOMB_RATIO = 200
"""How much larger real data become; more than this, and it is no data."""


class PlainStream(io.RawIOBase):
    """A plain file as a stream, which is closed with the last that refers to it."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            DatasetError: if it is missing, not a regular file, or unreadable.
        """
        self._file = PlainFile(path)
        self._at = 0

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def tell(self) -> int:
        """See `io.IOBase`."""
        return self._at

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """See `io.IOBase`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size_bytes}
        self._at = max(0, base[whence] + place)
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """See `io.RawIOBase`."""
        data = self._file.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """See `io.IOBase`."""
        if hasattr(self, "_file"):
            self._file.close()
        super().close()


def plain_stream(path: Path) -> io.BufferedReader:
    """A plain file as a buffered stream; see `PlainStream`."""
    return io.BufferedReader(PlainStream(path), 1 << 16)


@dataclass(slots=True)
class _State:
    """Where decompression can go on from."""

    place: int
    read: int
    decompressor: "zlib._Decompress"
    left: bytes = field(default=b"")


class GzipStream(io.RawIOBase):
    """A gzip file read at any place: the decompressor's state is kept every few megabytes.

    Raises OSError where it is damaged, and where it grows as no real data do.
    """

    _CHUNK = 1 << 16

    def __init__(self, path: Path, *, largest: int = _BOMB_BYTES, every: int = 8_000_000) -> None:
        """Open a file.

        Args:
            path: The file.
            largest: How much it may become in any case, in bytes.
            every: After how many decompressed bytes the state is kept.
        """
        self._largest, self._every = largest, every
        self._file = PlainStream(path)
        self._packed = self._file.seek(0, os.SEEK_END)
        self._states = [_State(0, 0, zlib.decompressobj(wbits=31))]
        self._now = self._copied(self._states[0])
        self._at = 0

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def tell(self) -> int:
        """See `io.IOBase`."""
        return self._at

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, in decompressed bytes."""
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._at = place
        return place

    def close(self) -> None:
        """See `io.IOBase`."""
        self._file.close()
        super().close()

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """See `io.RawIOBase`."""
        at = bisect.bisect_right(self._states, self._at, key=lambda state: state.place)
        best = self._states[at - 1]
        if self._now.place > self._at or best.place > self._now.place:
            self._now = self._copied(best)
        while self._now.place < self._at:
            if not self._more(min(self._CHUNK, self._at - self._now.place)):
                return 0
        data = self._more(min(len(buffer), self._CHUNK))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _more(self, size: int) -> bytes:
        """At most so many decompressed bytes; none at the end."""
        now = self._now
        while True:
            data = now.left or self._raw()
            if not data:
                return b""
            if now.decompressor.eof:  # another member follows
                now.decompressor = zlib.decompressobj(wbits=31)
            made = now.decompressor.decompress(data, size)
            now.left = now.decompressor.unconsumed_tail or now.decompressor.unused_data
            if made:
                break
        now.place += len(made)
        if now.place > max(self._largest, _BOMB_RATIO * self._packed):
            raise OSError("it grows beyond all measure when it is decompressed")
        if now.place - self._states[-1].place >= self._every:
            self._states.append(self._copied(now))
        return made

    def _raw(self) -> bytes:
        self._file.seek(self._now.read)
        data = self._file.read(self._CHUNK) or b""
        self._now.read += len(data)
        return data

    @staticmethod
    def _copied(state: _State) -> _State:
        return _State(state.place, state.read, state.decompressor.copy(), state.left)
