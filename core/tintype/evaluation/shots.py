"""Few shots: rows that are shown, with their answers, before every question."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tintype import paths
from tintype.dataset import example
from tintype.dataset.parsing import ParsedLine, read_line
from tintype.dataset.spread import scattered
from tintype.dataset.wire import wire_messages
from tintype.errors import DatasetError

_LEADING = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Shots:
    """Rows of a dataset, as they are sent before a question."""

    dataset: str
    """Its path."""
    rows: tuple[int, ...]
    """0-based, among the lines that are not blank."""
    digest: str
    """Of their lines: other rows at the same places are no longer these shots."""


def draw_shots(dataset: Path, number: int) -> Shots:
    """Choose rows with an answer, evenly spread over a file; blocking.

    Raises:
        DatasetError: if it has fewer, or cannot be read.
    """
    usable = [line.row.index for line in _lines(dataset) if _answer(line)]
    if not 0 < number <= len(usable):
        raise DatasetError(
            f"{dataset} has {len(usable):,} rows with an answer, and not {number:,}.", path=dataset
        )
    rows = tuple(usable[at] for at in scattered(len(usable), number))
    return Shots(str(paths.absolute(dataset)), rows, _digest(_chosen(dataset, rows)))


def with_shots(messages: list[dict[str, Any]], shots: Shots | None) -> list[dict[str, Any]]:
    """Put shots before a question, after its system prompt; blocking.

    Raises:
        DatasetError: if their file has changed, or an image cannot be had.
    """
    if shots is None:
        return messages
    first = next(
        (at for at, one in enumerate(messages) if one.get("role") not in _LEADING), len(messages)
    )
    return [*messages[:first], *map(dict, _shown(shots)), *messages[first:]]


@lru_cache(maxsize=4)
def _shown(shots: Shots) -> tuple[Mapping[str, Any], ...]:
    path = Path(shots.dataset)
    lines = _chosen(path, shots.rows)
    if _digest(lines) != shots.digest:
        raise DatasetError(f"{path} has changed since its rows were chosen as shots.", path=path)
    shown: list[Mapping[str, Any]] = []
    for line in lines:
        asked = wire_messages(line, path.parent)
        shown += [one for one in asked if one.get("role") not in _LEADING]
        shown.append({"role": "assistant", "content": _answer(line)})
    return tuple(shown)


def _chosen(dataset: Path, rows: tuple[int, ...]) -> list[ParsedLine]:
    return [line for line in _lines(dataset) if line.row.index in rows]


def _lines(dataset: Path) -> Iterator[ParsedLine]:
    paths.require(dataset, "file")
    index = 0
    try:
        with dataset.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if raw.strip():
                    yield read_line(raw.rstrip(b"\r\n"), index=index, line=number, offset=0)
                    index += 1
    except OSError as error:
        raise paths.failure("read", dataset, error) from error


def _answer(line: ParsedLine) -> str:
    return "" if line.row.flaw else example(line.row).answer.strip()


def _digest(lines: list[ParsedLine]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.raw + b"\n")
    return digest.hexdigest()[:32]
