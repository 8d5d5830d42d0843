"""The recorder, the store it shares with five other processes, and how fast a long job opens.

    python -m benchmarks.recording

The recorder follows ten running jobs of a provider on this machine, each with a step a second; its
processor time is that of the process, after it has started. The six on one store are two apps, a
recorder, two commands and an evaluation: each writes or reads as such a process does, 50 times a
second. Waits are wall time, the machine's other work in them.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Timer, report, timed

QUICK = {"seconds": 2.0, "rounds": 20, "steps": 3_000}
JOBS = 10
ROLES = ("app", "app", "recorder", "command", "command", "evaluation")

WORKER = """
import asyncio, sys, time
from datetime import UTC, datetime
from pathlib import Path
from tintype.resources import Event, Job
from tintype.store import Alert, KeptAnswer, Ranked, open_store

async def main(path, role, name, rounds):
    worst = 0.0
    async with open_store(Path(path)) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(rounds)):
            now = datetime.now(UTC)
            began = time.perf_counter()
            if role == "recorder":
                store.jobs.remember("p", Job("j", "m", "running", now, "f"), seen_at=now)
                sweep = store.jobs.begin_sweep("p", "j")
                events = [Event(f"{name}-{number}-{n}", now, "x") for n in range(20)]
                ranked = [Ranked(event, n) for n, event in enumerate(events)]
                store.jobs.add_events("p", "j", ranked, sweep=sweep)
                store.jobs.close_sweep("p", "j", sweep)
            elif role == "app":
                store.version()
                store.jobs.newest(50)
                store.notes.write(name, number, now)
            elif role == "command":
                store.alerts.raise_once(Alert("p", f"{name}-{number}", "nan", now, "x"))
                store.spending.total()
            else:
                await store.answers.add(KeptAnswer("p", "m", now, [], f"{name}-{number}"))
            worst = max(worst, time.perf_counter() - began)
            await asyncio.sleep(0.02)
    print(worst, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def measure(seconds: float = 60.0, rounds: int = 500, steps: int = 100_000) -> list[Figure]:
    """Measure the recorder for some seconds, the six for some rounds, a job of some steps."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        return [
            *asyncio.run(_recorder(path / "home", seconds)),
            *six(path / "six.sqlite", rounds),
            *asyncio.run(_opening(path / "long.sqlite", steps)),
        ]


# ------------------------------------------------------------------------------------ the recorder


class _Provider:
    """Ten jobs that run, with a step a second."""

    def __init__(self) -> None:
        self.began, self.requests = time.time(), 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.requests += 1
                body = json.dumps(self._answer(head.split(" ")[1].removeprefix("/v1"))).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body) + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, target: str) -> dict[str, Any]:
        path, _, query = target.partition("?")
        parts = path.removeprefix("/fine_tuning/jobs").strip("/").split("/")
        if parts == [""]:
            return {"data": [self._job(f"ftjob-{number}") for number in range(JOBS)]}
        if len(parts) == 1:
            return self._job(parts[0])
        if parts[1] != "events":
            return {"data": []}
        newest = int(time.time() - self.began) + 100
        if "after=" in query:
            newest = int(query.partition("after=")[2].partition("&")[0].rpartition("-")[2]) - 1
        oldest = max(1, newest - 99)
        found = [self._event(parts[0], step) for step in range(newest, oldest - 1, -1)]
        return {"data": found, "has_more": oldest > 1}

    def _job(self, job_id: str) -> dict[str, Any]:
        return {"id": job_id, "model": "m", "status": "running", "created_at": int(self.began)}

    def _event(self, job_id: str, step: int) -> dict[str, Any]:
        data = {"step": step, "train_loss": 1 / step, "total_steps": 100_000}
        made = {"id": f"{job_id}-{step}", "created_at": int(self.began) - 100 + step}
        return {**made, "type": "metrics", "message": f"Step {step}", "data": data}


async def _recorder(home: Path, seconds: float) -> list[Figure]:
    from tintype import recorder
    from tintype.settings import load

    provider = _Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (home / "config").mkdir(parents=True)
    text = f'[profiles.ten]\nbase_url = "http://127.0.0.1:{port}/v1"\n'
    (home / "config" / "config.toml").write_text(text)
    before = os.environ.get("TINTYPE_HOME")
    os.environ["TINTYPE_HOME"] = str(home)
    try:
        settings = load()
        await recorder.start(settings, "ten")
        for _ in range(1_200):
            if len(_status(settings).jobs) == JOBS and provider.requests >= 3 * JOBS:
                break
            await asyncio.sleep(0.1)
        pid = _status(settings).pid
        used_s, asked, began = _cpu_s(pid), provider.requests, time.monotonic()
        await asyncio.sleep(seconds)
        spent_s, passed_s = _cpu_s(pid) - used_s, time.monotonic() - began
        figures = [
            Figure("recorder of ten jobs: processor", 100 * spent_s / passed_s, "%", limit=1),
            Figure("recorder of ten jobs: memory", _memory_mb(pid), "MB", limit=80),
            Figure("recorder of ten jobs: requests", (provider.requests - asked) / passed_s, "a s"),
        ]
        await recorder.stop(settings, "ten")
        return figures
    finally:
        if before is None:
            del os.environ["TINTYPE_HOME"]
        else:
            os.environ["TINTYPE_HOME"] = before
        server.close()


def _status(settings: Any) -> Any:
    from tintype import recorder

    status = recorder.find(settings.folders, "ten")
    assert status is not None
    assert status.runs
    return status


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# ---------------------------------------------------------------------------- six on one store


def six(path: Path, rounds: int) -> Iterator[Figure]:
    """Run six processes on one store; the longest wait of any, and what they left."""
    commands = [
        [sys.executable, "-c", WORKER, str(path), role, f"{role}{number}", str(rounds)]
        for number, role in enumerate(ROLES)
    ]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(one, stdin=pipe, stdout=pipe, text=True) for one in commands]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    waits = [float(one.communicate()[0]) for one in running]
    yield Figure("six processes on one store: longest wait", 1_000 * max(waits), "ms", limit=100)
    kept = asyncio.run(_left(path))
    wanted = rounds * (20 * ROLES.count("recorder") + ROLES.count("command") + 1)
    yield Figure("six processes on one store: lost or doubled", abs(kept - wanted), "rows", limit=0)


async def _left(path: Path) -> int:
    from tintype.store import open_store

    async with open_store(path) as store:
        events = await store.jobs.events("p", "j")
        return len(events) + len(store.alerts.unsent("p")) + len(store.answers.newest(1_000_000))


# ------------------------------------------------------------------------------------ a long job


async def _opening(path: Path, steps: int) -> list[Figure]:
    from tintype import jobs
    from tintype.resources import Event, Job
    from tintype.store import Ranked, open_store

    began = datetime(2026, 1, 1, tzinfo=UTC)
    every = [
        Event(
            f"e{number}",
            began + timedelta(seconds=number),
            f"Step {number}",
            type="metrics",
            data={"step": number, "train_loss": 1 / number, "train_mean_token_accuracy": 0.5},
        )
        for number in range(1, steps + 1)
    ]
    every += [
        Event(f"m{number}", began + timedelta(seconds=5 * number), f"Message {number}")
        for number in range(steps // 5)
    ]
    async with open_store(path) as store:
        store.jobs.remember("p", Job("j", "m", "running", began, "f"), seen_at=began)
        sweep = store.jobs.begin_sweep("p", "j")
        for start in range(0, len(every), 1_000):
            ranked = [
                Ranked(one, start + at) for at, one in enumerate(every[start : start + 1_000])
            ]
            store.jobs.add_events("p", "j", ranked, sweep=sweep)
        store.jobs.close_sweep("p", "j", sweep)
        await jobs.recorded(store, "p", "j")  # what the recorder does at the end
        times = []
        for _ in range(7):
            timer = Timer()
            metrics, _ = await jobs.recorded(store, "p", "j")
            log = await store.curves.log("p", "j")
            times.append(timer.spent())
            assert len(metrics.clock) == steps
            assert len(log) == steps // 5
    return [*timed(f"a job of {steps:,} steps opened", times, 0.3)]


if __name__ == "__main__":
    report(measure())
