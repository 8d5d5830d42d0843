"""One file of a source: on disk, in an archive, or compressed by itself."""

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tintype.dataset.files import PlainFile, read_plain_file
from tintype.dataset.formats.streams import BROKEN, PACKED, plain_stream, unpacked_stream
from tintype.dataset.splits import Split, split_of, split_of_folder
from tintype.errors import DatasetError

if TYPE_CHECKING:
    from tintype.dataset.formats.sources import Files

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".jfif"}
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source."""

    files: "Files" = field(repr=False, compare=False)
    name: str
    """Relative to the source, with `/`."""
    place: str
    """The source and the name: no two files of different sources share it."""

    @property
    def suffix(self) -> str:
        """The end of its name, in lower case: `.jpg`; of a compressed file, of what is in it."""
        return os.path.splitext(self._inner)[1].lower()

    @property
    def stem(self) -> str:
        """Its name without folders and the end."""
        return os.path.splitext(self._inner)[0].rpartition("/")[2]

    @property
    def _inner(self) -> str:
        """Its name, without the ending of a compressed file."""
        stem, suffix = os.path.splitext(self.name)
        inner = os.path.splitext(stem)[1].lower()
        packed = suffix.lower() in PACKED and inner not in ("", ".tar") and not self.files.archive
        return stem if packed else self.name

    @property
    def packed(self) -> bool:
        """Whether it is compressed by itself, and read as what is in it."""
        return self._inner != self.name

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The name of its folder, empty for that of the source."""
        return self.name.rpartition("/")[0]

    @property
    def split(self) -> Split | None:
        """Which split it belongs to by its name, or by a folder's."""
        return split_of(Path(self.base)) or self.folder_split

    @property
    def folder_split(self) -> Split | None:
        """Which split it belongs to by the innermost of its folders that says so."""
        for folder in reversed(self.name.split("/")[:-1]):
            if split := split_of_folder(folder):
                return split
        return None

    @property
    def is_image(self) -> bool:
        """Whether it is an image by its name."""
        return self.suffix in IMAGE_SUFFIXES

    @property
    def path(self) -> Path | None:
        """Where it lies on disk as it is read; none within an archive, or if it is compressed."""
        return None if self.files.archive or self.packed else self.files.root / self.name

    @property
    def image(self) -> "Path | SourceFile":
        """What an `Item` takes it as."""
        return self.path or self

    @property
    def size_bytes(self) -> int:
        """How many bytes it has; 0 if that cannot be known."""
        if self.files.archive:
            return self.files.archive.sizes[self.name]
        with contextlib.suppress(OSError):
            return os.stat(self.files.root / self.name).st_size
        return 0

    def read(self, max_bytes: int) -> bytes:
        """All of it.

        Raises:
            DatasetError: if it cannot be read, or has more bytes than that.
        """
        if self.files.archive:
            return self.files.archive.read(self.name, max_bytes)
        if self.packed:
            data = self._unpacked(max_bytes + 1)
            if len(data) > max_bytes:
                raise DatasetError(
                    f"{self.name} has more than {max_bytes:,} bytes; it is not read."
                )
            return data
        return read_plain_file(self.files.root / self.name, max_bytes=max_bytes)

    def head(self, size: int) -> bytes:
        """Its first bytes; none if it cannot be read."""
        with contextlib.suppress(DatasetError, OSError):
            if self.files.archive:
                return self.files.archive.head(self.name, size)
            if self.packed:
                return self._unpacked(size)
            with PlainFile(self.files.root / self.name) as file:
                return file.read(0, size)
        return b""

    def open(self) -> IO[bytes]:
        """A stream that can be read at any place.

        Raises:
            DatasetError: if it cannot be opened.
        """
        if self.files.archive:
            return self.files.archive.open(self.name)
        if self.packed:
            return unpacked_stream(self.files.root / self.name)
        return plain_stream(self.files.root / self.name)

    def _unpacked(self, size: int) -> bytes:
        try:
            with unpacked_stream(self.files.root / self.name) as stream:
                return stream.read(size)
        except BROKEN as error:
            raise DatasetError(
                f"{self.name} is damaged: {error}.", advice="Download or copy it again."
            ) from error
