"""Datasets written: whole or not at all.

A file is written beside its place and moved there when it is complete, so that nobody ever sees
half of one, and a crash leaves the old one as it was.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tintype.dataset.splits import SPLITS, Split
from tintype.errors import DatasetError


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes its place when the block ends without an error.

    Raises:
        DatasetError: if it cannot be written.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error.strerror or error}.", path=path
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def refuse_existing(paths: Sequence[Path], *, replace: bool) -> None:
    """Refuse to overwrite files, unless that is wanted.

    Raises:
        DatasetError: naming the first one that exists.
    """
    for path in paths:
        if path.exists() and not replace:
            raise DatasetError(
                f"{path} exists already.", advice="Choose another folder, or replace it.", path=path
            )


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
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair: only an escape can hold it
        return json.dumps(row).encode() + b"\n"


class SplitWriter:
    """Writes `train.jsonl`, `valid.jsonl` and `test.jsonl` into a folder, all or none of them.

    A split without rows gets no file. Used in a `with` block; an error inside it leaves the folder
    as it was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: dict[Split, int] = {}
        """Rows written to each."""
        self._files: dict[Split, IO[bytes]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def path(self, split: Split) -> Path:
        """Where a split is written."""
        return self.folder / f"{split}.jsonl"

    def write(self, split: Split, row: Any) -> None:
        """Add a row to a split.

        Raises:
            DatasetError: if it cannot be written.
        """
        if split not in self._files:
            self._files[split] = self._stack.enter_context(written(self.path(split)))
        self._files[split].write(row_bytes(row))
        self.counts[split] = self.counts.get(split, 0) + 1

    @property
    def files(self) -> dict[Split, Path]:
        """The files written, in the usual order."""
        return {split: self.path(split) for split in SPLITS if split in self._files}
