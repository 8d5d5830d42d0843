"""Streamed answers, cut at a stop sequence, and clients that go away before their end."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tintype.engines.base import Piece

T = TypeVar("T")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless the client goes away: then it is cancelled, and waited for.

    Cancelled once and not, as by a cancel scope, at every step: the work has to put things away.

    Raises:
        ClientDisconnect: if the client went away.
    """
    working, gone = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """Server-sent events, each sent at once; stops making them when the client goes away."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str, None]) -> None:
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; a client that goes away has had its answer."""
        with suppress(ClientDisconnect):
            await while_connected(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            async for event in self._events:
                data = f"data: {event}\n\n".encode()
                await send({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            await self._events.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_stop(
    pieces: AsyncGenerator[Piece, None], stops: Sequence[str]
) -> AsyncGenerator[Piece, None]:
    """Yield the pieces up to the first stop sequence, which is left out; then stop the work.

    A sequence may arrive in several pieces, so text that could still become one is held back.
    """
    held = ""
    try:
        async for piece in pieces:
            text = held + piece.text
            found = min((at for stop in stops if (at := text.find(stop)) >= 0), default=-1)
            if found >= 0:
                yield replace(piece, text=text[:found], finish_reason="stop")
                return
            kept = 0 if piece.finish_reason else _beginning(text, stops)
            held = text[len(text) - kept :]
            yield replace(piece, text=text[: len(text) - kept])
        if held:
            yield Piece(held, 0)
    finally:
        await pieces.aclose()


def _beginning(text: str, stops: Sequence[str]) -> int:
    """How many last characters of the text are the beginning of a stop sequence."""
    return max(
        (
            size
            for stop in stops
            for size in range(1, min(len(stop), len(text) + 1))
            if text.endswith(stop[:size])
        ),
        default=0,
    )
