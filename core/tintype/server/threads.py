"""Blocking work in threads, of which a cancelled task does not lose hold.

A thread cannot be stopped. A task that went on without it would clear away, or lend to the next,
what the thread is still working on.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def unhurried(function: Callable[..., T], *arguments: object) -> T:
    """Run in a thread, and wait for it even if cancelled: what it works on is still in use."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
