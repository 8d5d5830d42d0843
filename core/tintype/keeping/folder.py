"""An archive as a folder, written so that a kill at any moment costs the part under way at most.

A part is written under a temporary name and brought to the disk; then a line of the journal says
what it is, and it is moved to its place. What the journal names and is not in its place is not
there. The manifest is written last, whole, and with it the journal is emptied: an archive whose
journal is not empty is not finished, and is gone on with by keeping the same again.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from tintype import paths
from tintype.errors import ArchiveError
from tintype.keeping.manifest import (
    HIDDEN,
    MANIFEST,
    README,
    SUMS,
    KeptPart,
    Manifest,
    NotKept,
    manifest_from,
    safe_part,
)
from tintype.threads import in_thread

BLOCK = 1 << 20
"""How much is read and hashed at once, in bytes."""
JOURNAL = "journal.jsonl"
MOST_MANIFEST = 256 << 20


class PartWriter:
    """A part that is being written, counted and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Append to it."""
        self._file.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)

    @property
    def sha256(self) -> str:
        """Of what was written so far, hexadecimal."""
        return self._digest.hexdigest()


class ArchiveFolder:
    """A folder that is being made into an archive, by this process alone."""

    def __init__(
        self,
        folder: Path,
        journal: IO[bytes],
        before: Manifest | None,
        parts: Iterable[KeptPart],
    ) -> None:
        self.folder = folder
        self.before = before
        """What the archive held when it was last finished; none if it never was."""
        self._journal = journal
        self.parts = {part.path: part for part in parts if self._is_there(part)}
        self._by_source = {part.source: part for part in self.parts.values() if part.source}
        self.not_kept: list[NotKept] = []
        self.added = 0
        """Parts written in this run."""
        self.size_bytes = sum(part.size_bytes for part in self.parts.values())

    def _is_there(self, part: KeptPart) -> bool:
        return paths.status(self.folder / part.path).size_bytes == part.size_bytes

    def has(self, path: str) -> bool:
        """Whether a part is there whole."""
        return path in self.parts

    def of_source(self, source: str) -> KeptPart | None:
        """The part that was made from something, if it is there."""
        return self._by_source.get(source)

    @contextmanager
    def part(
        self,
        path: str,
        what: str,
        source: str = "",
        check: Callable[[PartWriter], None] | None = None,
    ) -> Iterator[PartWriter]:
        """Give a part to write, which is in the archive once the block ends without an error.

        `check` may raise before it takes its place.

        Raises:
            FileError: if it cannot be written.
            ArchiveError: if the name leads out of the archive.
        """
        place = self.folder / safe_part(path)
        with paths.writing(place, replace=True, private=True) as file:
            writer = PartWriter(file)
            yield writer
            if check is not None:
                check(writer)
            part = KeptPart(path, writer.size_bytes, writer.sha256, what, source)
            self._note(part)
        replaced = self.parts.get(part.path)
        self.size_bytes += part.size_bytes - (replaced.size_bytes if replaced else 0)
        self.parts[part.path] = part
        if part.source:
            self._by_source[part.source] = part
        self.added += 1

    def put(self, path: str, data: bytes | str, what: str, source: str = "") -> None:
        """Write a small part, unless it is there as it is.

        Raises:
            FileError: if it cannot be written.
        """
        if isinstance(data, str):
            data = data.encode(errors="replace")
        known = self.parts.get(path)
        same = known is not None and known.sha256 == hashlib.sha256(data).hexdigest()
        if same and paths.read_bytes(self.folder / path) == data:
            return
        with self.part(path, what, source) as part:
            part.write(data)

    def lost(self) -> list[KeptPart]:
        """Parts that the archive had when it was last finished, and has no longer."""
        before = self.before.parts if self.before else ()
        return [part for part in before if part.path not in self.parts]

    def miss(self, what: str, why: str) -> None:
        """Note what could not be had."""
        self.not_kept.append(NotKept(what, why))

    def _note(self, part: KeptPart) -> None:
        try:
            self._journal.write(json.dumps(asdict(part)).encode() + b"\n")
            self._journal.flush()
        except OSError as error:
            raise paths.failure("write", self.folder, error) from error

    def finish(self, manifest: Manifest, readme: str) -> None:
        """Write the manifest and what goes around it; from now on the archive is whole.

        Raises:
            FileError: if they cannot be written.
        """
        whole = {README: readme.encode(), MANIFEST: manifest.text().encode()}
        for name, data in whole.items():
            paths.write_whole(self.folder / name, data, replace=True, private=True)
        sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in whole.items()]
        sums += [f"{part.sha256}  {part.path}\n" for part in manifest.parts]
        paths.write_whole(self.folder / SUMS, "".join(sums), replace=True, private=True)
        try:
            self._journal.truncate(0)
            self._journal.flush()
        except OSError as error:
            raise paths.failure("write", self.folder, error) from error


@contextmanager
def archive_folder(folder: Path) -> Iterator[ArchiveFolder]:
    """Open a folder to keep things in: a new one, an unfinished one, or an archive to add to.

    Raises:
        FileError: if it cannot be made, read or written.
        ArchiveError: if it holds something else, or another process keeps into it.
    """
    hidden = folder / HIDDEN
    ours = paths.is_folder(hidden) or paths.is_file(folder / MANIFEST)
    if not ours and paths.is_folder(folder) and paths.list_folder(folder):
        raise ArchiveError(
            f"{folder} is not empty, and is no archive.",
            advice="Name a folder that does not exist yet.",
        )
    paths.make_folder(hidden, private=True)
    journal = paths.locked(hidden / JOURNAL)
    if journal is None:
        raise ArchiveError(
            f"Another process keeps into {folder}.", advice="Wait for it, or name another folder."
        )
    with journal:
        before = _finished(folder)
        known = {part.path: part for part in before.parts} if before else {}
        lines = journal.read().split(b"\n")
        known |= {part.path: part for part in _journalled(lines)}
        if lines[-1]:
            journal.write(b"\n")  # after a line that a kill has torn
        for left in files_in(folder):
            if left.name.startswith(".tintype-") and left.suffix == ".tmp":
                paths.remove(left)  # half a part, of a run that was killed
        yield ArchiveFolder(folder, journal, before, known.values())


def files_in(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and whatever else is no folder; links are not followed.

    Raises:
        FileError: if a folder cannot be listed.
    """
    for entry in paths.list_folder(folder):
        if entry.is_folder and not entry.path.is_symlink():
            yield from files_in(entry.path)
        else:
            yield entry.path


def is_unfinished(folder: Path) -> bool:
    """Whether something was being kept in a folder when it was last written to."""
    return bool(paths.status(folder / HIDDEN / JOURNAL).size_bytes)


def _finished(folder: Path) -> Manifest | None:
    if not paths.is_file(folder / MANIFEST):
        return None
    return manifest_from(paths.read_bytes(folder / MANIFEST, max_bytes=MOST_MANIFEST))


def _journalled(lines: Iterable[bytes]) -> Iterator[KeptPart]:
    for line in lines:
        try:
            part = KeptPart(**json.loads(line))
            safe_part(part.path)
        except (ValueError, TypeError, AttributeError, ArchiveError):
            continue  # torn by a kill: the part is kept again
        yield part


@asynccontextmanager
async def apart(entering: AbstractContextManager[PartWriter]) -> AsyncIterator[PartWriter]:
    """Enter and leave a block in a thread: at its end a file is brought to the disk."""
    part = await in_thread(entering.__enter__)
    try:
        yield part
    except BaseException as error:
        if not await in_thread(entering.__exit__, type(error), error, error.__traceback__):
            raise
    else:
        await in_thread(entering.__exit__, None, None, None)
