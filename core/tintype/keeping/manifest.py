"""What an archive says it holds: every part with its SHA-256, and what could not be had, with why.

An archive is untrusted: it may have been sent by somebody. Names of parts are judged before
anything is opened or written (`safe_part`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tintype.errors import ArchiveError

MANIFEST, SUMS, README = "manifest.json", "SHA256SUMS", "README.md"
AROUND = frozenset({MANIFEST, SUMS, README})
"""Files of an archive that are no parts."""
HIDDEN = ".tintype"
"""A folder of an archive's own, with the journal of what is being kept; never packed."""
SCHEMA = 1
_MOST_NAME = 400


@dataclass(frozen=True, slots=True)
class KeptPart:
    """One file of an archive."""

    path: str
    """Within the archive, parts joined by `/`."""
    size_bytes: int
    sha256: str
    """Hexadecimal."""
    what: str
    """What it is, in a few words."""
    source: str = ""
    """What it was made from, if that has a name: a file's id, an image's URL."""


@dataclass(frozen=True, slots=True)
class NotKept:
    """Something that could not be had."""

    what: str
    why: str
    """In a sentence."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds."""

    profile: str
    provider: str
    base_url: str
    made_by: str
    """Which Tintype."""
    finished_at: str
    """ISO 8601, UTC."""
    jobs: tuple[str, ...]
    """Ids."""
    models: tuple[str, ...]
    parts: tuple[KeptPart, ...]
    not_kept: tuple[NotKept, ...] = ()

    def text(self) -> str:
        """The manifest as it stands in an archive."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1)


def manifest_from(text: str | bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ArchiveError: if it is none, a newer Tintype's, or names a part that leads elsewhere.
    """
    try:
        value: Mapping[str, Any] = json.loads(text)
        schema = value["schema"]
        if not isinstance(schema, int) or schema > SCHEMA:
            raise ArchiveError(
                f"The archive was written by a newer Tintype (schema {schema}).",
                advice="Use the newer Tintype.",
            )
        found = Manifest(
            **{
                name: str(value[name])
                for name in ("profile", "provider", "base_url", "made_by", "finished_at")
            },
            jobs=tuple(map(str, value["jobs"])),
            models=tuple(map(str, value["models"])),
            parts=tuple(_part(one) for one in value["parts"]),
            not_kept=tuple(NotKept(str(o["what"]), str(o["why"])) for o in value["not_kept"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveError(
            f"The archive's {MANIFEST} cannot be read: it is damaged, or is no manifest.",
            advice="Copy the archive again from where it came.",
        ) from error
    if len({part.path for part in found.parts}) < len(found.parts):
        raise ArchiveError(f"The archive's {MANIFEST} names a part twice.")
    return found


def _part(value: Mapping[str, Any]) -> KeptPart:
    part = KeptPart(**value)
    if not isinstance(part.size_bytes, int) or not isinstance(part.sha256, str):
        raise TypeError(part)
    return KeptPart(safe_part(part.path), *list(asdict(part).values())[1:])


def safe_part(path: str) -> str:
    """The name of a part, which leads nowhere but into the archive.

    Raises:
        ArchiveError: if it does not: absolute, `..`, a backslash, a control character, too long.
    """
    pieces = path.split("/")
    bad = any(piece in ("", ".", "..") for piece in pieces) or ":" in pieces[0]
    if (
        bad
        or "\\" in path
        or not path.isprintable()
        or len(path.encode(errors="replace")) > _MOST_NAME
    ):
        raise ArchiveError(
            f"The archive names a part {path[:80]!r}, which is no name within an archive.",
            advice="Do not use this archive unless you know who made it.",
        )
    return path
