"""Work in threads: nothing goes on behind a task that was cancelled."""

import asyncio
import threading
from collections.abc import Generator

import pytest

from tintype.threads import stepwise


async def test_a_step_under_way_is_waited_for_however_often_its_task_is_cancelled() -> None:
    begun, go_on = threading.Event(), threading.Event()
    closed = []

    def steps() -> Generator[int, None, None]:
        try:
            begun.set()
            go_on.wait(30)
            yield 1
        finally:
            closed.append(True)

    async def follow() -> None:
        async for _ in stepwise(steps()):
            pass

    task = asyncio.create_task(follow())
    await asyncio.to_thread(begun.wait)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == [True]
