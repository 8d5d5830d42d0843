"""The rows of an evaluation: what is asked, what is right, and by what they can be sliced."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from tintype.dataset import Dataset, Example, example
from tintype.dataset.facets import facets as facets_of
from tintype.dataset.identity import identify
from tintype.dataset.survey import Surveyed, survey
from tintype.detection import parse_boxes, prompt_labels
from tintype.errors import EvaluationError
from tintype.evaluation.log import canonical
from tintype.evaluation.plan import QUESTION_TYPES
from tintype.evaluation.text_scores import yes_or_no
from tintype.prompting import question_of

OTHER = "Other"
MANY_OBJECTS = 10
_SIZES = ((256, "up to 256 px"), (512, "257–512 px"), (1024, "513–1,024 px"))


@dataclass(frozen=True, slots=True)
class EvaluatedRow:
    """One row, by its place in the evaluation."""

    index: int
    """0-based, in the dataset."""
    line: int
    """1-based physical line of the file."""
    question: str
    truths: tuple[str, ...]
    """The right answers: the row's own, then those of its `answers`."""
    image: str
    """What its images are known by; rows of the same images have the same. Empty without images."""
    size: tuple[int, int] | None
    """Width and height of the first image in pixels, upright; none if that is not known."""
    asked: str
    """A digest of everything that is sent: texts as they stand, and images."""
    digest: str
    """Of everything that is asked and right, white space aside."""
    facets: Mapping[str, str] = field(default_factory=dict)
    """By what it can be sliced: name → value."""

    def as_json(self) -> dict[str, Any]:
        """The row as it stands in a run's folder."""
        return asdict(self)


def row_from(value: Mapping[str, Any]) -> EvaluatedRow:
    """Read a row out of a run's folder."""
    size = value["size"]
    return EvaluatedRow(
        **{**value, "truths": tuple(value["truths"]), "size": tuple(size) if size else None}
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that no model can be evaluated on."""

    line: int
    """1-based physical line of the file."""
    why: str
    """In a sentence: it is damaged, or nobody says what is right."""


async def read_rows(
    dataset: Dataset,
    wanted: Sequence[int] | None = None,
    *,
    types: Mapping[str, str] = QUESTION_TYPES,
    left_out: list[LeftOut] | None = None,
    truth: bool = True,
) -> AsyncGenerator[tuple[EvaluatedRow, ...], None]:
    """The rows to evaluate, in batches, in the order of the file.

    A row that is damaged or has no right answer is left out, whatever a model might say to it: it
    counts for none of them.

    Args:
        dataset: Open.
        wanted: 0-based rows; none is all.
        types: Question types, each with a pattern.
        left_out: What is left out is added to it.
        truth: Whether a row must say what is right.

    Raises:
        DatasetError: if the file cannot be read.
        EvaluationError: if a pattern is no regular expression.
    """
    chosen = None if wanted is None else frozenset(wanted)
    patterns = compiled(types)
    async with aclosing(survey(dataset, fetch=False)) as batches:
        async for batch in batches:
            asked = [one for one in batch if chosen is None or one.row.index in chosen]
            made = await asyncio.to_thread(_made, asked, patterns, truth)
            if left_out is not None:
                left_out += [one for one in made if isinstance(one, LeftOut)]
            if found := tuple(one for one in made if isinstance(one, EvaluatedRow)):
                yield found
            if chosen is not None and batch[-1].row.index >= max(chosen, default=-1):
                return


def _made(
    asked: Sequence[Surveyed], patterns: Mapping[str, "re.Pattern[str]"], truth: bool
) -> list[EvaluatedRow | LeftOut]:
    return [_row(one, patterns, truth=truth) for one in asked]


def _row(
    surveyed: Surveyed, patterns: Mapping[str, "re.Pattern[str]"], *, truth: bool
) -> EvaluatedRow | LeftOut:
    row = surveyed.row
    shown = example(row) if not row.flaw else None
    if shown is None or (truth and not shown.answer.strip()):
        return LeftOut(row.line, row.flaw or "It has no answer to compare with.")
    known = identify(row, surveyed.images, shown)
    more = shown.extra.get("answers")
    truths = (shown.answer, *(one for one in more or () if isinstance(one, str)))
    if isinstance(more, list) and more:
        truths = tuple(str(one) for one in more)
    question = question_of(shown)
    return EvaluatedRow(
        row.index,
        row.line,
        question,
        truths,
        _joined(known.images),
        _size(surveyed),
        _joined([canonical(_prompt(row.value)).encode(errors="surrogatepass"), *known.images]),
        _joined((known.question, *(text.encode(errors="surrogatepass") for text in truths))),
        _facets(surveyed, shown, question, patterns),
    )


def _joined(parts: Sequence[bytes]) -> str:
    if not parts:
        return ""
    digest = blake2b(digest_size=12)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _prompt(value: Any) -> Any:
    """What of a row's JSON comes before its last answer."""
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list):
        return value
    answers = [
        at
        for at, one in enumerate(messages)
        if isinstance(one, dict) and one.get("role") == "assistant"
    ]
    return messages[: answers[-1]] if answers else messages


def _size(surveyed: Surveyed) -> tuple[int, int] | None:
    if not surveyed.images or not surveyed.images[0].width:
        return None
    first = surveyed.images[0]
    turned = first.orientation >= 5
    return (first.height, first.width) if turned else (first.width, first.height)


_OF_THE_DATASET = ("origin", "format", "mode", "detail", "images", "turns")


def _facets(
    surveyed: Surveyed,
    shown: Example,
    question: str,
    patterns: Mapping[str, "re.Pattern[str]"],
) -> dict[str, str]:
    found = {
        "question type": question_type(question, patterns),
        "form": "closed" if yes_or_no(shown.answer) else "open",
    }
    boxes = parse_boxes(shown.answer).boxes
    if boxes or prompt_labels(question):
        labels = sorted({box.label for box in boxes})
        many = f"{MANY_OBJECTS} or more"
        found = {
            "objects": str(len(boxes)) if len(boxes) < MANY_OBJECTS else many,
            "label": labels[0] if len(labels) == 1 else "several" if labels else "none",
        }
    if size := _size(surveyed):
        longest = max(size)
        found["image size"] = next(
            (name for most, name in _SIZES if longest <= most), "over 1,024 px"
        )
    for name, value in facets_of(surveyed, shown):
        if name in _OF_THE_DATASET:
            found.setdefault(name, value)
    for name, value in shown.extra.items():
        if isinstance(value, str) and len(value) <= 60:
            found.setdefault(name, value)
    return found


def compiled(types: Mapping[str, str]) -> "dict[str, re.Pattern[str]]":
    """The patterns of question types.

    Raises:
        EvaluationError: if one is no regular expression.
    """
    try:
        return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in types.items()}
    except re.error as error:
        raise EvaluationError(
            f"{error.pattern!r} is no regular expression: {error}.",
            advice="A question type is Name=pattern.",
        ) from None


def question_type(question: str, patterns: Mapping[str, "re.Pattern[str]"]) -> str:
    """The first type whose pattern is found in a question, else `Other`."""
    return next((name for name, one in patterns.items() if one.search(question)), OTHER)
