"""Datasets written: whole or not at all.

A file is written beside its place and moved there when it is complete, so that nobody ever sees
half of one, and a crash leaves the old one as it was.
"""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import IO, Any, Self

from tintype.dataset.splits import SPLITS, Split
from tintype.errors import DatasetError
from tintype.images.data_urls import DataUrl
from tintype.paths import exists, failure, free_at, is_file, is_folder
from tintype.paths.failures import reason
from tintype.threads import in_thread

MOST_UNSAVED, AT_ONCE = 200, 16
"""Whole files that are written before they are saved, and how many are saved at once."""
_MARK = b"\xee\x80\x80data URL"
_URL_DEPTH = 6
"""How deep in a row data URLs stand: messages, message, content, part, image_url, url."""


class FileSet:
    """Files written beside their places, which take them all together or not at all.

    Used in a `with` block, or in an `async with` block, which ends in a thread. An error inside it,
    or a file that cannot be moved into its place at the end, leaves every file as it was before.
    """

    def __init__(self) -> None:
        self._files: list[tuple[Path, Path, IO[bytes]]] = []
        self._folders: list[Path] = []
        self._unsaved: list[Path] = []

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
            raise _unwritable(Path(error.filename or "The file"), error) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await in_thread(self.__exit__, kind, error, trace)  # disks may take seconds

    def open(self, path: Path) -> IO[bytes]:
        """A file to write to, whose content is at `path` once the block has ended.

        Raises:
            DatasetError: if it cannot be created.
        """
        beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
        try:
            self._make(path.parent)
            file = beside.open("xb")
        except OSError as error:
            raise _unwritable(path, error) from error
        self._files.append((path, beside, file))
        return file

    def add(self, path: Path, data: bytes) -> None:
        """A whole file; it is closed at once, so that there may be thousands.

        Raises:
            DatasetError: if it cannot be written.
        """
        file = self.open(path)
        try:
            file.write(data)
            file.close()
            self._unsaved.append(self._files[-1][1])
            if len(self._unsaved) >= MOST_UNSAVED:
                self._save()
        except OSError as error:
            raise _unwritable(path, error) from error

    def _save(self) -> None:
        """Have the whole files on the disk: many at once, for one after the other takes long."""
        if self._unsaved:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(_save, self._unsaved))
            self._unsaved.clear()

    def _finish(self) -> None:
        moved: list[tuple[Path, Path | None]] = []
        place = Path()
        try:
            self._save()
            for place, beside, file in self._files:
                _close(file)
                before = _kept(place) if len(self._files) > 1 else None
                moved.append((place, before))
                beside.replace(place)
        except OSError as error:
            # The last one has not been moved: its place is as it was.
            for done, before in moved[:-1]:
                _undo(done, before)
            raise _unwritable(place, error) from error
        finally:
            for _, before in moved:
                if before is not None:
                    before.unlink(missing_ok=True)
        self._folders.clear()

    def _tidy(self) -> None:
        """Leave no half files, and no folders made for them."""
        for _, beside, file in self._files:
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _make(self, folder: Path) -> None:
        if not is_folder(folder):
            if folder.parent != folder:
                self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self._folders.append(folder)


def require_room(target: Path, needed: int) -> None:
    """Ask for the disk space before anything is written.

    Raises:
        DatasetError: if so many bytes do not fit.
    """
    free = free_at(target)
    if free is not None and needed > free:
        raise DatasetError(
            f"About {needed:,} bytes would be written, and {target} has {free:,} free.",
            advice="Choose a folder on another disk, or free some space.",
            path=target,
        )


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
            raise _unwritable(path, error) from error


def _save(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _close(file: IO[bytes]) -> None:
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()


def _kept(path: Path) -> Path | None:
    """What stands at a path, kept under another name; none if there is no file."""
    if not is_file(path):
        return None
    kept = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.old")
    try:
        os.link(path, kept)  # the path is never without its file
    except OSError:
        shutil.copy2(path, kept)  # a file system without links
    return kept


def _undo(path: Path, before: Path | None) -> None:
    with contextlib.suppress(OSError):
        if before is None:
            path.unlink()
        else:
            before.replace(path)


def _unwritable(path: Path, error: OSError) -> DatasetError:
    advice = failure("write", path, error).advice
    return DatasetError(f"{path} cannot be written: {reason(error)}.", advice=advice, path=path)


def refuse_existing(paths: Sequence[Path], *, replace: bool) -> None:
    """Refuse to overwrite files, unless that is wanted.

    Raises:
        DatasetError: naming the first one that exists.
    """
    for path in paths:
        if exists(path) and not replace:
            raise DatasetError(
                f"{path} exists already.", advice="Choose another folder, or replace it.", path=path
            )


def refuse_source(target: Path, source: Path) -> None:
    """Refuse to write over the dataset that is read.

    Raises:
        DatasetError: if both are the same file.
    """
    if exists(target) and target.samefile(source):
        raise DatasetError(f"{target} is the dataset itself.", advice="Choose another name.")


def chat_row(question: str, answer: str, *images: str, system: str = "") -> dict[str, Any]:
    """A row in the shape that providers train on: the question and its images, then the answer.

    Images are URLs: data URLs, http(s) URLs or paths relative to the dataset.
    """
    parts: list[dict[str, Any]] = [{"type": "text", "text": question}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in images]
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": parts if images else question})
    messages.append({"role": "assistant", "content": answer})
    return {"messages": messages}


def row_bytes(row: Any) -> bytes:
    """A row as one line of JSONL, its line end included."""
    urls: list[DataUrl] = []
    light = _without_urls(row, urls)
    try:
        *before, last = json.dumps(light, ensure_ascii=False).encode().split(_MARK)
        if len(before) == len(urls):  # or else a text holds the mark
            pieces = chain.from_iterable(zip(before, map(str.encode, urls), strict=True))
            return b"".join((*pieces, last, b"\n"))
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair: only an escape can hold it
        return json.dumps(row).encode() + b"\n"


def _without_urls(value: Any, urls: list[DataUrl], depth: int = _URL_DEPTH) -> Any:
    """A row with a mark in place of each data URL in which nothing must be escaped."""
    if type(value) is DataUrl:
        urls.append(value)
        return _MARK.decode()
    if depth and isinstance(value, dict):
        return {key: _without_urls(inner, urls, depth - 1) for key, inner in value.items()}
    if depth and isinstance(value, list):
        return [_without_urls(inner, urls, depth - 1) for inner in value]
    return value


class SplitWriter:
    """Writes `train.jsonl`, `valid.jsonl` and `test.jsonl` into a folder, all or none of them.

    A split without rows gets no file. Used in a `with` block; an error inside it, or a file that
    cannot be moved into its place at the end, leaves the folder as it was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: dict[Split, int] = {}
        """Rows written to each."""
        self.beside = FileSet()
        """For further files that appear together with the rows, such as their images."""
        self._files: dict[Split, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.beside.__exit__(kind, error, trace)

    def path(self, split: Split) -> Path:
        """Where a split is written."""
        return self.folder / f"{split}.jsonl"

    def write(self, split: Split, row: Any) -> None:
        """Add a row to a split.

        Raises:
            DatasetError: if it cannot be written.
        """
        if split not in self._files:
            self._files[split] = self.beside.open(self.path(split))
        try:
            self._files[split].write(row_bytes(row))
        except OSError as error:
            raise _unwritable(self.path(split), error) from error
        self.counts[split] = self.counts.get(split, 0) + 1

    @property
    def files(self) -> dict[Split, Path]:
        """The files written, in the usual order."""
        return {split: self.path(split) for split in SPLITS if split in self._files}
