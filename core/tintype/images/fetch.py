"""Images from the web, without becoming somebody's way into the local network.

A dataset is untrusted: its URLs may name this machine, the router, or a cloud's metadata service
(server-side request forgery). So the name is resolved here, every address is judged, and the
connection goes to the very address that was judged (a second look-up could answer differently).
Redirects are followed by hand and judged again. Proxies of the environment are not used, because a
proxy would resolve the name again, out of sight; where one is set, the error says so. What arrives
is bytes: it is neither decompressed nor interpreted.

Two errors are told apart. What the host says (404, a file too large) anyone will meet, the provider
too. What this machine meets on the way (no name server, no route, a time limit) says nothing of
what the provider will get.
"""

import asyncio
import functools
import importlib
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from tintype.errors import DatasetError

if TYPE_CHECKING:
    import httpx2

MAX_REDIRECTS = 3
_MOST_CHARS = 8_000
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_PORTS = {"http": 80, "https": 443}
_KEPT = "/:@!$&'()*+,;=-._~%?[]"
_HEADERS = {"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity", "User-Agent": "tintype"}

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_LOCAL = frozenset({"localhost", "local", "internal", "lan"})
_PASSING = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses that a second try, or another client, may not meet."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotReached(DatasetError):
    """This machine could not get at an image; whether others can is not known."""


async def fetch(
    url: str, *, max_bytes: int, timeout_s: float, allow_private: bool = False
) -> bytes:
    """Download what an http or https URL names.

    Args:
        url: From a dataset, so anything at all.
        max_bytes: More than this is not read.
        timeout_s: For everything together, redirects included.
        allow_private: Also reach loopback and local networks. For tests and for images that a
            person serves to himself; never for what others send.

    Raises:
        NotReached: `not reached: …` if the failure is one of this machine or of the moment.
        DatasetError: `inaccessible URL: …` if the host refuses, or no URL leads there. Both give
            the reason, and show the URL without its query, where signed URLs carry their key.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _follow(url, max_bytes, allow_private)
    except TimeoutError as error:
        raise _not_reached(url, f"no answer within {timeout_s:g} s") from error


async def _follow(url: str, max_bytes: int, allow_private: bool) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        async with _get(url, allow_private) as response:
            if not response.has_redirect_location:
                return await _body(url, response, max_bytes)
            url = _next(url, response.headers["location"])
    _refuse(url, f"more than {MAX_REDIRECTS} redirects")


def _next(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise _inaccessible(url, "it redirects to something that is not a URL") from error


@asynccontextmanager
async def _get(url: str, allow_private: bool) -> "AsyncIterator[httpx2.Response]":
    target = _parse(url)
    address = await _resolve(url, target, allow_private)
    context = await asyncio.to_thread(_context)
    import httpx2

    pinned = httpx2.URL(
        scheme=target.scheme, host=str(address), port=target.port, raw_path=target.path
    )
    headers = {**_HEADERS, "Host": target.authority}
    try:
        async with (
            httpx2.AsyncClient(
                verify=context, trust_env=False, timeout=None, follow_redirects=False
            ) as client,
            client.stream(
                "GET", pinned, headers=headers, extensions={"sni_hostname": target.host}
            ) as response,
        ):
            yield response
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise _not_reached(url, _cause(error)) from error


async def _body(url: str, response: "httpx2.Response", max_bytes: int) -> bytes:
    status = response.status_code
    if status in _PASSING:
        raise _not_reached(url, f"the server answered {status}, which may be temporary")
    if status != 200:
        _refuse(url, f"the server answered {status}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        reason = "the server compressed the answer although it was asked not to"
        raise _not_reached(url, reason)
    announced = response.headers.get("content-length", "")
    too_much = f"more than {max_bytes:,} bytes"
    if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
        _refuse(url, too_much)
    body = bytearray()
    async for block in response.aiter_raw():
        body += block
        if len(body) > max_bytes:
            _refuse(url, too_much)
    return bytes(body)


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    """In ASCII: international names in their xn-- form."""
    port: int
    authority: str
    """As the Host header wants it."""
    path: bytes


def _parse(url: str) -> _Target:
    """Take apart a URL that may be fetched at all."""
    if len(url) > _MOST_CHARS:
        _refuse(url, f"longer than {_MOST_CHARS:,} characters")
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        _refuse(url, "it contains spaces or control characters")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port, path = parts.port, _raw_path(parts)
    except ValueError as error:  # UnicodeError is one
        raise _inaccessible(url, "it is not a URL") from error
    if parts.scheme not in ("http", "https"):
        _refuse(url, "only http and https are fetched")
    if not host:
        _refuse(url, "it has no host")
    if "@" in parts.netloc:
        _refuse(url, "it contains a user name or password")
    named = f"[{host}]" if ":" in host else host
    authority = named if port is None else f"{named}:{port}"
    return _Target(parts.scheme, host, port or _PORTS[parts.scheme], authority, path)


def _raw_path(parts: SplitResult) -> bytes:
    path = quote(parts.path or "/", safe=_KEPT)
    return (f"{path}?{quote(parts.query, safe=_KEPT)}" if parts.query else path).encode("ascii")


async def _resolve(url: str, target: _Target, allow_private: bool) -> Address:
    """The address to connect to, judged. Hosts such as 0x7f.1 are numbers to the resolver too."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    except (OSError, ValueError) as error:  # UnicodeError is a ValueError
        raise _not_reached(url, "the host name cannot be resolved") from error
    if not addresses:
        raise _not_reached(url, "the host name cannot be resolved")
    # One bad address among good ones is an attack or a mistake; neither is a reason to go on.
    if not allow_private and not all(is_public(address) for address in addresses):
        if _leads_nowhere_else(target.host):
            _refuse(url, "the address is private")
        raise _not_reached(url, "the address is private here")
    return addresses[0]


def _leads_nowhere_else(host: str) -> bool:
    """Whether a host means the same address for everybody: a number, or a local name."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return ":" in host or last in _LOCAL or re.fullmatch(r"0x[0-9a-f]*|\d+", last) is not None


def is_public(address: Address) -> bool:
    """Whether an address is out on the internet: not this machine, not a local network."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address in _LOCAL_NAT64 or address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )


@functools.cache
def _context() -> ssl.SSLContext:
    # Reads every root certificate: 10 ms and more, so once and in a thread. httpx2 is imported
    # here for the same reason.
    importlib.import_module("httpx2")
    return ssl.create_default_context()


def _cause(error: Exception) -> str:
    import httpx2

    causes: tuple[tuple[type[Exception], str], ...] = (
        (httpx2.ConnectError, "no connection"),
        (httpx2.TimeoutException, "no answer in time"),
        (httpx2.ProtocolError, "the answer is not HTTP"),
        (httpx2.NetworkError, "the connection was lost"),
    )
    return next((words for kind, words in causes if isinstance(error, kind)), "the request failed")


def _refuse(url: str, reason: str) -> NoReturn:
    raise _inaccessible(url, reason)


def _inaccessible(url: str, reason: str) -> DatasetError:
    return DatasetError(f"inaccessible URL: {reason} ({_shown(url)})")


def _not_reached(url: str, reason: str) -> NotReached:
    proxy = next((name for name in _PROXIES if os.environ.get(name)), "")
    unused = f"; {proxy} is set, but images are fetched without a proxy" if proxy else ""
    return NotReached(f"not reached: {reason}{unused} ({_shown(url)})")


def _shown(url: str) -> str:
    """The URL without user, query and fragment, printable and short."""
    bare = url.partition("#")[0].partition("?")[0]
    scheme, separator, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    shown = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
    shown = "".join(char if char.isprintable() else "�" for char in shown)
    return shown if len(shown) <= 120 else f"{shown[:119]}…"
