"""The process that trains one job: `python -m tintype.engines.worker FOLDER LOCK`.

It is started by `launch`, which explains the folder; `LOCK` is the descriptor of the lock that was
handed down. A scheduler gives the name in the ticket of the job instead: then it takes the lock
itself, and leaves at once if the ticket is another's by now.

An error that the engine raises on purpose ends the job with its sentence. Any other is
a crash: it goes to the log, no `exit.json` is written, and the server tries again from the last
saved state before it gives up.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tintype.engines import engines, journal
from tintype.engines.base import Outcome, Report, Wanted
from tintype.engines.launch import (
    EXIT,
    REPORTS,
    RESERVE,
    WANTED,
    Ending,
    read_order,
    replace,
    unwritable,
)
from tintype.engines.tickets import Heartbeat, take_lock
from tintype.errors import EngineError, TintypeError

RESERVE_BYTES = 16 << 10
"""Space put by to say how the training ended, should the disk be full then."""
NICENESS = 5
"""Training waits for whoever sits at the machine."""


def main(folder: Path, lock: int, beat: Callable[[], None] = lambda: None) -> None:
    """Carry out the order in `folder`, or go on with it; `beat` is called again and again."""
    os.set_inheritable(lock, False)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    os.nice(NICENESS)
    interrupted: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: interrupted.append(number))
    _put_by(folder / RESERVE)

    def wanted() -> Wanted:
        beat()
        return "pause" if interrupted else _wanted(folder)

    ended = _end(folder, wanted)
    (folder / RESERVE).unlink(missing_ok=True)
    if ended.outcome == "paused" and interrupted:
        return
    replace(folder / EXIT, json.dumps({"outcome": ended.outcome, "message": ended.message}))


def _put_by(path: Path) -> None:
    with suppress(OSError):
        path.write_bytes(bytes(RESERVE_BYTES))


def _end(folder: Path, wanted: Callable[[], Wanted]) -> Ending:
    try:
        return Ending(_train(folder, wanted))
    except TintypeError as error:
        return Ending("failed", str(error))
    except OSError as error:
        return Ending("failed", unwritable(error))
    except MemoryError:
        return Ending("failed", "The trainer ran out of memory.")


def _train(folder: Path, wanted: Callable[[], Wanted]) -> Outcome:
    model, order = read_order(folder)
    engine = engines(folder.parents[1]).get(model)
    if engine is None:
        raise EngineError(f"There is no engine for {model!r} on this machine any more.")
    order.folder.mkdir(parents=True, exist_ok=True)
    descriptor = journal.open_journal(folder / REPORTS)

    def report(what: Report) -> None:
        journal.write(descriptor, journal.JournalEntry(time.time(), what))

    return engine.train(order, report, wanted)


def _wanted(folder: Path) -> Wanted:
    try:
        text = (folder / WANTED).read_text()
    except FileNotFoundError:
        return ""
    return "cancel" if text == "cancel" else "pause"


def run(folder: Path, lock_or_name: str) -> None:
    """Train with a lock that was handed down, or as the trainer of a ticket."""
    if lock_or_name.isdecimal():
        main(folder, int(lock_or_name))
    elif (lock := take_lock(folder, lock_or_name)) is not None:
        main(folder, lock, Heartbeat(folder, lock_or_name).beat)
    else:
        sys.stderr.write(f"{lock_or_name} is not, or no longer, the trainer of {folder.name}.\n")


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
