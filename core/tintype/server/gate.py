"""What every request passes: the host it names, the key it shows; and what every answer bears.

A web page cannot read from a server on this machine as long as it does not know the key, and the
browser tells it nothing (there are no CORS headers). By DNS rebinding it could still make the
browser believe that the server is its own: therefore the `Host` header must be a name of this
server, or an address, which needs no resolving and so cannot be rebound.
"""

import hmac
import ipaddress
import time
from collections.abc import Collection
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.errors import RefusalError
from tintype.server import wire
from tintype.server.provider import Activity

API_VERSION = "2020-10-01"
"""What OpenAI has called its API's version ever since."""
DRAIN_BYTES = 1 << 30
"""What is read and dropped of the body of a request that is refused: a connection that is closed
before would be reset, and the client, which still sends, would not get to read why."""


class Gate:
    """Lets requests through to the application, and counts them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        hosts: Collection[str],
        loopback: bool,
        activity: Activity,
    ) -> None:
        """Guard an application.

        Args:
            app: What is behind the gate.
            token: The key that is right.
            hosts: Names, without a port, under which the server may be addressed.
            loopback: Whether of addresses only those of this machine are right.
            activity: Told of every request.
        """
        self._app = app
        self._digest = sha256(token.encode()).digest()
        self._hosts = {host.lower().rstrip(".") for host in hosts}
        self._loopback = loopback
        self._activity = activity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.monotonic()
        read = _Read(receive)
        refuses = False

        async def marked(message: Message) -> None:
            nonlocal refuses
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["openai-processing-ms"] = str(int((time.monotonic() - started_s) * 1000))
                headers["openai-version"] = API_VERSION
                headers["openai-organization"] = wire.ORGANIZATION_ID
                refuses = message["status"] >= 400
            elif refuses and not read.whole and not message.get("more_body", False):
                await send({**message, "more_body": True})  # all of the answer, at once
                await read.rest(DRAIN_BYTES)
                message = {"type": "http.response.body"}
            await send(message)

        request_id = wire.new_id("req_", 32)
        scope.setdefault("state", {})["request_id"] = request_id
        self._activity.open_requests += 1
        try:
            refused = self._refusal(Headers(scope=scope))
            await (refused or self._app)(scope, read, marked)
        finally:
            self._activity.open_requests -= 1
            self._activity.last_s = time.monotonic()

    def _refusal(self, headers: Headers) -> wire.JsonAnswer | None:
        if not self._is_own(headers.get("host", "")):
            return wire.refusal(
                RefusalError(
                    421,
                    f"This server does not accept the host name '{headers.get('host', '')[:200]}'.",
                    code="unknown_host",
                )
            )
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return _unauthorized(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
        shown = sha256(key.strip().encode("latin-1")).digest()
        if not hmac.compare_digest(shown, self._digest):
            return _unauthorized(
                "Incorrect API key provided. This server's key is in the file 'token' in its "
                "folder.",
                code="invalid_api_key",
            )
        return None

    def _is_own(self, host: str) -> bool:
        name = _without_port(host)
        if name.lower().rstrip(".") in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return address.is_loopback or not self._loopback


class _Read:
    """What is received of a request, and whether that was all of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.whole = not message.get("more_body", False)
        return message

    async def rest(self, limit_bytes: int) -> None:
        """Read and drop what is still to come, as far as the limit."""
        while not self.whole and limit_bytes > 0:
            limit_bytes -= len((await self()).get("body", b""))


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _unauthorized(message: str, code: str | None = None) -> wire.JsonAnswer:
    return wire.refusal(
        RefusalError(401, message, code=code), headers={"www-authenticate": "Bearer"}
    )
