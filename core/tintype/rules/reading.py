"""A dataset looked at block by block, by several processes if it is large; blocks come in order."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from tintype.dataset import Dataset
from tintype.dataset.fetcher import Fetcher
from tintype.dataset.index import end_of_run
from tintype.images.facts import ImageFacts
from tintype.plugins import plugins
from tintype.rules.alike import Lines, Run
from tintype.rules.block import Block
from tintype.rules.examining import Examiner, Setup
from tintype.rules.worker import Worker, WorkerLost
from tintype.threads import in_thread

MOST_ROWS = 2_000
MOST_BYTES = 4_000_000
MOST_DECODED_BYTES = 1_000_000
"""Of a block; decoding the pixels of a megabyte takes about 20 ms."""
LARGE_BYTES = 16_000_000
"""Of a file that is worth starting processes for, which takes a third of a second."""
MOST_WORKERS = 8
THREADS = 2
AT_ONCE = 2
"""Blocks that a process is sent: one to look at, and the next."""


async def blocks(
    dataset: Dataset,
    setup: Setup,
    fetched: dict[str, ImageFacts],
    workers: int | None = None,
) -> AsyncGenerator[Block, None]:
    """Look at every row, in order. What is found depends in nothing on who looks.

    Args:
        dataset: Open.
        setup: How rows are to be looked at.
        fetched: What images on the network are, by address; what is fetched is added.
        workers: How many processes; 0 is none but this. None: as suits the file and the machine.

    Raises:
        DatasetError: if the file cannot be read.
    """
    if workers is None:
        workers = await asyncio.to_thread(_fitting, dataset)
    reader = _Reader(dataset, setup, fetched)
    under_way: deque[asyncio.Task[Block]] = deque()
    start = 0
    try:
        await in_thread(reader.start, workers)
        while True:
            while len(under_way) < reader.ahead and (stop := await reader.end(start)) > start:
                under_way.append(asyncio.create_task(reader.block(start, stop)))
                start = stop
            if not under_way:
                return
            yield await under_way.popleft()
    finally:
        reader.kill()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await reader.close()


class _Reader:
    """The workers, and what is left to this process."""

    def __init__(self, dataset: Dataset, setup: Setup, fetched: dict[str, ImageFacts]) -> None:
        self._dataset = dataset
        self._setup = setup
        self._fetched = fetched
        self._fetcher = Fetcher(fetched, allow_private=dataset.allow_private)
        self._own = Examiner(setup)
        self._workers: list[Worker] = []
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        self.ahead = THREADS
        """Blocks under way at a time."""

    def start(self, workers: int) -> None:
        """Start worker processes."""
        stamp = self._dataset.stamp
        with suppress(WorkerLost):  # then as many as there are
            for _ in range(workers):
                worker = Worker(self._setup, stamp.path, (stamp.device, stamp.inode))
                self._workers.append(worker)
        for worker in self._workers * AT_ONCE:
            self._free.put_nowait(worker)
        self.ahead = (AT_ONCE + 1) * len(self._workers) or THREADS

    async def end(self, start: int) -> int:
        """Where a block that begins with a row ends: the same wherever the index has come to."""
        dataset = self._dataset
        most = MOST_DECODED_BYTES if self._setup.deep else MOST_BYTES
        while True:
            known = dataset.found.count
            stop = end_of_run(dataset.found, start, MOST_ROWS, most)
            # The last row that is known may not be all that fits.
            if stop < known or stop - start == MOST_ROWS or dataset.complete:
                return stop
            await dataset.scan()

    async def block(self, start: int, stop: int) -> Block:
        """Look at some rows, wherever there is somebody free."""
        run = Run(start, *self._dataset.found.places(start, stop))
        if not self._workers or self._edited(run):
            return await self._look_here(start, stop)
        worker = await self._free.get()
        try:
            found = await _examined(worker, run)
            if isinstance(found, tuple):
                await self._fetch(found)
                facts = {address: self._fetched[address] for address in found}
                run = Run(start, run.lines, run.starts, run.ends, facts)
                found = await _examined(worker, run)
            if isinstance(found, Block):
                return found
        except WorkerLost:
            pass  # killed for want of memory, perhaps: this process can do the same
        finally:
            self._free.put_nowait(worker)
        return await self._look_here(start, stop)

    def kill(self) -> None:
        """End the workers at once."""
        for worker in self._workers:
            worker.kill()

    async def close(self) -> None:
        """Leave nothing behind."""
        await self._fetcher.close()
        for worker in self._workers:
            await in_thread(worker.close)

    async def _look_here(self, start: int, stop: int) -> Block:
        run = Run(start, *self._dataset.found.places(start, stop), self._fetched)
        lines = await in_thread(self._read, run)
        await self._fetch(self._own.wanted(lines))
        return await in_thread(self._own.examine, run, lines)

    def _read(self, run: Run) -> Sequence[Lines]:
        found, stop = self._dataset.found, run.first + len(run.lines)
        if self._edited(run):
            return [found.read(index) for index in range(run.first, stop)]
        return self._own.read(run, found.stretch(run.first, stop))

    def _edited(self, run: Run) -> bool:
        edited = self._dataset.edits.rows
        return bool(edited) and not edited.keys().isdisjoint(run.lines)

    async def _fetch(self, addresses: tuple[str, ...]) -> None:
        found = await asyncio.gather(*map(self._fetcher.facts, addresses))
        self._fetched.update(zip(addresses, found, strict=True))


async def _examined(worker: Worker, run: Run) -> Block | tuple[str, ...]:
    """What a worker finds in rows; addresses if images must be fetched first."""
    async with worker.sending:
        await in_thread(worker.send, run)
    async with worker.turn:  # in the order in which they were sent
        return await in_thread(worker.receive)


def _fitting(dataset: Dataset) -> int:
    """How many processes suit a file. Rules from outside may be known to this one only."""
    if dataset.size_bytes < LARGE_BYTES or plugins("rules"):
        return 0
    allowed = getattr(os, "sched_getaffinity", None)  # what of them this process may use; Linux's
    return min(MOST_WORKERS, len(allowed(0)) if allowed else os.cpu_count() or 1)
