"""Files as streams: as they are, gzip read at any place, and other compressed ones in order."""

import bisect
import bz2
import importlib
import io
import lzma
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tintype.dataset.files import PlainFile
from tintype.errors import DatasetError

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


class BoundedStream(io.RawIOBase):
    """A decompressed file, read from its beginning on; it ends where it grows as no data do.

    Raises OSError there, and where it is damaged.
    """

    def __init__(self, inner: IO[bytes], packed_bytes: int) -> None:
        """Read on from where `inner` is, which comes of so many compressed bytes."""
        self._inner, self._most = inner, max(_BOMB_BYTES, _BOMB_RATIO * packed_bytes)
        self._read = 0

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """See `io.RawIOBase`."""
        data = self._inner.read(min(len(buffer), 1 << 16))
        self._read += len(data)
        if self._read > self._most:
            raise OSError("it grows beyond all measure when it is decompressed")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """See `io.IOBase`."""
        self._inner.close()
        super().close()


PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Endings of single files that are read as what is in them."""
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a damaged one may raise."""


def unpacked_stream(path: Path) -> io.BufferedReader:
    """What is in a compressed file, as a stream from its beginning on.

    Raises:
        DatasetError: if it cannot be opened, or this Python does not know its kind.
    """
    plain = plain_stream(path)
    start, size = plain.peek(6)[:6], os.stat(path).st_size
    if start.startswith(b"\x1f\x8b"):
        return io.BufferedReader(GzipStream(path, whole=True), 1 << 16)
    if start.startswith(b"BZh"):
        return io.BufferedReader(BoundedStream(bz2.open(plain), size))
    if start.startswith(b"\xfd7zXZ\x00"):
        return io.BufferedReader(BoundedStream(lzma.open(plain), size))
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return io.BufferedReader(BoundedStream(_zstd(plain, path), size))
    return plain  # named as if it were compressed


def _zstd(plain: IO[bytes], path: Path) -> IO[bytes]:
    for name in ("compression.zstd", "zstandard"):  # Python 3.14 has it, else a package
        try:
            opened: IO[bytes] = importlib.import_module(name).open(plain, "rb")
            return opened
        except ImportError:
            continue
    raise DatasetError(
        f"{path.name} is compressed by Zstandard, which this Python does not read.",
        advice=f"Run `zstd -d {path.name}`, or use Python 3.14.",
        path=path,
    )


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

    def __init__(
        self,
        path: Path,
        *,
        largest: int = _BOMB_BYTES,
        every: int = 8_000_000,
        whole: bool = False,
    ) -> None:
        """Open a file.

        Args:
            path: The file.
            largest: How much it may become in any case, in bytes.
            every: After how many decompressed bytes the state is kept.
            whole: Whether to raise EOFError where it was cut off, instead of ending there.
        """
        self._largest, self._every, self._whole = largest, every, whole
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
                made = self._rest(size)
                break
            if now.decompressor.eof:  # another member follows, or zeros that fill a block
                now.left = data = data.lstrip(b"\0")
                if not data:
                    continue
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

    def _rest(self, size: int) -> bytes:
        """What is left to be decompressed at the end of the file."""
        last = self._now.decompressor
        made = b"" if last.eof else last.decompress(b"", size)
        if self._whole and not (made or last.eof):
            raise EOFError("it ends too early")
        return made

    def _raw(self) -> bytes:
        self._file.seek(self._now.read)
        data = self._file.read(self._CHUNK) or b""
        self._now.read += len(data)
        return data

    @staticmethod
    def _copied(state: _State) -> _State:
        return _State(state.place, state.read, state.decompressor.copy(), state.left)
