"""Starting, finding and stopping a server; `python -m tintype.server.run` is the process itself.

Light to import: what serves is imported when it serves.
"""

import argparse
import asyncio
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tintype.engines import launch
from tintype.errors import StoreError, TintypeError
from tintype.paths import is_held
from tintype.server.address import (
    HOST,
    LOCK,
    LOG,
    Options,
    Running,
    find,
    log_size,
    rotate_log,
    said_since,
)

__all__ = ["Options", "Running", "find", "serve", "start", "stop"]

IDLE_EXIT_S = 900.0
"""A server that the app has started ends by itself when it had nothing to do for so long."""
START_S, STOP_S = 30.0, 10.0
LEAVE_S = 3.0
"""How long an answer under way in a thread may keep the process, when the server has ended."""
_LOG_LINES = 3


def serve(options: Options, *, ready: Callable[[Running], None] = lambda running: None) -> None:
    """Serve in the foreground until SIGTERM, SIGINT or SIGHUP; trainers go on without the server.

    SIGQUIT, or `Options.stop_training`, has the trainers save their states and stop as well. In
    both cases the next server takes up every job where it is.

    Args:
        options: How to serve.
        ready: Called once it listens.

    Raises:
        StoreError: if the folder cannot be used.
        SettingsError: if the address cannot be listened at.
        EngineError: if an engine cannot be loaded.
    """
    asyncio.run(_serve(options, ready))


async def start(
    folder: Path,
    *,
    idle_exit_s: float | None = IDLE_EXIT_S,
    launcher: str = "local",
    launcher_options: Mapping[str, str] | None = None,
) -> Running:
    """The server that runs on a folder, started if need be, detached from this process.

    Args:
        folder: The server's.
        idle_exit_s: As in `Options`.
        launcher: As in `Options`; a server that runs already keeps to its own.
        launcher_options: As in `Options`.

    Raises:
        StoreError: if it does not start, with the reason.
        EngineError: if no process can be started.
    """
    arguments = [] if idle_exit_s is None else ["--idle-exit-s", str(idle_exit_s)]
    if launcher != "local":
        arguments += ["--launcher", launcher]
    given = (launcher_options or {}).items()
    arguments += [f"--launch-with={name}={value}" for name, value in given]
    return await asyncio.to_thread(_start, folder, arguments)


async def stop(running: Running, *, training: bool = False) -> None:
    """Stop a server and wait until it has gone; with `training`, its trainers too.

    Raises:
        StoreError: if it does not go.
    """
    await asyncio.to_thread(_stop, running, training)


async def _serve(options: Options, ready: Callable[[Running], None]) -> None:
    from tintype.server.listening import serving

    async with serving(options) as served:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: served.end(training=options.stop_training))
        loop.add_signal_handler(signal.SIGQUIT, lambda: served.end(training=True))
        ready(served.running)
        await served.ended()
    # What an engine does in a thread cannot be cancelled, and asyncio would wait for it for ever.
    leaving = threading.Timer(LEAVE_S, os._exit, (0,))
    leaving.daemon = True
    leaving.start()


def _start(folder: Path, arguments: Sequence[str]) -> Running:
    running = find(folder)
    if running is not None:
        return running
    folder = folder.absolute()
    log = folder / LOG
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        rotate_log(log)
    except OSError as error:
        raise StoreError(f"The server cannot use its folder {folder}: {error.strerror}.") from error
    before = log_size(log)
    answered = _spawn(folder, log, arguments)
    running = find(folder)  # perhaps another's, who was faster
    if running is None:
        words = said_since(log, before, _LOG_LINES)
        raise StoreError(
            f"The embedded server {'did not start' if answered else 'does not answer'}: "
            f"{words or 'it said nothing'}",
            advice=f"Its log is {log}.",
        )
    return running


def _spawn(folder: Path, log: Path, arguments: Sequence[str]) -> bool:
    """Start the process and wait for its word; returns whether it spoke or died, in time.

    It inherits one end of a pipe: a byte says that it listens, the end of the file that it died.
    """
    reading, writing = os.pipe()
    try:
        own = [os.fspath(folder), "--ready", str(writing), *arguments]
        launch.detach(
            ["-P", "-m", "tintype.server.run", *own],
            log=log,
            folder=folder,
            keep=[writing],
        )
        os.close(writing)
        writing = -1
        return bool(select.select([reading], [], [], START_S)[0])
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _stop(running: Running, training: bool) -> None:
    found = find(running.folder)
    if found is None or found.pid != running.pid:
        return
    os.kill(running.pid, signal.SIGQUIT if training else signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_S
    while is_held(running.folder / LOCK):
        if time.monotonic() > deadline_s:
            raise StoreError(
                f"The server with process id {running.pid} does not stop.",
                advice=f"Stop it by hand: kill -9 {running.pid}. Nothing is lost.",
            )
        time.sleep(0.02)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, as a process that `start` has started."""
    parser = argparse.ArgumentParser(prog="tintype.server.run", description=serve.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--idle-exit-s", type=float)
    parser.add_argument("--launcher", default="local")
    parser.add_argument("--launch-with", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--ready", type=int, help="a file descriptor to write to when listening")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    def ready(running: Running) -> None:
        logging.getLogger("tintype.server").info("Listening at %s", running.url)
        if chosen.ready is not None:
            os.write(chosen.ready, b".")
            os.close(chosen.ready)

    options = Options(
        chosen.folder,
        chosen.host,
        chosen.port,
        idle_exit_s=chosen.idle_exit_s,
        launcher=chosen.launcher,
        launcher_options=dict(one.split("=", 1) for one in chosen.launch_with),
    )
    try:
        serve(options, ready=ready)
    except TintypeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
