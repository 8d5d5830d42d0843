"""The rows that an event names: what leads from a provider's complaint back to the dataset.

Tintype's server lists lines in an event's data. Others only speak: "Example 100, message 2 …". An
example is counted from 1 among the rows that are not blank; a line is a physical line of the file.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tintype.errors import DatasetError
from tintype.jobs.sending import digest_of
from tintype.resources import Event, Job
from tintype.store import MadeFrom, Source

MOST = 1_000
"""Rows that are taken from one event."""

_SPOKEN = re.compile(r"\b(example|line) (\d{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Blamed:
    """A row that a provider complains about."""

    words: str
    """Its complaint."""
    file: str
    """Id of the file at the provider."""
    line: int | None = None
    """1-based physical line, if that is what the provider named …"""
    example: int | None = None
    """… or the 1-based number of the example."""
    fix: str = ""

    @property
    def place(self) -> str:
        """`line 12`, or `example 12`."""
        return f"line {self.line}" if self.line is not None else f"example {self.example}"


def blamed(event: Event, job: Job) -> tuple[Blamed, ...]:
    """The rows that an event of a job names, each once, in the event's order; 1,000 at most."""
    if event.type == "metrics":
        return ()
    found = (*_problems(event, job), *_skipped(event, job))
    listed = {(one.file, one.line): one for one in reversed(found)}
    return tuple(reversed(listed.values())) or tuple(_spoken(event, job))


def left_out(events: Iterable[Event], job: Job) -> tuple[Blamed, ...]:
    """The rows that warnings say were not trained or validated on, each once."""
    rows = (row for event in events if event.level == "warn" for row in blamed(event, job))
    return tuple({(row.file, row.line, row.example): row for row in rows}.values())


def count_left_out(events: Iterable[Event], file: str) -> int:
    """How many rows of a file were left out, those beyond the first 1,000 too."""
    return sum(
        len(numbers)
        for event in events
        if event.level == "warn" and event.data.get("file") == file
        for numbers in _reasons(event).values()
    )


def source_of(row: Blamed, job: Job, made_from: MadeFrom) -> Source | None:
    """The dataset a row is in; none if it is not known here what the job was made from."""
    return made_from.validation if row.file == job.validation_file else made_from.training


def _problems(event: Event, job: Job) -> Iterator[Blamed]:
    for problem in islice(_mappings(event.data.get("problems")), MOST):
        line = _number(problem.get("line"))
        if line is not None:
            words, fix = str(problem.get("message") or ""), str(problem.get("fix") or "")
            yield Blamed(words, _file(event, job), line, fix=fix)


def _skipped(event: Event, job: Job) -> Iterator[Blamed]:
    file = event.data.get("file")
    lines = (
        (_number(line), reason) for reason, numbers in _reasons(event).items() for line in numbers
    )
    where = file if isinstance(file, str) else _file(event, job)
    for line, reason in islice(lines, MOST):
        if line is not None:
            yield Blamed(reason, where, line)


def _spoken(event: Event, job: Job) -> Iterator[Blamed]:
    """What only the message names. A reassuring message may speak of examples, too."""
    if event.level == "info":
        return
    seen = set()
    for kind, digits in islice(_SPOKEN.findall(event.message[:20_000]), MOST):
        number, of_file = int(digits), kind.lower() == "line"
        if number and (of_file, number) not in seen:
            seen.add((of_file, number))
            line, example = (number, None) if of_file else (None, number)
            yield Blamed(event.message, _file(event, job), line, example)


def _reasons(event: Event) -> dict[str, Sequence[Any]]:
    """Why rows were left out, and their lines, as an event's data list them."""
    skipped = event.data.get("skipped")
    if not isinstance(skipped, Mapping):
        return {}
    return {
        str(reason): lines for reason, lines in skipped.items() if isinstance(lines, list | tuple)
    }


def _file(event: Event, job: Job) -> str:
    """The file that an event is about: as the job's failure names it, else by the event's words."""
    if job.validation_file is None:
        return job.training_file
    about, failure = event.message.lower(), job.failure
    if event.level == "error" and failure is not None and failure.param is not None:
        return job.validation_file if failure.param == "validation_file" else job.training_file
    spoken = "validation file" in about and "training file" not in about
    return job.validation_file if spoken else job.training_file


def _mappings(value: Any) -> Iterable[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < 1 << 53 else None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Where a blamed row is now."""

    path: Path
    index: int
    """0-based number of the row in the dataset."""
    changed: bool
    """The file is not the one that was trained on any more: the row may be another."""


async def find(row: Blamed, job: Job, made_from: MadeFrom) -> FoundRow:
    """Find the row that a provider complains about.

    Raises:
        DatasetError: if it is not known what the job was made from, or the file or the row is gone.
    """
    from tintype.dataset import open_dataset  # late: who lists jobs needs no dataset

    source = source_of(row, job, made_from)
    if source is None:
        raise DatasetError(
            "It is not known here which file this job was made from.",
            advice="Only jobs launched with Tintype lead back to their dataset.",
        )
    path = Path(source.path)
    if not await asyncio.to_thread(path.is_file):
        raise DatasetError(
            f"{path} is gone: the row cannot be shown.",
            advice=f"The provider named {row.place}.",
            path=path,
        )
    changed = await asyncio.to_thread(digest_of, path) != source.digest
    async with open_dataset(path) as dataset:
        if row.line is not None:
            index = await dataset.find_line(row.line)
        else:
            index = (row.example or 1) - 1
            await dataset.row(index)
    return FoundRow(path, index, changed)
