"""Which of the sessions on one store this is: each has notes of its own.

A session that begins takes up what one left that does not run any more: first one that was cut
off, by a dropped line or a kill, and of several the last.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tintype.errors import FileError
from tintype.paths import locked, make_folder

if TYPE_CHECKING:
    from tintype.store import Store

SESSION = "session"
"""The name of the note that says how a session stood."""
MOST = 8
"""Sessions at a time that are told apart."""


@dataclass(slots=True)
class Seat:
    """The place of one session among those on a store; nobody else has it until it is left."""

    number: int
    left: dict[str, Any]
    """What the session before left here; empty if none did."""
    lock: IO[bytes] | None = None
    """What holds it, if anything can."""

    def named(self, name: str) -> str:
        """The name of a note of this session's own."""
        return name if self.number == 1 else f"{name} {self.number}"

    def leave(self) -> None:
        """Let another session have it."""
        if self.lock is not None:
            self.lock.close()
            self.lock = None


def take_seat(folder: Path, store: "Store") -> Seat:
    """Take a seat; blocking. Where files cannot be locked, every session has the first.

    Raises:
        StoreError: if the store cannot be read.
    """
    seats = [Seat(number, {}) for number in range(1, MOST + 1)]
    for seat in seats:
        left = store.notes.read(seat.named(SESSION))
        seat.left = left if isinstance(left, dict) else {}
    seats.sort(key=_worth, reverse=True)
    try:
        make_folder(folder, private=True)
        for seat in seats:
            if (lock := locked(folder / f"{seat.number}.lock")) is not None:
                seat.lock = lock
                return seat
    except FileError:
        return min(seats, key=lambda seat: seat.number)
    return Seat(MOST + 1, {})


def _worth(seat: Seat) -> tuple[bool, float, int]:
    at = seat.left.get("at")
    return seat.left.get("cut") is True, at if isinstance(at, float) else 0.0, -seat.number
