"""What an import says of itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tintype.dataset.splits import Split

Keep = Literal["embed", "link"]
"""Images as data URLs in the rows, which every provider takes; or as paths beside them."""


REPORT_S = 0.1
"""How often an import reports."""


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Something in the source that is not as it should be, and what became of it."""

    file: str
    """Its name, relative to the source."""
    line: int
    """1-based; 0 means the whole file."""
    message: str
    """What is wrong: a sentence."""
    done: str
    """What was done: `dropped`, `clamped`, `swapped`, `left out`, `kept` …"""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import read and wrote."""

    rows: int = 0
    images: int = 0
    """Different images in the rows."""
    splits: Mapping[Split, int] = field(default_factory=dict)
    """Rows of each."""
    files: Mapping[Split, Path] = field(default_factory=dict)
    """Where they were written."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Boxes of each label, or nothing where there are no boxes."""
    lost: int = 0
    """Rows of the source that could not be taken over."""
    negatives: int = 0
    """Images on which nothing is to be found."""
    problems: tuple[ImportProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import has come."""

    done: int
    """Images or table rows."""
    total: int
    problems: tuple[ImportProblem, ...] = ()
    """Those found since the last report."""
    report: ImportReport | None = None
    """On the last one only."""


class ImportLog:
    """What an import has come across so far, and when it is time to say so."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self.lost = 0
        """Rows of the source that could not be taken over."""
        self.problems: list[ImportProblem] = []
        self._reported = 0
        self._due_at = time.monotonic() + REPORT_S

    def add(self, file: str, line: int, message: str, done: str) -> None:
        """Note something odd, and what was done about it; the row is kept."""
        self.problems.append(ImportProblem(file, line, message, done))

    def lose(self, file: str, line: int, message: str) -> None:
        """Note a row that cannot be taken over, and why."""
        self.lost += 1
        self.add(file, line, message, "left out")

    def step(self) -> bool:
        """Count one thing done; true when a report is due."""
        self.done += 1
        return self.due

    @property
    def due(self) -> bool:
        """Whether it is time for a report."""
        return time.monotonic() >= self._due_at

    def progress(self, report: ImportReport | None = None) -> ImportProgress:
        """The next report."""
        fresh = tuple(self.problems[self._reported :])
        self._reported = len(self.problems)
        self._due_at = time.monotonic() + REPORT_S
        return ImportProgress(self.done, max(self.total, self.done), fresh, report)
