"""Trainers as jobs of a Slurm cluster, by its commands: `sbatch`, `squeue` and `scancel`.

The server's folder has to be on a disk that the nodes share, and Tintype's Python too. Jobs are
found by their names (`tickets`); accounting (`sacct`) is not needed.

Source of the options and states: the manual pages of Slurm 22.05, sbatch(1) and squeue(1).
"""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.engines import launch as launching
from tintype.engines.launchers import LauncherLook, LaunchState
from tintype.engines.tickets import (
    Ticket,
    begin,
    end,
    passed_on,
    read_ticket,
    worker_command,
    write_ticket,
)
from tintype.errors import EngineError

POLL_S = 2.0
"""How often the scheduler is asked, for all jobs at once."""
ANSWER_S = 20.0
"""How long one of its commands may take."""
WARNED_S = 120
"""How long before its time is up a trainer gets SIGTERM, to save its state and leave."""
_OWN = frozenset(
    {
        *("array", "batch", "chdir", "clusters", "error", "export", "export-file", "get-user-env"),
        *("input", "job-name", "no-requeue", "ntasks", "nodes", "open-mode", "output", "parsable"),
        *("requeue", "signal", "test-only", "wait", "wrap"),
    }
)
"""Options of `sbatch` that are Tintype's to set."""
_OPTION = re.compile(r"[a-z][a-z-]*")
_ITS_OWN = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "USER", "VIRTUAL_ENV")
"""What a job gets of the server's environment besides what Tintype is found by."""
_WAITING = frozenset(
    {"CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SUSPENDED"}
)
_RUNNING = frozenset(["COMPLETING", "RESIZING", "RUNNING", "SIGNALING", "STAGE_OUT", "STOPPED"])
_FINAL = {
    "CANCELLED": "Slurm job {id} was cancelled, and not by Tintype.",
    "DEADLINE": "Slurm ended job {id}: its deadline has passed.",
    "OUT_OF_MEMORY": "Slurm ended job {id}: it took more memory than it may. "
    "Allow it more (`mem`), or train with a smaller batch.",
}
"""Ends after which it would end alike, or that somebody wanted."""


@dataclass(frozen=True, slots=True)
class _Listed:
    id: str
    state: str
    reason: str
    nodes: str


class SlurmLauncher:
    """Jobs of the user's own, in the cluster that this machine can submit to."""

    name = "slurm"
    queues = True
    obey_s = 120.0

    def __init__(self, options: Mapping[str, str]) -> None:
        """Take what each job is submitted with.

        Args:
            options: Long options of `sbatch` without their dashes, such as `partition`, `gres`,
                `time`, `mem` or `account`; an empty value for those that take none.

        Raises:
            EngineError: if one is no option, or is set by Tintype itself.
        """
        for option in options:
            if not _OPTION.fullmatch(option) or option in _OWN:
                raise EngineError(
                    f"{option!r} is no option of sbatch that can be chosen.",
                    advice="Such as partition, gres, time, mem, cpus-per-task, account or qos.",
                )
        self._options = dict(options)
        self._asked_s = -POLL_S
        self._listed: Mapping[str, _Listed] = {}
        self._trouble = ""

    def launch(self, folder: Path) -> None:
        """Submit the job.

        Raises:
            EngineError: if Slurm refuses it. If it cannot be reached, `state` says so.
        """
        ticket = begin(folder, self.name)
        self._asked_s = -POLL_S
        done = _called("sbatch", *self._arguments(folder, ticket), script=_script(folder, ticket))
        number = done.stdout.strip().partition(";")[0]
        if done.returncode == 0 and number.isdecimal():
            write_ticket(folder, Ticket(self.name, ticket.name, number))
        elif not _is_passing(done.stderr):
            raise EngineError(
                f"Slurm refused the job: {_said(done)}.",
                advice="Change `launcher_options` in the settings, or the launcher.",
            )

    def state(self, folder: Path) -> LaunchState:
        """What the scheduler says; if it cannot be asked, the state is unknown."""
        ticket = read_ticket(folder)
        if ticket is None or launching.ending(folder) is not None:  # its last act
            return LaunchState("gone")
        self._ask()
        if self._trouble:
            return LaunchState("unknown", f"Slurm cannot be asked: {self._trouble}.")
        listed = self._listed.get(ticket.name)
        return LaunchState("gone") if listed is None else _state_of(ticket, listed)

    def reach(self) -> LauncherLook:
        """Which version, and whether the partition takes jobs."""
        version = _called("sinfo", "--version")
        listed = _called("sinfo", "--noheader", "--format=%P|%a|%D")
        if failed := next((one for one in (version, listed) if one.returncode), None):
            advice = "Jobs are submitted by Slurm's commands: try `sinfo` here."
            return LauncherLook(f"Slurm cannot be asked: {_said(failed)}", advice)
        lines = [line.strip().split("|") for line in listed.stdout.splitlines() if "|" in line]
        known = {name.rstrip("*"): (is_up, nodes) for name, is_up, nodes, *_ in lines}
        usual = next((name[:-1] for name, *_ in lines if name.endswith("*")), "")
        where = version.stdout.strip().capitalize() or "Slurm"
        asked = self._options.get("partition", usual).split(",")
        for name in asked:
            if name not in known:
                advice = f"Choose one by `partition` in `launcher_options`: {', '.join(known)}."
                return LauncherLook(
                    f"{where}: there is no partition {name or 'by default'}", advice
                )
        is_up, nodes = known[asked[0]]
        words = f"{where}, partition {asked[0]} ({is_up}, nodes: {nodes})"
        return LauncherLook(
            words, None if is_up == "up" else "It takes no jobs now: choose another."
        )

    def interrupt(self, folder: Path) -> None:
        """Have the trainer save its state and leave; what still waits is taken from the queue."""
        if self.state(folder).phase == "waiting":
            self._end(folder)
        else:
            self._end(folder, "--signal=TERM", "--batch")

    def kill(self, folder: Path) -> None:
        """Cancel the job."""
        self._end(folder)

    def _end(self, folder: Path, *arguments: str) -> None:
        ticket = end(folder)
        if ticket is not None:
            known = [ticket.id] if ticket.id else [f"--name={ticket.name}"]
            self._asked_s = -POLL_S
            _called("scancel", *arguments, *known)

    def _arguments(self, folder: Path, ticket: Ticket) -> Sequence[str]:
        options = sorted(self._options.items())
        passed = [*(name for name in _ITS_OWN if name in os.environ), *passed_on()]
        return (
            "--parsable",
            f"--job-name={ticket.name}",
            f"--chdir={folder}",
            f"--output={folder / launching.LOG}",
            "--open-mode=append",
            "--no-requeue",
            f"--signal=B:TERM@{WARNED_S}",
            f"--export={','.join(passed)}",
            *(f"--{name}={value}" if value else f"--{name}" for name, value in options),
        )

    def _ask(self) -> None:
        """Ask for all jobs, unless they were asked for a moment ago."""
        if time.monotonic() - self._asked_s < POLL_S:
            return
        done = _called("squeue", "--me", "--noheader", "--states=all", "--format=%i|%T|%N|%j|%r")
        self._trouble = "" if done.returncode == 0 else _said(done)
        if done.returncode == 0:
            found: dict[str, _Listed] = {}
            for line in done.stdout.splitlines():
                id, state, nodes, name, reason = [*line.strip().split("|", 4), *[""] * 5][:5]
                found[name] = _Listed(id, state, reason, nodes)
            self._listed = found
        self._asked_s = time.monotonic()


def _state_of(ticket: Ticket, listed: _Listed) -> LaunchState:
    """What is known of a job that the scheduler knows."""
    if listed.state in _WAITING:
        return LaunchState("waiting", f"Slurm job {listed.id} waits: {_why(listed)}.")
    if listed.state in _RUNNING:
        words = f"Slurm job {listed.id} runs on {listed.nodes or 'a node'}."
        return LaunchState("running", words)
    if listed.state == "COMPLETED":
        return LaunchState("gone")
    if ticket.is_ended and listed.state == "CANCELLED":
        return LaunchState("gone")
    if words := _FINAL.get(listed.state, ""):
        return LaunchState("gone", words.format(id=listed.id), is_final=True)
    why = f"Slurm job {listed.id} ended: {listed.state.replace('_', ' ').lower()}"
    return LaunchState("gone", f"{why} ({listed.reason}).")


def _script(folder: Path, ticket: Ticket) -> str:
    return f"#!/bin/sh\nexec {shlex.join(worker_command(folder, ticket.name))}\n"


def _called(
    command: str, *arguments: str, script: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Call one of Slurm's commands; one that cannot be had, or hangs, has failed with that."""
    try:
        return subprocess.run(
            [command, *arguments],
            input=script or "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_S,
            check=False,
        )
    except FileNotFoundError:
        words = f"{command} is not installed here"
    except OSError as error:
        words = f"{command} cannot be called: {error.strerror}"
    except subprocess.TimeoutExpired:
        words = f"timed out after {ANSWER_S:.0f} s"
    return subprocess.CompletedProcess([command], 1, "", words)


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    """What went wrong, in one line of its own words."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    words = " ".join(lines[-1].split()) if lines else f"it ended with exit code {done.returncode}"
    return re.sub(r"^\w+: (error: )?", "", words).rstrip(".")[:300]


def _is_passing(stderr: str) -> bool:
    """Whether the job may have been taken, or will be another time."""
    passing = r"unable to contact|timed out|connection (refused|reset)|communication|try again|busy"
    return bool(re.search(passing, stderr, re.IGNORECASE))


def _why(listed: _Listed) -> str:
    reason = listed.reason.strip() or "None"
    return listed.state.lower() if reason == "None" else reason
