"""The output on a real pseudo-terminal that takes nothing for a while."""

import asyncio
import fcntl
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator
from string import ascii_uppercase
from typing import Any

import pytest
from benchmarks.terminal import Display

from tintype_tui.terminal.output import Output

ANSWER_S = 5.0


class Line:
    """A pseudo-terminal and the output on it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.output = Output(asyncio.get_running_loop())
        self.output.open(self.slave)
        self.read = b""

    def show(self, text: str) -> None:
        self.output.paint((20, 2), [(0, 0, [(f"{text:<20}", "", None)])], str, (0, 0))

    async def until(self, expected: bytes) -> bytes:
        end_s = asyncio.get_running_loop().time() + ANSWER_S
        while expected not in self.read:
            assert asyncio.get_running_loop().time() < end_s, self.read
            try:
                self.read += os.read(self.master, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.005)
        return self.read


@pytest.fixture
async def line() -> AsyncIterator[Any]:
    line = Line()
    yield line
    line.output.leave()
    line.output.close()
    os.close(line.master)
    os.close(line.slave)


async def test_of_what_was_drawn_while_nothing_was_taken_only_the_newest_is_sent(line: Any) -> None:
    line.show("first")
    await line.until(b"\x1b[5n")
    line.output.answered(line.output.pace.last_s + 0.001)
    termios.tcflow(line.slave, termios.TCOOFF)
    for letter in ascii_uppercase:
        line.show(letter * 20)
    line.output.write("\x07")
    termios.tcflow(line.slave, termios.TCOON)
    await line.until(b"\x07")
    line.output.answered(line.output.pace.last_s + 0.001)
    sent = await line.until(b"Z" * 20)
    assert sent.count(b"\x1b[5n") <= 3
    assert b"A" * 20 in sent  # was under way
    assert not any(letter.encode() * 5 in sent for letter in ascii_uppercase[1:-1])


async def test_nothing_is_sent_when_nothing_changes(line: Any) -> None:
    line.show("same")
    await line.until(b"\x1b[5n")
    line.output.answered(line.output.pace.last_s + 0.001)
    written = line.output.written_bytes
    for _ in range(3):
        line.show("same")
    line.output.answered(line.output.pace.last_s + 0.001)
    assert line.output.written_bytes == written


@pytest.mark.parametrize("why", ["start", "repaint", "resize"])
async def test_after_the_whole_screen_what_follows_is_not_held_back(line: Any, why: str) -> None:
    pace = line.output.pace
    pace.slow = True
    if why != "start":
        line.show("first")
        await line.until(b"\x1b[5n")
        pace._whole_s = float("-inf")  # long ago
        line.output.answered(pace.last_s + 0.001)
        line.read = b""
    if why == "repaint":
        line.output.repaint()
    line.output.paint(
        (20, 3) if why == "resize" else (20, 2), [(0, 0, [("x", "", None)])], str, (0, 0)
    )
    await line.until(b"\x1b[5n")
    line.output.answered(pace.last_s + 0.001)
    assert line.output.ready


async def test_control_sequences_come_in_order_and_whole(line: Any) -> None:
    termios.tcflow(line.slave, termios.TCOOFF)
    long = "x" * 100_000
    for number in range(3):
        line.output.write(f"<{number}{long}>")
    termios.tcflow(line.slave, termios.TCOON)
    sent = await line.until(b"<2" + b"x" * 100_000 + b">")
    assert sent == b"".join(f"<{number}{long}>".encode() for number in range(3))


async def test_the_pen_that_comes_back_with_the_shells_screen_is_the_shells(line: Any) -> None:
    line.show("red")
    line.output.leave()
    line.output.write("\x1b[?1049l")  # in foot with the pen of the last image
    line.output.close()
    assert (await line.until(b"\x1b[?1049l")).endswith(b"\x1b[?1049l\x1b[m")


async def test_where_there_is_but_one_screen_the_shell_finds_it_empty(line: Any) -> None:
    """As in GNU screen, which has another one for programs only if it is configured."""
    line.show("something")
    line.output.leave()
    line.output.write("\x1b[?1049l")
    line.output.close()
    display = Display(20, 2)
    display.write(await line.until(b"\x1b[?1049l\x1b[m"))
    assert not "".join(display.display).strip()
    assert (display.cursor.x, display.cursor.y) == (0, 0)


async def test_the_shells_descriptors_block_as_before(line: Any) -> None:
    assert not fcntl.fcntl(line.slave, fcntl.F_GETFL) & os.O_NONBLOCK
