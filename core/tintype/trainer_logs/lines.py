"""Logs of text: `trainer_state.json` of transformers, a JSON object a line, and CSV."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tintype.errors import FileError
from tintype.paths import failure
from tintype.trainer_logs.measured import Measured, News, plain_name, read_line

MOST_BYTES = 1 << 30
"""Of a file that is read whole."""
_SEPARATOR = re.compile(r"sep=.\s*$", re.IGNORECASE)


def added(path: Path, offset: int) -> tuple[bytes, int]:
    """Return the whole lines since an offset, and where they end; from 0 if the file was replaced.

    Raises:
        FileError: if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            offset = 0 if size < offset else offset
            file.seek(offset)
            data = file.read()
    except OSError as error:
        raise failure("read", path, error) from error
    whole = data.rfind(b"\n") + 1
    return data[:whole], offset + whole


class JsonLines:
    """A JSON object a line, as LLaMA-Factory and ms-swift write it."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._odd = path, 0, 0

    def read(self) -> News:
        """Read the lines that are new."""
        data, self._offset = added(self._path, self._offset)
        measured: list[Measured] = []
        total: int | None = None
        for line in data.splitlines():
            one, steps = read_line(self._object(line))
            total = steps or total
            measured += [one] if one else []
        return News(tuple(measured), total, {"lines that are not JSON": self._odd})

    def _object(self, line: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            self._odd += bool(line.strip())
            return {}
        return found if isinstance(found, dict) else {}


class Csv:
    """A line per step under a head of names; commas, semicolons or tabs between them."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._head = path, 0, list[str]()
        self._delimiter = ","

    def read(self) -> News:
        """Read the rows that are new."""
        before = self._offset
        data, self._offset = added(self._path, before)
        if before > self._offset:
            self._head = []
        text = data.decode("utf-8-sig", "replace").replace("\0", "")
        measured = [one for row in self._rows(text) if (one := read_line(row)[0]) is not None]
        return News(tuple(measured))

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        lines = text.splitlines()
        if not self._head and lines and _SEPARATOR.match(lines[0]):
            del lines[0]  # Excel's own first line
        if not self._head and lines:
            self._delimiter = max(",;\t", key=lines[0].count)
            (self._head,) = csv.reader(lines[:1], delimiter=self._delimiter)
            self._head = [plain_name(name) for name in self._head]
            lines = lines[1:]
        for row in csv.reader(lines, delimiter=self._delimiter):
            yield {
                name: value.strip() for name, value in zip(self._head, row, strict=False) if value
            }


class TrainerState:
    """The newest `trainer_state.json` of a folder: transformers writes one with each checkpoint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[Path, float] | None = None

    def read(self) -> News:
        """Read the newest one, if it has changed."""
        found = newest_state(self._folder)
        if found is None or found == self._read:
            return News()
        path, self._read = found[0], found
        try:
            if path.stat().st_size > MOST_BYTES:
                raise FileError(f"{path} is too large to be a trainer's state.", path=path)
            state = json.loads(path.read_bytes())
        except OSError as error:
            raise failure("read", path, error) from error
        except (ValueError, RecursionError):
            self._read = None  # it is being written
            return News()
        history = state.get("log_history") if isinstance(state, dict) else None
        lines = [one for one in history or () if isinstance(one, dict)]
        measured = [one for line in lines if (one := read_line(line)[0]) is not None]
        total = state.get("max_steps") if isinstance(state, dict) else None
        return News(tuple(measured), total if isinstance(total, int) and total > 0 else None)


def newest_state(folder: Path) -> tuple[Path, float] | None:
    """Return the `trainer_state.json` that was written last, in a folder or its checkpoints."""
    if folder.name == "trainer_state.json":
        paths = [folder]
    else:
        paths = [folder / "trainer_state.json", *folder.glob("checkpoint-*/trainer_state.json")]
    found = []
    for path in paths:
        try:
            found.append((path, path.stat().st_mtime))
        except OSError:
            continue
    return max(found, key=lambda one: one[1], default=None)
