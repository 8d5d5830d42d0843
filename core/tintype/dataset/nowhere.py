"""A dataset that is only counted: for dry runs, which write nothing, not even for a while."""

import io
from pathlib import Path
from typing import IO, Any

from tintype.dataset.file_set import FileSet


class Nowhere(FileSet):
    """Files that are not written, not even for a while: what would be is only counted."""

    def __init__(self) -> None:
        super().__init__()
        self._sinks: list[_Sink] = []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        pass

    @property
    def size_bytes(self) -> int:
        """How much would have been written."""
        return sum(sink.size_bytes for sink in self._sinks)

    def open(self, path: Path) -> IO[bytes]:
        """A file that forgets what is written to it."""
        self._sinks.append(_Sink())
        return io.BufferedWriter(self._sinks[-1])

    def add(self, path: Path, data: bytes) -> None:
        """Count a file."""
        self._sinks.append(_Sink(len(data)))


class _Sink(io.RawIOBase):
    def __init__(self, size_bytes: int = 0) -> None:
        self.size_bytes = size_bytes

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size_bytes

    def write(self, data: Any) -> int:
        self.size_bytes += (written := memoryview(data).nbytes)
        return written
