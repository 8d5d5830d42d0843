"""Where an engine runs: in a process of its own for each job, which outlives the server.

A job's folder is all that server and trainer share:

    order.json     what to train, written before the launch
    lock           held by the trainer from before its first instruction until its last
    reports.jsonl  what it has reported (`journal`)
    wanted         `pause` or `cancel`, when the server wants that
    exit.json      how it ended; absent if it was killed
    ticket.json    how a cluster's scheduler knows it; absent on this machine (`launchers`)
    heartbeat      touched every few seconds by a trainer that a scheduler has started
    log.txt        what it printed
    reserve        space for `exit.json`, should the disk be full

Liveness is a lock, not a process id: the launcher takes it and hands it down, the kernel releases
it at the trainer's death, and there is no moment in between at which either could be mistaken.
Wishes are a file and not a signal, so a trainer that has been adopted by another server, or is busy
importing, gets them all the same. SIGTERM (the machine shuts down) makes a trainer save its state
and leave without an `exit.json`: it is taken up again like one that was killed.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tintype.engines.base import Resolved, TrainingOrder, Wanted
from tintype.errors import EngineError
from tintype.paths import hold, is_held

ORDER, LOCK, REPORTS, WANTED, EXIT, LOG, RESERVE, TICKET, HEARTBEAT = (
    "order.json",
    "lock",
    "reports.jsonl",
    "wanted",
    "exit.json",
    "log.txt",
    "reserve",
    "ticket.json",
    "heartbeat",
)
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""A second BLAS thread gains a tenth on an idle machine and loses two thirds on a busy one."""

_TRAMPOLINE = (
    "import os, sys\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid()\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)
"""The classic double fork, so that nobody is left with a child to reap, and a trainer adopted
after a restart is no different from one's own. In a process that has no threads yet, which the
server and the app could not promise of themselves."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trainer says it ended."""

    outcome: Literal["succeeded", "paused", "cancelled", "failed"]
    message: str = ""
    """For `failed`: why, in a sentence."""


def detach(
    arguments: Sequence[str],
    *,
    log: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
) -> None:
    """Run Python with these arguments in a process that outlives this one and its terminal.

    Blocks for the tens of milliseconds until it has been handed over. `keep` are file descriptors
    that it inherits under the same numbers.

    Raises:
        EngineError: if no process can be started.
    """
    try:
        with log.open("ab") as output:
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", _TRAMPOLINE, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                pass_fds=keep,
                start_new_session=True,
                check=True,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"Cannot start a process: {error}.") from error


def write_order(folder: Path, model: str, order: TrainingOrder) -> None:
    """Write down what is to be trained, all or nothing."""
    fields = {
        "model": model,
        "training": os.fspath(order.training),
        "validation": os.fspath(order.validation) if order.validation else None,
        "folder": os.fspath(order.folder),
        "hyperparameters": order.hyperparameters.flat(),
        "seed": order.seed,
        "ranks": order.ranks,
    }
    replace(folder / ORDER, json.dumps(fields, indent=1))


def read_order(folder: Path) -> tuple[str, TrainingOrder]:
    """Read the base model's name and the order."""
    fields: dict[str, Any] = json.loads((folder / ORDER).read_text())
    order = TrainingOrder(
        training=Path(fields["training"]),
        validation=Path(fields["validation"]) if fields["validation"] else None,
        folder=Path(fields["folder"]),
        hyperparameters=Resolved.of(fields["hyperparameters"]),
        seed=fields["seed"],
        ranks=fields.get("ranks", ""),
    )
    return fields["model"], order


def launch(folder: Path) -> None:
    """Start the trainer of a job whose order is written; blocks for some tens of milliseconds.

    Raises:
        EngineError: if it runs already, or no process can be started.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not hold(lock, folder / LOCK):
            raise EngineError(f"A training process is already running in {folder}.")
        os.ftruncate(lock, 0)  # the process id of the one before
        for leftover in (WANTED, EXIT, TICKET):
            (folder / leftover).unlink(missing_ok=True)
        detach(
            ["-P", "-m", "tintype.engines.worker", os.fspath(folder), str(lock)],
            log=folder / LOG,
            folder=folder,
            environment=ONE_THREAD,
            keep=[lock],
        )
    finally:
        os.close(lock)


def alive(folder: Path) -> bool:
    """Whether a trainer works there."""
    return is_held(folder / LOCK)


def want(folder: Path, wanted: Wanted) -> None:
    """Ask the trainer to pause or to cancel; it looks several times a second."""
    replace(folder / WANTED, wanted)


def interrupt(folder: Path) -> None:
    """Have the trainer save its state and leave, to be taken up again later."""
    _signal(folder, signal.SIGTERM)


def kill(folder: Path) -> None:
    """End a trainer that does not listen, and what it has started."""
    _signal(folder, signal.SIGKILL)


def ending(folder: Path) -> Ending | None:
    """How the trainer says it ended; none if it was killed."""
    try:
        fields: dict[str, Any] = json.loads((folder / EXIT).read_text())
    except FileNotFoundError:
        return None
    return Ending(**fields)


def last_words(folder: Path, lines: int = 1) -> str:
    """The end of what the trainer printed: after a crash, the reason."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def unwritable(error: OSError) -> str:
    """What to tell of a trainer whose files cannot be read or written."""
    where = f" ({Path(os.fsdecode(error.filename)).name})" if error.filename else ""
    words = f"The trainer could not read or write its files: {error.strerror or error}{where}."
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return f"{words} Free some space, then train again." if full else words


def replace(path: Path, text: str) -> None:
    """Write a small file whole or not at all, also if the power fails."""
    new = path.with_name(path.name + ".new")
    with new.open("w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _signal(folder: Path, number: signal.Signals) -> None:
    """Signal the trainer's process group. The lock vouches that the id in it is still its own."""
    if not alive(folder):
        return
    try:
        os.killpg(int((folder / LOCK).read_text()), number)
    except (ValueError, ProcessLookupError, PermissionError):
        return  # it has not written its id yet, or has just ended
