"""Whether an archive is what its manifest says: every part there and unchanged, none added."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tintype import paths
from tintype.errors import ArchiveError
from tintype.keeping.containers import ArchiveEntry, entries
from tintype.keeping.folder import MOST_MANIFEST, is_unfinished
from tintype.keeping.manifest import AROUND, MANIFEST, SUMS, Manifest, manifest_from


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """How far a verification is."""

    done_bytes: int
    verification: "Verification | None" = None
    """On the last one only."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found."""

    manifest: Manifest
    faults: tuple[str, ...]
    """What is wrong, a phrase each, beginning with the part's name; none if all is well."""

    def require(self) -> None:
        """Refuse an archive that is not what its manifest says.

        Raises:
            ArchiveError: naming the first fault, and how many there are.
        """
        if self.faults:
            more = f", and {len(self.faults) - 1:,} more faults" if len(self.faults) > 1 else ""
            raise ArchiveError(
                f"The archive is not what its manifest says: {self.faults[0]}{more}.",
                advice="Copy it again from where it came, or keep the same into it again.",
            )


@dataclass(slots=True)
class _Found:
    """What is really in an archive."""

    digests: dict[str, tuple[int, str]] = field(default_factory=dict)
    manifest: bytes = b""
    sums: bytes = b""
    done_bytes: int = 0


def verify(path: Path) -> Generator[VerifyProgress, None, None]:
    """Read a whole archive, a folder or packed, and compare it with its manifest.

    Raises:
        ArchiveError: if it is no archive, damaged so that it cannot be read, or a newer Tintype's.
        FileError: if it cannot be read.
    """
    found = _Found()
    for entry in entries(path):
        yield from _hashed(entry, found)
    if not found.manifest:
        raise ArchiveError(
            f"{path} is no finished archive: it has no {MANIFEST}.",
            advice="If it is being kept, keep the same again.",
        )
    manifest = manifest_from(found.manifest)
    faults = list(_faults(manifest, found))
    if paths.is_folder(path) and is_unfinished(path):
        faults.insert(0, "something was being kept into it; keep the same again")
    yield VerifyProgress(found.done_bytes, Verification(manifest, tuple(faults)))


def manifest_of(path: Path) -> Manifest:
    """Read an archive's manifest alone; what it says of the parts is not checked.

    Raises:
        ArchiveError: if it has none, or it cannot be read.
        FileError: if the archive cannot be read.
    """
    for entry in entries(path):
        if entry.name == MANIFEST:
            found = _Found()
            for _ in _hashed(entry, found):
                pass
            return manifest_from(found.manifest)
    raise ArchiveError(f"{path} is no finished archive: it has no {MANIFEST}.")


def _hashed(entry: ArchiveEntry, found: _Found) -> Generator[VerifyProgress, None, None]:
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for block in entry.blocks():
        digest.update(block)
        size += len(block)
        found.done_bytes += len(block)
        if entry.name in (MANIFEST, SUMS):
            kept += block
            if size > MOST_MANIFEST:
                raise ArchiveError(f"The archive's {entry.name} is larger than any.")
        yield VerifyProgress(found.done_bytes)
    found.digests[entry.name] = (size, digest.hexdigest())
    if entry.name == MANIFEST:
        found.manifest = bytes(kept)
    elif entry.name == SUMS:
        found.sums = bytes(kept)


def _faults(manifest: Manifest, found: _Found) -> Iterator[str]:
    left = dict(found.digests)
    for part in manifest.parts:
        yield from _fault(part.path, left.pop(part.path, None), part.size_bytes, part.sha256)
    sums = dict(line.split("  ", 1)[::-1] for line in _text_lines(found.sums))
    for name in sorted(AROUND - {SUMS}):
        yield from _fault(name, left.pop(name, None), None, sums.get(name, ""))
    if left.pop(SUMS, None) is None:
        yield f"{SUMS} is missing"
    for name in sorted(left):
        yield f"{name} was added"


def _fault(
    name: str, there: tuple[int, str] | None, size_bytes: int | None, sha256: str
) -> Iterator[str]:
    if there is None:
        yield f"{name} is missing"
    elif size_bytes is not None and there[0] != size_bytes:
        yield f"{name} has {there[0]:,} bytes, not {size_bytes:,}"
    elif there[1] != sha256:
        yield f"{name} was changed"


def _text_lines(sums: bytes) -> list[str]:
    return [line for line in sums.decode(errors="replace").splitlines() if "  " in line]
