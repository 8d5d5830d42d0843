"""What a rule looks at: one row, its images, what it costs, and whose rules apply."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tintype.dataset import Example, ImagePart, Row, example
from tintype.dataset.survey import Surveyed
from tintype.images import ImageFacts
from tintype.providers.limits import ProviderRules
from tintype.rules.problem import Problem, Severity
from tintype.tokens import RowTokens, TokenRule, row_tokens

_CONTENT_PART = re.compile(r"messages\[(\d{1,9})\]\.content\[\d+\]$")


MOST_MESSAGES = 20_000
"""Messages of a row that are judged; at four tokens each they exceed what any model takes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row before its judges."""

    row: Row
    images: tuple[ImageFacts, ...]
    """One for each of `row.images`."""
    messages: tuple[tuple[int, dict[str, Any]], ...]
    """The messages that are objects, with their index; none if the row is no chat."""
    tokens: RowTokens
    profile: ProviderRules
    rule: TokenRule

    @property
    def number(self) -> int:
        """Return which example it is, as providers count: from 1."""
        return self.row.index + 1

    @property
    def example(self) -> Example:
        """The row read as a conversation, however odd it is: `case.example.answer`."""
        return example(self.row)

    @property
    def parts(self) -> Iterator[tuple[ImagePart, ImageFacts]]:
        """Return every image of the row: what the row says of it, and what its bytes say."""
        return zip(self.row.images, self.images, strict=True)

    def problem(
        self, rule: str, severity: Severity, message: str, *, place: str = "", fix: str = ""
    ) -> Problem:
        """A problem of this row."""
        return Problem(self.row.line, place, severity, rule, message, fix)


def case(surveyed: Surveyed, profile: ProviderRules, rule: TokenRule) -> Case:
    """Return a row ready to be judged: its messages looked up, its tokens counted."""
    row, images = surveyed.row, surveyed.images
    found = row.value.get("messages") if isinstance(row.value, dict) else None
    listed = found[:MOST_MESSAGES] if isinstance(found, list) else ()
    messages = tuple((at, item) for at, item in enumerate(listed) if isinstance(item, dict))
    return Case(row, images, messages, row_tokens(row, images, rule), profile, rule)


Judge = Callable[[Case], Iterator[Problem]]


def message_index(image: ImagePart) -> int | None:
    """Return the index of an image's message; none if it is no part of a message's content."""
    found = _CONTENT_PART.match(image.place)
    return int(found[1]) if found else None
