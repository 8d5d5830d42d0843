"""What a scheduler's trainer is found by: written into the job's folder before it is asked for.

A ticket names what nobody else has. Whatever happens to the server in between, the name finds the
job again at its scheduler; and a trainer whose name is no longer that of its folder leaves at once,
so two never train the same job.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tintype.engines.launch import EXIT, HEARTBEAT, LOCK, ONE_THREAD, TICKET, WANTED
from tintype.engines.launch import replace as write_small
from tintype.errors import FileError
from tintype.paths.locks import hold
from tintype.plugins import variable

BEAT_S, SILENT_S = 5.0, 60.0
"""How often a trainer shows that it lives, and after how long it has not: disks that are shared may
be slow to say so."""
GOING_S = 20.0
"""How long a trainer that has ended may take to be gone."""
FOUND_BY = (
    *("CUDA_HOME", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "PYTHONPATH", "XDG_CACHE_HOME"),
    variable("engines"),
)
"""What a trainer elsewhere gets of this environment: where things are, and never a key."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """How a cluster's scheduler knows a trainer."""

    launcher: str
    name: str
    """Nobody else's."""
    id: str = ""
    """The scheduler's own; empty until it has said so."""
    is_ended: bool = False
    """Whether Tintype has it ended; who else does, does not want it to be started again."""


def begin(folder: Path, launcher: str) -> Ticket:
    """Make a folder ready for a trainer that a scheduler starts, before it is asked to."""
    for leftover in (WANTED, EXIT, HEARTBEAT):
        (folder / leftover).unlink(missing_ok=True)
    ticket = Ticket(launcher, f"tintype-{folder.name}-{secrets.token_hex(4)}")
    write_ticket(folder, ticket)
    return ticket


def end(folder: Path) -> Ticket | None:
    """Note that Tintype has the trainer ended, before it asks for that."""
    ticket = read_ticket(folder)
    if ticket is not None:
        write_ticket(folder, ended := replace(ticket, is_ended=True))
        return ended
    return None


def write_ticket(folder: Path, ticket: Ticket) -> None:
    """Write down how a scheduler knows the trainer."""
    write_small(folder / TICKET, json.dumps(asdict(ticket)))


def read_ticket(folder: Path) -> Ticket | None:
    """How a scheduler knows the trainer; none if none has been asked to start it."""
    try:
        return Ticket(**json.loads((folder / TICKET).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def take_lock(folder: Path, ticket_name: str) -> int | None:
    """Lock the folder as the trainer of a ticket; none if it is not, or another stays at work.

    One that has said how it ended may take a moment to be gone.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + GOING_S
    while (ticket := read_ticket(folder)) is not None and ticket.name == ticket_name:
        try:
            held = hold(lock, folder / LOCK)
        except FileError:  # a disk without locks: the name in the ticket is guard enough
            held = True
        if held:
            os.ftruncate(lock, 0)
            return lock
        if time.monotonic() > deadline_s:
            break
        time.sleep(0.1)
    os.close(lock)
    return None


class Heartbeat:
    """A trainer shows that it lives, and leaves when another has taken its place."""

    def __init__(self, folder: Path, ticket_name: str) -> None:
        self._folder, self._name, self._beat_s = folder, ticket_name, -BEAT_S

    def beat(self) -> None:
        """Do so, every few seconds; called more often."""
        if time.monotonic() - self._beat_s < BEAT_S:
            return
        self._beat_s = time.monotonic()
        ticket = read_ticket(self._folder)
        if ticket is not None and ticket.name != self._name:
            sys.stderr.write(f"{self._name} is no longer the trainer of {self._folder.name}.\n")
            sys.stderr.flush()
            os._exit(1)  # whatever it wrote now, the other would read
        with suppress(OSError):
            (self._folder / HEARTBEAT).touch()


def is_heard(folder: Path) -> bool:
    """Whether a trainer that a scheduler has started has shown lately that it lives."""
    try:
        return abs(time.time() - (folder / HEARTBEAT).stat().st_mtime) < SILENT_S
    except OSError:
        return False


def worker_command(folder: Path, name: str, *, python: str = "") -> Sequence[str]:
    """The arguments of the command that is the trainer of a ticket, on whatever machine.

    `python` is Python there; this one if it is empty.
    """
    variables = (f"{variable}={value}" for variable, value in ONE_THREAD.items())
    command = ("-P", "-m", "tintype.engines.worker", os.fspath(folder), name)
    return ("env", *variables, python or sys.executable, *command)


def passed_on() -> Mapping[str, str]:
    """Those of `FOUND_BY` that are set."""
    return {name: os.environ[name] for name in FOUND_BY if name in os.environ}
