"""Who is let in, and what every answer bears."""

import socket
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tintype.server.gate import Gate
from tintype.server.provider import Activity
from tintype.server.run import Running

ErrorOf = Callable[[httpx2.Response], dict[str, Any]]


@pytest.fixture
def provider(lasting_provider: Running) -> Running:
    """These tests can share a server."""
    return lasting_provider


def test_without_a_key_nothing_is_answered(provider: Running, error_of: ErrorOf) -> None:
    for path in ("/v1/models", "/v1/nonsense", "/tintype/status", "/"):
        answer = httpx2.get(provider.url.removesuffix("/v1") + path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert error_of(answer)["message"].startswith("You didn't provide an API key.")


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer x {token}"]
)
def test_a_wrong_key_is_refused_and_not_repeated(
    provider: Running, error_of: ErrorOf, header: str
) -> None:
    shown = header.format(token=provider.token)
    answer = httpx2.get(f"{provider.url}/models", headers={"authorization": shown})
    assert answer.status_code == 401
    assert error_of(answer)["type"] == "invalid_request_error"
    assert provider.token not in answer.text
    assert "wrong" not in answer.text


@pytest.mark.parametrize("key", [b"\xff\xfe", "schl\u00fcssel".encode(), b"x" * 30_000])
def test_a_key_of_any_bytes_is_refused_like_a_wrong_one(
    provider: Running, error_of: ErrorOf, key: bytes
) -> None:
    answer = httpx2.get(f"{provider.url}/models", headers={b"authorization": b"Bearer " + key})
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "invalid_api_key"


def test_the_scheme_of_the_key_may_be_written_small(provider: Running) -> None:
    headers = {"authorization": f"bearer {provider.token}"}
    assert httpx2.get(f"{provider.url}/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("localhost.:1234", 200),
        ("127.0.0.1:9", 200),
        ("127.1.2.3", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.io:8000", 421),
        ("192.168.1.5", 421),
        ("", 421),
        ("localhost:x", 421),
    ],
)
def test_only_a_name_of_this_machine_is_answered(
    http: httpx2.Client, error_of: ErrorOf, host: str, status: int
) -> None:
    answer = http.get("/models", headers={"host": host})
    assert answer.status_code == status
    if status == 421:
        assert error_of(answer)["code"] == "unknown_host"


def test_a_public_server_is_known_by_addresses_and_by_names_it_was_given() -> None:
    async def app(*anything: object) -> None: ...

    gate = Gate(app, token="t", hosts=["box.local"], loopback=False, activity=Activity())
    for host, own in (("10.0.0.7:80", True), ("[fe80::1]", True), ("box.local", True)):
        assert gate._is_own(host) is own
    assert not gate._is_own("evil.example")


def test_every_answer_bears_its_id_and_how_long_it_took(http: httpx2.Client) -> None:
    first, second = http.get("/models"), http.get("/models/nope")
    for answer in (first, second):
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["openai-processing-ms"].isdigit()
        assert answer.headers["openai-version"] == "2020-10-01"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert not [name for name in first.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/files", {"GET", "HEAD", "POST"}),
        ("PATCH", "/fine_tuning/jobs", {"GET", "HEAD", "POST"}),
        ("GET", "/uploads", {"POST"}),
        ("OPTIONS", "/chat/completions", {"GET", "HEAD", "POST"}),
        ("DELETE", "/fine_tuning/jobs/x/cancel", {"POST"}),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    http: httpx2.Client, error_of: ErrorOf, method: str, path: str, allowed: set[str]
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert error_of(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/nope", "/models/", "/files/a/b", "/../files", "/%00"])
def test_an_unknown_path_is_not_found(http: httpx2.Client, error_of: ErrorOf, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    error_of(answer)


UNSOUND = {
    "empty": b"",
    "nonsense": b"nonsense",
    "array": b"[]",
    "text": b'"text"',
    "null": b"null",
    "nan": b'{"model": NaN}',
    "infinity": b'{"x": -Infinity}',
    "half a surrogate pair": b'{"model": "\\ud800"}',
    "cut off": b'{"model": "scripted"',
    "utf-16": '{"model": "a"}'.encode("utf-16"),
    "bottomless": b'{"a": ' * 100_000,
    "deep": b'{"a":' * 70 + b"1" + b"}" * 70,
    "endless number": b'{"a": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", UNSOUND.values(), ids=UNSOUND)
def test_a_body_that_is_no_sound_json_object_is_refused(
    http: httpx2.Client, error_of: ErrorOf, body: bytes
) -> None:
    for path in ("/chat/completions", "/fine_tuning/jobs", "/uploads"):
        answer = http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        error_of(answer)


def test_a_body_of_another_type_is_refused(http: httpx2.Client, error_of: ErrorOf) -> None:
    answer = http.post("/uploads", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "unsupported_content_type"


def test_a_body_that_is_too_large_is_refused(http: httpx2.Client, error_of: ErrorOf) -> None:
    body = b'{"model": "' + b"x" * 3_000_000 + b'"}'
    answer = http.post(
        "/fine_tuning/jobs", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "request_too_large"


Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = ["model", "messages", "training_file", "method", "hyperparameters", "metadata", "stop", "n"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(["/chat/completions", "/fine_tuning/jobs", "/uploads"]),
    body=st.dictionaries(st.sampled_from(NAMES) | st.text(), Json),
)
def test_no_json_brings_the_server_down(
    http: httpx2.Client, path: str, body: dict[str, Any]
) -> None:
    asked = {"model": "scripted", **body} if path == "/chat/completions" else body
    answer = http.post(path, json=asked)
    assert answer.status_code in (200, 400, 404)


def test_what_is_no_http_is_turned_away_and_the_server_goes_on(
    provider: Running, http: httpx2.Client
) -> None:
    for nonsense in (b"\x16\x03\x01\x00\xa5", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70_000):
        with socket.create_connection(("127.0.0.1", provider.port), timeout=60) as line:
            line.sendall(nonsense)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
    assert http.get("/models").status_code == 200
