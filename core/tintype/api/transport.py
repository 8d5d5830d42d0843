# ruff: noqa: D102 - the methods are those of their base classes
"""The HTTP below the driver: bounded answers, slices of files, and why there was no answer."""

import io
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

import httpx2

from tintype.api.base import Patience, Sent
from tintype.api.proxies import is_this_machine
from tintype.api.silence import Silence
from tintype.errors import DatasetError, SettingsError

ANSWER_BYTES = 16 << 20
_STREAM_BYTES = 64 << 20
_REFUSAL_BYTES = 64 << 10

limit_bytes: ContextVar[int] = ContextVar("limit_bytes", default=ANSWER_BYTES)
"""How long the answer to the request being made may be."""


class _TooLongError(httpx2.RequestError):
    """The answer goes on beyond its limit."""


class _EncodedError(httpx2.RequestError):
    """The answer is compressed, which was not asked for."""


def http_client(base_url: str, patience: Patience) -> httpx2.AsyncClient:
    """Make a client that follows no redirect and reads no answer without end.

    Proxies and certificate authorities come from the environment (HTTPS_PROXY, NO_PROXY,
    SSL_CERT_FILE), except for this very machine: a token for the embedded provider has no business
    in a proxy. Idle connections are dropped before uvicorn's 5 s do it, or a request would now and
    then meet a connection that is just being closed.

    Raises:
        SettingsError: if a proxy or certificate variable cannot be used.
    """
    try:
        return httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity", "User-Agent": "tintype"},
            follow_redirects=False,
            timeout=httpx2.Timeout(patience.answer_s, connect=patience.connect_s),
            limits=httpx2.Limits(max_connections=256, keepalive_expiry=4.0),
            trust_env=not is_this_machine(base_url),
            # Certificates take 30 ms to load, and without TLS on this machine nobody reads them.
            verify=not (is_this_machine(base_url) and base_url.startswith("http://")),
            event_hooks={"response": [_bound]},
        )
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise SettingsError(
            "The proxy or certificate settings of the environment cannot be used "
            f"({type(error).__name__}).",
            advice="Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error


async def _bound(response: httpx2.Response) -> None:
    """Put a limit on what is about to be read."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _EncodedError("compressed", request=response.request)
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        return
    refusal = response.status_code >= 300
    limit = _REFUSAL_BYTES if refusal else limit_bytes.get()
    if not refusal and "event-stream" in response.headers.get("content-type", ""):
        limit = _STREAM_BYTES
    response.stream = _Bounded(response.stream, limit, response.request, cut_short=refusal)


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends at its limit: quietly for a refusal, whose beginning says it all."""

    def __init__(
        self,
        inner: httpx2.AsyncByteStream,
        limit: int,
        request: httpx2.Request,
        *,
        cut_short: bool,
    ) -> None:
        self._inner, self._limit, self._request = inner, limit, request
        self._cut_short = cut_short

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._limit
        async for chunk in self._inner:
            if len(chunk) > left:
                if self._cut_short:
                    yield chunk[:left]
                    return
                raise _TooLongError("too long", request=self._request)
            left -= len(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


class Slice(io.RawIOBase):
    """Part of a file as a body, telling how far it has been read.

    It has no `fileno`, or the HTTP library would take the whole file's length for its own. The
    library reads it on the event loop, 64 KiB at a time: some 20 µs from the page cache.
    """

    def __init__(self, file: BinaryIO, offset: int, size_bytes: int, sent: Sent) -> None:
        super().__init__()
        self._file, self._offset, self._size = file, offset, size_bytes
        self._at = 0
        self._sent = sent

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        self._file.seek(self._offset + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        self._sent(self._at)
        return len(data)


def opened(path: Path) -> BinaryIO:
    """Open a file to send.

    Raises:
        DatasetError: if it cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", path=path) from error


def silence(error: BaseException) -> tuple[Silence, str]:
    """Tell why there was no answer, and the detail worth showing."""
    links = list(_links(error))
    for link in links:
        for kinds, why in _KINDS:
            if isinstance(link, kinds):
                return why, ""
    return "other", str(links[0]) or type(links[0]).__name__


_KINDS: tuple[tuple[tuple[type[BaseException], ...], Silence], ...] = (
    ((_TooLongError,), "too_long"),
    ((_EncodedError, httpx2.DecodingError), "encoding"),
    ((socket.gaierror,), "name"),
    ((ssl.SSLCertVerificationError,), "certificate"),
    ((ssl.SSLError,), "tls"),
    ((ConnectionRefusedError,), "refused"),
    ((httpx2.ProxyError,), "proxy"),
    ((httpx2.ConnectTimeout, httpx2.PoolTimeout), "connect_timeout"),
    ((httpx2.TimeoutException, TimeoutError), "answer_timeout"),
    ((httpx2.ReadError, httpx2.WriteError, httpx2.CloseError), "cut"),
    ((httpx2.RemoteProtocolError,), "cut"),
)
"""What an error in the chain tells; the chain is walked from its root, where the cause is."""


def _links(error: BaseException) -> Iterator[BaseException]:
    """Walk an error's causes, the first cause first."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        if isinstance(link, BaseExceptionGroup):
            seen.extend(link.exceptions)
        link = link.__cause__ or link.__context__
    yield from reversed(seen)
