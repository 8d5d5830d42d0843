"""Servers as processes: started, found, stopped, killed; and the trainers that outlive them."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from tintype.engines import launch
from tintype.errors import SettingsError, StoreError
from tintype.server.listening import serving
from tintype.server.run import Options, Running, find, start, stop

pytestmark = pytest.mark.usefixtures("scripted_engine")
Rows = Callable[..., bytes]


@asynccontextmanager
async def started(folder: Path, **options: Any) -> AsyncIterator[Running]:
    """A server in a process of its own, gone at the end together with its trainers."""
    running = await start(folder, **options)
    try:
        yield running
    finally:
        last = find(folder)
        if last is not None:
            await stop(last, training=True)
        for job in (folder / "jobs").iterdir():
            launch.kill(job)


def connected(running: Running) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=running.url, api_key=running.token, max_retries=0)


async def train(client: openai.AsyncOpenAI, content: bytes) -> str:
    file = await client.files.create(file=("rows.jsonl", content), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(model="scripted", training_file=file.id)
    return job.id


async def steps(client: openai.AsyncOpenAI, id: str) -> list[int]:
    told = [event async for event in client.fine_tuning.jobs.list_events(id, limit=100)]
    metrics: list[Any] = [event.data for event in told[::-1] if event.type == "metrics"]
    return [data["step"] for data in metrics]


async def eventually(question: Callable[[], Any]) -> Any:
    async with asyncio.timeout(60):
        while not (answer := await question()):  # noqa: ASYNC110 - other processes give no sign
            await asyncio.sleep(0.02)
        return answer


async def test_a_started_server_is_found_answers_and_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "a new" / "folder"
    assert find(folder) is None
    async with started(folder) as running:
        assert find(folder) == running
        assert running.url.startswith("http://127.0.0.1:")
        async with connected(running) as client:
            assert [m async for m in client.models.list()]
        assert await start(folder) == running
        await stop(running)
        assert find(folder) is None
        await stop(running)


async def test_an_answer_that_never_ends_does_not_keep_the_process(tmp_path: Path) -> None:
    question = f"after {tmp_path / 'never'}"
    async with started(tmp_path / "server") as running, connected(running) as client:
        stream = await client.chat.completions.create(
            model="scripted", messages=[{"role": "user", "content": question}], stream=True
        )
        async for piece in stream:
            if piece.choices[0].delta.content:
                break
        await stop(running)

        await eventually(lambda: ended(running.pid))


async def test_secrets_are_readable_by_their_owner_only_and_not_shown(tmp_path: Path) -> None:
    async with started(tmp_path) as running:
        for name in ("token", "server.json", "server.db", "lock"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
        assert running.token not in repr(running)
        assert running.token not in (tmp_path / "server.json").read_text()
        assert running.token not in (tmp_path / "server.log").read_text()
        assert running.token.encode() not in told_to_all(running.pid)


async def test_a_server_keeps_its_port_and_its_key(tmp_path: Path) -> None:
    async with started(tmp_path) as first:
        await stop(first)
        second = await start(tmp_path)
        assert (second.url, second.token) == (first.url, first.token)
        assert second.pid != first.pid
        await stop(second)
        with socket.create_server(("127.0.0.1", first.port)):
            third = await start(tmp_path)
            assert third.port != first.port


async def test_a_server_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom tintype.server.run import start\n"
        "asyncio.run(start(Path(sys.argv[1])))\n"
    )
    arguments = [sys.executable, "-c", script, os.fspath(tmp_path / "home")]
    process = await asyncio.create_subprocess_exec(*arguments, start_new_session=True)
    assert await process.wait() == 0
    running = find(tmp_path / "home")
    assert running is not None
    async with connected(running) as client:
        assert [m async for m in client.models.list()]
    assert os.getsid(running.pid) == running.pid
    await stop(running)


async def test_clients_that_start_at_once_get_the_same_server(tmp_path: Path) -> None:
    async with started(tmp_path / "home") as running:
        await stop(running)
        found = await asyncio.gather(*(start(tmp_path / "home") for _ in range(3)))
        assert len({one.pid for one in found}) == 1


async def test_two_servers_never_share_a_folder(tmp_path: Path) -> None:
    async with serving(Options(tmp_path)):
        first = find(tmp_path)
        assert first is not None
        with pytest.raises(StoreError, match=f"it serves at {first.url}"):
            async with serving(Options(tmp_path)):
                pass
        assert find(tmp_path) is not None


async def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_ENGINES", "nowhere:Engine")
    with pytest.raises(StoreError, match="The engine 'nowhere:Engine' cannot be loaded") as failed:
        await start(tmp_path / "home")
    assert "server.log" in failed.value.advice
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot use its folder"):
        await start(tmp_path / "file")


async def test_a_server_that_does_not_start_says_nothing_of_an_earlier_day(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text("What went wrong yesterday.\n")
    with pytest.raises(StoreError, match="There is no launcher 'pbs'") as failed:
        await start(tmp_path, launcher="pbs")
    assert "yesterday" not in str(failed.value)


async def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen at 127.0.0.1:{port}"):
            async with serving(Options(tmp_path, port=port)):
                pass


async def test_an_idle_server_ends_by_itself_but_not_before_its_jobs(
    tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.server.listening.IDLE_CHECKS_S", 0.05)
    async with serving(Options(tmp_path)) as first, connected(first.running) as client:
        id = await train(client, rows(wait_at=2))
        await eventually(lambda: steps(client, id))
    async with serving(Options(tmp_path, idle_exit_s=0.2)) as served:  # nobody asks this one
        done = asyncio.ensure_future(served.ended())
        await asyncio.wait([done], timeout=0.6)
        assert not done.done()
        (tmp_path / "jobs" / id / "engine" / "go").touch()
        await asyncio.wait_for(done, 60)


async def test_a_killed_server_is_replaced_and_adopts_its_trainer(
    tmp_path: Path, rows: Rows
) -> None:
    async with started(tmp_path) as first:
        async with connected(first) as client:
            id = await train(client, rows(30, wait_at=6))
            await eventually(lambda: steps(client, id))
        folder = tmp_path / "jobs" / id
        trainer = (folder / "lock").read_text()
        os.kill(first.pid, signal.SIGKILL)
        await eventually(lambda: gone(tmp_path))
        (folder / "engine" / "go").touch()
        await eventually(lambda: dead(folder))  # the training ends with no server there
        second = await start(tmp_path)
        async with connected(second) as client:
            await eventually(lambda: succeeded(client, id))
            assert await steps(client, id) == list(range(1, 19))
        assert (folder / "lock").read_text() == trainer


async def test_a_trainer_goes_on_when_its_server_is_stopped(tmp_path: Path, rows: Rows) -> None:
    async with started(tmp_path) as first:
        async with connected(first) as client:
            id = await train(client, rows(30, wait_at=6))
            await eventually(lambda: steps(client, id))
        folder = tmp_path / "jobs" / id
        await stop(first)
        assert launch.alive(folder)
        second = await start(tmp_path)
        async with connected(second) as client:
            assert (await client.fine_tuning.jobs.retrieve(id)).status == "running"
            assert (await client.fine_tuning.jobs.cancel(id)).status == "cancelled"
        await eventually(lambda: dead(folder))


async def test_a_trainer_told_to_stop_with_its_server_goes_on_with_the_next(
    tmp_path: Path, rows: Rows
) -> None:
    async with started(tmp_path) as first:
        async with connected(first) as client:
            id = await train(client, rows(30, wait_at=6))
            await eventually(lambda: reached(client, id, 5))
        folder = tmp_path / "jobs" / id
        await stop(first, training=True)
        await eventually(lambda: dead(folder))
        (folder / "engine" / "go").touch()
        second = await start(tmp_path)
        async with connected(second) as client:
            await eventually(lambda: succeeded(client, id))
            assert await steps(client, id) == list(range(1, 19))
            told = [e.message async for e in client.fine_tuning.jobs.list_events(id, limit=100)]
        assert "Resumed after step 5" in told


async def test_server_and_trainer_killed_together_lose_nothing(tmp_path: Path, rows: Rows) -> None:
    async with started(tmp_path) as first:
        async with connected(first) as client:
            id = await train(client, rows(30, wait_at=9, save_every=4))
            await eventually(lambda: reached(client, id, 8))
        folder = tmp_path / "jobs" / id
        os.kill(first.pid, signal.SIGKILL)
        os.kill(int((folder / "lock").read_text()), signal.SIGKILL)
        await eventually(lambda: gone(tmp_path))
        await eventually(lambda: dead(folder))
        (folder / "engine" / "go").touch()
        second = await start(tmp_path)
        async with connected(second) as client:
            await eventually(lambda: succeeded(client, id))
            assert await steps(client, id) == list(range(1, 19))


async def test_a_job_that_was_being_validated_is_validated_again(
    tmp_path: Path, rows: Rows
) -> None:
    async with started(tmp_path) as first:
        async with connected(first) as client:
            id = await train(client, rows(3000))
        os.kill(first.pid, signal.SIGKILL)
        await eventually(lambda: gone(tmp_path))
        second = await start(tmp_path)
        async with connected(second) as client:
            await eventually(lambda: succeeded(client, id))
            told = [e.message async for e in client.fine_tuning.jobs.list_events(id, limit=100)]
        assert sum(message.startswith("Files validated") for message in told) == 1


def told_to_all(pid: int) -> bytes:
    """What others on the machine may read of a process."""
    return b"".join(Path(f"/proc/{pid}/{part}").read_bytes() for part in ("cmdline", "environ"))


async def ended(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return not told_to_all(pid)
    except OSError:
        return True


async def gone(folder: Path) -> bool:
    return find(folder) is None


async def dead(folder: Path) -> bool:
    return not launch.alive(folder)


async def reached(client: openai.AsyncOpenAI, id: str, step: int) -> bool:
    return step in await steps(client, id)


async def succeeded(client: openai.AsyncOpenAI, id: str) -> bool:
    job = await client.fine_tuning.jobs.retrieve(id)
    assert job.status not in ("failed", "cancelled"), job.error
    return job.status == "succeeded"


def test_importing_what_runs_a_server_imports_no_server() -> None:
    script = (
        "import sys, tintype.server.run\n"
        "heavy = {'starlette', 'uvicorn', 'numpy', 'PIL', 'httpx2', 'openai', 'sqlite3'}\n"
        "print(*heavy & set(sys.modules))\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("\n", "")
