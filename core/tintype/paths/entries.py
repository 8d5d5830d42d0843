"""Entries of a cache: bytes kept under a name, within bounds, by any number of processes at once.

Entries are private to the user. A damaged one is as if absent, and what cannot be written is not
kept: a cache is never the reason that something fails.
"""

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import FileError
from tintype.paths.access import list_folder, read_bytes, remove, write_whole

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Entries:
    """What one kind of entry may take, and what its files end in."""

    ending: str
    most: int
    """Entries."""
    most_bytes: int
    """Of all of them."""
    most_entry_bytes: int
    most_days: int = 60
    """Since an entry was last of use."""

    def read(self, folder: Path, name: str) -> bytes | None:
        """Return what was kept under a name; None where there is nothing whole. Blocking."""
        path = folder / f"{name}{self.ending}"
        try:
            found = read_bytes(path, max_bytes=self.most_entry_bytes)
        except FileError:
            return None
        digest, data = found[:_DIGEST_BYTES], found[_DIGEST_BYTES:]
        if digest != _digest(data):
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def keep(self, folder: Path, name: str, data: bytes) -> None:
        """Keep bytes, and remove what is old or too much. Blocking."""
        with suppress(FileError):
            self._make_room(folder)
            if len(data) + _DIGEST_BYTES <= self.most_entry_bytes:
                path = folder / f"{name}{self.ending}"
                write_whole(path, _digest(data) + data, replace=True, private=True)

    def _make_room(self, folder: Path) -> None:
        """Leave room for one entry more, of any size."""
        found: list[tuple[float, int, Path]] = []
        for entry in list_folder(folder) if folder.is_dir() else ():
            with suppress(OSError):  # another process makes room too
                seen = os.stat(entry.path)
                found.append((seen.st_mtime, seen.st_size, entry.path))
        found.sort(reverse=True)
        oldest, room = time.time() - self.most_days * 86_400, self.most_bytes
        room -= self.most_entry_bytes
        for at, (used_at, size, path) in enumerate(found, 1):
            room -= size
            if at >= self.most or room < 0 or used_at < oldest:
                remove(path)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
