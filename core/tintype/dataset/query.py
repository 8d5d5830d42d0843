"""Text found in rows: by words, by a regular expression, or by words that are nearly the same.

The expression comes from a person who is typing, so it may be one that takes for ever (`(a+)+b`).
Python's own `re` could not be stopped, and would hold up the whole program; `regex` runs beside the
other threads and gives up after a while.

A prompt that every row shares says nothing about a row, so its text can be left out of a search
(`shared_texts`). Base64 is never searched.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tintype.dataset.base64_text import elided
from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example, Row, TextPart
from tintype.dataset.handle import Dataset
from tintype.dataset.places import strings
from tintype.dataset.spread import scattered
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
SAMPLE = 24
"""Rows looked at to learn which texts every row shares."""
FEWEST_SHARING = 3
"""With fewer rows, no text counts as shared."""
_LETTERS_PER_ERROR = 4
"""A fuzzy search allows one letter too many, missing or other for each so many letters."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for."""

    text: str
    is_regex: bool = False
    match_case: bool = False
    is_fuzzy: bool = False
    """Whether texts are found that are nearly the same: one error for each four letters."""
    inverse: bool = False
    """Whether the rows are wanted in which this is not found."""


def parse_query(typed: str) -> Query:
    r"""Read what a person typed: words, `/an expression/`, or `~nearly these words`.

    A `!` before any of them asks for the rows without it. A backslash before the first character
    takes it as it is: `\!important`.
    """
    inverse = typed.startswith("!") and len(typed) > 1
    text = typed[1:] if inverse else typed
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return Query(text[1:-1], is_regex=True, inverse=inverse)
    if len(text) > 1 and text.startswith("~"):
        return Query(text[1:].strip(), is_fuzzy=True, inverse=inverse)
    if text[:2] in ("\\!", "\\/", "\\~"):
        text = text[1:]
    return Query(text, inverse=inverse)


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
    matching: tuple[int, ...] = ()
    """Indices of the rows since the last report that are as the query wants them."""
    unread: int = 0
    """Rows so far that are no JSON, which match nothing, not even an inverse query."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search has found."""

    typed: str
    pattern: "regex.Pattern[str]"
    rows: Sequence[int]
    """Indices, in the file's order."""
    hits: Mapping[int, Hit] = field(default_factory=dict)
    """The first hit of each of the first 20,000 rows."""
    shared: Collection[str] = ()
    """Texts that were not searched, since every row has them."""


def compile_query(query: Query) -> "regex.Pattern[str]":
    """Make a query ready for `find`.

    Raises:
        DatasetError: if the expression is not valid.
    """
    import regex

    flags = regex.UNICODE if query.match_case else regex.UNICODE | regex.IGNORECASE
    text = query.text if query.is_regex else regex.escape(query.text)
    if query.is_fuzzy:
        flags |= regex.BESTMATCH
        text = f"(?:{text}){{e<={len(query.text) // _LETTERS_PER_ERROR}}}"
    try:
        return regex.compile(text, flags)
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
    example: Example, pattern: "regex.Pattern[str]", shared: Collection[str] = ()
) -> Mapping[tuple[int, int], tuple[tuple[int, int], ...]]:
    """Where a pattern is found in a conversation: (message, part), 0-based → its places there.

    A text that takes the expression too long is passed over, and so are those in `shared`.
    """
    found = {}
    for number, message in enumerate(example.messages):
        for at, part in enumerate(message.parts):
            if isinstance(part, TextPart) and part.text not in shared:
                with suppress(TimeoutError):
                    if places := spans(part.text, pattern):
                        found[number, at] = places
    return found


def find(
    row: Row, pattern: "regex.Pattern[str]", shared: Collection[str] = ()
) -> tuple[tuple[Hit, ...], int]:
    """The hits in a row outside the texts in `shared`, and how many strings were passed over."""
    hits: list[Hit] = []
    passed_over = 0
    for place, whole in strings(row.value):
        if (place.startswith("messages") and place.endswith(_FORMAT)) or whole in shared:
            continue
        text = elided(whole)
        try:
            found = spans(text, pattern)
        except TimeoutError:
            passed_over += 1
            continue
        hits.extend(_hit(row, place, text, span) for span in found)
        if len(hits) >= MAX_HITS_PER_ROW:
            break
    return tuple(hits[:MAX_HITS_PER_ROW]), passed_over


async def shared_texts(dataset: Dataset) -> frozenset[str]:
    """Texts that every row says, answers aside: a system prompt, one question for all.

    Judged by 24 rows, scattered over those known so far; lines that are no JSON and
    rows without messages are passed over. With fewer than three rows nothing is shared.

    Raises:
        DatasetError: if the file cannot be read.
    """
    picked = scattered(dataset.count, SAMPLE)
    said = [_asked(row) for row in [await dataset.row(index) for index in picked] if not row.flaw]
    if len(said) < FEWEST_SHARING:
        return frozenset()
    return frozenset.intersection(*said)


def _asked(row: Row) -> frozenset[str]:
    """The texts of a row's messages, those of the assistant left out."""
    messages = (message for message in read_example(row).messages if message.role != "assistant")
    parts = (part for message in messages for part in message.parts)
    return frozenset(part.text for part in parts if isinstance(part, TextPart))


async def search(
    dataset: Dataset, query: Query, *, start: int = 0, shared: Collection[str] = ()
) -> AsyncGenerator[Searched, None]:
    """Search what every row says, from a row on to the end, in batches.

    That is every string but base64, the roles and types of messages, and the texts in `shared`.

    Rows that are no JSON are not searched. Nothing is found for an empty query.

    Raises:
        DatasetError: if the expression is not valid or the file cannot be read.
    """
    pattern = await asyncio.to_thread(compile_query, query)
    passed_over = unread = 0
    at = start
    while query.text and (lines := await dataset.lines(at, BATCH_ROWS, BATCH_BYTES)):
        rows = [line.row for line in lines]
        del lines
        while rows:
            some = await asyncio.to_thread(_find_some, rows, pattern, query.inverse, shared)
            rows = rows[some.rows :]
            at += some.rows
            passed_over += some.passed_over
            unread += some.unread
            yield replace(some, rows=at - start, passed_over=passed_over, unread=unread)


def _find_some(
    rows: Sequence[Row], pattern: "regex.Pattern[str]", inverse: bool, shared: Collection[str]
) -> Searched:
    """Search rows for 80 ms at most."""
    deadline = time.monotonic() + BATCH_S
    hits: list[Hit] = []
    matching: list[int] = []
    passed_over = unread = searched = 0
    for row in rows:
        searched += 1
        unread += bool(row.flaw)
        found, slow = find(row, pattern, shared)
        passed_over += slow
        if bool(found) != inverse and not row.flaw:
            matching.append(row.index)
            hits.extend(found)
        if time.monotonic() > deadline:
            break
    return Searched(tuple(hits), searched, passed_over, tuple(matching), unread)


def _hit(row: Row, place: str, text: str, span: tuple[int, int]) -> Hit:
    start, end = span
    begin = max(0, start - _BEFORE)
    lead = "…" if begin else ""
    tail = "…" if end + _AFTER < len(text) else ""
    excerpt = lead + text[begin : min(end, start + 200) + _AFTER] + tail
    on_one_line = "".join(" " if c.isspace() else c for c in excerpt)
    return Hit(row.index, row.line, place, start, end, on_one_line, len(lead) + start - begin)
