"""What is known of the line between here and the terminal."""

from dataclasses import dataclass

SLOW_BYTES_PER_S = 200_000.0
"""A line that carries less is slow: an image takes a second or more."""
SLOW_ROUND_TRIP_S, DOUBTFUL_ROUND_TRIP_S = 0.4, 0.15
"""Above this a line is slow, whatever it carries; and while that is not known."""


NEAR_S = 0.01
"""A round trip up to here is no line at all."""
AMPLE_BYTES_PER_S = 2e6
"""What carries this shows 50 KB sooner than they could be made 10 of."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line to the terminal, as measured; without arguments: nothing known yet."""

    round_trip_s: float | None = None
    """From asking the terminal to its answer, without what was drawn before; none if unknown."""
    bytes_per_s: float | None = None
    """What it carries to the terminal; none until something large has been drawn."""
    answered: bool = False
    """Whether the terminal answers at all."""

    @property
    def slow(self) -> bool:
        """Whether to draw for a slow line; what is unknown is not slow."""
        carries, trip = self.bytes_per_s, self.round_trip_s
        longest_s = DOUBTFUL_ROUND_TRIP_S if carries is None else SLOW_ROUND_TRIP_S
        return (carries is not None and carries < SLOW_BYTES_PER_S) or (
            trip is not None and trip > longest_s
        )

    @property
    def far(self) -> bool:
        """Whether there is a way between here and the terminal."""
        return self.round_trip_s is not None and self.round_trip_s > NEAR_S

    @property
    def ample(self) -> bool:
        """Whether it is known not to matter how many bytes an image has."""
        return not self.far or (self.bytes_per_s or 0.0) >= AMPLE_BYTES_PER_S

    def seems_slow(self, *, was: bool) -> bool:
        """Whether to go on drawing for a slow line: not until it is clearly better again."""
        if not was:
            return self.slow
        half = Line(
            2 * self.round_trip_s if self.round_trip_s is not None else None,
            self.bytes_per_s / 2 if self.bytes_per_s is not None else None,
        )
        return half.slow

    def differs_from(self, other: "Line") -> bool:
        """Whether it is another line: known now, slow or no longer, or different by a third."""
        if (self.answered, self.slow) != (other.answered, other.slow):
            return True
        pairs = (self.bytes_per_s, other.bytes_per_s), (self.round_trip_s, other.round_trip_s)
        return any(
            (now is None) != (before is None)
            or (now is not None and before is not None and abs(now - before) > before / 3)
            for now, before in pairs
        )

    def __str__(self) -> str:
        """In words for people, as `20 KB/s, 800 ms`.

        >>> str(Line(0.8, 20_000.0, True))
        '20 KB/s, 800 ms'
        """
        parts = []
        if (carries := self.bytes_per_s) is not None:
            rate = f"{carries / 1e6:.1f} MB/s" if carries >= 1e6 else f"{carries / 1e3:.0f} KB/s"
            parts.append(rate)
        if (trip := self.round_trip_s) is not None:
            parts.append(f"{trip * 1000:.0f} ms")
        return ", ".join(parts)
