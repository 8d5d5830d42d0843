"""What a session opens: each thing when it is needed, and none waits for another."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tintype import connection
from tintype.errors import StoreError
from tintype.loop import LoopState
from tintype.server.run import Running, find
from tintype.settings import load
from tintype_tui.session import Session


async def test_the_store_is_there_while_the_server_is_still_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_HOME", str(tmp_path))
    starting, end = asyncio.Event(), asyncio.Event()

    async def running(settings: Any) -> None:
        starting.set()
        await end.wait()
        raise StoreError("it does not start")

    monkeypatch.setattr("tintype.connection.running", running)
    session = Session(load())
    asking = asyncio.create_task(session.provider())
    await starting.wait()
    store = await asyncio.wait_for(session.store(), 30)
    assert not asking.done()
    assert not store.jobs.newest(1)
    end.set()
    with pytest.raises(StoreError):
        await asking
    await session.leave(LoopState(), cut=False)


async def test_a_server_is_ours_to_stop_though_who_asked_for_it_first_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_HOME", str(tmp_path))
    starting, go_on, starts = asyncio.Event(), asyncio.Event(), list[Running]()
    really = connection.running

    async def running(settings: Any) -> Running:
        starts.append(await really(settings))
        starting.set()
        await go_on.wait()
        return starts[-1]

    monkeypatch.setattr(connection, "running", running)
    session = Session(load())
    first = asyncio.create_task(session.provider())
    await starting.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    again = asyncio.create_task(session.provider())
    go_on.set()
    await again
    assert len({one.pid for one in starts}) == 1
    assert find(session.settings.folders.data / "server") is not None
    await session.leave(LoopState(), cut=False)
    assert find(session.settings.folders.data / "server") is None
