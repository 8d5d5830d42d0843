"""App, recorder, server, trainer and evaluation are killed at random moments; is anything lost?

    python -m benchmarks.kills [KILLS [SEED]]

All are real processes of one home: `tintype-tiny` trains one job after the other, the recorder
follows them, an app shows them in a terminal, and a command evaluates. Each kill is `kill -9` of
one of them; what was killed is started again as a person would. At the end every job must have each
step once, at the server and in the store, and every evaluation each answer once.
"""

import asyncio
import json
import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, report

VICTIMS = ("app", "recorder", "server", "trainer", "evaluation")
OFTEN = (3, 3, 3, 2, 1)
LATEST_S = 2.0
"""The longest time between two kills."""
ROWS, ASKED, EPOCHS = 24, 40, 20
ENDS_S = 240.0
COMMAND = Path(sys.executable).with_name("tintype")


def measure(kills: int = 100, seed: int | None = None) -> list[Figure]:
    """Kill so many times, and count what was lost or doubled."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, _home(Path(folder) / "home") as home:
        scene = _Scene(Path(folder))
        try:
            while scene.kills.total() < kills:
                scene.go_on()
                time.sleep(chance.uniform(0, LATEST_S))
                scene.kill(chance.choices(VICTIMS, OFTEN)[0])
            print(f"{scene.kills.total():,} killed; waiting for the end.", file=sys.stderr)
            scene.end()
            return [*scene.killed(), *asyncio.run(_lost(scene.jobs)), *_answers(home)]
        finally:
            scene.leave()


@contextmanager
def _home(home: Path) -> Iterator[Path]:
    before = os.environ.get("TINTYPE_HOME")
    os.environ["TINTYPE_HOME"] = str(home)
    try:
        yield home
    finally:
        os.environ.pop("TINTYPE_HOME")
        if before is not None:
            os.environ["TINTYPE_HOME"] = before


def _tintype(*words: object) -> str:
    done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"tintype {words}: {done.stderr}")
    return done.stdout


class _Window:
    """The app in a terminal that nobody sees."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        environ = os.environ | {"TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80"}
        self.process = subprocess.Popen(
            [COMMAND], stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with suppress(OSError):  # it was killed
            os.write(self._master, b"4")
            while os.read(self._master, 65536):
                pass

    def close(self) -> None:
        os.close(self._master)


class _Scene:
    """Everything that runs, and is killed."""

    def __init__(self, folder: Path) -> None:
        from tintype.settings import load

        self.settings = load()
        _tintype("sample", folder / "sample")
        cards = folder / "sample/cards"
        self._rows, self._asked = folder / "train.jsonl", folder / "test.jsonl"
        for source, target, rows in (
            ("train.jsonl", self._rows, ROWS),
            ("test.jsonl", self._asked, ASKED),
        ):
            lines = (cards / source).read_text().splitlines()[:rows]
            target.write_text("\n".join(lines) + "\n")
        self.jobs: list[str] = []
        self._window: _Window | None = None
        self._evaluation: subprocess.Popen[bytes] | None = None
        self.kills: Counter[str] = Counter()

    def go_on(self) -> None:
        """Start again what does not run."""
        from tintype.recorder import place

        if not self.jobs or self._job().ended:
            words = ("--epochs", EPOCHS, "--model", "tintype-tiny", "--yes", "--json")
            self.jobs.append(json.loads(_tintype("train", self._rows, *words))["id"])
        found = place.find(self.settings.folders, "tintype")
        if found is None or not found.runs:
            _tintype("record")
        if self._window is None or self._window.process.poll() is not None:
            self._close()
            self._window = _Window()
        if self._evaluation is None or self._evaluation.poll() is not None:
            again = self._evaluation is not None and self._evaluation.returncode != 0
            self._evaluation = self._evaluating("--resume" if again else "--fresh")

    def _evaluating(self, how: str) -> "subprocess.Popen[bytes]":
        words = ["evaluate", str(self._asked), "--model", "tintype-tiny", "--max-tokens", "4"]
        return subprocess.Popen(
            [COMMAND, *words, "--concurrency", "2", "--yes", how],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _job(self) -> Any:
        return asyncio.run(_stored(self.jobs[-1]))

    def kill(self, victim: str) -> None:
        """`kill -9`, if it runs."""
        if (pid := getattr(self, f"_{victim}_pid")()) is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[victim] += 1
        for child in (*([self._window.process] if self._window else []), self._evaluation):
            if child is not None and child.pid == pid:
                child.wait()

    def _app_pid(self) -> int | None:
        return self._window.process.pid if self._window else None

    def _recorder_pid(self) -> int | None:
        from tintype.recorder import place

        found = place.find(self.settings.folders, "tintype")
        return found.pid if found is not None and found.runs else None

    def _server_pid(self) -> int | None:
        from tintype.connection import found

        running = found(self.settings)
        return running.pid if running is not None else None

    def _trainer_pid(self) -> int | None:
        from tintype.connection import server_folder
        from tintype.engines.launch import LOCK, alive

        folder = server_folder(self.settings) / "jobs" / self.jobs[-1]
        with suppress(OSError, ValueError):
            return int((folder / LOCK).read_text()) if alive(folder) else None
        return None

    def _evaluation_pid(self) -> int | None:
        running = self._evaluation is not None and self._evaluation.poll() is None
        return self._evaluation.pid if running and self._evaluation else None

    def end(self) -> None:
        """Wait until all has ended and the store has it."""
        deadline = time.monotonic() + ENDS_S
        while not all(asyncio.run(_stored(job)).ended for job in self.jobs):
            if time.monotonic() > deadline:
                raise RuntimeError("A job does not end.")
            if self._server_pid() is None:
                _tintype("models")  # as any command does, it starts the server
            if self._recorder_pid() is None:
                _tintype("record")
            time.sleep(0.5)
        while self._evaluation is not None and self._evaluation.wait() != 0:
            self._evaluation = self._evaluating("--resume")

    def killed(self) -> list[Figure]:
        """What was killed how often."""
        each = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        return [Figure("processes killed", sum(self.kills.values()), "kills", each)]

    def leave(self) -> None:
        """End everything that is of this home."""
        for victim in VICTIMS:
            if self.jobs or victim != "trainer":
                self.kill(victim)
        self._close()

    def _close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window = None


async def _stored(job_id: str) -> Any:
    from tintype.settings import load
    from tintype.store import open_store

    async with open_store(load().folders.store_file) as store:
        known = store.jobs.find("tintype", job_id)
        assert known is not None
        return known.job


async def _lost(jobs: list[str]) -> list[Figure]:
    """Compare the server's events with the steps there must be, and the store's with them."""
    from tintype import connection
    from tintype.api import pages
    from tintype.jobs import look_at
    from tintype.settings import load
    from tintype.store import open_store

    settings, lost, doubled, missing, more, events = load(), 0, 0, 0, 0, 0
    profile = settings.profiles["tintype"]
    async with (
        open_store(settings.folders.store_file) as store,
        connection.connected(settings, profile, print) as api,
    ):
        listed = [job.id async for page in pages(lambda at: api.jobs(after=at)) for job in page]
        for job in jobs:
            kept = [event.id for event in await store.jobs.events("tintype", job)]
            await look_at(api, store, job)
            wire = [event async for page in pages(partial(_events, api, job)) for event in page]
            steps = Counter(e.data["step"] for e in wire if e.type == "metrics")
            total = max(e.data["total_steps"] for e in wire if e.type == "metrics")
            lost += sum(step not in steps for step in range(1, total + 1))
            doubled += sum(steps.values()) - len(steps)
            ids = {event.id for event in wire}
            missing += len(ids - set(kept))
            more += len(kept) - len(set(kept) & ids)
            events += len(ids)
    over = f"of {events:,} events of {len(jobs):,} jobs"
    return [
        Figure("steps lost at the server", lost, "steps", over, limit=0),
        Figure("steps doubled at the server", doubled, "steps", limit=0),
        Figure("events that the recorder lost", missing, "events", limit=0),
        Figure("events doubled or made up in the store", more, "events", limit=0),
        Figure("jobs made twice or lost", abs(len(listed) - len(jobs)), "jobs", limit=0),
    ]


async def _events(api: Any, job: str, after: str | None) -> Any:
    return await api.job_events(job, after=after)


def _answers(home: Path) -> list[Figure]:
    """Every run has each answer once."""
    from tintype import evaluation

    runs = evaluation.runs_in(evaluation.runs_folder(home / "data"))
    lost = doubled = answers = 0
    for run in runs:
        lines = (run.folder / "answers.jsonl").read_text().splitlines()
        said = [json.loads(line) for line in lines]
        rows = Counter(one["row"] for one in said if one["status"] == "ok")
        lost += ASKED - len(rows)
        doubled += sum(rows.values()) - len(rows)
        answers += len(rows)
    over = f"of {answers:,} of {len(runs):,} evaluations"
    return [
        Figure("answers lost", lost, "answers", over, limit=0),
        Figure("answers doubled", doubled, "answers", limit=0),
    ]


if __name__ == "__main__":
    report(measure(*map(int, sys.argv[1:])))
