"""Paths made of text: typed by a person, half typed, or from a job's id."""

import heapq
import os
import re
from pathlib import Path
from urllib.parse import unquote

from tintype.errors import FileError
from tintype.paths.access import FolderEntry, list_folder, matching
from tintype.paths.failures import shown
from tintype.paths.lookup import exists

MAX_NAME_BYTES = 120
"""The longest name made by `safe_name`, its ending included; file systems allow 255."""

_UNSAFE = re.compile(r"[^\w.+=@ -]+")


def typed_path(text: str) -> Path:
    """Return the path that a person typed, pasted or dropped: `~`, quotes and `file://` understood.

    It need not exist.

    Raises:
        FileError: if no path can be made of it: nothing, a NUL, half a character, an unknown user.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if text.startswith("file://"):
        text = unquote(text.removeprefix("file://"))
    return as_path(text)


def typed_paths(text: str, folder: Path | None = None) -> list[Path]:
    """Return every path of a text in which `;` sets them apart, those fitting `*` sorted.

    A path that is no whole one lies in `folder`, or else beside the first. Something whose own name
    has such signs is meant before others are.

    Raises:
        FileError: if no path can be made of one, or nothing is there.
    """
    if exists(whole := typed_path(text)):
        return [whole]
    found: list[Path] = []
    for name in filter(None, (name.strip() for name in text.split(";"))):
        base = folder or (found[0].parent if found else Path())
        found += [each for each in matching(base / typed_path(name)) if each not in found]
    return found or matching(whole)


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return the path that a program gave, as it is except for `~`; it need not exist.

    Raises:
        FileError: if no path can be made of it: nothing, a NUL, half a character, an unknown user.
    """
    text = os.fsdecode(path)
    if not text:
        raise FileError("No path was given.", advice="Type the path of a file or folder.")
    try:
        if b"\0" in os.fsencode(text):
            raise ValueError("it holds a NUL character")
        return Path(text).expanduser()
    except UnicodeEncodeError:
        why = "it contains half of a surrogate pair"
        raise FileError(f"{shown(text)} is not a path: {why}.") from None
    except ValueError as error:
        raise FileError(f"{shown(text)} is not a path: {error}.") from None
    except RuntimeError:
        user = text.split("/", 1)[0]
        raise FileError(
            f"There is no user {shown(user[1:]) or 'whose home “~” could be'} on this machine.",
            advice=f"For a file with this name, type {shown('./' + text)}.",
        ) from None


def completions(typed: str, *, endings: tuple[str, ...] = (), most: int = 200) -> list[FolderEntry]:
    """Return what a path being typed could become: folders first, then files, by name.

    A name fits if it contains the last part of what was typed, whatever the case; hidden ones only
    once a dot was typed; with `endings` (lower case), files must have one of them.

    Raises:
        FileError: if the folder typed so far cannot be listed.
    """
    path = typed_path(typed)
    folder, part = (path, "") if typed.rstrip().endswith(os.sep) else (path.parent, path.name)
    part = part.lower()

    def fits(entry: FolderEntry) -> bool:
        name = entry.path.name.lower()
        if (name.startswith(".") and not part.startswith(".")) or part not in name:
            return False
        return not endings or entry.is_folder or entry.path.suffix.lower() in endings

    return heapq.nsmallest(
        most,
        filter(fits, list_folder(folder)),
        key=lambda entry: (not entry.is_folder, entry.path.name.lower()),
    )


def safe_name(text: str, ending: str = "") -> str:
    """Return a file name made of text from anywhere, such as a job's id: one part, no surprise.

    Letters, digits, spaces and `.+=@_-` stay, anything else becomes `_`; it never begins with a dot
    or a dash, is never empty, and is cut to `MAX_NAME_BYTES` with a digest that keeps two long
    names apart.
    """
    name = _UNSAFE.sub("_", text.encode("utf-8", "replace").decode()).strip(" ").lstrip(".-") or "_"
    room = MAX_NAME_BYTES - len(ending.encode())
    if len(name.encode()) > room:
        import hashlib  # late: few names are that long, and the first frame waits for it

        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
        name = f"{name.encode()[: room - 9].decode('utf-8', 'ignore')}-{digest}"
    return f"{name}{ending}"


def absolute(path: Path) -> Path:
    """Return the path from the root, links not resolved; where the folder is gone, as it is."""
    try:
        return path.absolute()
    except (OSError, ValueError):
        return path


def current_folder() -> Path:
    """Return the current folder, or “.” when it has been deleted."""
    try:
        return Path.cwd()
    except OSError:
        return Path()
