"""Where a server is: how it is to serve, its lock, and the address it wrote down.

A server belongs to a folder. It holds the folder's lock as long as it lives and says in
`server.json` where it listens, so finding one needs no process ids and no guessing.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tintype.engines.launch import replace
from tintype.paths import is_held

ADDRESS, LOCK, LOG, TOKEN = "server.json", "lock", "server.log", "token"
HOST = "127.0.0.1"
LOG_BYTES = 1 << 20
"""A longer log becomes `server.log.1`."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    folder: Path
    host: str = HOST
    """Where to listen: this machine only, unless another host is named."""
    port: int = 0
    """0: the port of the last time, or any that is free."""
    names: Sequence[str] = ()
    """Further names under which clients may address the server."""
    idle_exit_s: float | None = None
    """End when there was nothing to do for so long; none: never."""
    vllm: str = ""
    """The URL of a vLLM server that is to answer for tuned open models; empty: none."""
    launcher: str = "local"
    """Where trainings run: a name of `engines.launchers`."""
    launcher_options: Mapping[str, str] = field(default_factory=dict)
    """What each is submitted to a scheduler with."""
    stop_training: bool = False
    """At the end, have the trainers save their states and stop too, instead of going on."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    folder: Path
    url: str
    """The base URL for OpenAI's clients: it ends in `/v1`."""
    token: str = field(repr=False)
    pid: int
    started: datetime
    version: str

    @property
    def port(self) -> int:
        """The port it listens at."""
        return urlsplit(self.url).port or 80


def find(folder: Path) -> Running | None:
    """The server that runs on a folder; none if there is none, or it is still starting."""
    running = read_address(folder / ADDRESS)
    return running if running is not None and is_held(folder / LOCK) else None


def read_address(path: Path) -> Running | None:
    """Where a server says it listens, or listened last; none if nothing sensible is there."""
    try:
        said = json.loads(path.read_text())
        return Running(
            folder=path.parent,
            url=said["url"],
            token=path.with_name(TOKEN).read_text().strip(),
            pid=int(said["pid"]),
            started=datetime.fromisoformat(said["started"]),
            version=said["version"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_address(path: Path, running: Running) -> None:
    """Say where a server listens, readable by its owner only."""
    said = {
        "url": running.url,
        "pid": running.pid,
        "started": running.started.isoformat(),
        "version": running.version,
    }
    replace(path, json.dumps(said, indent=1))


def log_size(log: Path) -> int:
    """How long a log is by now, in bytes; 0 if there is none."""
    return log.stat().st_size if log.exists() else 0


def said_since(log: Path, size_bytes: int, lines: int) -> str:
    """The last lines of what was written to a log since it was so long."""
    text = log.read_bytes()[size_bytes:].decode(errors="replace")
    return " ".join(text.splitlines()[-lines:])


def rotate_log(log: Path) -> None:
    """Put a long log aside, also while a server appends to it.

    Raises:
        OSError: if the folder cannot be written.
    """
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)  # its writer has opened it to append
