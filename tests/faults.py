"""A proxy that injects faults between a client and a real server.

It speaks HTTP over raw sockets, one request to a connection, because a fault is often one that no
framework would commit: a body shorter or longer than announced, a reset in the middle of it. A
`Fault` decides what happens to the requests that its `when` picks; all others pass unchanged.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Where = Literal["before", "after"]


@dataclass(frozen=True)
class Seen:
    """A request that came through."""

    number: int
    """From 1, of all requests."""
    method: str
    path: str
    """Without `/v1` and query."""
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request."""

    name: str
    where: Where = "before"
    """Whether the server never sees the request, or its answer is what suffers."""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset: bool = False
    announce: int = 0
    """How many bytes more (or, below 0, fewer) are announced than are sent."""
    stall_after: int | None = None
    """Send so many bytes of the answer's body, then nothing."""
    cut_after: int | None = None
    """Send so many bytes of the answer's body, then close."""
    dribble: bool = False
    """Send the answer byte by byte."""
    rewrite: Callable[[Any], Any] | None = None
    """Make another JSON answer of the server's, or other chunks of its stream."""


SLOW_DOWN = json.dumps({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}).encode()
HTML = {"Content-Type": "text/html"}

RATE_LIMIT = Fault("429", status=429, body=SLOW_DOWN)
PASSING = (
    RATE_LIMIT,
    Fault("429 and seconds", status=429, body=SLOW_DOWN, headers={"Retry-After": "1"}),
    Fault("429 and milliseconds", status=429, body=SLOW_DOWN, headers={"retry-after-ms": "1200"}),
    Fault(
        "429 and a date",
        status=429,
        body=SLOW_DOWN,
        headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
    ),
    Fault("500", status=500, body=b"{}"),
    Fault("502 of a gateway", "after", status=502, body=b"<html>Bad Gateway", headers=HTML),
    Fault("503 and seconds", status=503, headers={"Retry-After": "1"}),
    Fault("reset before", reset=True),
    Fault("reset after", "after", reset=True),
    Fault("a body shorter than announced", "after", announce=100),
    Fault("cut in the body", "after", cut_after=10),
)
"""What the same request, sent again, gets over."""
LASTING = (
    Fault("an absurd wait", status=429, body=SLOW_DOWN, headers={"Retry-After": "86400"}),
    Fault("HTML for JSON", body=b"<html>Welcome", headers=HTML, status=200),
    Fault("no JSON", body=b"{nope", status=200),
    Fault("another JSON", body=b'[{"what": 1}, 7]', status=200),
    Fault("401", body=b'{"error": {"message": "no"}}', status=401),
    Fault("a body longer than announced", "after", announce=-20),
    Fault("stalled", "after", stall_after=10),
)
"""What trying again does not help: an error at once, in a sentence."""


class FaultProxy:
    """Passes requests on to `upstream`, but for what `fault` says of those that `when` picks."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self.url = ""
        self.seen: list[Seen] = []
        self.fault: Fault | None = None
        self.when: Callable[[Seen], bool] = lambda seen: True

    def inject(self, fault: Fault | None, when: Callable[[Seen], bool] = lambda seen: True) -> None:
        """Let a fault befall the requests that `when` picks; none ends it. Counts from 0."""
        self.seen.clear()
        self.fault, self.when = fault, when

    def sent(self, method: str, path: str) -> list[Seen]:
        """The requests of a method to a path since `inject`."""
        return [one for one in self.seen if (one.method, one.path) == (method, path)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # `start_server` logs a task that was cancelled, so one that stalled ends like others.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._exchange(reader, writer)
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        path = urlsplit(target).path.removeprefix("/v1")
        seen = Seen(len(self.seen) + 1, method, path, body)
        self.seen.append(seen)
        fault = self.fault if self.fault is not None and self.when(seen) else Fault("none", "after")
        answer = b""
        if fault.where == "after":
            kept = [
                line
                for line in lines[1:-2]
                if line.split(":")[0].lower() not in ("connection", "host")
            ]
            host = f"Host: {self._upstream.netloc}"
            request = "\r\n".join([lines[0], host, "Connection: close", *kept, "", ""])
            answer = await self._forward(request.encode("latin-1") + body)
        await self._reply(fault, answer, writer)
        if fault.stall_after is not None:
            await reader.read()  # until the client goes away

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()

    async def _reply(self, fault: Fault, answer: bytes, writer: asyncio.StreamWriter) -> None:
        if fault.reset:
            writer.transport.abort()
            return
        head, _, body = answer.partition(b"\r\n\r\n")
        if fault.status:
            head, body = f"HTTP/1.1 {fault.status} X".encode(), fault.body
            head += b"\r\nContent-Type: application/json" if not fault.headers else b""
        lines = [
            line
            for line in head.split(b"\r\n")
            if not line.lower().startswith((b"content-length", b"transfer-encoding", b"connection"))
        ]
        if b"chunked" in head.lower():
            body = _unchunked(body)
        lines += [f"{name}: {value}".encode() for name, value in fault.headers.items()]
        if fault.rewrite is not None:
            body = _rewritten(body, fault.rewrite)
            lines[0] = b"HTTP/1.1 200 X"
        lines += [f"Content-Length: {len(body) + fault.announce}".encode(), b"Connection: close"]
        writer.write(b"\r\n".join([*lines, b"", b""]))
        end = fault.cut_after if fault.cut_after is not None else fault.stall_after
        body = body[:end]
        if fault.dribble:
            for at in range(len(body)):
                writer.write(body[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0)
        else:
            writer.write(body)
        await writer.drain()


def _rewritten(body: bytes, rewrite: Callable[[Any], Any]) -> bytes:
    """Other JSON, whether it is a body or in a stream's lines; what is none stays."""
    if body.startswith(b"data: "):
        return b"\n".join(
            b"data: " + _rewritten(line[6:], rewrite) if line.startswith(b"data: ") else line
            for line in body.split(b"\n")
        )
    try:
        return json.dumps(rewrite(json.loads(body))).encode()
    except ValueError:
        return body


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        whole += body[:length]
        body = body[length + 2 :]
    return whole


@asynccontextmanager
async def proxied(upstream: str) -> AsyncIterator[FaultProxy]:
    """A proxy before a server, as long as it is needed."""
    proxy = FaultProxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=1 << 20)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield proxy
    finally:
        server.close()


@contextmanager
def proxied_apart(upstream: str) -> Iterator[FaultProxy]:
    """A proxy in a thread, for what runs loops of its own: commands and processes."""
    loop = asyncio.new_event_loop()
    ready, ended, found = threading.Event(), asyncio.Event(), []

    async def stand() -> None:
        async with proxied(upstream) as proxy:
            found.append(proxy)
            ready.set()
            await ended.wait()
        stalled = asyncio.all_tasks() - {asyncio.current_task()}
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)
        await asyncio.sleep(0)  # in which their connections are closed

    thread = threading.Thread(target=lambda: loop.run_until_complete(stand()), name="faults")
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
