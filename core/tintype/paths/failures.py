"""What the operating system refuses, as a sentence for a person."""

import contextlib
import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from tintype.errors import FileError

_REASONS = {
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links form a loop",
    errno.ESTALE: "the network share is not reachable",
    errno.EEXIST: "it exists already",
}


def failure(doing: str, path: Path, error: OSError | ValueError) -> FileError:
    """Return the sentence for an error of the operating system: `failure("read", path, error)`."""
    return FileError(
        f"Cannot {doing} {shown(path)}: {reason(error)}.",
        advice=_advice(doing, path, error),
        path=path,
    )


@contextlib.contextmanager
def translated(doing: str, path: Path) -> Iterator[None]:
    """Turn what the operating system raises in the block into a `FileError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise failure(doing, path, error) from error


def exists_already(path: Path) -> FileError:
    """Return the error for a file that would be overwritten."""
    return FileError(
        f"{shown(path)} exists already.", advice="Choose another name, or replace it.", path=path
    )


def reason(error: OSError | ValueError) -> str:
    """Return why, in a few words that go after a colon."""
    if isinstance(error, OSError) and error.errno is not None:
        words = _REASONS.get(error.errno) or os.strerror(error.errno)
        return words[:1].lower() + words[1:]
    return str(error) or type(error).__name__


def _advice(doing: str, path: Path, error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM) and doing == "read":
        return f"Run `chmod u+r {shlex.quote(shown(path))}` or choose another file."
    if doing == "remove":
        return "Make its folder writable." if number in (errno.EACCES, errno.EPERM) else ""
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Choose another folder."
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space or choose another folder."
    if number == errno.ENAMETOOLONG:
        return "Choose a shorter name."
    return ""


def shown(path: Path | str) -> str:
    """Return a path for a sentence: cut in the middle, control characters spelled out."""
    text = str(path)
    short = text if len(text) <= 120 else f"{text[:60]}…{text[-59:]}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
