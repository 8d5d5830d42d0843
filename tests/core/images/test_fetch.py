"""Images are fetched from the internet only, in bounds, and never from inside."""

import asyncio
import gzip
import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.errors import DatasetError
from tintype.images.fetch import NotReached, fetch, is_public

Answer = Callable[[str], bytes | Awaitable[bytes]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[str, list[str]]]:
    """A server on loopback that sends raw bytes; yields its base URL and the requests it saw."""
    seen: list[str] = []
    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            seen.append(request)
            raw = answer(request.split(" ", 2)[1])
            writer.write(raw if isinstance(raw, bytes) else await raw)
            await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def get(url: str, *, max_bytes: int = 10_000, timeout_s: float = 10) -> bytes:
    return await fetch(url, max_bytes=max_bytes, timeout_s=timeout_s, allow_private=True)


async def test_the_bytes_of_the_answer_come_back_as_they_are() -> None:
    async with serving(lambda path: ok(b"image " + path.encode())) as (base, seen):
        assert await get(f"{base}/a%20b.png?sig=x%2Fy&z") == b"image /a%20b.png?sig=x%2Fy&z"
    assert f"Host: {base.removeprefix('http://')}" in seen[0]
    assert "Accept-Encoding: identity" in seen[0]
    assert "cookie" not in seen[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://localhost/a.png",
        "http://[::1]/a.png",
        "http://10.0.0.1/a.png",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "https://224.0.0.1/",
        "http://255.255.255.255/",
        "http://100.64.0.1/",
    ],
)
async def test_addresses_inside_are_refused(url: str) -> None:
    with pytest.raises(DatasetError, match="inaccessible URL: the address is private"):
        await fetch(url, max_bytes=10, timeout_s=10)


async def test_a_public_name_that_resolves_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in ("8.8.8.8", "10.0.0.9")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(DatasetError, match="the address is private"):
        await fetch("http://images.example/a.png", max_bytes=10, timeout_s=10)


async def test_the_connection_goes_to_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(lambda path: ok(b"pinned")) as (base, seen):
        port = int(base.rpartition(":")[2])
        look_ups: list[str] = []

        def resolve(host: str, *args: object, **kwargs: object) -> list[object]:
            look_ups.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert await get(f"http://images.example:{port}/a") == b"pinned"
    assert look_ups.count("images.example") == 1
    assert f"Host: images.example:{port}" in seen[0]


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def test_redirects_are_followed_three_times_and_no_more() -> None:
    def answer(path: str) -> bytes:
        left = int(path.removeprefix("/"))
        return redirect(f"/{left - 1}") if left else ok(b"there")

    async with serving(answer) as (base, _):
        assert await get(f"{base}/3") == b"there"
        with pytest.raises(DatasetError, match="more than 3 redirects"):
            await get(f"{base}/4")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.com/", "only http and https"),
        ("http://[broken", "not a URL"),
        ("http://user:secret@127.0.0.1/", "user name"),
    ],
)
async def test_a_redirect_is_judged_like_the_first_url(location: str, reason: str) -> None:
    async with serving(lambda path: redirect(location)) as (base, _):
        with pytest.raises(DatasetError, match=reason) as caught:
            await get(f"{base}/a")
    assert "secret" not in str(caught.value)


async def test_a_redirect_into_the_local_network_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(lambda path: redirect("http://169.254.169.254/")) as (base, _):
        module = sys.modules["tintype.images.fetch"]
        monkeypatch.setattr(module, "is_public", lambda address: str(address) == "127.0.0.1")
        with pytest.raises(DatasetError, match="the address is private"):
            await fetch(f"{base}/a", max_bytes=10, timeout_s=10)


async def test_an_announced_size_over_the_limit_is_not_read() -> None:
    async with serving(lambda path: ok(bytes(20_000))) as (base, _):
        with pytest.raises(DatasetError, match="more than 10,000 bytes"):
            await get(f"{base}/a")


async def test_an_unannounced_flood_is_cut_off_at_the_limit() -> None:
    flood = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(5_000_000)
    async with serving(lambda path: flood) as (base, _):
        with pytest.raises(DatasetError, match="more than 10,000 bytes"):
            await get(f"{base}/a")


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(1_000_000))
    async with serving(lambda path: ok(bomb, "Content-Encoding: gzip")) as (base, _):
        with pytest.raises(DatasetError, match="compressed"):
            await get(f"{base}/a")


async def test_a_server_that_never_answers_times_out() -> None:
    async def never() -> bytes:
        await asyncio.Event().wait()
        return b""

    async with serving(lambda path: never()) as (base, _):
        with pytest.raises(DatasetError, match=r"no answer within 0\.05 s"):
            await get(f"{base}/a", timeout_s=0.05)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", "answered 206"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "not HTTP"),
        (b"", "not HTTP"),
    ],
)
async def test_a_failing_server_is_named(raw: bytes, reason: str) -> None:
    async with serving(lambda path: raw) as (base, _):
        with pytest.raises(DatasetError, match=reason):
            await get(f"{base}/a")


async def test_a_proxy_that_is_set_is_said_to_be_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with pytest.raises(NotReached, match="HTTPS_PROXY is set, but images are fetched without"):
        await get("http://127.0.0.1:1/a.png")


async def test_a_closed_port_is_named() -> None:
    async with serving(lambda path: b"") as (base, _):
        pass
    with pytest.raises(DatasetError, match="no connection"):
        await get(f"{base}/a")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AA==",
        "http://",
        "http://user:hunter2@example.com/",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://a..b/",
        "http://\ud800/",
        "http://example.com/" + "a" * 9_000,
    ],
)
async def test_what_is_no_fetchable_url_is_refused_without_a_connection(url: str) -> None:
    with pytest.raises(DatasetError, match="inaccessible URL") as caught:
        await fetch(url, max_bytes=10, timeout_s=10)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 300


async def test_the_key_of_a_signed_url_is_not_shown() -> None:
    with pytest.raises(DatasetError) as caught:
        await fetch("http://10.0.0.1/a.png?sig=topsecret#topsecret", max_bytes=1, timeout_s=1)
    assert "topsecret" not in str(caught.value)
    assert "10.0.0.1/a.png" in str(caught.value)


@given(st.text(max_size=60))
async def test_any_text_is_refused_in_a_sentence(text: str) -> None:
    for url in (text, f"http://127.0.0.1:1/{text}"):
        with pytest.raises(DatasetError, match=r"^(inaccessible URL|not reached): "):
            await fetch(url, max_bytes=1, timeout_s=5)


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_no_private_address_counts_as_public(address: ipaddress.IPv4Address) -> None:
    assert not is_public(address)


def test_ordinary_addresses_are_public() -> None:
    for text in ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"):
        assert is_public(ipaddress.ip_address(text))
