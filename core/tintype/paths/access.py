"""Files read and written, folders listed and made."""

import contextlib
import fnmatch
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tintype.errors import FileError
from tintype.paths.failures import exists_already, failure, shown, translated
from tintype.paths.lookup import require, status
from tintype.paths.staging import StagingFolder


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One thing in a folder."""

    path: Path
    is_folder: bool


def read_bytes(path: Path, *, max_bytes: int | None = None) -> bytes:
    """Return the content of a file; a FIFO or device is refused, not waited for.

    Raises:
        FileError: if it cannot be read, or is larger than `max_bytes`.
    """
    require(path, "file")
    with (
        translated("read", path),
        os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as f,
    ):
        data = f.read() if max_bytes is None else f.read(max_bytes + 1)
    if max_bytes is not None and len(data) > max_bytes:
        raise FileError(
            f"Cannot read {shown(path)}: it is larger than {max_bytes:,} bytes.", path=path
        )
    return data


def read_text(path: Path, *, max_bytes: int | None = None, errors: str = "strict") -> str:
    """Return the content of a UTF-8 file; `errors` as for `bytes.decode`.

    Raises:
        FileError: if it cannot be read, is larger than `max_bytes`, or is not UTF-8.
    """
    try:
        return read_bytes(path, max_bytes=max_bytes).decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise FileError(
            f"Cannot read {shown(path)}: byte {error.start:,} is not UTF-8.",
            advice="Save it as UTF-8.",
            path=path,
        ) from None


def list_folder(path: Path) -> list[FolderEntry]:
    """Return what is in a folder, in no order.

    Raises:
        FileError: if it cannot be listed.
    """
    with translated("list", path), os.scandir(path) as inside:
        return [FolderEntry(path / entry.name, _leads_to_folder(entry)) for entry in inside]


def make_folder(path: Path, *, private: bool = False) -> Path:
    """Make a folder and those above it, unless it is there; `private` to this user.

    Raises:
        FileError: if it cannot be made, or something else is there.
    """
    with translated("make the folder", path):
        path.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
    return path


@contextlib.contextmanager
def writing(
    path: Path, *, replace: bool = False, private: bool = False, alone: bool = False
) -> Iterator[IO[bytes]]:
    """Give a file to write, which takes its place when the block ends without an error.

    It is written beside its place and moved there complete, so that nobody sees half of it and a
    crash leaves the old one as it was. Folders above it are made. Without `replace`, an existing
    file is never overwritten, not even one that appears meanwhile. `private` to this user. Who has
    the place `alone`, by a lock, writes over what a killed run has left half written beside it.

    Raises:
        FileError: if it cannot be written, or exists and `replace` is not set.
    """
    if not replace and status(path).is_there:
        raise exists_already(path)
    make_folder(path.parent)
    temporary = path.with_name(f".tintype-{path.name if alone else os.urandom(6).hex()}.tmp")
    how = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if alone else os.O_EXCL)
    with translated("write", path):
        number = os.open(temporary, how, 0o600 if private else 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with translated("write", path):
            _move(temporary, path, replace=replace)
    except OSError as error:
        raise failure("write", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(
    path: Path, data: bytes | str, *, replace: bool = False, private: bool = False
) -> Path:
    """Write a file whole or not at all (see `writing`); text as UTF-8.

    Raises:
        FileError: if it cannot be written, exists and `replace` is not set, or the text holds half
            a character (a lone surrogate).
    """
    if isinstance(data, str):
        try:
            data = data.encode("utf-8")
        except UnicodeEncodeError as error:
            raise FileError(
                f"Cannot write {shown(path)}: character {error.start + 1:,} of the text is half of "
                "a surrogate pair, which UTF-8 cannot encode.",
                path=path,
            ) from None
    with writing(path, replace=replace, private=private) as file:
        file.write(data)
    return path


def append_private(path: Path, data: bytes, *, max_bytes: int) -> Path:
    """Append to a file that only this user can read; one larger than `max_bytes` is emptied first.

    A link in its place is refused, so that nobody can have another file written to.

    Raises:
        FileError: if it cannot be written.
    """
    make_folder(path.parent, private=True)
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with translated("write", path):
        number = os.open(path, how, 0o600)
        with os.fdopen(number, "ab") as file:
            os.fchmod(number, 0o600)
            if os.fstat(number).st_size > max_bytes:
                os.ftruncate(number, 0)
            file.write(data)
    return path


def matching(path: Path) -> list[Path]:
    """Return the path, or, where its name has `*`, `?` or `[`, what it fits in its folder, sorted.

    Raises:
        FileError: if nothing is there, or the folder cannot be listed.
    """
    if not set(path.name) & set("*?["):
        require(path)
        return [path]
    named = [entry.path for entry in list_folder(path.parent)]
    found = sorted(each for each in named if fnmatch.fnmatchcase(each.name, path.name))
    if not found:
        raise FileError(
            f"{shown(path)} fits nothing in its folder.", advice="Check its spelling.", path=path
        )
    return found


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it; a link, and not what it leads to.

    Raises:
        FileError: if it cannot be removed; what is not there is no error.
    """
    with translated("remove", path), contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder, private to this user, that is removed with its content afterwards.

    Raises:
        FileError: if none can be made.
    """
    with translated("make a temporary folder in", Path(os.environ.get("TMPDIR") or "/tmp")):
        folder = StagingFolder(Path(tempfile.gettempdir()))
    try:
        yield folder.path
    finally:
        folder.close()


def _move(temporary: Path, path: Path, *, replace: bool) -> None:
    """Put a complete file in its place; a link fails where something appeared meanwhile."""
    if replace:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise exists_already(path) from None
    except OSError:  # no hard links here (exFAT, some shares)
        if os.path.lexists(path):
            raise exists_already(path) from None
        os.rename(temporary, path)


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
