"""Where trainers run: on this machine, or on one that a cluster's scheduler chooses.

Whoever launches, the folder is the same (`launch`). What differs is how a trainer is started, found
again and ended, and who knows whether it lives: on this machine the kernel's lock does; on a
cluster, where folders are shared over a network and locks may not be, the scheduler does.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from tintype.engines import launch
from tintype.engines.lora.machine import this_machine
from tintype.engines.tickets import is_heard, read_ticket
from tintype.errors import EngineError

Phase = Literal["waiting", "running", "unknown", "gone"]


@dataclass(frozen=True, slots=True)
class LaunchState:
    """What is known of a job's trainer."""

    phase: Phase
    """`waiting` in a scheduler's queue; `unknown` when nobody can be asked; `gone` once it ended,
    or was never started."""
    words: str = ""
    """What the scheduler says of it, in a sentence; empty if there is nothing to say."""
    is_final: bool = False
    """Gone, and not to be started again: somebody ended it on purpose, or it would end alike."""


@dataclass(frozen=True, slots=True)
class LauncherLook:
    """Whether a launcher could start a trainer, as far as that is seen without starting one."""

    words: str
    """What it is and where; or what is wrong, in a sentence without its full stop."""
    advice: str | None = None
    """What to do about what is wrong; none if nothing is."""


class Launcher(Protocol):
    """How trainers are started, and found again. Its methods block."""

    name: str
    """As in `launcher` of the settings."""
    queues: bool
    """Whether it has a queue of its own: then it is given every job at once."""
    obey_s: float
    """How long a trainer may take to obey before it is killed, in seconds."""

    def launch(self, folder: Path) -> None:
        """Start the trainer of a job whose order is written.

        What finds it again is in the folder before anything is started, so that whoever comes
        after a crash starts no second one.

        Raises:
            EngineError: if it is refused, or runs already.
        """
        ...

    def state(self, folder: Path) -> LaunchState:
        """What is known of the trainer; asked several times a second."""
        ...

    def interrupt(self, folder: Path) -> None:
        """Have the trainer save its state and leave, to be taken up again later."""
        ...

    def kill(self, folder: Path) -> None:
        """End the trainer, or what waits to become one."""
        ...

    def reach(self) -> LauncherLook:
        """Look whether it is there; starts nothing."""
        ...


async def state_of(launcher: Launcher, folder: Path) -> LaunchState:
    """What is known of a trainer; a scheduler is asked in a thread.

    If nobody can be asked, but the trainer shows itself on the disk, it runs.
    """
    if not launcher.queues:
        return launcher.state(folder)
    found = await asyncio.to_thread(launcher.state, folder)
    return (
        replace(found, phase="running") if found.phase == "unknown" and is_heard(folder) else found
    )


class LocalLauncher:
    """A process of this machine."""

    name = "local"
    queues = False
    obey_s = 20.0

    def launch(self, folder: Path) -> None:
        """Start it, detached."""
        launch.launch(folder)

    def state(self, folder: Path) -> LaunchState:
        """Whether its lock is held."""
        return LaunchState("running" if launch.alive(folder) else "gone")

    def interrupt(self, folder: Path) -> None:
        """Send SIGTERM."""
        launch.interrupt(folder)

    def kill(self, folder: Path) -> None:
        """Send SIGKILL."""
        launch.kill(folder)

    def reach(self) -> LauncherLook:
        """Say which GPUs there are."""
        here = this_machine()
        if not here.gpus:
            return LauncherLook("this machine, no GPU of NVIDIA")
        memory = f"{here.memory_bytes / (1 << 30):.0f} GiB"
        return LauncherLook(f"this machine, {here.gpus} × {here.name} with {memory}")


class Launchers:
    """The launcher of new jobs, and those that have begun others: a job stays with its own."""

    def __init__(self, name: str = "local", options: Mapping[str, str] | None = None) -> None:
        """Choose one for new jobs.

        Args:
            name: One of `NAMES`.
            options: What each job is submitted to a scheduler with, by its own names; and for any
                launcher `ranks`, as in `TrainingOrder`.

        Raises:
            EngineError: if there is no such launcher, or it takes no such options.
        """
        from tintype.engines.kubernetes import KubernetesLauncher
        from tintype.engines.ray import RayLauncher
        from tintype.engines.slurm import SlurmLauncher

        if name not in NAMES:
            raise EngineError(
                f"There is no launcher {name!r}.", advice=f"There are {', '.join(NAMES)}."
            )
        chosen = dict(options or {})
        self.ranks = chosen.pop(RANKS, "")
        if not re.fullmatch(r"|all|[1-9]\d{0,3}", self.ranks):
            raise EngineError(
                f"`{RANKS}` of the launcher is {self.ranks!r}, which is no number of processes.",
                advice="Set it to a number from 1 on, or to all.",
            )
        given = {name: chosen}
        self._known: Mapping[str, Launcher] = {
            "local": LocalLauncher(),
            "slurm": SlurmLauncher(given.get("slurm", {})),
            "ray": RayLauncher(given.get("ray", {})),
            "kubernetes": KubernetesLauncher(given.get("kubernetes")),
        }
        self.chosen = self._known[name]

    def of(self, folder: Path) -> Launcher:
        """The one that has begun a job's trainer; of a job not begun, that of new jobs."""
        ticket = read_ticket(folder)
        if ticket is not None:
            return self._known.get(ticket.launcher, self.chosen)
        return self._known["local"] if (folder / launch.LOCK).exists() else self.chosen


def processes(launcher: str, options: Mapping[str, str]) -> int | None:
    """How many processes will share every step of an open model's training.

    None where as many are wanted as there will be GPUs, and how many that are is not known here.
    """
    ranks = options.get(RANKS, "1")
    if ranks != "all":
        return int(ranks) if ranks.isdecimal() else 1
    if launcher == "local":
        return max(1, this_machine().gpus)
    asked = " ".join(options.get(name, "") for name in _GPUS.get(launcher, ()))
    found = re.search(r"(\d+)\b[^\d]*$", asked)
    return max(1, int(found[1])) if found else None


_GPUS = {
    "slurm": ("gpus-per-node", "gpus", "gres"),
    "ray": ("entrypoint_num_gpus",),
    "kubernetes": ("gpus",),
}
"""Options by which a scheduler is asked for GPUs."""
RANKS = "ranks"
"""The option of any launcher that says how many processes train together."""
NAMES = ("local", "slurm", "ray", "kubernetes")
"""The launchers there are."""
