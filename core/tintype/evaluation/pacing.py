"""When a provider may be asked again: one shared pace for everything that asks it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turned:
    """An answer's status, and when it came."""

    at_s: float
    status: int
    retry_after_s: float | None = None


def next_allowed_s(turns: Iterable[Turned]) -> float:
    """The earliest moment to ask again: no `Retry-After` is cut short by a later, shorter one."""
    return max((turn.at_s + (turn.retry_after_s or 0.0) for turn in turns), default=0.0)
