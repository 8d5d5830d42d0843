"""Starting, stopping and being a recorder; `python -m tintype.recorder PROFILE` is the process.

Light to import: what records is imported when it records.
"""

import argparse
import asyncio
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tintype.engines import launch
from tintype.errors import StoreError, TintypeError
from tintype.paths import is_held, locked, make_folder
from tintype.recorder import place
from tintype.server.address import log_size, rotate_log, said_since
from tintype.settings import Profile, Settings

LOG = logging.getLogger("tintype.recorder")
START_S, STOP_S = 30.0, 10.0
LOOK_S, ROTATE_S = 3.0, 300.0
"""How often it is seen whether its folder is still there, and how long its log has become."""


async def start(settings: Settings, profile: str) -> None:
    """Start the recorder of a profile, detached from this process and its terminal, unless it runs.

    Raises:
        StoreError: if it does not start, with the reason.
        EngineError: if no process can be started.
        FileError: if its folder cannot be made.
    """
    await asyncio.to_thread(_start, settings, profile)


async def stop(settings: Settings, profile: str) -> bool:
    """Stop the recorder of a profile and wait until it has gone; false if none ran.

    Raises:
        StoreError: if it does not go.
    """
    return await asyncio.to_thread(_stop, settings, profile)


def _start(settings: Settings, profile: str) -> None:
    folder = place.folder_of(settings.folders, profile)
    if is_held(folder / place.LOCK):
        return
    log = make_folder(folder.absolute(), private=True) / place.LOG
    reading, writing = os.pipe()
    try:
        with suppress(OSError):
            rotate_log(log)
        before = log_size(log)
        launch.detach(
            ["-P", "-m", "tintype.recorder", profile, "--ready", str(writing)],
            log=log,
            folder=folder,
            keep=[writing],
        )
        os.close(writing)
        writing = -1
        select.select([reading], [], [], START_S)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if not is_held(folder / place.LOCK):
        words = said_since(log, before, 2)
        raise StoreError(
            f"The recorder of {profile} did not start: {words or 'it said nothing'}",
            advice=f"Its log is {log}.",
        )


def _stop(settings: Settings, profile: str) -> bool:
    lock = place.folder_of(settings.folders, profile) / place.LOCK
    status = place.find(settings.folders, profile)
    if status is None or not status.runs:
        return False
    os.kill(status.pid, signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_S
    while is_held(lock):
        if time.monotonic() > deadline_s:
            raise StoreError(
                f"The recorder with process id {status.pid} does not stop.",
                advice=f"Stop it by hand: kill -9 {status.pid}. Nothing is lost.",
            )
        time.sleep(0.02)
    return True


def record(settings: Settings, profile: str, *, ready: Callable[[], None] = lambda: None) -> bool:
    """Record a profile's jobs in this process until none is unfinished, or SIGTERM or SIGINT.

    SIGHUP, which a terminal sends when it goes away, is ignored. Returns false, at once, if the
    profile has a recorder.

    Args:
        settings: As loaded.
        profile: The profile's name.
        ready: Called once it holds the profile's lock.

    Raises:
        SettingsError: if there is no such profile.
        FileError: if its folder cannot be used.
        StoreError: if the store cannot be opened.
        KeyboardInterrupt: after SIGINT.
    """
    folder = make_folder(place.folder_of(settings.folders, profile), private=True)
    lock = locked(folder / place.LOCK)
    if lock is None:
        return False
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with lock:
        ended = asyncio.run(_record(settings, profile, ready))
    if ended == signal.SIGINT:
        raise KeyboardInterrupt
    return True


async def _record(settings: Settings, profile_name: str, ready: Callable[[], None]) -> int:
    """Record; returns the signal that ended it, or 0."""
    from tintype.connection import chosen
    from tintype.jobs.following import LOCAL as NEAR
    from tintype.jobs.following import pace_for
    from tintype.recorder.local import LogRecording
    from tintype.recorder.recording import LOCAL, REMOTE, Recording
    from tintype.store import open_store

    of_logs = place.reads_logs(settings, profile_name)
    profile = Profile(profile_name) if of_logs else chosen(settings, profile_name)
    working = asyncio.current_task()
    assert working is not None
    signals = [0]

    def end(number: int) -> None:
        signals.append(number)
        working.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    log = place.folder_of(settings.folders, profile.name) / place.LOG
    minding = asyncio.create_task(_mind(log, end))
    try:
        async with open_store(settings.folders.store_file) as store:
            rhythm = LOCAL if pace_for(profile) == NEAR else REMOTE
            recording = (
                LogRecording(settings, store)
                if of_logs
                else Recording(settings, profile, store, rhythm=rhythm)
            )
            place.write_status(log.parent, recording.status)
            LOG.info("Recording the jobs of %s: %s.", profile.name, recording.status.pace)
            ready()
            await recording.run()
            LOG.info("No job is unfinished.")
    except asyncio.CancelledError:
        LOG.info("Stopped.")
    finally:
        minding.cancel()
    return signals[-1]


async def _mind(log: Path, end: Callable[[int], None]) -> None:
    """Keep the log short, and end when the folder has been removed: nobody could find it there."""
    rotated_s = time.monotonic()
    while await asyncio.to_thread(log.parent.exists):
        if time.monotonic() - rotated_s > ROTATE_S:
            rotated_s = time.monotonic()
            with suppress(OSError):
                rotate_log(log)
        await asyncio.sleep(LOOK_S)
    LOG.info("Its folder has been removed.")
    end(0)


class _Harmless(logging.Formatter):
    """A line each, without anything that looks like a key or that a terminal would obey."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        from tintype.api import one_line

        return one_line(super().formatMessage(record), 2_000)

    def format(self, record: logging.LogRecord) -> str:
        from tintype.api import redact

        return redact(super().format(record))


def log_to_stderr() -> None:
    """Write what a recorder does to standard error, without keys."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Harmless("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("tintype.recorder").addHandler(handler)
    logging.getLogger("tintype.recorder").setLevel(logging.INFO)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, as a process that `start` has started."""
    parser = argparse.ArgumentParser(prog="tintype.recorder", description=record.__doc__)
    parser.add_argument("profile")
    parser.add_argument("--ready", type=int, help="a file descriptor to write to when recording")
    chosen = parser.parse_args(arguments)
    from tintype.settings import load

    log_to_stderr()

    def ready() -> None:
        if chosen.ready is not None:
            os.write(chosen.ready, b".")
            os.close(chosen.ready)

    try:
        record(load(), chosen.profile, ready=ready)
    except (TintypeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0
