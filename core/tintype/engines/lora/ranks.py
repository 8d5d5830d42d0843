"""Several processes of this machine that train one job together, each on its share of every step.

The trainer is the first and the only one that writes, reports and is asked to stop. It starts the
others, which do the same on other rows; after every step the gradients of the adapters are summed
in one exchange, so that all make the same update and nothing else has to be sent. None of them can
outlive another: the others end when the trainer does (their input is a pipe from it), and a trainer
that has lost one ends as if it had crashed, to be started again, with all of them, from its last
saved state.

The exchange goes through memory of the machine (gloo), also between GPUs: some milliseconds for
every megabyte of adapters, but no library that waits for a process that has gone.
"""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as exchange
from torch import Tensor

from tintype.engines.base import TrainingOrder
from tintype.engines.lora.bases import Base
from tintype.engines.lora.preparation import Pulse, patiently
from tintype.errors import EngineError

_LONGEST = timedelta(days=7)
"""For which one waits for another: what takes long is reading rows, and who ends is noticed."""
_MEETING = "ranks-"
"""Folders of an order in which they find each other begin so: a new one each time."""
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


class RankLostError(RuntimeError):
    """A process that trains along has ended. Not meant to be shown: all are started again."""


class Ranks:
    """One process, seen from within: alone unless there are others."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self._others: list[subprocess.Popen[bytes]] = []

    @property
    def leads(self) -> bool:
        """Whether it is the one that writes and reports."""
        return self.rank == 0

    def share(self, lengths: Sequence[int]) -> list[int]:
        """Which rows of a step are this process's: about equally many tokens for each."""
        loads = [0] * self.size
        mine = []
        for at in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
            rank = loads.index(min(loads))
            loads[rank] += lengths[at]
            if rank == self.rank:
                mine.append(at)
        return sorted(mine)

    def add_up(self, tensors: Sequence[Tensor], *numbers: float) -> list[float]:
        """Sum tensors (float32) in place, and numbers, over all processes.

        Raises:
            RankLostError: if one has ended.
        """
        if self.size == 1:
            return list(numbers)
        parts = [tensor.reshape(-1).cpu() for tensor in tensors]
        flat = torch.cat([*parts, torch.tensor(numbers)])
        self._exchanged(lambda: exchange.all_reduce(flat))
        at = 0
        for tensor in tensors:
            tensor.copy_(flat[at : at + tensor.numel()].view_as(tensor))
            at += tensor.numel()
        return [float(number) for number in flat[at:]]

    def least(self, number: int) -> int:
        """The smallest of all processes' numbers.

        Raises:
            RankLostError: if one has ended.
        """
        if self.size == 1:
            return number
        found = torch.tensor([number])
        self._exchanged(lambda: exchange.all_reduce(found, exchange.ReduceOp.MIN))
        return int(found)

    def meet(self, pulse: Pulse) -> None:
        """Wait until all are here; `pulse` is called meanwhile and may raise to stop.

        Raises:
            RankLostError: if one has ended.
        """
        if self.size > 1:
            self._exchanged(lambda: patiently(exchange.barrier, lambda: self._look(pulse)))

    def join(self, place: Path, pulse: Pulse) -> None:
        """Find the others, who look in the same place."""
        os.environ.setdefault("GLOO_SOCKET_IFNAME", _LOOPBACK)

        def meeting() -> None:
            store = exchange.FileStore(os.fspath(place), self.size)
            store.set_timeout(_LONGEST)
            exchange.init_process_group(
                "gloo", store=store, rank=self.rank, world_size=self.size, timeout=_LONGEST
            )

        patiently(meeting, lambda: self._look(pulse))

    def start(self, base: Base, order: TrainingOrder, place: Path) -> None:
        """Start the others.

        Raises:
            EngineError: if that cannot be.
        """
        for rank in range(1, self.size):
            try:
                other = subprocess.Popen(
                    [sys.executable, "-P", "-m", __name__],
                    stdin=subprocess.PIPE,
                    stdout=2,
                    env=os.environ | _gpu(rank),
                    start_new_session=True,  # SIGTERM has the trainer save its state first
                )
            except OSError as error:
                raise EngineError(f"Cannot start a process: {error}.") from error
            self._others.append(other)
            assert other.stdin is not None
            with suppress(BrokenPipeError):
                pickle.dump((base, order, rank, self.size, place), other.stdin)
                other.stdin.flush()

    def end(self) -> None:
        """End the others; they have nothing that is not here too."""
        for other in self._others:
            other.kill()
            other.wait()
            if other.stdin is not None:
                with suppress(BrokenPipeError):
                    other.stdin.close()
        self._others.clear()
        if self.size > 1 and exchange.is_initialized():
            exchange.destroy_process_group()

    def _look(self, pulse: Pulse) -> None:
        self._require_others()
        pulse()

    def _require_others(self) -> None:
        for rank, other in enumerate(self._others, start=1):
            code = other.poll()
            if code is not None:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                words = f"Process {rank + 1} of the {self.size} that train together ended: {how}."
                raise RankLostError(words)

    def _exchanged(self, work: Callable[[], object]) -> None:
        try:
            work()
        except RankLostError:
            raise
        except RuntimeError as error:
            for other in self._others:  # who has just ended is reaped in a moment
                with suppress(subprocess.TimeoutExpired):
                    other.wait(1)
            self._require_others()
            raise RankLostError(f"The processes that train together lost touch: {error}") from error


def asked_for(order: TrainingOrder) -> int:
    """How many processes are to train, at most as many as a step has rows."""
    there = torch.cuda.device_count() if order.ranks == "all" else int(order.ranks or 1)
    return max(1, min(order.hyperparameters.batch_size, there))


@contextmanager
def together(base: Base, order: TrainingOrder, pulse: Pulse) -> Iterator[Ranks]:
    """Start what is to train along, and end it whatever happens.

    Raises:
        EngineError: if it cannot be started.
        RankLostError: if it ends.
    """
    ranks = Ranks(0, asked_for(order))
    if ranks.size == 1:
        yield ranks
        return
    order.folder.mkdir(parents=True, exist_ok=True)
    for leftover in order.folder.glob(f"{_MEETING}*"):  # of a trainer that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_MEETING, dir=order.folder) as folder:
        try:
            ranks.start(base, order, Path(folder) / "store")
            ranks.join(Path(folder) / "store", pulse)
            yield ranks
        finally:
            ranks.end()


def _gpu(rank: int) -> dict[str, str]:
    """The environment that shows a process one GPU."""
    if not torch.cuda.is_available():
        return {}
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    known = named.split(",") if named else [*map(str, range(torch.cuda.device_count()))]
    return {"CUDA_VISIBLE_DEVICES": known[rank % len(known)]}


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Train along with the process that this one is a child of."""
    base, order, rank, size, place = pickle.load(sys.stdin.buffer)  # from the trainer itself
    threading.Thread(target=_end_with_input, daemon=True).start()
    from tintype.engines.lora.training import train_as

    ranks = Ranks(rank, size)
    ranks.join(place, lambda: None)
    train_as(ranks, base, order, lambda report: None, lambda: None)


if __name__ == "__main__":
    main()
