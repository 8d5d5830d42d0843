"""Clients that hold connections half open, send too slowly, too much, or go away."""

import http.client
import json
import logging
import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tintype.server import address, connections
from tintype.server.run import Running

PATIENCE_S = 60.0
"""For a machine under load; a test that passes never waits that long."""


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    monkeypatch.setattr(connections, "BODY_WINDOW_S", 0.3)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)


@pytest.fixture
def impatient(hurry: None, provider: Running) -> Running:
    """A server that waits for nobody and takes twenty connections."""
    return provider


def line(running: Running, sent: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE_S)
    opened.sendall(sent)
    return opened


def ended(opened: socket.socket) -> bool:
    """Whether the server has closed a connection, which it has a minute for, without a word."""
    try:
        return opened.recv(1024) == b""
    except ConnectionResetError:
        return True


def refused(opened: socket.socket, status: int) -> dict[str, Any]:
    """The error with which the server refuses a request and closes its connection."""
    answer = b"".join(iter(lambda: opened.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"content-type: application/json" in head
    error: dict[str, Any] = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def asked(running: Running, path: str, *headers: str) -> bytes:
    """The head of a POST request."""
    lines = [
        f"POST /v1/{path} HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {running.token}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def answers(running: Running) -> bool:
    key = {"authorization": f"Bearer {running.token}"}
    return httpx2.get(f"{running.url}/models", headers=key, timeout=PATIENCE_S).status_code == 200


def test_a_connection_must_ask_soon(impatient: Running) -> None:
    with line(impatient, b"") as opened:
        assert ended(opened)


@pytest.mark.parametrize(
    "sent", [b"GET /v1/models HT", b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: "]
)
def test_a_head_must_come_soon(impatient: Running, sent: bytes) -> None:
    with line(impatient, sent) as opened:
        assert refused(opened, 408)["code"] == "request_timeout"


def test_a_head_that_trickles_must_come_soon_all_the_same(impatient: Running) -> None:
    with line(impatient, b"GET /v1/models HTTP/1.1\r\n") as opened:
        end_s = time.monotonic() + PATIENCE_S
        opened.settimeout(0.05)
        while time.monotonic() < end_s:
            try:
                opened.sendall(b"a: b\r\n")
                if opened.recv(1024).startswith(b"HTTP/1.1 408 "):
                    return
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                return
        pytest.fail("it was waited for")


def test_a_body_must_keep_a_pace(impatient: Running) -> None:
    head = asked(
        impatient,
        "chat/completions",
        "content-type: application/json",
        "content-length: 100000",
    )
    with line(impatient, head + b"{") as opened:
        assert refused(opened, 408)["code"] == "request_timeout"


def test_a_head_that_is_too_large_is_refused_as_errors_are(provider: Running) -> None:
    with line(provider, asked(provider, "models", "x: " + "y" * 1_000_000)) as opened:
        error = refused(opened, 431)
    assert error["code"] == "request_header_fields_too_large"
    assert "at most 65,536 bytes" in error["message"]


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET /v1/models HTTP/1.1\r\na b: c\r\n\r\n"],
    ids=["TLS", "a wrong header"],
)
def test_what_is_no_http_is_refused_as_errors_are(provider: Running, sent: bytes) -> None:
    with line(provider, sent) as opened:
        assert refused(opened, 400)["code"] == "invalid_http"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("chat/completions", "application/json"), ("files", "multipart/form-data; boundary=x")],
)
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    provider: Running, path: str, kind: str
) -> None:
    head = asked(provider, path, f"content-type: {kind}", "content-length: 900000000000")
    with line(provider, head) as opened:
        status, headers, body = read_answer(opened)
        assert (status, body["code"]) == (413, "request_too_large")
        assert headers["content-type"] == "application/json"


def test_why_a_body_is_refused_is_read_by_a_client_that_sends_all_of_it_first(
    provider: Running,
) -> None:
    size = 40_000_000
    head = asked(provider, "nowhere", f"content-length: {size}", "connection: close")
    with line(provider, head) as opened:
        opened.sendall(b"x" * size)
        status, _, error = read_answer(opened)
        assert status == 404
        assert "Invalid URL" in error["message"]


def read_answer(opened: socket.socket) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and error of an answer, without waiting for the connection's end."""
    answer = http.client.HTTPResponse(opened)
    answer.begin()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, json.loads(answer.read())["error"]


def test_half_open_connections_give_way_to_whoever_asks(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 2 * PATIENCE_S)
    with ExitStack() as stack:
        opened = [stack.enter_context(line(impatient, b"GET /v1/mod")) for _ in range(60)]
        assert answers(impatient)
        assert ended(opened[0])


def test_a_server_that_is_full_says_so(impatient: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_WINDOW_S", 2 * PATIENCE_S)
    bodies = ("content-type: application/json", "content-length: 9", "expect: 100-continue")
    with ExitStack() as stack:
        for _ in range(20):
            opened = stack.enter_context(
                line(impatient, asked(impatient, "chat/completions", *bodies))
            )
            assert opened.recv(1024).startswith(b"HTTP/1.1 100 ")
        with line(impatient, b"") as one_more:
            assert refused(one_more, 503)["code"] == "too_many_connections"


def test_the_limit_lies_below_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda what: (256, 512))
    monkeypatch.setattr(resource, "setrlimit", lambda what, to: raised.append(to))
    assert connections.connection_limit() == 512 - connections.SPARE_DESCRIPTORS
    assert raised == [(512, 512)]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 3_000_000,
        b"[" + b"[]," * 2_000_000,
        b"[" + b'"a",' * 2_000_000,
        b'{"a": [' + b"1," * 3_000_000,
    ],
    ids=["deep", "empty arrays", "strings", "numbers"],
)
def test_json_of_too_many_values_is_refused_before_it_is_parsed(
    http: httpx2.Client, error_of: Callable[..., Any], body: bytes
) -> None:
    answer = http.post(
        "/chat/completions", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert "too many values" in error_of(answer)["message"]


def test_a_text_full_of_brackets_is_no_lot_of_values(http: httpx2.Client) -> None:
    text = '[{,"' * 200_000
    messages = [{"role": "user", "content": text}]
    answer = http.post("/chat/completions", json={"model": "scripted", "messages": messages})
    assert answer.status_code == 200


def test_a_client_that_goes_away_is_no_bug(
    http: httpx2.Client,
    until: Callable[..., Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stopped = tmp_path / "stopped"
    question = [{"role": "user", "content": f"until {stopped}"}]
    body = {"model": "scripted", "messages": question, "stream": True}
    with (
        caplog.at_level(logging.WARNING),
        http.stream("POST", "/chat/completions", json=body) as answer,
    ):
        next(answer.iter_lines())
    until(stopped.exists)
    assert http.get("/models").status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_log_is_put_aside_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "LOG_BYTES", 100)
    log = tmp_path / "server.log"
    with log.open("a") as writer:
        writer.write("x" * 200)
        writer.flush()
        address.rotate_log(log)
        writer.write("after")
        writer.flush()
    assert log.read_text() == "after"
    assert log.with_name("server.log.1").read_text() == "x" * 200


def test_many_large_images_are_shrunk_so_that_memory_is_bounded(
    http: httpx2.Client, image: Callable[..., str]
) -> None:
    large = image(size=(3000, 3000), format="JPEG")
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": large}}] * 16
    content = [*parts, {"type": "text", "text": "How large?"}]
    asked = {"model": "scripted", "messages": [{"role": "user", "content": content}]}
    answer = http.post(
        "/chat/completions", content=json.dumps(asked), headers={"content-type": "application/json"}
    )
    sizes = answer.json()["choices"][0]["message"]["content"].split()
    assert sizes == ["512x512"] * 16
