"""Which rows say the same, and which contradict each other: columns of keys, and what they show.

Thirty bytes a row, so that millions of rows can be compared at the end.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MANY = 100_000
"""Rows from which on NumPy looks for repeated keys: Python's sets would take 100 bytes a key."""
PARTS = 2
"""A power of two: that many parts of the keys are compared one after the other."""
MOST_TEXTS = 100_000
"""Answers whose beginnings are kept."""
SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows that ask the same of the same images and answer differently."""

    lines: tuple[int, ...]
    answers: tuple[str, ...]
    """The different answers, cut to 80 characters; empty in rows after the first 100,000."""


@dataclass(slots=True)
class Identities:
    """The keys of rows that have an answer, in order."""

    lines: "array[int]" = field(default_factory=lambda: array("I"))
    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    questions: "array[int]" = field(default_factory=lambda: array("Q"))
    answers: "array[int]" = field(default_factory=lambda: array("Q"))
    texts: list[str] = field(default_factory=list)

    def add(self, line: int, row: int, question: int, answer: int, text: str) -> None:
        """Take note of a row: its line, the 64-bit keys of its parts, and its answer."""
        self.lines.append(line)
        self.rows.append(row)
        self.questions.append(question)
        self.answers.append(answer)
        if len(self.texts) < MOST_TEXTS:
            self.texts.append(text[:SHOWN_CHARS])

    def extend(
        self,
        lines: "array[int]",
        rows: "array[int]",
        questions: "array[int]",
        answers: "array[int]",
        texts: Sequence[str],
    ) -> None:
        """Take note of rows; see `add`."""
        self.lines.extend(lines)
        self.rows.extend(rows)
        self.questions.extend(questions)
        self.answers.extend(answers)
        room = max(0, MOST_TEXTS - len(self.texts))
        self.texts.extend([text[:SHOWN_CHARS] for text in texts[:room]])

    def merge(self, later: "Identities") -> None:
        """Take over what follows."""
        self.extend(later.lines, later.rows, later.questions, later.answers, later.texts)

    def repeated(self) -> tuple[tuple[int, ...], ...]:
        """The lines of rows that say the same about the same images."""
        groups = (tuple(self.lines[at] for at in group) for group in _groups(self.rows))
        return tuple(tuple(dict.fromkeys(lines)) for lines in groups if len(set(lines)) > 1)

    def contradictions(self) -> tuple[Contradiction, ...]:
        """The questions that are answered differently: the first row of each answer."""
        return tuple(filter(None, map(self._contradiction, _groups(self.questions))))

    def _contradiction(self, group: list[int]) -> Contradiction | None:
        first: dict[int, int] = {}
        for at in group:
            first.setdefault(self.answers[at], at)
        if len(first) < 2:
            return None
        lines = tuple(self.lines[at] for at in first.values())
        kept = len(self.texts)
        return Contradiction(
            lines, tuple(self.texts[at] if at < kept else "" for at in first.values())
        )


def _groups(keys: "array[int]") -> Iterator[list[int]]:
    """Where each key stands that occurs more than once, in the order of their first places."""
    again = _repeated(keys)
    places: dict[int, list[int]] = {}
    for at, key in enumerate(keys if again else ()):
        if key in again:
            places.setdefault(key, []).append(at)
    yield from places.values()


def _repeated(keys: "array[int]") -> set[int]:
    again: set[int] = set()
    if len(keys) >= MANY:
        import numpy as np

        every = np.frombuffer(keys, np.uint64)
        for part in range(PARTS):  # which takes less memory
            ordered = np.sort(every[every & (PARTS - 1) == part])
            again.update(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
        return again
    seen: set[int] = set()
    for key in keys:
        (again if key in seen else seen).add(key)
    return again
