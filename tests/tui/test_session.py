"""What a session opens: each thing when it is needed, and none waits for another."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tintype.errors import StoreError
from tintype.loop import LoopState
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
