"""A number that is not known exactly."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number between two bounds, with the value to bet on."""

    low: int
    likely: int
    high: int

    @staticmethod
    def exactly(value: int) -> "Range":
        """Return a range of one number."""
        return Range(value, value, value)

    @property
    def exact(self) -> bool:
        """Whether the bounds are equal."""
        return self.low == self.high

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        """Take away something that is part of this: low from low, high from high."""
        return Range(self.low - other.low, self.likely - other.likely, self.high - other.high)

    def __mul__(self, factor: int) -> "Range":
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def most(self, limit: int) -> "Range":
        """Return the range with each of its numbers at most `limit`."""
        return Range(min(self.low, limit), min(self.likely, limit), min(self.high, limit))

    def __format__(self, spec: str) -> str:
        if self.exact:
            return format(self.low, spec)
        return f"{format(self.low, spec)}…{format(self.high, spec)}"

    def __radd__(self, other: Any) -> "Range":
        return self if other == 0 else NotImplemented  # so that sum() works


NOTHING = Range(0, 0, 0)
