"""Opening a dataset: a JSONL file, or why it is none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tintype.dataset.files import PlainFile, refuse_foreign
from tintype.dataset.handle import Dataset
from tintype.errors import DatasetError
from tintype.overlay import laying_over
from tintype.paths import exists, is_folder


@asynccontextmanager
async def open_dataset(path: Path, *, allow_private: bool = False) -> AsyncGenerator[Dataset, None]:
    """Open a JSONL file of any size; its first rows are known at once.

    Args:
        path: The file.
        allow_private: Also fetch images from this machine and its local networks. For images
            that a person serves to himself, never for a dataset from others.

    Raises:
        DatasetError: if it is missing, not a regular file, unreadable, or certainly no text.
    """
    dataset = await opened(path, allow_private=allow_private)
    try:
        yield dataset
    finally:
        await asyncio.to_thread(dataset.close)


async def opened(path: Path, *, allow_private: bool = False) -> Dataset:
    """As `open_dataset`, to be closed by whoever calls it."""
    dataset = Dataset(await asyncio.to_thread(_open, path), allow_private=allow_private)
    try:
        await dataset.scan()
        if (over := laying_over.get()) is not None:
            dataset.edits = await over(dataset)
    except BaseException:
        dataset.close()
        raise
    return dataset


def _open(path: Path) -> PlainFile:
    try:
        file = PlainFile(path)
    except DatasetError as error:
        if error.advice:  # which of the folder's files is meant
            raise
        raise _known_otherwise(path) or error from error
    try:
        _refuse_other(file)
    except BaseException:
        file.close()
        raise
    return file


def _refuse_other(file: PlainFile) -> None:
    """Refuse what is a dataset of another format, or no text at all.

    Raises:
        DatasetError: naming what it is, and what takes it.
    """
    begins = file.read(0, 64).removeprefix(b"\xef\xbb\xbf").lstrip()
    # A list in a .jsonl is opened all the same: check says in one sentence what is wrong with it.
    chat = not begins or begins.startswith((b"{", b"[", b"\xff\xfe", b"\xfe\xff"))
    if not chat or file.path.suffix.lower() == ".json":
        other = _known_otherwise(file.path)
        if other is not None:
            raise other
    refuse_foreign(file)


def _known_otherwise(path: Path) -> DatasetError | None:
    # Imported where something else is opened.
    from tintype.dataset.formats import not_understood, recognised

    if not exists(path):
        return None
    return recognised(path) or (not_understood(path) if is_folder(path) else None)
