"""Archives read where they are: ZIP, and tar as it is or compressed.

Nothing is unpacked to disk. Names that lead out of the archive are not listed, links and devices
neither, encrypted members are not read, and no member is read beyond the limit of who asks,
whatever size it claims. A compressed tar is decompressed once from beginning to end to list it; the
decompressor's states are kept on the way, so that members can then be read in any order.
"""

import bz2
import io
import lzma
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from tintype.dataset.files import PlainFile
from tintype.dataset.formats.streams import GzipStream, PlacedStream, plain_stream
from tintype.errors import DatasetError

MOST_MEMBERS = 1_000_000
_PARTIAL_BYTES = 64_000_000
"""Decompressed of a tar that is only to be recognised."""
_HEADER_BYTES = 4_000_000
_ENCODINGS = ("utf-8", "gbk", "shift_jis", "euc_kr", "big5", "cp1251")

Note = tuple[str, str, tuple[str, ...], int]
"""Code, words, the first few places, and the number of a notice."""


_BROKEN = (
    OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile,
    NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip


class Archive:
    """An archive whose members can be read in any order, by several threads."""

    what: str
    """`a ZIP archive`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outside: list[str] = []
        """Names of members that lead out of it."""
        self.sizes: dict[str, int] = {}
        """How many bytes each member that can be read claims to have, by its name."""
        self._noted: dict[str, tuple[str, list[str]]] = {}

    @property
    def notes(self) -> list[Note]:
        """What was left out of the names, or guessed."""
        return [
            (code, words, tuple(places[:5]), len(places))
            for code, (words, places) in self._noted.items()
        ]

    def _note(self, code: str, words: str, place: str) -> None:
        self._noted.setdefault(code, (words, []))[1].append(place)

    def open(self, name: str) -> IO[bytes]:
        """A member as a stream that can be read at any place."""
        raise NotImplementedError

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a member."""
        try:
            with self.open(name) as stream:
                return stream.read(size)
        except _BROKEN as error:
            raise _damaged(self.path, str(error), name) from error

    def read(self, name: str, max_bytes: int) -> bytes:
        """All of a member.

        Raises:
            DatasetError: if it is damaged, or has more bytes than that.
        """
        data = self.head(name, max_bytes + 1)
        if len(data) > max_bytes:
            raise DatasetError(f"{name} has more than {max_bytes:,} bytes; it is not read.")
        return data


def open_archive(path: Path, *, partial: bool = False) -> Archive | None:
    """The archive at a path; none if it is another kind of file.

    Raises:
        DatasetError: if it is damaged, or grows beyond all measure when it is decompressed.
    """
    with PlainFile(path) as file:
        start = file.read(0, 512)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return ZipArchive(path)
    try:
        if start[257:262] == b"ustar":
            return TarArchive(path, plain_stream(path), "a tar archive", partial=partial)
        opened = _decompressed(path, start)
        if opened is None:
            return None
        stream, what = opened
        if stream.read(512)[257:262] != b"ustar":
            stream.close()
            return None
        stream.seek(0)
        return TarArchive(path, stream, what, partial=partial)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise _damaged(path, str(error)) from error


def _decompressed(path: Path, start: bytes) -> tuple[IO[bytes], str] | None:
    if start.startswith(b"\x1f\x8b"):
        return io.BufferedReader(GzipStream(path), 1 << 16), "a tar archive (gzip)"
    if start.startswith(b"BZh"):
        return bz2.open(plain_stream(path)), "a tar archive (bzip2)"
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(plain_stream(path)), "a tar archive (xz)"
    return None


class ZipArchive(Archive):
    """A ZIP archive, by its list of contents."""

    what = "a ZIP archive"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._zip = zipfile.ZipFile(plain_stream(path))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise DatasetError(
                f"{path.name} ends too early or is damaged: the ZIP archive's list of contents "
                "cannot be read.",
                advice="Download or copy it again.",
                path=path,
            ) from error
        infos = [info for info in self._zip.infolist()[:MOST_MEMBERS] if not info.is_dir()]
        self._infos: dict[str, zipfile.ZipInfo] = {}
        encoding = _names_encoding(infos)
        for info in infos:
            self._add(info, encoding)

    def _add(self, info: zipfile.ZipInfo, encoding: str) -> None:
        name = info.filename
        if not info.flag_bits & 0x800 and not name.isascii():
            if encoding != "cp437":
                name = name.encode("cp437", "replace").decode(encoding, "replace")
            if encoding != "utf-8":
                words = f"names without an encoding in the archive: read as {encoding.upper()}."
                self._note("names-encoding", words, name)
        if not is_inside(name):
            self.outside.append(name)
        elif stat.S_ISLNK(info.external_attr >> 16):
            self._note("links", "links in the archive: left out.", name)
        elif info.flag_bits & 1:
            self._note("encrypted", "encrypted members: left out.", name)
        else:
            self._infos[plain_name(name)] = info
            self.sizes[plain_name(name)] = info.file_size

    def open(self, name: str) -> IO[bytes]:
        """See `Archive.open`."""
        try:
            return self._zip.open(self._infos[name])
        except _BROKEN as error:
            raise _damaged(self.path, str(error), name) from error


class TarArchive(Archive):
    """A tar archive, by going through its headers once."""

    def __init__(self, path: Path, stream: IO[bytes], what: str, *, partial: bool = False) -> None:
        super().__init__(path)
        self.what = what
        self._stream = _Guarded(stream)
        self._starts: dict[str, int] = {}
        headers: Any = self._stream
        with tarfile.open(fileobj=headers, mode="r:") as tar:
            for member in tar:
                vars(tar)["members"] = []  # nobody asks for them again
                self._add(member)
                far = member.offset_data + member.size > _PARTIAL_BYTES and what != "a tar archive"
                if len(self.sizes) >= MOST_MEMBERS or (partial and far):
                    break
        self._stream.limit = 0

    def _add(self, member: tarfile.TarInfo) -> None:
        if not member.isreg() or member.sparse is not None:
            if not member.isdir():
                self._note("links", "links and devices in the archive: left out.", member.name)
        elif is_inside(member.name):
            self._starts[plain_name(member.name)] = member.offset_data
            self.sizes[plain_name(member.name)] = member.size
        else:
            self.outside.append(member.name)

    def open(self, name: str) -> IO[bytes]:
        """See `Archive.open`."""
        start, size = self._starts[name], self.sizes[name]
        return io.BufferedReader(PlacedStream(partial(self._stream.part, start, size), size))


@dataclass(slots=True)
class _Guarded:
    """A stream that reads no more at once than a header may have, until `limit` is taken away."""

    stream: IO[bytes]
    limit: int = _HEADER_BYTES
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, size: int = -1) -> bytes:
        if self.limit and not 0 <= size <= self.limit:
            raise tarfile.ReadError("a header claims to be larger than any is")
        return self.stream.read(size)

    def seek(self, place: int) -> int:
        return self.stream.seek(place)

    def tell(self) -> int:
        return self.stream.tell()

    def part(self, start: int, size: int, at: int, most: int) -> bytes:
        """Read at a place of a member, whose others may be read at once."""
        with self.lock:
            self.stream.seek(start + at)
            return self.stream.read(min(most, max(0, size - at)))


def is_inside(name: str) -> bool:
    """Whether a member's name stays within its archive."""
    plain = name.replace("\\", "/")
    drive = len(plain) > 1 and plain[1] == ":"
    return not (plain.startswith("/") or drive or ".." in plain.split("/") or "\0" in plain)


def plain_name(name: str) -> str:
    """A member's name with `/` and without `./`."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _names_encoding(infos: Sequence[zipfile.ZipInfo]) -> str:
    """The encoding of names that an archive gives none for: the first that fits all of them."""
    odd = [
        info.filename
        for info in infos
        if not info.flag_bits & 0x800 and not info.filename.isascii()
    ]
    if all(letter.isalpha() for name in odd for letter in name if not letter.isascii()):
        first: tuple[str, ...] = ("utf-8", "cp437")
    else:
        first = _ENCODINGS
    for encoding in first:
        try:
            for name in odd:
                name.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
        return encoding
    return "cp437"


def _damaged(path: Path, why: str, member: str = "") -> DatasetError:
    what = f"{member} in {path.name}" if member else path.name
    return DatasetError(
        f"{what} is damaged: {why}.", advice="Download or copy it again.", path=path
    )
