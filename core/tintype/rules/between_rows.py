"""Rules between rows: the same row twice, the same question answered otherwise, leaked images.

Rows are remembered as 64-bit hashes, so that fifty thousand of them cost a few megabytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tintype.dataset.identity import RowIdentity, identify
from tintype.rules.case import Case
from tintype.rules.problem import Problem
from tintype.tokens import content_texts

MOST_COMPARED = 100_000
"""Rows and images remembered; what comes later is compared with these."""
MOST_PROMPTS = 64
_PROMPT_CHARS = 800


@dataclass(frozen=True, slots=True)
class Keys:
    """What is remembered of a file to find its rows and images in another."""

    rows: frozenset[int] = frozenset()
    images: frozenset[int] = frozenset()


@dataclass(slots=True)
class RowMemory:
    """The rows seen so far. Grows by `look`, up to its bounds."""

    training: Keys | None = None
    """Of the training file, when this is the validation file."""
    rows: dict[int, int] = field(default_factory=dict)
    """The line where a row first stood."""
    answers: dict[int, tuple[int, int]] = field(default_factory=dict)
    """For a question about given images: the line, and the answer."""
    images: set[int] = field(default_factory=set)
    prompts: dict[str, int] = field(default_factory=dict)
    """The beginning of each system prompt, and how many rows have it; "" is none."""

    def look(self, case: Case) -> Iterator[Problem]:
        """Compare a row with those before it, and remember it."""
        if case.row.flaw or not case.messages:
            return
        found = identify(case.row, case.images)
        row, images = _short(found.row), [_short(image) for image in found.images]
        yield from self._leaked(case, row, images)
        yield from self._repeated(case, row, found)
        self._remember_prompt(case)
        if len(self.images) < MOST_COMPARED:
            self.images.update(images)

    @property
    def keys(self) -> Keys:
        """What the validation file is to be compared with."""
        return Keys(frozenset(self.rows), frozenset(self.images))

    def _repeated(self, case: Case, row: int, found: RowIdentity) -> Iterator[Problem]:
        first = self.rows.get(row)
        if first is not None:
            text = f"Example {case.number} is the same as the one on line {first}."
            fix = "Remove one, unless it should count twice."
            yield case.problem("duplicate", "warning", text, fix=fix)
            return
        if len(self.rows) < MOST_COMPARED:
            self.rows[row] = case.row.line
        if found.answer:
            yield from self._contradicted(case, _short(found.question), _short(found.answer))

    def _contradicted(self, case: Case, question: int, answer: int) -> Iterator[Problem]:
        line, known = self.answers.get(question, (0, 0))
        if not line:
            if len(self.answers) < MOST_COMPARED:
                self.answers[question] = (case.row.line, answer)
        elif known != answer:
            text = (
                f"Example {case.number} has the question and images of line {line}, but another "
                "answer."
            )
            fix = "Decide on one answer, or ask more precisely."
            yield case.problem("contradiction", "warning", text, fix=fix)

    def _leaked(self, case: Case, row: int, images: list[int]) -> Iterator[Problem]:
        if self.training is None:
            return
        fix = "Keep rows of the same image in one split, or the metrics will look too good."
        if row in self.training.rows:
            text = f"Example {case.number} is in the training file too."
            yield case.problem("leak", "warning", text, fix=fix)
            return
        for at, image in enumerate(images):
            if image in self.training.images:
                text = f"Example {case.number} shows an image that is also in the training file."
                place = case.row.images[at].place
                yield case.problem("leak", "warning", text, place=place, fix=fix)

    def _remember_prompt(self, case: Case) -> None:
        first = case.messages[0][1]
        texts = content_texts(first) if first.get("role") == "system" else []
        prompt = "\n".join(texts)[:_PROMPT_CHARS]
        if prompt in self.prompts or len(self.prompts) < MOST_PROMPTS:
            self.prompts[prompt] = self.prompts.get(prompt, 0) + 1


def _short(key: bytes) -> int:
    """The first 64 bits of a key."""
    return int.from_bytes(key[:8], "big")
