"""Conditions as a person types them: `label:cat images>1 width<300 -answer:none problem:*`.

Conditions stand side by side and must all hold; `-` before one turns it round. Texts are searched
with `:` (the words anywhere), `=` (nothing else) or `~/an expression/`. Names are compared with
`:`, in which `*` stands for anything and `|` between several for any of them, or with `=`, in which
nothing is special. Numbers are compared, or lie within `10..20`; pairs are two of those:
`size:640x480`, `place:0..49,50..99`. Words without a field are searched in all that is said, and
`@name` is a query that was saved.
"""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tintype.dataset.query import Query, compile_query, spans
from tintype.errors import DatasetError
from tintype.selection.fields import FIELDS

Operator = Literal[":", "=", "!=", "<", "<=", ">", ">=", "~"]

TERM = re.compile(
    r"""\s*(?P<no>[-\u2212])?(?:(?P<field>[a-z_]+)(?P<op>!=|<=|>=|[:=<>~]))?"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/|[^\s"]+)(?!\S)""",
    re.DOTALL,
)
_SAVED = re.compile(r"(?<!\S)@(?P<name>\w[\w.-]*)(?!\S)")
NAME = re.compile(r"\w[\w.-]*")
"""What a saved query may be called."""
_RANGE = re.compile(r"(-?[\d.]+)?\.\.(-?[\d.]+)?")
_PLAIN = re.compile(r'[^\s"\\/][^\s"\\]*')

Fits = Callable[[Sequence[Any]], bool]
"""Whether what a row says in a field is as a condition wants it."""


class QueryError(DatasetError):
    """A query that cannot be meant, and where in it."""

    def __init__(self, message: str, *, advice: str = "", start: int = 0, end: int = 0) -> None:
        super().__init__(f"Character {start + 1}: {message}", advice=advice)
        self.start, self.end = start, end
        """What is to blame, in characters from 0."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the things that must hold."""

    field: str
    operator: Operator
    value: str
    inverse: bool = False

    def __str__(self) -> str:
        """The condition as it is typed."""
        value = self.value
        if self.operator == "~":
            value = "/" + re.sub(r"(?<!\\)/", r"\\/", value) + "/"
        elif not _PLAIN.fullmatch(value):
            value = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
        return f"{'-' if self.inverse else ''}{self.field}{self.operator}{value}"


def is_selection(text: str, saved: Mapping[str, str] | None = None) -> bool:
    """Whether a text names a field, if misspelt, or a saved query, and is not just words."""
    if any(found["name"] in (saved or {}) for found in _SAVED.finditer(text)):
        return True
    named = {found["field"] for found in TERM.finditer(text) if found["field"]}
    return any(difflib.get_close_matches(field, FIELDS, n=1, cutoff=0.8) for field in named)


def expanded(text: str, saved: Mapping[str, str]) -> str:
    """The text with what was saved in place of each `@name`.

    Raises:
        QueryError: if nothing was saved under a name.
    """

    def what(found: re.Match[str]) -> str:
        if found["name"] in saved:
            return saved[found["name"]]
        names = ", ".join(f"@{name}" for name in saved) or "none"
        raise QueryError(
            f"no query is saved as @{found['name']}.",
            advice=f"Saved are: {names}. To search for the word, type text:@{found['name']}.",
            start=found.start(),
            end=found.end(),
        )

    return _SAVED.sub(what, text)


def parse_selection(text: str) -> tuple[Condition, ...]:
    """Read conditions as a person typed them.

    Raises:
        QueryError: if a field is unknown, a number is none, or an expression cannot be used.
    """
    return tuple(condition for condition, _ in terms(text))


def terms(text: str) -> Iterator[tuple[Condition, tuple[int, int]]]:
    """Conditions with where each begins and ends.

    Raises:
        QueryError: as `parse_selection`.
    """
    at = 0
    while text[at:].strip():
        begin = at + len(text[at:]) - len(text[at:].lstrip())
        found = TERM.match(text, at)
        if found is None:
            raise QueryError(
                f"{text[begin : begin + 40]!r} cannot be read as a condition.",
                advice='Put words with spaces between quotes: answer:"two cats".',
                start=begin,
                end=len(text),
            )
        at = found.end()
        try:
            yield _condition(found), (begin, at)
        except QueryError:
            raise
        except DatasetError as error:
            raise QueryError(error.message, advice=error.advice, start=begin, end=at) from error


def _condition(found: re.Match[str]) -> Condition:
    field, operator, value = found["field"] or "text", found["op"] or ":", found["value"]
    if field not in FIELDS:
        near = difflib.get_close_matches(field, FIELDS, n=1)
        advice = f"Is it {near[0]}?" if near else f"Fields are {', '.join(FIELDS)}."
        raise DatasetError(f"there is no field {field!r}.", advice=advice)
    is_regex = operator == "~" or (value.startswith("/") and value.endswith("/") and len(value) > 2)
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    elif is_regex and value.startswith("/"):
        value = value[1:-1]
    condition = Condition(field, "~" if is_regex else operator, value, bool(found["no"]))  # type: ignore[arg-type]
    fitting(condition)  # what cannot be used is said at once
    return condition


def fitting(condition: Condition) -> Fits:
    """A condition as a function of what a row says in its field.

    Raises:
        DatasetError: if it cannot be meant.
    """
    kind, inverse = FIELDS[condition.field].kind, condition.inverse
    if kind == "number":
        test: Callable[[Any], bool] = _comparison(condition)
    elif kind == "pair":
        test = _pair(condition)
    else:
        test = _words(condition)
    return lambda values: any(map(test, values)) != inverse


def _comparison(condition: Condition) -> Callable[[float], bool]:
    if condition.operator in (":", "=") and (within := _within(condition.value)):
        low, high = within
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


def _within(text: str) -> tuple[float, float] | None:
    """The bounds of `10..20`, of which one may be missing; none if it is no range."""
    found = _RANGE.fullmatch(text)
    try:
        return found and (float(found[1] or "-inf"), float(found[2] or "inf"))
    except ValueError:
        return None


def _pair(condition: Condition) -> Callable[[tuple[int, int]], bool]:
    bounds = []
    for part in re.split("[x×,]", condition.value):
        within = _within(part) or (_within(f"{part}..{part}") if part else None)
        if within is not None:
            bounds.append(within)
    if len(bounds) != 2 or condition.operator not in (":", "="):
        example = "640x480" if condition.field == "size" else "0..49,50..99"
        raise DatasetError(
            f"{condition.field} is two numbers, or two ranges.",
            advice=f"Such as {condition.field}:{example}.",
        )
    (left, right), (low, high) = bounds
    return lambda pair: left <= pair[0] <= right and low <= pair[1] <= high


def _words(condition: Condition) -> Callable[[str], bool]:
    operator, wanted = condition.operator, condition.value.casefold()
    if operator in ("<", "<=", ">", ">="):
        counted = f"objects{operator}{condition.value}, which counts the boxes"
        advice = f"Such as {counted if condition.field == 'boxes' else f'{condition.field}:cat'}."
        raise DatasetError(f"{condition.field} is no number.", advice=advice)
    if operator == "~":
        pattern = compile_query(Query(condition.value, is_regex=True))

        def searched(text: str) -> bool:
            try:
                return bool(spans(text, pattern))
            except TimeoutError:
                return False

        return searched
    if operator in ("=", "!="):
        return lambda text: (text.strip().casefold() == wanted.strip()) == (operator == "=")
    if FIELDS[condition.field].kind == "text":
        return lambda text: wanted in text.casefold()
    names = [name for name in wanted.split("|") if name]
    return lambda text: any(fnmatch.fnmatchcase(text.casefold(), name) for name in names)
