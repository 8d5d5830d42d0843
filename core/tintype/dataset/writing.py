"""Datasets written: rows as JSON, splits as files, and what must not be written over."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, Self

from tintype.dataset.file_set import FileSet, unwritable
from tintype.dataset.splits import SPLITS, Split
from tintype.errors import DatasetError
from tintype.images.data_urls import DataUrl
from tintype.paths import exists, free_at

_MARK = b"\xee\x80\x80data URL"
_URL_DEPTH = 6
"""How deep in a row data URLs stand: messages, message, content, part, image_url, url."""


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

    def __init__(self, folder: Path, files: FileSet | None = None) -> None:
        """Write into a folder, by a set of files that ends with the block."""
        self.folder = folder
        self.counts: dict[Split, int] = {}
        """Rows written to each."""
        self.beside = files or FileSet()
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
            raise unwritable(self.path(split), error) from error
        self.counts[split] = self.counts.get(split, 0) + 1

    @property
    def files(self) -> dict[Split, Path]:
        """The files written, in the usual order."""
        return {split: self.path(split) for split in SPLITS if split in self._files}
