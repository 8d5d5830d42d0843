"""Clients that hold connections half open, send too slowly, too much, or go away."""

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
    """Whether the server has closed a connection, which it has a minute for."""
    try:
        return opened.recv(1024) == b""
    except ConnectionResetError:
        return True


def answers(running: Running) -> bool:
    key = {"authorization": f"Bearer {running.token}"}
    return httpx2.get(f"{running.url}/models", headers=key, timeout=PATIENCE_S).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /v1/models HT", b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: "],
)
def test_a_head_must_come_soon(impatient: Running, sent: bytes) -> None:
    with line(impatient, sent) as opened:
        assert ended(opened)


def test_a_head_that_trickles_must_come_soon_all_the_same(impatient: Running) -> None:
    with line(impatient, b"GET /v1/models HTTP/1.1\r\n") as opened:
        end_s = time.monotonic() + PATIENCE_S
        opened.settimeout(0.05)
        while time.monotonic() < end_s:
            try:
                opened.sendall(b"a: b\r\n")
                if opened.recv(1024) == b"":
                    return
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                return
        pytest.fail("it was waited for")


def test_a_body_must_keep_a_pace(impatient: Running) -> None:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {impatient.token}\r\ncontent-type: application/json\r\n"
        "content-length: 100000\r\n\r\n{"
    )
    with line(impatient, head.encode()) as opened:
        assert ended(opened)


def test_half_open_connections_give_way_to_whoever_asks(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 2 * PATIENCE_S)
    with ExitStack() as stack:
        opened = [stack.enter_context(line(impatient, b"GET /v1/mod")) for _ in range(60)]
        assert answers(impatient)
        assert ended(opened[0])


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
