"""All that goes to a terminal: frames, only the newest, and control sequences in their order."""

import time
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Iterable
from typing import Any

from tintype_tui.terminal.output.cells import Image, Segments
from tintype_tui.terminal.output.line import Line
from tintype_tui.terminal.output.pace import QUESTION, Pace
from tintype_tui.terminal.output.surface import Surface
from tintype_tui.terminal.output.writer import Writer

_SYNCHRONIZED = "\x1b[?2026h", "\x1b[?2026l"
CLOSE_S = 0.3
"""How long leaving waits at most for the terminal to take what is left."""
_SETTLE_S = 0.05
"""How long after a resize the layout may take: until then nothing is drawn for the old size."""

Piece = tuple[int, int, Segments]
"""Row and column of a strip, and the strip."""


class Output:
    """Draws on a terminal. Everything happens in the event loop's thread, and nothing waits."""

    def __init__(self, loop: AbstractEventLoop, encoding: str = "utf-8") -> None:
        self.pace = Pace()
        self.synchronized = False
        """Whether the terminal shows what comes between two marks at once."""
        self.asks = True
        """Whether the terminal is asked after each frame."""
        self.written_bytes = 0
        self.stuck = False
        """Whether the terminal took nothing more when it was let go."""
        self._loop, self._encoding = loop, encoding
        self._surface = Surface(0, 0)
        self._writer: Writer | None = None
        self._parting: list[str] | None = None
        """What gives the terminal back, once that has begun."""
        self._cursor = self._cursor_sent = (0, 0)
        self._counted_bytes = 0
        self._alarm: TimerHandle | None = None

    # ------------------------------------------------------------------ from opening to closing

    def open(self, fd: int) -> None:
        """Take a terminal over; nothing is known of what it shows."""
        self._writer, self._parting = Writer(fd, self._loop, self._pump), None
        self._forget()

    def write(self, text: str) -> None:
        """Write control sequences, after all that has been written."""
        if self._parting is not None:
            self._parting.append(text)
        if self._writer is not None:
            data = text.encode(self._encoding, "replace")
            self.written_bytes += len(data)
            self._writer.write(data)

    def leave(self) -> None:
        """Draw no more, and free the images; what is written from here on gives it back.

        It is left empty: some have but one screen, which is the shell's again.
        """
        if self._alarm is not None:
            self._alarm.cancel()
        self._parting = []
        self.write("\x1b[m\x1b[2J\x1b[H" + self._surface.farewells())

    @property
    def closed(self) -> bool:
        """Whether the terminal has been let go."""
        return self._writer is None

    def close(self) -> None:
        """Let the terminal go within `CLOSE_S`, even if it takes nothing."""
        if self._writer is not None:
            self.write("\x1b[m")  # with its own screen some bring back the pen saved last
            last = "".join(self._parting or ())
            self.stuck = not self._writer.close(last.encode(self._encoding, "replace"), CLOSE_S)
            self._writer = None

    # ------------------------------------------------------------------ what is to be seen

    def paint(
        self,
        size: tuple[int, int],
        pieces: Iterable[Piece],
        pen_of: Callable[[Any], str],
        cursor: tuple[int, int],
    ) -> None:
        """Show strips on a screen of so many columns and rows, and the cursor at column and row."""
        if size != (self._surface.width, self._surface.height):
            before, self._surface = self._surface, Surface(*size)
            self._surface.take_over(before)
            self.pace.whole(time.monotonic())
        for y, x, strip in pieces:
            self._surface.put(y, x, strip, pen_of)
        self._cursor = cursor
        self._pump()

    def hold(self, number: int, image: Image) -> None:
        """Have an image ready for when cells with its number are painted."""
        self._surface.hold(number, image)

    def drop(self, number: int) -> None:
        """Free an image, once its cells are gone."""
        self._surface.drop(number)
        self._pump()

    def repaint(self) -> None:
        """Draw everything again: the terminal may show something else."""
        self._forget()
        self._wake(_SETTLE_S)

    def _forget(self) -> None:
        self._surface.forget()
        self.pace.whole(time.monotonic())

    def wear_again(self) -> None:
        """Look again at what styles look like: the terminal's colours have changed."""
        self._surface.apply_again()

    def erasing(self, whole: bool) -> None:
        """Say whether erased cells take the background's colour in this terminal."""
        self._surface.erases = whole

    # ------------------------------------------------------------------ the line

    @property
    def line(self) -> Line:
        """What is known of the line to the terminal."""
        return self.pace.line

    def ask(self) -> None:
        """Ask the terminal, so that its answer says how far away it is."""
        if self.asks:
            self.write(QUESTION)
            self._count()

    def answered(self, at_s: float) -> None:
        """The terminal has answered, at a time of the monotonic clock."""
        self.pace.answered(at_s)
        self._pump()

    # ------------------------------------------------------------------ frames

    @property
    def unsent(self) -> bool:
        """Whether there may be something to send."""
        return self._surface.waiting() or self._cursor != self._cursor_sent

    @property
    def taken(self) -> bool:
        """Whether the terminal has taken all that was written."""
        return self._writer is None or self._writer.empty

    @property
    def ready(self) -> bool:
        """Whether a frame that is painted now is sent at once."""
        now_s = time.monotonic()
        return self.taken and self.pace.due_s(now_s) <= now_s

    def _pump(self) -> None:
        """Send what is newest, if it may be sent and differs from what was sent."""
        if self._writer is None or self._parting is not None or not self._writer.empty:
            return
        if not self.unsent:
            return
        now_s = time.monotonic()
        due_s = self.pace.due_s(now_s)
        if due_s > now_s:
            self._wake(due_s - now_s)
            return
        frame = self._surface.changes()
        if not frame and self._cursor == self._cursor_sent:
            return
        x, y = self._cursor_sent = self._cursor
        frame += f"\x1b[{y + 1};{x + 1}H"
        if self.synchronized:
            frame = _SYNCHRONIZED[0] + frame + _SYNCHRONIZED[1]
        self.write(frame + QUESTION if self.asks else frame)
        self._count()

    def _count(self) -> None:
        size, self._counted_bytes = self.written_bytes - self._counted_bytes, self.written_bytes
        if self.asks:
            self.pace.sent(size, time.monotonic())

    def _wake(self, in_s: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(in_s, self._pump)
