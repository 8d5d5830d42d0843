"""What an import says of itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tintype.dataset.splits import Split

Keep = Literal["embed", "link"]
"""Images as data URLs in the rows, which every provider takes; or as paths beside them."""


PLACES_NAMED = 5
"""How many places a notice names."""
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
    code: str = ""
    """Which kind of problem, as in `Notice.code`; empty for one of a kind."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is true of several places of a source: what is not used, guessed or not there."""

    code: str
    """Which kind: `crowd-left-out`, `masks-not-used`, `negatives` …"""
    count: int
    """Of how many boxes, rows, images or files, as the words say."""
    words: str
    """A sentence for any number of them."""
    places: tuple[str, ...] = ()
    """The first few of them: names of files, with a line or an id."""


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
    """Images on which nothing is to be found, as the source says."""
    unlabelled: int = 0
    """Images of which the source says nothing: they are no negatives, and become no rows."""
    problems: tuple[ImportProblem, ...] = ()
    """What is wrong at single places."""
    notices: tuple[Notice, ...] = ()
    """What is true of several places, in the order in which it was come across."""


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


@dataclass(slots=True)
class _Noted:
    """A notice that grows."""

    words: str
    count: int = 0
    places: list[str] = field(default_factory=list)


class ImportLog:
    """What an import has come across so far, and when it is time to say so."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self.lost = 0
        """Rows of the source that could not be taken over."""
        self.unlabelled = 0
        """Images of which the source says nothing."""
        self.problems: list[ImportProblem] = []
        self._notices: dict[str, _Noted] = {}
        self._reported = 0
        self._due_at = time.monotonic() + REPORT_S

    def add(self, file: str, line: int, message: str, done: str, code: str = "") -> None:
        """Note something odd, and what was done about it; the row is kept."""
        self.problems.append(ImportProblem(file, line, message, done, code))

    def lose(self, file: str, line: int, message: str, code: str = "") -> None:
        """Note a row that cannot be taken over, and why."""
        self.lost += 1
        self.add(file, line, message, "left out", code)

    def note(self, code: str, words: str, place: str = "", count: int = 1) -> None:
        """Count something that concerns many places alike; the words of the first call are kept.

        For what is not lost but not used (masks, points, crowds), guessed (a convention, a split)
        or absent (images of which nothing is said: code `unlabelled`).
        """
        found = self._notices.get(code)
        if found is None:
            found = self._notices[code] = _Noted(words)
        found.count += count
        if place and len(found.places) < PLACES_NAMED:
            found.places.append(place)
        if code == "unlabelled":
            self.unlabelled += count

    def miss(self, name: str) -> None:
        """Note an image that is named and not there; its row is lost."""
        self.lost += 1
        self.note(
            "missing-images", "images are named and not there: their rows are left out.", name
        )

    def noted(self, code: str, place: str) -> bool:
        """Whether there is such a notice that names this place."""
        return code in self._notices and place in self._notices[code].places

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was noted so far of many places alike."""
        return tuple(
            Notice(code, noted.count, noted.words, tuple(noted.places))
            for code, noted in self._notices.items()
        )

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
