"""The app is killed in the middle of a training, alone or with all that works for it."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tintype.engines import launch
from tintype.server import run
from tintype_tui.__main__ import run_command
from tintype_tui.screens.jobs.pane import JobsPane

COMMAND = Path(sys.executable).with_name("tintype")


class Window:
    """The installed app in a terminal window that shows everything to nobody."""

    def __init__(self, dataset: Path) -> None:
        self._master, slave = pty.openpty()
        environ = {**os.environ, "TERM": "xterm-256color", "LINES": "36", "COLUMNS": "120"}
        self.process = subprocess.Popen(
            [COMMAND, dataset],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
        )
        os.close(slave)
        self.written = b""
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while data := os.read(self._master, 65536):
                self.written += data
        except OSError:
            pass

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def kill(self) -> None:
        """Kill the app and whatever else is of its process group, as a closed window would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def window(home: Path, dataset: Path) -> Iterator[Window]:
    opened = Window(dataset)
    yield opened
    if opened.process.poll() is None:
        opened.kill()


async def until(holds: Any, window: Window | None = None) -> Any:
    """Wait for something; a window has to stay open meanwhile."""
    for _ in range(3000):
        if answer := holds():
            return answer
        if window and window.process.poll() is not None:
            break
        await asyncio.sleep(0.02)
    raise AssertionError(window.written[-2000:] if window else "it never happened")


def scripted(dataset: Path, **script: Any) -> None:
    """Have the scripted engine follow a script."""
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    rows[0]["messages"][0]["content"] = json.dumps(script)
    dataset.write_text("\n".join(map(json.dumps, rows)) + "\n")


@pytest.mark.parametrize("victims", ["app", "app, server and trainer"])
async def test_a_training_survives_and_its_curve_has_every_step_once(
    sit: Any, home: Path, dataset: Path, window: Window, victims: str
) -> None:
    await until(lambda: b"12 rows" in window.written, window)
    window.press("4")
    server = await until(lambda: run.find(home / "data" / "server"), window)
    scripted(dataset, wait_at=4, save_every=2)
    words = ["train", str(dataset), "--model", "scripted", "--epochs", "3", "--yes"]
    assert await asyncio.to_thread(run_command, words) == 0
    window.press("14")  # to another pane and back, which looks for jobs
    await until(lambda: b"3/9" in window.written, window)
    (job,) = (server.folder / "jobs").iterdir()

    window.kill()
    if victims != "app":
        os.kill(server.pid, signal.SIGKILL)
        launch.kill(job)
        await until(lambda: run.find(server.folder) is None and not launch.alive(job))
    else:
        assert run.find(server.folder)
        assert launch.alive(job)
    (job / "engine" / "go").touch()

    async with sit() as person:
        await person.press("4")
        await person.sees("succeeded", "New fine-tuned model created")
        pane = person.app.screen
        assert isinstance(pane, JobsPane)
        assert pane.known is not None
        assert pane.known.progress.metrics.series["train_loss"].steps() == list(range(1, 10))
        assert pane.known.progress.metrics.total_steps == 9


async def test_who_waits_for_a_job_restarts_the_server_as_the_app_does(
    home: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(dataset, wait_at=4)
    words = ["train", str(dataset), "--model", "scripted", "--wait", "--json"]
    waiting = asyncio.create_task(asyncio.to_thread(run_command, words))
    folder = home / "data" / "server"
    await until(lambda: [*folder.glob("jobs/*/engine/state.json")])
    (job,) = (folder / "jobs").iterdir()
    server = run.find(folder)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: run.find(folder) is None or run.find(folder) != server)
    (job / "engine" / "go").touch()
    assert await waiting == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "succeeded"
    assert "The embedded server has been restarted." in said.err


async def test_a_server_that_hangs_does_not_hold_the_one_who_leaves(
    home: Path, sit: Callable[..., Any]
) -> None:
    async with asyncio.timeout(120):  # a request may take ten minutes
        async with sit() as person:
            await person.press("4")
            await person.sees("No jobs yet")
            await person.until(lambda: person.app.session._started is not None, "a server")
            await person.until(lambda: person.app.session._api is not None, "a connection")
            server = run.find(home / "data" / "server")
            assert server is not None
            os.kill(server.pid, signal.SIGSTOP)
    try:
        assert run.find(home / "data" / "server") is not None
    finally:
        os.kill(server.pid, signal.SIGCONT)
