"""Text found in rows, by words or by a regular expression.

The expression comes from a person who is typing, so it may be one that takes for ever (`(a+)+b`).
Python's own `re` could not be stopped, and would hold up the whole program; `regex` runs beside the
other threads and gives up after a while.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.dataset.example import Example, Row, TextPart
from tintype.dataset.handle import Dataset
from tintype.dataset.places import strings
from tintype.errors import DatasetError

if TYPE_CHECKING:
    import regex

MAX_HITS_PER_ROW = 100
PATIENCE_S = 0.5
"""How long one string may take to be searched; then it is passed over."""
BATCH_S = 0.08
BATCH_ROWS = 1000
BATCH_BYTES = 8_000_000
_BEFORE, _AFTER = 30, 90
_FORMAT = (".role", ".type", ".detail")
"""Ends of places that hold words of the format: with them, `user` or `text` would be in any row."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for."""

    text: str
    is_regex: bool = False
    match_case: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Where it was found."""

    index: int
    """Of the row."""
    line: int
    place: str
    """The string it stands in, e.g. `messages[1].content[0].text`."""
    start: int
    """Within that string, in characters."""
    end: int
    excerpt: str
    """The hit with a little of what stands around it, on one line."""
    excerpt_start: int
    """Where the hit begins in the excerpt."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What has been found since the last report, and how far the search has come."""

    hits: tuple[Hit, ...]
    rows: int
    """Rows searched so far."""
    passed_over: int = 0
    """Strings so far that took the expression too long."""


def compile_query(query: Query) -> "regex.Pattern[str]":
    """Make a query ready for `find`.

    Raises:
        DatasetError: if the expression is not valid.
    """
    import regex

    flags = regex.UNICODE if query.match_case else regex.UNICODE | regex.IGNORECASE
    try:
        return regex.compile(query.text if query.is_regex else regex.escape(query.text), flags)
    except regex.error as error:
        raise DatasetError(
            f"The expression cannot be searched for: {error}.",
            advice="Search for plain text, or put a backslash before the special character.",
        ) from error


def spans(text: str, pattern: "regex.Pattern[str]") -> tuple[tuple[int, int], ...]:
    """Where a pattern is found in a text, for highlighting; at most 100 places, none of them empty.

    Raises:
        TimeoutError: if the expression takes too long.
    """
    found = []
    for match in pattern.finditer(text, timeout=PATIENCE_S, concurrent=True):
        if match.end() > match.start():
            found.append(match.span())
            if len(found) >= MAX_HITS_PER_ROW:
                break
    return tuple(found)


def found_in(
    example: Example, pattern: "regex.Pattern[str]"
) -> Mapping[tuple[int, int], tuple[tuple[int, int], ...]]:
    """Where a pattern is found in a conversation: (message, part), 0-based → its places there.

    A text that takes the expression too long is passed over.
    """
    found = {}
    for number, message in enumerate(example.messages):
        for at, part in enumerate(message.parts):
            if isinstance(part, TextPart):
                with suppress(TimeoutError):
                    if places := spans(part.text, pattern):
                        found[number, at] = places
    return found


def find(row: Row, pattern: "regex.Pattern[str]") -> tuple[tuple[Hit, ...], int]:
    """The hits in a row, and how many of its strings were passed over."""
    hits: list[Hit] = []
    passed_over = 0
    for place, text in strings(row.value):
        if place.startswith("messages") and place.endswith(_FORMAT):
            continue
        try:
            found = spans(text, pattern)
        except TimeoutError:
            passed_over += 1
            continue
        hits.extend(_hit(row, place, text, span) for span in found)
        if len(hits) >= MAX_HITS_PER_ROW:
            break
    return tuple(hits[:MAX_HITS_PER_ROW]), passed_over


async def search(
    dataset: Dataset, query: Query, *, start: int = 0
) -> AsyncGenerator[Searched, None]:
    """Search what every row says, from a row on to the end, in batches.

    That is every string but base64 and the roles and types of messages.

    Rows that are no JSON are not searched. Nothing is found for an empty query.

    Raises:
        DatasetError: if the expression is not valid or the file cannot be read.
    """
    pattern = await asyncio.to_thread(compile_query, query)
    passed_over = 0
    at = start
    while query.text and (lines := await dataset.lines(at, BATCH_ROWS, BATCH_BYTES)):
        rows = [line.row for line in lines]
        del lines
        while rows:
            searched, hits, slow = await asyncio.to_thread(_find_some, rows, pattern)
            rows = rows[searched:]
            at += searched
            passed_over += slow
            yield Searched(tuple(hits), at - start, passed_over)


def _find_some(rows: Sequence[Row], pattern: "regex.Pattern[str]") -> tuple[int, list[Hit], int]:
    deadline = time.monotonic() + BATCH_S
    hits: list[Hit] = []
    passed_over = 0
    for searched, row in enumerate(rows, 1):
        found, slow = find(row, pattern)
        hits.extend(found)
        passed_over += slow
        if time.monotonic() > deadline:
            return searched, hits, passed_over
    return len(rows), hits, passed_over


def _hit(row: Row, place: str, text: str, span: tuple[int, int]) -> Hit:
    start, end = span
    begin = max(0, start - _BEFORE)
    lead = "…" if begin else ""
    tail = "…" if end + _AFTER < len(text) else ""
    excerpt = lead + text[begin : min(end, start + 200) + _AFTER] + tail
    on_one_line = "".join(" " if c.isspace() else c for c in excerpt)
    return Hit(row.index, row.line, place, start, end, on_one_line, len(lead) + start - begin)
