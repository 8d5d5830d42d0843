"""Connections that nobody can hold half open: limits on number, head, and the pace of a body.

Uvicorn bounds none of these: a thousand clients that send half a request head would take every
file descriptor, and the server would hear nobody else.
"""

import asyncio
import logging
import resource
import sys
import time
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tintype.errors import RefusalError
from tintype.server import wire

HEAD_BYTES = 1 << 16
HEAD_S = 20.0
"""A request's head must be complete after so many seconds, however it trickles in."""
BODY_WINDOW_S, BODY_WINDOW_BYTES = 30.0, 4096
"""A body must bring so many bytes in so many seconds, except while the server itself is busy."""
MAX_CONNECTIONS = 1000
SPARE_DESCRIPTORS = 128
"""Descriptors that connections leave to files, the database, trainers and the log."""
LINGER_S = 2.0
"""How long a client that was refused may take to read why; what it still sends is dropped."""
_FULL = RefusalError(
    503,
    "The server has as many connections as it can take. Please try again in a second.",
    type="server_error",
    code="too_many_connections",
)

_log = logging.getLogger("tintype.server")


def connection_limit() -> int:
    """How many connections may be open: fewer than there are descriptors, which are raised first.

    Returns:
        A number of connections, at least 16.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, soft - SPARE_DESCRIPTORS))


class BoundedConnection(H11Protocol):
    """An HTTP connection with limits; the longest waiting one gives way when all are taken."""

    limit = MAX_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting_since_s = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._timed: object = None
        self._window_bytes = 0
        self._refused = False

    @property
    def waits(self) -> bool:
        """Whether no request is under way: its head is incomplete, or has not begun."""
        return self.conn.their_state is h11.IDLE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or turn it away."""
        if len(self.connections) >= self.limit and not self._make_room():
            self.transport = transport
            transport.write(_answer(_FULL, "retry-after: 1\r\n"))
            transport.close()
            return
        super().connection_made(transport)
        self._time(h11.IDLE, HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._untime()
        if self in self.connections:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in a piece of a request, against the clock."""
        if self not in self.connections or self._refused:
            return
        self._window_bytes += len(data)
        super().data_received(data)
        state = self.conn.their_state
        if self._refused:
            return
        if self.transport.is_closing():
            self._untime()
        elif state is h11.IDLE:
            self._time(state, HEAD_S)
        elif state is h11.SEND_BODY:
            self._time(state, BODY_WINDOW_S)
        else:
            self._untime()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or has too long a head, in the words of all other errors."""
        error = sys.exception()
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            refusal = RefusalError(
                431,
                f"The head of the request is too large: at most {HEAD_BYTES:,} bytes are accepted.",
                code="request_header_fields_too_large",
            )
        else:
            refusal = RefusalError(
                400, f"The request is no valid HTTP: {error}.", code="invalid_http"
            )
        self._refuse(refusal)

    def on_response_complete(self) -> None:
        """Wait for the next request; uvicorn bounds that by itself."""
        self._untime()
        self.waiting_since_s = time.monotonic()
        super().on_response_complete()

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for a request; whether there was one."""
        others = [cast("BoundedConnection", other) for other in self.connections]
        waiting = [other for other in others if other.waits]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda other: other.waiting_since_s)
        self.connections.discard(oldest)
        oldest.transport.abort()
        return True

    def _time(self, what: object, after_s: float) -> None:
        """Bound what is under way; what is bounded already stays so."""
        if self._timed is not what:
            self._untime()
            self._timed, self._window_bytes = what, 0
            self._timer = self.loop.call_later(after_s, self._too_slow)

    def _untime(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timed = None

    def _too_slow(self) -> None:
        keeps_pace = self._window_bytes >= BODY_WINDOW_BYTES or self.flow.read_paused
        if self._timed is h11.SEND_BODY and keeps_pace:
            self._timed = None
            self._time(h11.SEND_BODY, BODY_WINDOW_S)
            return
        _log.info("A client sends its request too slowly; its connection is closed.")
        if self._timed is h11.IDLE and not self._window_bytes:
            self.transport.abort()  # nothing was asked
            return
        self._refuse(
            RefusalError(
                408, "The request came too slowly, and was given up.", code="request_timeout"
            )
        )

    def _refuse(self, refusal: RefusalError) -> None:
        """Answer in place of the application, unless it has begun to, and close."""
        self._untime()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_answer(refusal))
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_S, self.transport.abort)


def _answer(refusal: RefusalError, headers: str = "") -> bytes:
    """A refusal as the bytes of an answer, where there is no application to give it."""
    body = bytes(wire.refusal(refusal).body)
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"content-type: application/json\r\nconnection: close\r\n{headers}"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
