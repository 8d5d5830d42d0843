"""Names of files in a source: kept within it, and compared however they are written."""

import unicodedata
from pathlib import PurePosixPath

_RESOURCES = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini")


def normal(name: str) -> str:
    """A name with `/`, without `.` and `..`; empty if it leads out, or is absolute."""
    parts: list[str] = []
    if "\0" in name or len(name) > 4096 or is_absolute(name):
        return ""
    for part in name.replace("\\", "/").split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def is_absolute(name: str) -> bool:
    """Whether a name begins at the root of a disk, of this or another machine."""
    return name.startswith(("/", "\\", "~")) or (len(name) > 1 and name[1] == ":")


def folded(name: str) -> str:
    """A name as it is compared: one way of writing accents, small letters, `/`."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()


def is_resource(name: str) -> bool:
    """Whether a file is hidden, or what a system keeps beside the files of people."""
    return any(part.startswith(".") or part in _RESOURCES for part in PurePosixPath(name).parts)


def ends_with(name: str, end: str) -> bool:
    """Whether a name ends as another says, folders and all."""
    wanted = [part for part in folded(end).split("/") if part not in ("", ".", "..")]
    return folded(name).split("/")[-len(wanted) :] == wanted
