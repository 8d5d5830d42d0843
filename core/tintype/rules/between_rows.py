"""Rules between rows: the same row twice, the same question answered otherwise, leaked images.

Rows are remembered as 64-bit hashes, so that fifty thousand of them cost a few megabytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, islice

from tintype.dataset.identity import RowIdentity, identify, short
from tintype.rules.block import Block, RowKeys
from tintype.rules.case import Case
from tintype.rules.problem import Problem
from tintype.tokens import content_texts

MOST_COMPARED = 100_000
"""Rows and images remembered; what comes later is compared with these."""
MOST_PROMPTS = 64
_PROMPT_CHARS = 800
_KEY = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Keys:
    """What is remembered of a file to find its rows and images in another."""

    rows: frozenset[int] = frozenset()
    images: frozenset[int] = frozenset()


@dataclass(slots=True)
class RowMemory:
    """The rows seen so far. Grows by `look` and `look_through`, up to its bounds."""

    training: Keys | None = None
    """Of the training file, when this is the validation file."""
    rows: dict[int, int] = field(default_factory=dict)
    """The line where a row first stood."""
    answers: dict[int, int] = field(default_factory=dict)
    """For a question about given images: the line and, in the lower 64 bits, the answer."""
    images: set[int] = field(default_factory=set)
    prompts: dict[str, int] = field(default_factory=dict)
    """The beginning of each system prompt, and how many rows have it; "" is none."""

    def look(self, case: Case) -> Iterator[Problem]:
        """Compare a row with those before it, and remember it."""
        if comparable(case):
            places = tuple(image.place for image in case.row.images)
            self._remember_prompts({prompt(case): 1})
            keys = row_keys(case, identify(case.row, case.images), places)
            yield from self._compare(keys)
            self._remember_images(keys.images)

    def look_through(self, block: Block) -> Iterator[tuple[int, list[Problem]]]:
        """Compare the rows of a block with those before them, and remember them.

        Yields the index of each row that has a problem, and its problems.
        """
        self._remember_prompts(block.prompts)
        if self.training is None and self._nothing_known(block):
            self._remember(block)
            return
        rows, answers, questions = self.rows, self.answers, block.question_keys
        for at, row in enumerate(block.row_keys):
            new = row not in rows and questions[at] not in answers
            if not row or (self._full and new and self.training is None):
                continue  # nothing to compare, or nothing like it
            if found := list(self._compare(block.keys(at))):
                yield block.first + at, found
        for images in block.image_keys.values():
            self._remember_images(images)

    @property
    def _full(self) -> bool:
        return min(len(self.rows), len(self.answers)) >= MOST_COMPARED

    def _nothing_known(self, block: Block) -> bool:
        """Whether each row and each question of a block is a new one."""
        if self._full:  # whether they are like others of the block is not looked at any more
            known = self.rows.keys(), self.answers.keys()
            return known[0].isdisjoint(block.row_keys) and known[1].isdisjoint(block.question_keys)
        rows = set(block.row_keys)
        answered = list(compress(block.question_keys, block.answer_keys))
        questions = set(answered)
        return (
            len(rows) == len(block.row_keys)
            and len(questions) == len(answered)
            and 0 not in rows
            and self.rows.keys().isdisjoint(rows)
            and self.answers.keys().isdisjoint(questions)
        )

    def _remember(self, block: Block) -> None:
        """Remember rows of which nothing is known."""
        new = zip(block.row_keys, block.lines, strict=True)
        self.rows.update(islice(new, MOST_COMPARED - len(self.rows)))
        pairs = zip(block.lines, block.answer_keys, strict=True)
        answers = (line << 64 | answer for line, answer in pairs)
        answered = compress(zip(block.question_keys, answers, strict=True), block.answer_keys)
        self.answers.update(islice(answered, MOST_COMPARED - len(self.answers)))
        for images in block.image_keys.values():
            self._remember_images(images)

    @property
    def keys(self) -> Keys:
        """What the validation file is to be compared with."""
        return Keys(frozenset(self.rows), frozenset(self.images))

    def _compare(self, keys: RowKeys) -> Iterator[Problem]:
        if self.training is not None:
            yield from _leaked(self.training, keys)
        first = self.rows.get(keys.row)
        if first is not None:
            text = f"Example {keys.index + 1} is the same as the one on line {first}."
            fix = "Remove one, unless it should count twice."
            yield _problem(keys, "duplicate", text, fix)
        else:
            if len(self.rows) < MOST_COMPARED:
                self.rows[keys.row] = keys.line
            if keys.answer:
                yield from self._contradicted(keys)

    def _contradicted(self, keys: RowKeys) -> Iterator[Problem]:
        known = self.answers.get(keys.question)
        if known is None:
            if len(self.answers) < MOST_COMPARED:
                self.answers[keys.question] = keys.line << 64 | keys.answer
        elif known & _KEY != keys.answer:
            text = (
                f"Example {keys.index + 1} has the question and images of line {known >> 64}, but "
                "another answer."
            )
            fix = "Decide on one answer, or ask more precisely."
            yield _problem(keys, "contradiction", text, fix)

    def _remember_images(self, images: tuple[int, ...]) -> None:
        if len(self.images) < MOST_COMPARED:
            self.images.update(images)

    def _remember_prompts(self, prompts: Mapping[str, int]) -> None:
        for text, times in prompts.items():
            if text in self.prompts or len(self.prompts) < MOST_PROMPTS:
                self.prompts[text] = self.prompts.get(text, 0) + times


def comparable(case: Case) -> bool:
    """Whether there is anything to compare a row by."""
    return not case.row.flaw and bool(case.messages)


def row_keys(case: Case, found: RowIdentity, places: tuple[str, ...] = ()) -> RowKeys:
    """The keys of a row."""
    return RowKeys(
        case.row.index,
        case.row.line,
        short(found.row),
        short(found.question),
        short(found.answer),
        tuple(map(short, found.images)),
        places,
    )


def prompt(case: Case) -> str:
    """The beginning of a row's system prompt; empty if it has none."""
    first = case.messages[0][1]
    texts = content_texts(first) if first.get("role") == "system" else []
    return prompt_of(texts)


def prompt_of(texts: list[str]) -> str:
    """The beginning of a system prompt, as far as it is compared with others."""
    return "\n".join(texts)[:_PROMPT_CHARS]


def _leaked(training: Keys, keys: RowKeys) -> Iterator[Problem]:
    fix = "Keep rows of the same image in one split, or the metrics will look too good."
    if keys.row in training.rows:
        text = f"Example {keys.index + 1} is in the training file too."
        yield _problem(keys, "leak", text, fix)
        return
    for image, place in zip(keys.images, keys.places, strict=True):
        if image in training.images:
            text = f"Example {keys.index + 1} shows an image that is also in the training file."
            yield _problem(keys, "leak", text, fix, place)


def _problem(keys: RowKeys, rule: str, text: str, fix: str, place: str = "") -> Problem:
    return Problem(keys.line, place, "warning", rule, text, fix)
