"""Processes that look at rows: each has a file of its own and shares nothing with this one.

A worker reads requests from its standard input and ends when that ends, so none outlives the
process that started it, however that ended.
"""

import asyncio
import contextlib
import gc
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tintype.dataset.files import PlainFile
from tintype.dataset.index import stretch
from tintype.errors import DatasetError
from tintype.rules.alike import Run
from tintype.rules.block import Block
from tintype.rules.examining import Examiner, Setup

_ENDED = "A process that read the dataset has ended."


class WorkerLost(Exception):
    """A worker process has ended, or cannot do what it is asked for."""


class Worker:
    """A worker process, seen from outside. Its methods block.

    It may be sent more rows while it looks at some, so that it need not wait for them; what it
    finds is received in the same order.
    """

    def __init__(self, setup: Setup, path: Path, inode: tuple[int, int]) -> None:
        """Start it.

        Args:
            setup: How rows are to be looked at.
            path: The file.
            inode: Device and inode, by which the worker knows that it has the same file.

        Raises:
            WorkerLost: if no process can be started.
        """
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tintype.rules.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise WorkerLost(f"Cannot start a process: {error}.") from error
        self.sending, self.turn = asyncio.Lock(), asyncio.Lock()
        """Of whoever sends to it, and of whoever waits for what it finds."""
        self._opening: tuple[Setup, Path, tuple[int, int]] | None = (setup, path, inode)

    def send(self, run: Run) -> None:
        """Have it look at some rows.

        Raises:
            WorkerLost: if the process has ended.
        """
        try:
            if self._opening is not None:
                self._send(self._opening)
                self._opening = None
            self._send(run)
        except (OSError, ValueError) as error:
            raise WorkerLost(_ENDED) from error

    def receive(self) -> Block | tuple[str, ...]:
        """What it finds in the rows sent next; addresses if images must be fetched first.

        Raises:
            WorkerLost: if the process has ended, or has another file.
        """
        assert self._process.stdout is not None
        try:
            found = pickle.load(self._process.stdout)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise WorkerLost(_ENDED) from error
        if isinstance(found, Block | tuple):
            return found
        raise WorkerLost("The dataset cannot be read by another process.")

    def kill(self) -> None:
        """End it, whatever it does; returns at once."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent any more
                    pipe.close()

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        pickle.dump(value, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()


def main() -> None:
    """Be a worker: answer requests until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A block is made of many small values, and of none that refer to each other in a circle.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed goes nowhere
    try:
        setup, path, inode = pickle.load(requests)
        with PlainFile(path) as file:
            same = (file.stamp.device, file.stamp.inode) == inode
            examiner = Examiner(setup)
            while True:
                run = pickle.load(requests)
                _answer(answers, _examined(examiner, file, run) if same else None)
    except (EOFError, BrokenPipeError, DatasetError):
        os._exit(0)


def _examined(examiner: Examiner, file: PlainFile, run: Run) -> Block | tuple[str, ...]:
    lines = examiner.read(run, stretch(file, run.starts[0], run.ends[-1]))
    wanted = examiner.wanted(lines)
    if any(address not in run.fetched for address in wanted):
        return wanted
    return examiner.examine(run, lines)


def _answer(pipe: Any, value: object) -> None:
    pipe.write(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    pipe.flush()


if __name__ == "__main__":
    main()
