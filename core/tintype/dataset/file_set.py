"""Files of a dataset written all together or not at all.

They are made in a hidden folder beside their places and moved there when all are complete, so that
nobody ever sees half of one, and a crash leaves what was there as it was. What a killed run leaves
is that folder, which the next one to write there removes.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Self

from tintype.errors import DatasetError
from tintype.paths import failure, is_file, is_folder
from tintype.paths.failures import reason
from tintype.paths.staging import StagingFolder
from tintype.threads import in_thread

MOST_UNSAVED, AT_ONCE = 64, 16
"""Whole files that are open before they are saved, and how many are saved at once."""


class FileSet:
    """Files made beside their places, which take them all together or not at all.

    Used in a `with` block, or in an `async with` block, which ends in a thread. An error inside it,
    or a file that cannot be moved into its place at the end, leaves every file as it was before. A
    folder that did not exist appears at once with all that is in it, even if the process is killed.
    """

    def __init__(self) -> None:
        self._files: list[tuple[Path, IO[bytes]]] = []
        self._stages: dict[Path, StagingFolder] = {}
        self._beside: dict[Path, Path] = {}
        """Folders, and those in which their files are made."""
        self._unsaved: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._finish()
                return
        finally:
            self._tidy()
        if isinstance(error, OSError):
            raise unwritable(Path(error.filename or "The file"), error) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await in_thread(self.__exit__, kind, error, trace)  # disks may take seconds

    def open(self, path: Path) -> IO[bytes]:
        """A file to write to, whose content is at `path` once the block has ended.

        Raises:
            DatasetError: if it cannot be created.
        """
        try:
            file = self._staged(path).open("wb")
        except OSError as error:
            raise unwritable(path, error) from error
        self._files.append((path, file))
        return file

    def add(self, path: Path, data: bytes) -> None:
        """A whole file; it is closed soon, so that there may be thousands.

        Raises:
            DatasetError: if it cannot be written.
        """
        file = self.open(path)
        self._unsaved.append(self._files.pop()[1])
        try:
            file.write(data)
            if len(self._unsaved) >= MOST_UNSAVED:
                self._save()
        except OSError as error:
            raise unwritable(path, error) from error

    def _staged(self, path: Path) -> Path:
        """Where a file is made until all are complete: below the nearest folder that exists."""
        if path.parent not in self._beside:
            self._beside[path.parent] = self._stage_for(path.parent)
        return self._beside[path.parent] / path.name

    def _stage_for(self, folder: Path) -> Path:
        root = folder
        if not is_folder(root):
            folder = Path(os.path.abspath(folder))
            root = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
            if not is_folder(root):
                raise NotADirectoryError(20, "Not a directory", str(root))
        if root not in self._stages:
            self._stages[root] = StagingFolder(root)
        beside = self._stages[root].path / folder.relative_to(root)
        beside.mkdir(parents=True, exist_ok=True)
        return beside

    def _save(self) -> None:
        """Have the whole files on the disk: many at once, for one after the other takes long."""
        if self._unsaved:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(_close, self._unsaved))
            self._unsaved.clear()

    def _finish(self) -> None:
        moved: list[tuple[Path, Path, Path | None]] = []
        place = Path()
        try:
            self._save()
            for path, file in self._files:
                place = path
                _close(file)
            moves = [
                move for root, stage in self._stages.items() for move in _moves(stage.path, root)
            ]
            for at, (beside, place) in enumerate(moves):
                kept = beside.with_name(f".{at}.old")
                before = kept if len(moves) > 1 and _keep(place, kept) else None
                beside.replace(place)
                moved.append((beside, place, before))
        except OSError as error:
            for beside, done, before in reversed(moved):
                with contextlib.suppress(OSError):
                    (before or done).replace(done if before else beside)
            raise unwritable(place, error) from error

    def _tidy(self) -> None:
        """Leave no half files, and no folders made for them."""
        for file in (*(file for _, file in self._files), *self._unsaved):
            with contextlib.suppress(OSError):
                file.close()
        for stage in self._stages.values():
            stage.close()


def _moves(beside: Path, place: Path) -> list[tuple[Path, Path]]:
    """From where to where what was made goes: folders that are new as a whole, and before files."""
    moves: list[tuple[Path, Path]] = []
    with os.scandir(beside) as found:
        entries = sorted(found, key=lambda entry: (entry.is_file(), entry.name))
    for entry in entries:
        made, goal = Path(entry.path), place / entry.name
        within = entry.is_dir() and is_folder(goal)
        moves += _moves(made, goal) if within else [(made, goal)]
    return moves


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes its place when the block ends without an error.

    Raises:
        DatasetError: if it cannot be written.
    """
    with FileSet() as files:
        file = files.open(path)
        try:
            yield file
        except OSError as error:
            raise unwritable(path, error) from error


def _close(file: IO[bytes]) -> None:
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()


def _keep(path: Path, kept: Path) -> bool:
    """Keep what stands at a path under another name as well; false if there is no file."""
    if not is_file(path):
        return False
    try:
        os.link(path, kept)  # the path is never without its file
    except OSError:
        shutil.copy2(path, kept)  # a file system without links
    return True


def unwritable(path: Path, error: OSError) -> DatasetError:
    """Why a file cannot be written, and what to do."""
    advice = failure("write", path, error).advice
    return DatasetError(f"{path} cannot be written: {reason(error)}.", advice=advice, path=path)
