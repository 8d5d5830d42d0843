"""Files as streams: as they are, and gzip read at any place as if it were not compressed."""

import bisect
import io
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tintype.dataset.files import PlainFile

_BOMB_BYTES = 1_000_000_000
_BOMB_RATIO = 200
"""How much larger real data become; more than this, and it is no data."""


class PlacedStream(io.RawIOBase):
    """What can be read at any place, as a stream."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        """Begin at the beginning.

        Args:
            read_at: Given a place and a number of bytes, returns at most so many of them.
            size: Where the end is, in bytes.
        """
        self._read_at, self._size, self._at = read_at, size, 0

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
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}
        self._at = max(0, base[whence] + place)
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """See `io.RawIOBase`."""
        data = self._read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class PlainStream(PlacedStream):
    """A plain file as a stream, which is closed with the last that refers to it."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            DatasetError: if it is missing, not a regular file, or unreadable.
        """
        self._file = PlainFile(path)
        super().__init__(self._file.read, self._file.size_bytes)

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


class GzipStream(PlacedStream):
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
        super().__init__(self._decompressed, 0)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, in decompressed bytes."""
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        return super().seek(place)

    def close(self) -> None:
        """See `io.IOBase`."""
        self._file.close()
        super().close()

    def _decompressed(self, place: int, size: int) -> bytes:
        at = bisect.bisect_right(self._states, place, key=lambda state: state.place)
        best = self._states[at - 1]
        if self._now.place > place or best.place > self._now.place:
            self._now = self._copied(best)
        while self._now.place < place:
            if not self._more(min(self._CHUNK, place - self._now.place)):
                return b""
        return self._more(min(size, self._CHUNK))

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
