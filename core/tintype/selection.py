"""Rows named by what they are: `label:cat images>1 width<300 -answer:none problem:*`.

Conditions stand side by side and must all hold; `-` before one turns it round. Texts are searched
with `:` (the words anywhere), `=` (nothing else) or `~/an expression/`; names with `:`, in which
`*` stands for anything and `|` between several for any of them; numbers are compared, or lie
within `10..20`. Words without a field are searched in all that is said.
"""

import asyncio
import difflib
import fnmatch
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example
from tintype.dataset.handle import Dataset
from tintype.dataset.query import Query, compile_query, spans
from tintype.dataset.survey import Surveyed, survey
from tintype.detection import labels_in
from tintype.errors import DatasetError
from tintype.rules import ProviderRules, judge_row
from tintype.tokens import TokenRule, model_tokens, row_tokens

Operator = Literal[":", "=", "!=", "<", "<=", ">", ">=", "~"]


class _Seen:
    """A row, of which more is found out when a condition asks."""

    def __init__(self, surveyed: Surveyed, profile: ProviderRules, rule: TokenRule) -> None:
        self.surveyed = surveyed
        self._profile, self._rule = profile, rule
        self._example: Example | None = None

    @property
    def example(self) -> Example:
        if self._example is None:
            self._example = read_example(self.surveyed.row)
        return self._example

    def said(self, *roles: str) -> list[str]:
        """What messages of some roles say; without roles, of all."""
        return [one.text for one in self.example.messages if not roles or one.role in roles]

    def problems(self) -> list[str]:
        found = judge_row(self.surveyed, self._profile, self._rule)
        return [name for problem in found for name in (problem.rule, problem.severity)]

    def tokens(self) -> int:
        row, images = self.surveyed.row, self.surveyed.images
        return round(row_tokens(row, images, self._rule).total().likely)

    def image_values(self, name: str) -> list[str]:
        return [str(getattr(image, name)) for image in self.surveyed.images]

    def sides(self, which: int) -> list[float]:
        sizes = [image.upright_size for image in self.surveyed.images]
        return [size[which] for size in sizes if size is not None]


Texts = Callable[[_Seen], Sequence[str]]
Numbers = Callable[[_Seen], Sequence[float]]

TEXTS: Mapping[str, Texts] = {
    "text": lambda seen: seen.said(),
    "question": lambda seen: seen.said("user"),
    "answer": lambda seen: seen.said("assistant"),
    "system": lambda seen: seen.said("system", "developer"),
}
NAMES: Mapping[str, Texts] = {
    "label": lambda seen: labels_in(seen.example.answer),
    "role": lambda seen: [one.role for one in seen.example.messages],
    "origin": lambda seen: [one.origin for one in seen.surveyed.row.images],
    "detail": lambda seen: [one.detail for one in seen.surveyed.row.images],
    "format": lambda seen: seen.image_values("format"),
    "mode": lambda seen: seen.image_values("mode"),
    "flaw": lambda seen: [*filter(None, (seen.surveyed.row.flaw, *seen.image_values("flaw")))],
    "problem": lambda seen: seen.problems(),
}
NUMBERS: Mapping[str, Numbers] = {
    "line": lambda seen: [seen.surveyed.row.line],
    "images": lambda seen: [len(seen.surveyed.row.images)],
    "turns": lambda seen: [len(seen.example.messages)],
    "objects": lambda seen: [len(labels_in(seen.example.answer))],
    "chars": lambda seen: [len(seen.example.answer)],
    "tokens": lambda seen: [seen.tokens()],
    "bytes": lambda seen: [seen.surveyed.row.size_bytes],
    "width": lambda seen: seen.sides(0),
    "height": lambda seen: seen.sides(1),
    "frames": lambda seen: [image.frames for image in seen.surveyed.images],
}
FIELDS: Mapping[str, str] = {
    "text": "anything said", "question": "what the user says", "answer": "what the assistant says",
    "system": "the system prompt", "label": "a box's label", "role": "a message's role",
    "origin": "of an image: data, url, file", "detail": "of an image: auto, low, high",
    "format": "of an image: jpeg, png …", "mode": "of an image: RGB, L …",
    "flaw": "why a line or an image cannot be used",
    "problem": "a rule's name, or error, skip, warning", "line": "1-based",
    "images": "on the row", "turns": "messages", "objects": "boxes in the answer",
    "chars": "of the answer", "tokens": "images included", "bytes": "of the line",
    "width": "of an image, upright", "height": "of an image, upright", "frames": "of an image",
}  # fmt: skip
"""Field → what it is."""

_TERM = re.compile(
    r"""\s*(?P<no>[-\u2212])?(?:(?P<field>[a-z_]+)(?P<op>!=|<=|>=|[:=<>~]))?"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/|[^\s"]+)"""
)
_RANGE = re.compile(r"(-?[\d.]+)?\.\.(-?[\d.]+)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the things that must hold."""

    field: str
    operator: Operator
    value: str
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """How far a selection has come."""

    rows: int = 0
    """Looked at so far."""
    found: tuple[Surveyed, ...] = ()
    """Since the last report."""


def is_selection(text: str) -> bool:
    """Whether a text names a field, if misspelt, and is not just words to be searched for."""
    named = {found["field"] for found in _TERM.finditer(text) if found["field"]}
    return any(difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.8) for field in named)


def parse_selection(text: str) -> tuple[Condition, ...]:
    """Read conditions as a person typed them.

    Raises:
        DatasetError: if a field is unknown, a number is none, or an expression cannot be used.
    """
    conditions: list[Condition] = []
    at = 0
    while text[at:].strip():
        found = _TERM.match(text, at)
        if found is None:
            raise DatasetError(
                f"{text[at:].strip()[:40]!r} cannot be read as a condition.",
                advice='Put words with spaces between quotes: answer:"two cats".',
            )
        at = found.end()
        conditions.append(_condition(found))
    return tuple(conditions)


def _condition(found: re.Match[str]) -> Condition:
    field, operator, value = found["field"] or "text", found["op"] or ":", found["value"]
    if field not in FIELDS:
        near = difflib.get_close_matches(field, FIELDS, n=1)
        advice = f"Is it {near[0]}?" if near else f"Fields are {', '.join(FIELDS)}."
        raise DatasetError(f"There is no field {field!r}.", advice=advice)
    is_regex = operator == "~" or (value.startswith("/") and value.endswith("/") and len(value) > 2)
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    elif is_regex and value.startswith("/"):
        value = value[1:-1]
    condition = Condition(field, "~" if is_regex else operator, value, bool(found["no"]))  # type: ignore[arg-type]
    _holds(condition)  # what cannot be used is said at once
    return condition


async def select(
    dataset: Dataset,
    conditions: Sequence[Condition],
    profile: ProviderRules,
    *,
    model: str = "",
    fetch: bool = False,
) -> AsyncGenerator[Selected, None]:
    """The rows for which all conditions hold, in the file's order, in batches.

    Args:
        dataset: Open.
        conditions: From `parse_selection`; with none, every row.
        profile: Whose rules `problem` is about.
        model: Whose tokens are counted; by default the profile's usual model.
        fetch: Whether images on the network are looked at.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rule = await asyncio.to_thread(model_tokens, model or profile.model, profile.provider)
    tests = [_holds(condition) for condition in conditions]

    def those(batch: Sequence[Surveyed]) -> tuple[Surveyed, ...]:
        seen = ((one, _Seen(one, profile, rule)) for one in batch)
        return tuple(one for one, row in seen if all(test(row) for test in tests))

    rows = 0
    async for batch in survey(dataset, fetch=fetch):
        rows += len(batch)
        yield Selected(rows, await asyncio.to_thread(those, batch))


def _holds(condition: Condition) -> Callable[[_Seen], bool]:
    """A condition as a function of a row."""
    field = condition.field
    if field in NUMBERS:
        numbers, within = NUMBERS[field], _comparison(condition)
        return lambda seen: any(map(within, numbers(seen))) != condition.inverse
    texts, fits = (TEXTS.get(field) or NAMES[field]), _fitting(condition)
    return lambda seen: any(map(fits, texts(seen))) != condition.inverse


def _comparison(condition: Condition) -> Callable[[float], bool]:
    if (found := _RANGE.fullmatch(condition.value)) and condition.operator in (":", "="):
        low = float(found[1]) if found[1] else float("-inf")
        high = float(found[2]) if found[2] else float("inf")
        return lambda number: low <= number <= high
    try:
        limit = float(condition.value.replace("_", "").replace(",", ""))
    except ValueError:
        raise DatasetError(
            f"{condition.field} is a number, and {condition.value!r} is none.",
            advice=f"Such as {condition.field}>1 or {condition.field}:1..3.",
        ) from None
    compare: Mapping[str, Callable[[float], bool]] = {
        ":": lambda number: number == limit,
        "=": lambda number: number == limit,
        "!=": lambda number: number != limit,
        "<": lambda number: number < limit,
        "<=": lambda number: number <= limit,
        ">": lambda number: number > limit,
        ">=": lambda number: number >= limit,
    }
    if condition.operator not in compare:
        raise DatasetError(f"{condition.field} is a number: it cannot be searched.")
    return compare[condition.operator]


def _fitting(condition: Condition) -> Callable[[str], bool]:
    operator, wanted = condition.operator, condition.value.casefold()
    if operator in ("<", "<=", ">", ">="):
        raise DatasetError(
            f"{condition.field} is no number.", advice=f"Such as {condition.field}:cat."
        )
    if operator == "~":
        pattern = compile_query(Query(condition.value, is_regex=True))

        def searched(text: str) -> bool:
            try:
                return bool(spans(text, pattern))
            except TimeoutError:
                return False

        return searched
    if condition.field in TEXTS:
        if operator == ":":
            return lambda text: wanted in text.casefold()
        return lambda text: (text.strip().casefold() == wanted) == (operator == "=")
    names = [name for name in wanted.split("|") if name]
    return lambda text: (
        any(fnmatch.fnmatchcase(text.casefold(), name) for name in names) != (operator == "!=")
    )
