"""What is asked for last is taken, nothing that was asked for before; one can wait for it."""

import asyncio
from typing import Self


class Coming:
    """Something that is asked for; it ends when it is taken, fails, or gives way to another.

    As a context it ends if what is done to bring it fails.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.taken = False

    def end(self, *, taken: bool = False) -> None:
        """Let go on what waited for it."""
        self.taken = taken
        self.ended.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None:
            self.end()


class Awaited:
    """What was asked for last."""

    def __init__(self) -> None:
        self.last = Coming()
        """What comes late, and is not this, is not taken."""
        self.last.end()

    def expect(self) -> Coming:
        """Ask for something, in place of all that was asked for before."""
        before, self.last = self.last, Coming()
        before.end()
        return self.last

    async def settled(self) -> bool:
        """Wait until what was asked for last is here; false if it cannot be had."""
        came = True
        while not (coming := self.last).ended.is_set():
            await coming.ended.wait()
            came = coming.taken
        return came
