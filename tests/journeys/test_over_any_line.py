"""What reaches the terminal is the screen, whatever was left out on the way."""

import asyncio
import os
import pty
import random
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte

from tintype_tui.terminal.output import Output

SIZE = WIDTH, HEIGHT = 100, 30
KEYS = (*"12345jkfpvcbs", "down", "up", "tab", "question_mark", "escape", "exclamation_mark", "e")


class Emulator:
    """A terminal that understands what it is sent, and forgets nothing."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self.screen)

    def read(self) -> None:
        """Take what has come."""
        try:
            while data := os.read(self._terminal, 65536):
                self._stream.feed(data)
        except BlockingIOError:
            pass

    def rows(self) -> list[list[Any]]:
        """The screen; of a blank only what can be seen of it."""
        return [[seen(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def seen(cell: Any) -> Any:
    drawn_on = cell.underscore or cell.reverse or cell.strikethrough
    return cell if cell.data != " " or drawn_on else (" ", cell.bg)


@contextmanager
def attached(app: Any) -> Iterator[tuple[Output, Emulator]]:
    """Let an app draw on an emulator, without waiting for its answers."""
    terminal, theirs = pty.openpty()
    tty.setraw(theirs)
    os.set_blocking(terminal, False)
    output = Output(asyncio.get_running_loop())
    output.asks = False
    output.erasing(True)
    output.open(theirs)
    app._driver.output = output
    try:
        yield output, Emulator(terminal)
    finally:
        del app._driver.output
        output.leave()
        output.close()
        os.close(terminal)
        os.close(theirs)


async def test_random_keys_leave_the_screen_that_is_drawn_whole(sit: Any, dataset: Path) -> None:
    seed = random.Random(7)
    async with sit(dataset, size=SIZE) as person:
        await person.sees("train.jsonl")
        with attached(person.app) as (output, emulator):
            person.app.refresh()
            for _ in range(4):
                for key in seed.choices(KEYS, k=6):
                    await person.press(key)
                    emulator.read()
                person.app.refresh()  # what has changed since it was drawn
                await person.pilot.pause()
                await until_taken(output, emulator)
                differences = emulator.rows()
                output.repaint()
                output.answered(0.0)
                await until_taken(output, emulator)
                rows = [y for y, row in enumerate(emulator.rows()) if row != differences[y]]
                assert not rows, "\n".join(emulator.screen.display)
            assert "tintype" in emulator.screen.display[0]


async def until_taken(output: Output, emulator: Emulator) -> None:
    """Until the emulator has everything."""
    for _ in range(1000):
        emulator.read()
        if output.ready and not output.unsent:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not everything was sent")
