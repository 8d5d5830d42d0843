"""Files opened and images found without stumbling over what is not a regular file.

Opening a FIFO waits for a writer and reading a device may never end, so nothing is opened before it
is known to be a plain file, and then without blocking. What a row names as an image is looked for
in the dataset's own folder only: a dataset from a stranger must not read `../../.ssh/id_ed25519`
into a request.
"""

import codecs
import os
import stat
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from tintype.dataset.places import origin, plain_url
from tintype.errors import DatasetError

MAX_IMAGE_BYTES = 50_000_000
"""A larger image is refused: five times what any provider takes."""

CLOCK_NS = 2_000_000_000
"""The coarsest clock of a file system."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_FOREIGN = (
    (b"\x1f\x8b", "gzip-compressed"),
    (b"\xfd7zXZ\x00", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF-", "a PDF"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was: as long as these agree, its content is taken to be the same."""

    path: Path
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    edits: str = ""
    """What lies over it (`Edits.version`); empty if nothing does."""

    @property
    def holds(self) -> bool:
        """Whether the file at this path is still the same one, unchanged. Blocking: one stat."""
        try:
            return stamp(self.path) == replace(self, edits="")
        except DatasetError:
            return False

    @property
    def settled(self) -> bool:
        """Whether it holds, and whatever is written from now on will show in it. Blocking.

        Clocks of file systems are coarse: what is written in the same moment has the same time.
        """
        return self.holds and time.time_ns() - self.mtime_ns > CLOCK_NS


def stamp(path: Path) -> FileStamp:
    """The stamp of a file as it is now.

    Raises:
        DatasetError: if there is none, or it cannot be looked at.
    """
    try:
        return _stamped(path, os.stat(path))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


class TooLarge(DatasetError):
    """A file or image is larger than what is read."""

    def __init__(self, what: str, size_bytes: int, limit: int, path: Path | None = None) -> None:
        super().__init__(f"{what} has {size_bytes:,} bytes; at most {limit:,} are read.", path=path)
        self.size_bytes = size_bytes


class PlainFile:
    """A file opened for reading at any place, by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open a plain file.

        Raises:
            DatasetError: if it is missing, not a regular file, or unreadable.
        """
        self.path = path
        self._lock = threading.Lock()
        self._number = _open(path)
        self.stamp = self._stamp()
        """The file as it was when it was opened."""

    def __enter__(self) -> "PlainFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def size_bytes(self) -> int:
        """The size just now; a file may grow or shrink."""
        with self._lock:
            return os.fstat(self._number).st_size if self._number >= 0 else 0

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes from there, or fewer where the file ends.

        Raises:
            DatasetError: if the file is closed or cannot be read.
        """
        pieces = []
        try:
            # The lock keeps the number from being closed, and given to another file, meanwhile.
            with self._lock:
                if self._number < 0:
                    raise DatasetError(f"{self.path.name} has been closed.", path=self.path)
                while size > 0 and (piece := os.pread(self._number, size, offset)):
                    pieces.append(piece)
                    offset += len(piece)
                    size -= len(piece)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def changed(self) -> bool:
        """Whether the file at this path is no longer the one that was opened, as it was."""
        with self._lock:
            return self._number >= 0 and not self.stamp.holds

    def __del__(self) -> None:
        # Opened in a thread by a task that was cancelled meanwhile, nobody else would close it.
        if hasattr(self, "_number"):
            self.close()

    def close(self) -> None:
        """Close the file; waits for a read under way."""
        with self._lock:
            if self._number >= 0:
                os.close(self._number)
                self._number = -1

    def _stamp(self) -> FileStamp:
        return _stamped(self.path, os.fstat(self._number))


def read_plain_file(path: Path, *, max_bytes: int) -> bytes:
    """The content of a plain file.

    Raises:
        TooLarge: if it is larger.
        DatasetError: if it is missing, not a regular file, or unreadable.
    """
    with PlainFile(path) as file:
        if file.size_bytes > max_bytes:
            raise TooLarge(_shown(path.name), file.size_bytes, max_bytes, path)
        data = file.read(0, max_bytes + 1)
        if len(data) > max_bytes:
            raise DatasetError(f"{path.name} is growing too fast to be read.", path=path)
        return data


def refuse_foreign(file: PlainFile) -> None:
    """Refuse a file that is certainly no text.

    Raises:
        DatasetError: naming what it is instead.
    """
    start = file.read(0, 512)
    found = next((kind for magic, kind in _FOREIGN if start.startswith(magic)), "")
    if found and not _is_text(start):
        raise DatasetError(
            f"{_shown(file.path.name)} is {found}, not JSONL.",
            advice="Unpack or convert it first.",
            path=file.path,
        )


def _is_text(start: bytes) -> bool:
    """Whether the beginning of a file is text, which may begin with any letters."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def image_bytes(url: str, folder: Path) -> bytes:
    """The encoded bytes of an image given as a data URL, or as a file within the folder.

    An image on the network is not fetched here.

    Raises:
        DatasetError: with a sentence that says why there is no such image.
    """
    kind = origin(url)
    if kind == "data":
        size = len(url) * 3 // 4
        if size > MAX_IMAGE_BYTES:
            raise TooLarge("The image", size, MAX_IMAGE_BYTES)
        # Made where needed: looking at a dataset's text needs no Pillow.
        from tintype.images import split_data_url

        return split_data_url(plain_url(url))[1]
    if kind == "url":
        scheme = url.split(":", 1)[0].lower()
        if scheme in ("http", "https"):
            raise DatasetError(f"{_shown(url)} is on the network.")
        raise DatasetError(
            f"{_shown(url)} is not a supported address.",
            advice="Use a data URL, an http(s) URL, or a path relative to the dataset.",
        )
    return read_plain_file(image_path(url, folder), max_bytes=MAX_IMAGE_BYTES)


def image_path(name: str, folder: Path) -> Path:
    """The file that a row means, which lies within the folder.

    Raises:
        DatasetError: if the name leads out of the folder, or nowhere.
    """
    if not name.strip() or "\0" in name or len(name) > 4096:
        raise DatasetError(f"“{_shown(name)}” is not a file name.")
    windows = PureWindowsPath(name)
    if PurePosixPath(name).is_absolute() or windows.drive or windows.root:
        raise DatasetError(
            f"{_shown(name)} is an absolute path.",
            advice="Images must be inside the dataset's folder, with relative paths.",
        )
    try:
        root = folder.resolve()
        path = (root / name).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise DatasetError(f"{_shown(name)} cannot be found: {error}.") from error
    if not path.is_relative_to(root):
        raise DatasetError(
            f"{_shown(name)} is outside the dataset's folder.",
            advice="Images must be inside the dataset's folder.",
        )
    return path


def _open(path: Path) -> int:
    try:
        _refuse_special(path, os.stat(path))
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        # Again, in case the path has come to mean something else in between.
        _refuse_special(path, os.fstat(number))
    except BaseException:
        os.close(number)
        raise
    return number


def _refuse_special(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kind = next((name for test, name in _KINDS if test(found.st_mode)), "not a regular file")
    raise DatasetError(
        f"{_shown(str(path))} is {kind}, not a file.",
        advice=_within(path, found.st_mode),
        path=path,
    )


def _within(path: Path, mode: int) -> str:
    """Which files of a folder may have been meant."""
    if not stat.S_ISDIR(mode):
        return ""
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(".jsonl"))
    except OSError:
        return ""
    return f"Name one of its files: {', '.join(names[:5])}." if names else ""


def _stamped(path: Path, found: os.stat_result) -> FileStamp:
    return FileStamp(path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _unreadable(path: Path, error: OSError | ValueError) -> DatasetError:
    if isinstance(error, FileNotFoundError):
        return DatasetError(f"There is no file {_shown(str(path))}.", path=path)
    if isinstance(error, PermissionError):
        return DatasetError(f"{_shown(str(path))} cannot be read: permission denied.", path=path)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DatasetError(f"{_shown(str(path))} cannot be read: {reason}.", path=path)


def _shown(text: str) -> str:
    """A name from a dataset for a sentence: cut short, control characters spelled out."""
    short = text if len(text) <= 120 else text[:119] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
