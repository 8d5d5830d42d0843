"""Work done in threads, of which nothing is left behind when its task is cancelled.

A thread cannot be cancelled. So a step under way is waited for before the cancellation goes on,
which is why steps must be short.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread; if cancelled meanwhile, wait for it to return."""
    call = asyncio.create_task(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        while not call.done():
            with suppress(asyncio.CancelledError):  # once is enough
                await asyncio.wait([call])
        raise


async def stepwise(steps: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """Run a plain generator in threads, step by step; it is closed whatever happens."""
    try:
        while True:
            report = await in_thread(_next, steps)
            if not report:
                return
            yield report[0]
    finally:
        await in_thread(steps.close)


def _next(steps: Generator[T, None, None]) -> tuple[T] | tuple[()]:
    for report in steps:
        return (report,)
    return ()
