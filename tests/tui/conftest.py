"""A terminal played by the test: the app runs in a pseudo-terminal whose other end is ours."""

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
from tests.handled import replace_the_waits_of_textual

replace_the_waits_of_textual()

LISTENER = Path(__file__).parent / "terminal" / "listener.py"
PATIENCE_S = 60.0
"""For a machine under load; a test that passes never waits that long."""


class Played:
    """A terminal without a will of its own."""

    def __init__(
        self, command: list[str], environ: dict[str, str], notes: Path, *, controlling: bool
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.notes = notes
        self.shown = b""
        self.screen = pyte.Screen(80, 24)
        self._emulator = pyte.ByteStream(self.screen)
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environ,
            start_new_session=True,
            preexec_fn=self._take_control if controlling else None,
        )

    def _take_control(self) -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def until(self, expected: bytes, times: int = 1) -> bytes:
        """Everything the app writes up to `expected`, which it has to write."""
        return b"".join(self._until(expected) for _ in range(times))

    def _until(self, expected: bytes) -> bytes:
        self.read_until(lambda: expected in self.shown, expected)
        before, _, self.shown = self.shown.partition(expected)
        return before + expected

    def until_seen(self, words: str) -> str:
        """What is on the screen (of 80×24, without graphics) once some words are."""
        self.read_until(lambda: words in "\n".join(self.screen.display), words)
        return "\n".join(self.screen.display)

    def read_until(self, reached: Callable[[], bool], what: object) -> None:
        """Read on until something holds of what was `shown`."""
        end_s = time.monotonic() + PATIENCE_S
        while not reached():
            left_s = end_s - time.monotonic()
            assert left_s > 0, f"{what!r} never came; there was {self.shown[-2000:]!r}"
            if select.select([self.master], [], [], left_s)[0]:
                self._read()

    def _read(self) -> None:
        data = os.read(self.master, 65536)
        self.shown += data
        self._emulator.feed(data)

    def type(self, *pieces: bytes) -> None:
        """Send input, each piece by itself."""
        for piece in pieces:
            os.write(self.master, piece)

    def noted(self, kind: str) -> list[Any]:
        """What the app wrote down."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [value for what, value in map(json.loads, lines) if what == kind]

    def leave(self) -> int:
        """Wait until the app has ended."""
        self.until(b"left")
        return self.ended()

    def ended(self) -> int:
        """The exit code; meanwhile the terminal is read, else a full one would hold the app up."""
        end_s = time.monotonic() + PATIENCE_S
        while (code := self.process.poll()) is None:
            assert time.monotonic() < end_s, f"it never ended; it wrote {self.shown[-2000:]!r}"
            if self.master < 0:
                time.sleep(0.01)
            elif select.select([self.master], [], [], 0.02)[0]:
                self.shown += os.read(self.master, 65536)
        return code

    def unread(self) -> bytes:
        """Input that nobody has read: what a shell would take for typing."""
        os.set_blocking(self.slave, False)
        try:
            return os.read(self.slave, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Put an end to it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Start the listener, or Python with other arguments, in a played terminal.

    With `controlling` the program finds it at /dev/tty, too, and is hung up when it goes.
    """
    played: list[Played] = []

    def start(*arguments: str, controlling: bool = False, **environ: str) -> Played:
        notes = tmp_path / "notes"
        command = [sys.executable, *(arguments or (str(LISTENER), str(notes)))]
        plain = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("TMUX", "TEXTUAL", "TINTYPE", "STY", "COLORTERM", "NO_COLOR"))
        }
        plain |= {"TERM": "xterm-256color", "PYTHONUTF8": "1", **environ}
        played.append(Played(command, plain, notes, controlling=controlling))
        return played[-1]

    yield start
    for terminal in played:
        terminal.close()
