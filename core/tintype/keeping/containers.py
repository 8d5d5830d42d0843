"""An archive in one file: ZIP, not compressed and so as quick as copying, or a compressed tar.

Whatever is read is untrusted: links, devices, names that lead elsewhere and names given twice are
refused, and nothing is taken on trust but the manifest's sizes, which bound what is read.
"""

import errno
import gzip
import importlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from tintype import paths
from tintype.errors import ArchiveError
from tintype.keeping.folder import BLOCK, files_in
from tintype.keeping.manifest import AROUND, HIDDEN, MANIFEST, safe_part

ENDINGS = (".zip", ".tar.gz", ".tar.zst")
_OTHERS = frozenset((".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zst"))
"""Endings of archives that a folder would be misnamed by."""
_LEVEL = 1
"""Images hardly get smaller; base64 loses its quarter at any level."""


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One file of an archive, open for reading until the next one is asked for."""

    name: str
    size_bytes: int
    """As the archive says."""
    file: IO[bytes]
    archive: Path

    def blocks(self) -> Iterator[bytes]:
        """Its content.

        Raises:
            ArchiveError: if it is damaged.
            FileError: if it cannot be read.
        """
        with _translated(self.archive):
            while block := self.file.read(BLOCK):
                yield block


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise ArchiveError(
            f"{path} is damaged or cut short ({error}).",
            advice="Copy it again from where it came.",
        ) from error
    except OSError as error:
        raise paths.failure("read", path, error) from error


def is_packed(path: Path) -> bool:
    """Whether a name means an archive in one file."""
    return path.name.lower().endswith(ENDINGS)


def entries(path: Path) -> Iterator[ArchiveEntry]:
    """Every file of an archive, a folder or packed.

    Raises:
        ArchiveError: if it holds what no archive of ours does, or is damaged.
        FileError: if it cannot be read.
    """
    if paths.is_folder(path):
        yield from _of_folder(path)
        return
    paths.require(path, "file")
    seen: set[str] = set()
    reading = _of_zip(path) if zipfile.is_zipfile(path) else _of_tar(path)
    with _translated(path):
        for entry in reading:
            if entry.name in seen:
                raise ArchiveError(f"The archive holds {entry.name!r} twice.")
            seen.add(safe_part(entry.name))
            yield entry


def _of_folder(folder: Path) -> Iterator[ArchiveEntry]:
    for path in sorted(files_in(folder)):
        name = path.relative_to(folder).as_posix()
        if name.startswith(f"{HIDDEN}/"):
            continue
        try:
            how = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            link = error.errno == errno.ELOOP
            why = "is a link, as no archive holds" if link else f"cannot be read: {error.strerror}"
            raise ArchiveError(f"{name!r} in {folder} {why}.") from error
        with os.fdopen(how, "rb") as file:
            facts = os.fstat(how)
            if not stat.S_ISREG(facts.st_mode):
                raise ArchiveError(f"{name!r} in {folder} is no file.")
            yield ArchiveEntry(safe_part(name), facts.st_size, file, folder)


def _of_zip(path: Path) -> Iterator[ArchiveEntry]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG) or info.flag_bits & 1:
                raise ArchiveError(f"The archive holds {info.filename!r}, which is no plain file.")
            with archive.open(info) as file:
                yield ArchiveEntry(info.filename, info.file_size, file, path)


def _of_tar(path: Path) -> Iterator[ArchiveEntry]:
    with _reading_tar(path) as archive:
        for info in archive:
            if info.isdir():
                continue
            file = archive.extractfile(info) if info.isreg() else None
            if file is None:
                raise ArchiveError(f"The archive holds {info.name!r}, which is no plain file.")
            with file:
                yield ArchiveEntry(info.name, info.size, file, path)
            archive.members = []  # type: ignore[attr-defined]  # it would keep them all


@contextmanager
def _reading_tar(path: Path) -> Iterator[tarfile.TarFile]:
    with (
        path.open("rb") as file,
        _unpressed(path, file, "rb") as inner,
        tarfile.open(fileobj=inner, mode="r|*" if inner is file else "r|") as archive,
    ):
        yield archive


@contextmanager
def _unpressed(path: Path, file: IO[bytes], mode: Literal["rb", "wb"]) -> Iterator[IO[bytes]]:
    """The stream within a `.zst`; the file itself for other names."""
    if not path.name.lower().endswith(".zst"):
        yield file
        return
    with _zstd().open(file, mode) as inner:
        yield inner


def _zstd() -> Any:
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        raise ArchiveError(
            "This Python does not know Zstandard, which came with 3.14.",
            advice="Use .zip or .tar.gz, or a newer Python.",
        ) from None


def refuse_unwritable(target: Path) -> None:
    """Refuse, before anything is kept, a file that could not be written at the end.

    Raises:
        ArchiveError: if this Python does not know its compression, or nobody here does.
    """
    if target.suffix.lower() in _OTHERS and not is_packed(target) and not paths.exists(target):
        raise ArchiveError(
            f"An archive is a folder or ends in {', '.join(ENDINGS)}, not in {target.suffix}.",
            advice="Name it otherwise.",
        )
    if target.name.lower().endswith(".zst"):
        _zstd()


def pack(folder: Path, target: Path) -> Generator[int, None, None]:
    """Write an archive's folder into one file, whole or not at all; yields bytes so far.

    Nobody else may write to that place meanwhile.

    Raises:
        ArchiveError: if the ending is none that can be written here.
        FileError: if it cannot be written.
    """
    names = [entry.name for entry in entries(folder)]
    names.sort(key=lambda name: (name != MANIFEST, name not in AROUND, name))
    with paths.writing(target, replace=True, private=True, alone=True) as file:
        zipped = target.name.lower().endswith(".zip")
        yield from (
            _write_zip(folder, names, file) if zipped else _write_tar(folder, names, file, target)
        )


def _write_zip(folder: Path, names: list[str], file: IO[bytes]) -> Generator[int, None, None]:
    done = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            info = zipfile.ZipInfo.from_file(folder / name, name, strict_timestamps=False)
            with (folder / name).open("rb") as source, archive.open(info, "w") as part:
                while block := source.read(BLOCK):
                    part.write(block)
                    done += len(block)
                    yield done


def _write_tar(folder: Path, names: list[str], file: IO[bytes], target: Path) -> Iterator[int]:
    """Written block by block, which `tarfile` does not: a file may be of any size."""
    done = 0
    with ExitStack() as opened:
        out: Any = opened.enter_context(_unpressed(target, file, "wb"))
        if target.name.lower().endswith(".gz"):
            pressed = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=_LEVEL, mtime=0)
            out = opened.enter_context(closing(pressed))
        for name in names:
            with (folder / name).open("rb") as source:
                info = tarfile.TarInfo(name)
                info.size, info.mtime = (folder / name).stat().st_size, 0
                out.write(info.tobuf(tarfile.PAX_FORMAT))
                while block := source.read(BLOCK):
                    out.write(block)
                    done += len(block)
                    yield done
                out.write(bytes(-info.size % tarfile.BLOCKSIZE))
        out.write(bytes(2 * tarfile.BLOCKSIZE))


def unpack(path: Path, folder: Path) -> Generator[int, None, None]:
    """Write every file of an archive into a folder; yields bytes so far.

    Raises:
        ArchiveError: if the archive is damaged, or holds what none of ours does.
        FileError: if it cannot be read, or the folder not be written.
    """
    done = 0
    for entry in entries(path):
        with paths.writing(folder / entry.name, replace=True, private=True) as file:
            for block in entry.blocks():
                file.write(block)
                done += len(block)
                yield done
