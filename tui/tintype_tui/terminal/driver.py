"""Textual's driver for Linux and macOS, which also asks the terminal what it can show.

Nobody waits for the answer. The questions are written when the app takes the terminal over, and
the replies are sifted out of the input whenever they come; each time that what is known changes,
the app is sent `TerminalAnswered`.
"""

import asyncio
import os
import selectors
import signal
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Any

from textual import constants, events
from textual.app import App
from textual.message import Message

from tintype_tui.terminal.capabilities import Capabilities, Surroundings, Tmux, assess
from tintype_tui.terminal.messages import LineMeasured, TerminalAnswered
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.probe import QUERY, graphics_query, kernel_cell
from tintype_tui.terminal.replies import CELL_QUERY, Replies
from tintype_tui.terminal.textual_privates import KeyParser, OpenDriver
from tintype_tui.terminal.tmux import ask_tmux

_BY_HAND = events.Key, events.Paste, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp
"""What somebody does who then waits for its effect."""
_LINE_S = 1.0
"""How often the app hears of another line at most."""
_TICK_S = 0.1
"""How often held input and leaving are looked at; Textual's own figure."""
_AT_ONCE_S = 0.1
"""How long after asking an app that leaves by a signal still waits for the answer."""


class SiftingParser(KeyParser):
    """Textual's parser of keys and mouse, which gets to see everything but replies."""

    def __init__(self, debug: bool = False, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.replies = Replies()
        self._clock = clock
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """Parse the next input.

        An empty piece, such as half a character decodes to, is none; to Textual it is the end.
        """
        if rest := self.replies.sift(data, self._clock()):
            yield from super().feed(rest)

    def tick(self) -> Iterable[Message]:
        """Let go of what was held too long."""
        if late := self.replies.overdue(self._clock(), constants.ESCAPE_DELAY):
            yield from super().feed(late)
            self.stop_waiting()
        yield from super().tick()


class AskingDriver(OpenDriver):
    """Drives a terminal, and asks what it can show."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._parser = SiftingParser(self.debugs)
        self._asked_s: float | None = None
        self._ready = 0
        """Answers to the question after each frame that have come."""
        self._questions = 1
        """How many answers are awaited: one more where kitty's graphics are asked for."""
        self._round_trip_ms: float | None = None
        self._tmux: Tmux | None = None
        self._sent: Capabilities | None = None
        self._line, self._line_sent_s = Line(), 0.0

    def start_application_mode(self) -> None:
        """Take the terminal over, and the first time ask what it is."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.output.asks = self.input_tty and self.drawn_on.isatty()
        if self._asked_s is not None or not self.is_writing or not self.output.asks:
            return
        self._asked_s = time.monotonic()
        self.output.ask()
        self.write(QUERY)
        if os.environ.get("TMUX"):
            self.loop.run_in_executor(None, ask_tmux).add_done_callback(self._tmux_answered)

    def stop_application_mode(self) -> None:
        """Free what the terminal holds, then give it back."""
        self.output.leave()
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Read input and pass it on until the app leaves: Textual's loop, but for the parser.

        Bytes that are not UTF-8 become replacement characters, and a terminal that has gone away
        ends the app; both would be a traceback in Textual's.
        """
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        # select, for macOS cannot poll a terminal.
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set() or self._must_hear_out():
                if selector.select(_TICK_S):
                    data = self._read()
                    if not data:
                        break
                    self._take(self._parser.feed(decode(data)))
                self._take(self._parser.tick())

    def process_message(self, message: Message) -> None:
        """Pass a message on; a new size told in-band may be due to another font."""
        if isinstance(message, events.Resize):
            self.loop.call_soon_threadsafe(self._resized)
        elif isinstance(message, _BY_HAND):
            self.output.pace.key(time.monotonic())
        super().process_message(message)

    def size_asked(self) -> None:
        """See how large cells are now; in a signal's handler nothing may be written."""
        self.loop.call_soon_threadsafe(self._resized)

    def _read(self) -> bytes:
        try:
            data = os.read(self.fileno, 4096)
        except OSError:
            data = b""
        if not data and self.input_tty:
            self.loop.call_soon_threadsafe(self.driven.exit, 128 + signal.SIGHUP)
        return data

    def _take(self, messages: Iterable[Message]) -> None:
        """Pass on what was parsed, and note what was sifted out meanwhile."""
        replies, before, ready = self._parser.replies, self._parser.replies.told, self._ready
        for message in messages:
            self.process_message(message)
        self._ready = replies.ready
        for _ in range(self._ready - ready):
            self.loop.call_soon_threadsafe(self._measured, time.monotonic())
        if replies.told is not before and self._asked_s is not None:
            if self._round_trip_ms is None and replies.told.attributes is not None:
                self._round_trip_ms = (time.monotonic() - self._asked_s) * 1000
            self.loop.call_soon_threadsafe(self._settle)

    def _must_hear_out(self) -> bool:
        """Whether an answer is still to come, and soon; a signal is obeyed at once."""
        asked = self.output.pace
        left_s = asked.parting_s
        if isinstance(result := self.driven.return_value, int) and result > 128:
            left_s = _AT_ONCE_S
        since_s = time.monotonic() - max(self._asked_s or 0.0, asked.last_s)
        awaited = self._asked_s is not None and self._parser.replies.answers < self._questions
        return (awaited or asked.awaited > 0) and since_s < left_s

    # From here on: in the loop's thread.

    def _tmux_answered(self, asking: "asyncio.Future[Tmux]") -> None:
        if not asking.cancelled():
            self._tmux = asking.result()
            self._settle()

    def _measured(self, at_s: float) -> None:
        """A frame has arrived: the next may go, and the app learns of a line that has changed."""
        self.output.answered(at_s)
        line = self.output.line
        if line.differs_from(self._line) and at_s - self._line_sent_s > _LINE_S:
            self._line, self._line_sent_s = line, at_s
            self.send_message(LineMeasured(line))

    def _resized(self) -> None:
        """A larger font makes a window of fewer cells: see how large they are now."""
        self.output.repaint()
        if self._parser.replies.told.cell is None:
            self._settle()
        elif not self.exit_event.is_set():
            self.write(CELL_QUERY)

    def _settle(self) -> None:
        """Tell the app, once everybody asked has answered, and whenever something changes."""
        told, answers = self._parser.replies.told, self._parser.replies.answers
        first = answers and self._questions == 1 and not self.exit_event.is_set()
        if first and (more := graphics_query(told)):
            self._questions, self._asked_s = 2, time.monotonic()
            self.write(more)
        if answers < self._questions or (os.environ.get("TMUX") and self._tmux is None):
            return
        around = Surroundings(
            os.environ,
            encoding=self.drawn_on.encoding,
            mono=self.driven.no_color,
            cell=kernel_cell(self.drawn_on.fileno()),
            tmux=self._tmux,
        )
        found = assess(told, around, self._round_trip_ms)
        if found != self._sent:
            self._sent = found
            self.send_message(TerminalAnswered(found))
