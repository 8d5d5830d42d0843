"""A flaw in a dataset: where, how bad, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "skip", "warning"]
Status = Literal["ok", "warning", "skip", "error"]

_WORST: tuple[Status, ...] = ("ok", "warning", "skip", "error")
_SHOWN_CHARS = 48


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a dataset."""

    line: int
    """1-based physical line; 0 is the file as a whole."""
    place: str
    """Where in the line, e.g. `messages[1].content[0]`; empty: the line as a whole."""
    severity: Severity
    """`error` stops the job, `skip` drops the example, `warning` does neither."""
    rule: str
    """The rule's short name, e.g. `image_format`."""
    message: str
    """In the provider's words where it has them."""
    fix: str = ""
    """What to do, where there is something."""


def worst(severities: Iterable[Severity]) -> Status:
    """Return the worst of some severities, or `ok` if there are none."""
    return max(severities, key=_WORST.index, default="ok")


def quoted(text: object, limit: int = _SHOWN_CHARS) -> str:
    """Return data in quotes: `limit` characters at most, none a control character."""
    whole = text if isinstance(text, str) else str(type(text).__name__)
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode("ascii")
        for char in whole[:limit]
    )
    return f"'{shown}{'…' if len(whole) > limit else ''}'"
