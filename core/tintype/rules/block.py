"""What a run of consecutive rows was found to be: figures and problems, without the rows.

Small, and the same wherever it was made: in this process or in another. Blocks are merged in order,
so that the result does not depend on who was done first.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from tintype.dataset import Row
from tintype.dataset.statistics import StatisticsTally
from tintype.estimation import CountTally
from tintype.rules.problem import Problem, Severity


@dataclass(slots=True)
class RowKeys:
    """What is remembered of a row to find it again; keys have 64 bits."""

    index: int
    line: int
    row: int
    question: int
    answer: int
    """0 if there is none."""
    images: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    """Of the images, where somebody asks for them."""


@dataclass(slots=True)
class Block:
    """Rows surveyed, judged by themselves, and counted."""

    first: int
    """The index of its first row."""
    counts: CountTally
    rows: int = 0
    end: int = 0
    """Where its last row ends, in bytes."""
    opening: Row | None = None
    """The first row of the file, without its value."""
    statistics: StatisticsTally = field(default_factory=lambda: StatisticsTally(most_values=10**9))
    tokens: "array[int]" = field(default_factory=lambda: array("I"))
    """Of each row: the likely number, at the detail that it asks for; likewise the next."""
    image_tokens: "array[int]" = field(default_factory=lambda: array("I"))
    answer_chars: "array[int]" = field(default_factory=lambda: array("I"))
    problems: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    """By the index of the row; at most 20 of each rule."""
    totals: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    """Of all problems, by rule and severity."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Of the rows that the provider drops, by the first."""
    no_json: set[int] = field(default_factory=set)
    unseen: int = 0
    """Images that nobody has looked at."""
    prompts: Counter[str] = field(default_factory=Counter)
    """The beginning of the system prompt; "" is none."""
    lines: "array[int]" = field(default_factory=lambda: array("I"))
    """Of each row, as the keys of row, question and answer; 0 where there is nothing to compare."""
    row_keys: "array[int]" = field(default_factory=lambda: array("Q"))
    question_keys: "array[int]" = field(default_factory=lambda: array("Q"))
    answer_keys: "array[int]" = field(default_factory=lambda: array("Q"))
    image_keys: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """By the index of the row."""
    image_places: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def keys(self, at: int) -> RowKeys:
        """The keys of its row number `at`."""
        index = self.first + at
        return RowKeys(
            index,
            self.lines[at],
            self.row_keys[at],
            self.question_keys[at],
            self.answer_keys[at],
            self.image_keys.get(index, ()),
            self.image_places.get(index, ()),
        )
