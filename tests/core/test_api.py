"""The driver against a provider that misbehaves; that it behaves is tested with the real server."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import math
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.api import Api, ChatPiece, ChatRequest, Patience, Usage, connect, pages, parsing
from tintype.api.proxies import proxy_of
from tintype.api.redaction import HIDDEN, one_line, redact
from tintype.api.wire import events
from tintype.errors import (
    ApiError,
    AuthenticationError,
    DatasetError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    SettingsError,
    UnreachableError,
)
from tintype.resources import Hyperparameters, JobFailure, JobRequest, Page
from tintype.settings import EMBEDDED, OPENAI, Profile, Secret

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "model": "m", "status": "running"}
KEY = "sk-hostile-0123456789"


def error(message: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "param": None, "code": code, **more}}


def sse(*values: str) -> bytes:
    return "".join(f"data: {value}\n\n" for value in values).encode()


STREAM = {"Content-Type": "text/event-stream"}
QUESTION = ChatRequest("m", [{"role": "user", "content": "What is it?"}])


async def heard(hostile: HostileProvider, request: ChatRequest = QUESTION) -> list[ChatPiece]:
    async with hostile.connect() as api:
        return [piece async for piece in api.chat(request)]


async def refusal(
    hostile: HostileProvider, body: Any, status: int, headers: dict[str, str] | None = None
) -> ApiError:
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer(body, status, headers or {}))
    async with hostile.connect() as api:
        with pytest.raises(ApiError) as caught:
            await api.job("ftjob-1")
    return caught.value


async def test_a_wrong_key_is_a_sentence_that_names_where_the_key_came_from(
    hostile: HostileProvider,
) -> None:
    said = await refusal(hostile, error("Incorrect API key provided: sk-ho***6789."), 401)
    assert isinstance(said, AuthenticationError)
    assert "HOSTILE_API_KEY" in str(said)
    assert "sk-ho" not in str(said)


async def test_openai_is_not_asked_without_a_key() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        async with connect(OPENAI, Secret()):
            pass


async def test_the_wind_down_of_fine_tuning_is_explained_with_alternatives(
    hostile: HostileProvider,
) -> None:
    hostile.on(
        "POST",
        "/fine_tuning/jobs",
        hostile.answer(error("OpenAI is winding down …", "training_not_available"), 403),
    )
    async with hostile.connect(provider="openai") as api:
        with pytest.raises(ForbiddenError) as caught:
            await api.create_job(JobRequest("gpt-4o-2024-08-06", "file-1"))
    assert caught.value.code == "training_not_available"
    assert "wound down, for everybody on 2027-01-06" in caught.value.message
    assert "embedded provider" in caught.value.advice
    assert len(hostile.requests) == 1


async def test_other_prohibitions_repeat_the_providers_words(hostile: HostileProvider) -> None:
    said = await refusal(hostile, error("Country not supported"), 403)
    assert isinstance(said, ForbiddenError)
    assert "Country not supported" in said.message


async def test_what_is_missing_is_named(hostile: HostileProvider) -> None:
    said = await refusal(hostile, error("No such job"), 404)
    assert isinstance(said, NotFoundError)
    assert "has no job ftjob" in str(said)
    assert "ftjob-1" in said.message


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_what_a_provider_does_not_offer_is_said_so_and_tried_once(
    hostile: HostileProvider, tmp_path: Path, status: int
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"{}")
    for method in ("GET", "POST"):
        hostile.on(method, "(?s).*", hostile.answer(error("Not Found"), status))
    async with hostile.connect(patience=Patience()) as api:
        for call in (api.models(), api.files(), api.upload_file(path, "fine-tune")):
            with pytest.raises(NotFoundError) as caught:
                await call
            assert f"does not offer this request (HTTP {status})" in caught.value.message
            assert "deleted" not in str(caught.value)
    assert len(hostile.requests) == 3


async def test_no_credit_is_said_whatever_status_says_it(hostile: HostileProvider) -> None:
    said = await refusal(hostile, error("Payment required"), 402)
    assert "no credit left" in said.message


async def test_a_model_that_was_shut_down_is_told_from_one_that_never_was(
    hostile: HostileProvider,
) -> None:
    async def ask(model: str, message: str) -> str:
        body = error(message, "model_not_found")
        hostile.on("POST", "/chat/completions", hostile.answer(body, 404))
        async with hostile.connect(provider="openai") as api:
            with pytest.raises(NotFoundError) as caught:
                async for _ in api.chat(ChatRequest(model, [])):
                    pass
        return str(caught.value)

    gone = await ask("gpt-3.5-turbo-0125", "The model does not exist")
    assert "has shut down the model gpt-3.5-turbo-0125 (2026-10-23)" in gone
    deprecated = await ask("some-model", "The model `some-model` has been deprecated, learn more")
    assert "has shut down the model some-model" in deprecated
    never = await ask("gpt-17", "The model `gpt-17` does not exist")
    assert "has no model gpt-17" in never


@pytest.mark.parametrize(
    ("headers", "message", "wait_s"),
    [
        ({"Retry-After": "7"}, "slow down", 7.0),
        ({"retry-after-ms": "1500", "Retry-After": "7"}, "slow down", 1.5),
        ({}, "Please try again in 20s.", 20.0),
        ({}, "Please try again in 1m30.5s.", 90.5),
        ({}, "Please try again in 250ms.", 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "slow down", 0.0),
        ({"Retry-After": "1e9"}, "slow down", 86_400.0),
        ({"Retry-After": "nan"}, "slow down", None),
        ({"Retry-After": "soon"}, "slow down", None),
        ({}, "slow down", None),
    ],
)
async def test_a_rate_limit_says_how_long_to_wait_and_is_not_retried_in_silence(
    hostile: HostileProvider, headers: dict[str, str], message: str, wait_s: float | None
) -> None:
    said = await refusal(hostile, error(message, "rate_limit_exceeded"), 429, headers)
    assert isinstance(said, RateLimitError)
    assert said.retry_after_s == wait_s
    assert len(hostile.requests) == 1


async def test_no_credit_left_is_told_from_too_fast(hostile: HostileProvider) -> None:
    body = error("You exceeded your current quota", "insufficient_quota")
    said = await refusal(hostile, body, 429, {"Retry-After": "7"})
    assert isinstance(said, RateLimitError)
    assert said.retry_after_s is None
    assert "credit" in said.message


@pytest.mark.parametrize(
    ("status", "word"), [(409, "a conflict"), (413, "too large"), (422, "rejected it")]
)
async def test_other_refusals_are_sentences(
    hostile: HostileProvider, status: int, word: str
) -> None:
    said = await refusal(hostile, error("because"), status)
    assert word in said.message
    assert "because" in said.message
    assert said.status == status


async def test_a_gateways_page_about_size_is_told_as_that(hostile: HostileProvider) -> None:
    said = await refusal(hostile, b"<html>413", 413, {"Content-Type": "text/html"})
    assert "too large" in said.message


async def test_a_fault_of_the_server_is_tried_once_more(
    hostile: HostileProvider, fake_clock: FakeClock
) -> None:
    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", hostile.answer({}, 500), hostile.answer(JOB))
    async with hostile.connect(clock=fake_clock.clock) as api:
        assert (await api.job("ftjob-1")).status == "running"
    assert fake_clock.slept == [0.5]


async def test_a_lasting_fault_of_the_server_is_a_sentence(hostile: HostileProvider) -> None:
    body = b"<html><h1>502 Bad Gateway</h1></html>"
    said = await refusal(hostile, body, 502, {"Content-Type": "text/html"})
    assert "HTTP 502" in said.message
    assert "<" not in str(said)
    assert len(hostile.requests) == 2


async def test_a_disk_without_space_is_said_at_once_because_waiting_does_not_help(
    hostile: HostileProvider,
) -> None:
    said = await refusal(hostile, error("The server has no space left.", "storage"), 507)
    assert "cannot write its files" in said.message
    assert "Free some space" in said.advice
    assert len(hostile.requests) == 1


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"reset": True}, {"cut": True}, {"status": 408}, {"status": 409}]
)
async def test_creating_a_job_is_never_sent_twice(
    hostile: HostileProvider, fault: dict[str, Any]
) -> None:
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(JOB, **fault))
    async with hostile.connect() as api:
        with pytest.raises(ApiError):
            await api.create_job(JobRequest("m", "file-1"))
    assert len(hostile.requests) == 1


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
async def test_a_web_page_in_place_of_json_is_said_to_be_one(
    hostile: HostileProvider, content_type: str
) -> None:
    said = await refusal(
        hostile, b"<!doctype html><p>hello</p>", 200, {"Content-Type": content_type}
    )
    assert isinstance(said, UnreachableError)
    assert "web page" in said.message
    assert "base_url" in said.advice


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"3", b'"x"', b"{}", b'{"id": null}', b"\xff\xfe", b"[" * 100_000],
)
async def test_json_that_is_not_what_was_asked_for_is_a_sentence(
    hostile: HostileProvider, body: bytes
) -> None:
    assert isinstance(await refusal(hostile, body, 200), UnreachableError)


async def test_an_answer_without_end_is_cut_short(hostile: HostileProvider) -> None:
    hostile.on("GET", "/models", hostile.answer(b"[" + b" " * 100_000, endless=True))
    async with hostile.connect() as api:
        with pytest.raises(UnreachableError, match="is too large"):
            await api.models()


async def test_a_refusal_without_end_still_says_what_it_is(hostile: HostileProvider) -> None:
    hostile.on("GET", "/models", hostile.answer(b"no " * 10_000, 403, endless=True))
    async with hostile.connect() as api:
        with pytest.raises(ForbiddenError, match="no no no"):
            await api.models()


async def test_a_file_longer_than_allowed_is_refused(hostile: HostileProvider) -> None:
    hostile.on("GET", "/files/f/content", hostile.answer(b"x" * 2_000))
    async with hostile.connect() as api:
        assert len(await api.file_content("f", max_bytes=2_000)) == 2_000
        with pytest.raises(UnreachableError):
            await api.file_content("f", max_bytes=1_999)


async def test_a_compressed_answer_is_refused_because_it_could_unpack_without_end(
    hostile: HostileProvider,
) -> None:
    said = await refusal(hostile, b"\x1f\x8b", 200, {"Content-Encoding": "gzip"})
    assert "compressed" in said.message
    assert hostile.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_so_the_key_stays_here(
    hostile: HostileProvider, status: int
) -> None:
    there = hostile.url + "/elsewhere?api_key=hunter2"
    said = await refusal(hostile, b"", status, {"Location": there})
    assert isinstance(said, UnreachableError)
    assert "elsewhere" in said.message
    assert "hunter2" not in said.message
    assert len(hostile.requests) == 1


async def test_a_provider_that_is_not_there_is_a_sentence(hostile: HostileProvider) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        async with connect(Profile("p", "compatible", url), Secret("k")) as api:
            with pytest.raises(UnreachableError, match="nothing answers") as caught:
                await api.models()
        assert caught.value.code == "refused"
        async with connect(EMBEDDED, Secret("k"), url) as api:
            with pytest.raises(UnreachableError, match="tintype serve"):
                await api.models()


@pytest.mark.parametrize(
    ("proxy", "means"),
    [
        ("http://me:hunter2@127.0.0.1:9", "nothing answers at http://127.0.0.1:9, the proxy on"),
        ("http://no-such-proxy.invalid:1", "no host of the name in http://no-such-proxy.invalid:1"),
        ("", "the host of http://no-such-host.invalid/v1 is not known"),
    ],
)
async def test_a_proxy_that_is_not_there_is_named(
    proxy: str, means: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    profile = Profile("p", "compatible", "http://no-such-host.invalid/v1")
    async with connect(profile, Secret("k")) as api:
        with pytest.raises(UnreachableError) as caught:
            await api.models()
    assert means in caught.value.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        ("https://api.example/v1", {"ALL_PROXY": "u:p@proxy:8"}, "proxy:8"),
        ("https://api.example/v1", {"HTTP_PROXY": "http://proxy:8"}, ""),
        ("https://api.example/v1", {"HTTPS_PROXY": "http://p:8", "NO_PROXY": ".example"}, ""),
        ("http://127.0.0.1:5/v1", {"HTTP_PROXY": "http://proxy:8"}, ""),
    ],
)
def test_the_proxy_on_the_way(
    url: str, variables: dict[str, str], proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv(name, variables.get(name, ""))
    assert proxy_of(url) == proxy


async def test_an_embedded_provider_that_does_not_run_is_a_sentence() -> None:
    with pytest.raises(UnreachableError, match="not running"):
        async with connect(EMBEDDED, Secret()):
            pass


async def test_a_host_that_does_not_exist_is_a_sentence() -> None:
    profile = Profile("p", "compatible", "http://no-such-host.invalid/v1")
    async with connect(profile, Secret("k")) as api:
        with pytest.raises(UnreachableError) as caught:
            await api.models()
    assert caught.value.code == "name"


async def test_a_server_without_tls_behind_an_https_address_is_a_sentence() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, connect(Profile("p", "compatible", url), Secret("k")) as api:
        with pytest.raises(UnreachableError, match="TLS handshake"):
            await api.models()


async def test_a_provider_that_says_nothing_is_given_up(hostile: HostileProvider) -> None:
    hostile.on("GET", "/models", hostile.answer(hang=True))
    for patience in (Patience(answer_s=0.05), Patience(whole_answer_s=0.05)):
        async with hostile.connect(patience=patience) as api:
            with pytest.raises(UnreachableError, match="did not answer in time"):
                await api.models()


@pytest.mark.parametrize("fault", [{"cut": True}, {"reset": True}])
async def test_a_connection_that_breaks_off_is_tried_once_more(
    hostile: HostileProvider, fault: dict[str, Any]
) -> None:
    hostile.on(
        "GET", "/fine_tuning/jobs/ftjob-1", hostile.answer(JOB, **fault), hostile.answer(JOB)
    )
    async with hostile.connect() as api:
        assert (await api.job("ftjob-1")).id == "ftjob-1"


async def test_proxies_of_the_environment_are_used_but_not_for_this_machine(
    hostile: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.on("GET", "http://provider.example/v1/models", hostile.answer({"data": []}))
    hostile.on("GET", "/models", hostile.answer({"data": []}))
    proxy = hostile.url.removesuffix("/v1")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    far = Profile("far", "compatible", "http://provider.example/v1")
    async with connect(far, Secret("k")) as api:
        await api.models()
    assert hostile.requests[-1].headers["host"] == "provider.example"
    async with hostile.connect() as api:
        await api.models()
    assert hostile.requests[-1].path == "/models"


async def test_a_proxy_setting_that_cannot_be_used_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:70")
    with pytest.raises(SettingsError, match="HTTPS_PROXY"):
        async with connect(Profile("p", "compatible", "https://x.example/v1"), Secret("k")):
            pass


async def test_what_the_environment_says_for_openai_is_not_told_to_others(
    hostile: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.on("GET", "/models", hostile.answer({"data": []}))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-openai")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-openai")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: of-openai\nAuthorization: of-openai")
    async with hostile.connect(key="") as api:
        await api.models()
    assert "of-openai" not in str(hostile.requests[-1])
    async with hostile.connect(provider="openai", organization="org-1", project="proj-1") as api:
        await api.models()
    assert hostile.requests[-1].headers["openai-organization"] == "org-1"
    assert hostile.requests[-1].headers["openai-project"] == "proj-1"


async def test_the_key_is_in_no_error_and_no_log(
    hostile: HostileProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (400, 401, 403, 404, 429, 500):
        echo = error(f"key {KEY} at https://me:pw@x/?api_key={KEY}", f"code-{KEY}", param=KEY)
        said = await refusal(hostile, echo, status)
        assert KEY not in str(said) + repr(said) + repr(vars(said))
    assert "HTTP Request" in caplog.text
    assert KEY not in caplog.text
    assert (await refusal(hostile, {}, 400, {"x-request-id": KEY})).request_id == HIDDEN


async def test_control_characters_from_a_provider_do_not_reach_the_sentence(
    hostile: HostileProvider,
) -> None:
    said = await refusal(hostile, error("bad\x1b]0;owned\x07\u202e\nline" + "x" * 10_000), 400)
    assert "bad ]0;owned line" in said.message
    assert len(said.message) < 500


@pytest.mark.parametrize(
    "body", [{"error": "plain"}, {"message": "plain"}, {"detail": "plain"}, b"plain"]
)
async def test_refusals_in_other_shapes_are_understood(hostile: HostileProvider, body: Any) -> None:
    assert "plain" in (await refusal(hostile, body, 400)).message


async def test_ids_cannot_leave_their_place_in_the_path(hostile: HostileProvider) -> None:
    async with hostile.connect() as api:
        for name in ("../models", "a/b?x=1", "..", "", "#"):
            with pytest.raises(NotFoundError):
                await api.file(name)
    assert all(request.path.startswith("/files/") for request in hostile.requests)


async def test_read_only_mode_sends_nothing_that_spends_or_changes(
    hostile: HostileProvider, tmp_path: Path
) -> None:
    hostile.on("GET", "/models", hostile.answer({"data": []}))
    hostile.on("POST", "/chat/completions", hostile.answer({"choices": [{"message": {}}]}))
    file = tmp_path / "a.jsonl"
    file.touch()
    async with hostile.connect(read_only=True) as api:
        await api.models()
        for call in (
            api.upload_file(file, "fine-tune"),
            api.create_job(JobRequest("m", "f")),
            api.cancel_job("j"),
            api.delete_model("m"),
            anext(api.chat(QUESTION)),
        ):
            with pytest.raises(SettingsError, match="Read-only"):
                await call
    assert len(hostile.requests) == 1


async def test_a_file_is_sent_with_its_name_and_purpose_and_progress(
    hostile: HostileProvider, tmp_path: Path
) -> None:
    hostile.on("POST", "/files", hostile.answer({"id": "file-1", "bytes": 200_000}))
    file = tmp_path / "träin.jsonl"
    file.write_bytes(b"y" * 200_000)
    told: list[int] = []
    async with hostile.connect() as api:
        assert (await api.upload_file(file, "fine-tune", told.append)).id == "file-1"
    assert told[-1] == 200_000
    assert told == sorted(told)
    body = hostile.requests[0].body
    assert b"y" * 200_000 in body
    assert b'name="purpose"\r\n\r\nfine-tune' in body


async def test_a_part_is_the_slice_that_was_asked_for(
    hostile: HostileProvider, tmp_path: Path
) -> None:
    hostile.on("POST", "/uploads/u/parts", hostile.answer({"id": "part-1"}))
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"0123456789")
    async with hostile.connect() as api:
        assert await api.add_part("u", file, 3, 4) == "part-1"
    assert b"\r\n\r\n3456\r\n" in hostile.requests[0].body


async def test_a_file_that_is_gone_is_an_error_of_the_dataset(
    hostile: HostileProvider, tmp_path: Path
) -> None:
    async with hostile.connect() as api:
        with pytest.raises(DatasetError, match="cannot be read"):
            await api.upload_file(tmp_path / "none.jsonl", "fine-tune")


async def test_a_job_is_created_with_what_was_chosen_and_nothing_else(
    hostile: HostileProvider,
) -> None:
    hostile.on("POST", "/fine_tuning/jobs", hostile.answer(JOB))
    async with hostile.connect() as api:
        await api.create_job(JobRequest("m", "file-1"))
        chosen = Hyperparameters(n_epochs=3, batch_size="auto", learning_rate_multiplier=0.5)
        await api.create_job(
            JobRequest("m", "file-1", "file-2", "cards", 7, chosen, {"made_by": "me"})
        )
    assert hostile.requests[0].json == {"model": "m", "training_file": "file-1"}
    assert hostile.requests[1].json == {
        "model": "m",
        "training_file": "file-1",
        "validation_file": "file-2",
        "suffix": "cards",
        "seed": 7,
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 3, "learning_rate_multiplier": 0.5}},
        },
        "metadata": {"made_by": "me"},
    }


async def test_a_streamed_answer_arrives_in_pieces_with_its_usage(
    hostile: HostileProvider,
) -> None:
    body = sse(
        '{"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}',
        '{"choices":[{"index":0,"delta":{"content":"a "}}],"obfuscation":"xx"}',
        '{"choices":[{"index":0,"delta":{"content":"cat"}}]}',
        '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
        '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}',
        "[DONE]",
    )
    hostile.on("POST", "/chat/completions", hostile.answer(body, headers=STREAM))
    pieces = await heard(hostile)
    assert [piece.text for piece in pieces] == ["a ", "cat", "", ""]
    assert pieces[2].finish_reason == "stop"
    assert pieces[3].usage == Usage(9, 2)
    assert hostile.requests[0].json["stream_options"] == {"include_usage": True}


async def test_a_provider_that_does_not_stream_answers_in_one_piece(
    hostile: HostileProvider,
) -> None:
    whole = {
        "choices": [{"message": {"content": "a cat"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2},
    }
    hostile.on("POST", "/chat/completions", hostile.answer(whole))
    expected = [ChatPiece("a cat", finish_reason="stop"), ChatPiece(usage=Usage(9, 2))]
    assert await heard(hostile) == expected
    assert await heard(hostile, ChatRequest("m", [], stream=False)) == expected


async def test_what_a_provider_turns_down_by_name_is_left_out(hostile: HostileProvider) -> None:
    whole = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}
    hostile.on(
        "POST",
        "/chat/completions",
        hostile.answer(error("Unrecognized argument: stream_options"), 400),
        hostile.answer(error("max_tokens: use max_completion_tokens instead"), 400),
        hostile.answer(error("Streaming is not supported here"), 422),
        hostile.answer(whole),
    )
    pieces = await heard(hostile, ChatRequest("m", [], max_tokens=5))
    assert pieces[0].text == "yes"
    assert hostile.requests[-1].json == {
        "model": "m",
        "messages": [],
        "max_completion_tokens": 5,
        "stream": False,
    }


async def test_what_a_model_answered_without_is_left_out_of_its_next_questions(
    hostile: HostileProvider,
) -> None:
    whole = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}

    def answer(request: Any) -> Any:
        if "stream_options" in request.json:
            return hostile.answer(error("Unrecognized argument: stream_options"), 400)
        if "max_tokens" in request.json and request.json["model"] == "m":
            return hostile.answer(error("max_tokens: use max_completion_tokens instead"), 400)
        return hostile.answer(whole)

    hostile.on("POST", "/chat/completions", answer)
    async with hostile.connect() as api:
        for model in ("m", "m", "other", "m", "other"):
            asked = ChatRequest(model, [], max_tokens=5)
            assert [piece.text async for piece in api.chat(asked)] == ["yes"]
    assert [request.json["model"] for request in hostile.requests] == [
        *("m", "m", "m"), "m", *("other", "other"), "m", "other"
    ]  # fmt: skip


async def test_a_provider_that_turns_everything_down_is_not_asked_for_ever(
    hostile: HostileProvider,
) -> None:
    both = error("neither max_tokens nor max_completion_tokens")
    hostile.on("POST", "/chat/completions", hostile.answer(both, 400))
    with pytest.raises(ApiError):
        await heard(hostile, ChatRequest("m", [], max_tokens=5))
    assert len(hostile.requests) == 4


BEGUN = sse('{"choices":[{"index":0,"delta":{"content":"a "}}]}')


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        sse('{"error":{"message":"overloaded"}}'),
        sse("{"),
        sse('{"error":"overloaded"}'),
        b"data: \xff\n\n",
        sse("[" * 100_000),
    ],
)
async def test_an_answer_that_breaks_off_keeps_what_arrived_and_says_so(
    hostile: HostileProvider, rest: bytes
) -> None:
    hostile.on("POST", "/chat/completions", hostile.answer(BEGUN + rest, headers=STREAM))
    async with hostile.connect() as api:
        chat = api.chat(QUESTION)
        assert await anext(chat) == ChatPiece("a ")
        with pytest.raises(ApiError):
            await anext(chat)


@pytest.mark.parametrize("fault", [{"cut": True}, {"endless": True}])
async def test_a_stream_that_is_cut_or_never_ends_is_an_error(
    hostile: HostileProvider, fault: dict[str, Any]
) -> None:
    padding = b": " + b"x" * 1_000_000 + b"\n\n"
    hostile.on(
        "POST", "/chat/completions", hostile.answer(BEGUN + padding, headers=STREAM, **fault)
    )
    with pytest.raises(UnreachableError):
        await heard(hostile)


async def test_leaving_an_answer_early_closes_the_connection(hostile: HostileProvider) -> None:
    hostile.on("POST", "/chat/completions", hostile.answer(BEGUN, headers=STREAM, endless=True))
    async with hostile.connect() as api:
        answer = api.chat(QUESTION)
        assert (await anext(answer)).text == "a "
        await answer.aclose()


async def test_a_web_page_in_place_of_a_stream_is_said_to_be_one(
    hostile: HostileProvider,
) -> None:
    page = hostile.answer(b"<html>", headers={"Content-Type": "text/html"})
    hostile.on("POST", "/chat/completions", page)
    with pytest.raises(UnreachableError, match="web page"):
        await heard(hostile)


async def test_a_list_that_never_ends_is_an_error_and_not_a_loop() -> None:
    async def same(after: str | None) -> Page[int]:
        return Page((1,), "again")

    batches = pages(same)
    assert [await anext(batches), await anext(batches)] == [(1,), ()], "it comes once"
    with pytest.raises(ApiError, match="does not end"):
        await anext(batches)

    async def fresh(after: str | None) -> Page[int]:
        return Page((1,), str(int(after or 0) + 1))

    with pytest.raises(ApiError):
        async for _ in pages(fresh, most=5):
            pass


def test_odd_jobs_are_read() -> None:
    odd = {
        "id": 17,
        "status": "paused",
        "created_at": "1727908609",
        "finished_at": None,
        "hyperparameters": None,
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": "3"}}},
        "error": {"code": None, "message": None, "param": None},
        "trained_tokens": "12",
        "result_files": [None, "file-1", 3],
        "metadata": {"a": 1},
        "novelty": [1, 2],
    }
    job = parsing.job(odd)
    assert (job.id, job.status, job.trained_tokens) == ("17", "paused", 12)
    assert job.hyperparameters == Hyperparameters(n_epochs=3)
    assert job.created_at == datetime(2024, 10, 2, 22, 36, 49, tzinfo=UTC)
    assert job.failure is None
    assert job.result_files == ("file-1", "3")
    failed = parsing.job({"id": "j", "error": {"message": "m", "code": "c", "param": "p"}})
    assert failed.failure == JobFailure("c", "m", "p")


def test_an_event_without_an_id_is_known_again() -> None:
    odd = {"message": "Step 1/2", "created_at": 5, "data": None}
    assert parsing.event(odd).id == parsing.event(dict(odd)).id
    assert parsing.event(odd).id != parsing.event({**odd, "message": "Step 2/2"}).id


def test_a_diverged_loss_may_be_a_text() -> None:
    found = parsing.checkpoint({"id": "c", "metrics": {"train_loss": "NaN", "step": None}})
    assert list(found.metrics) == ["train_loss"]
    assert math.isnan(found.metrics["train_loss"])


def test_a_checkpoint_whose_step_nobody_gives_is_not_of_step_0() -> None:
    assert parsing.checkpoint({"id": "c"}).step is None
    named = {"id": "c", "fine_tuned_model_checkpoint": "ft:m:o::1:ckpt-step-88"}
    assert parsing.checkpoint(named).step == 88
    assert parsing.checkpoint({**named, "step_number": 5}).step == 5


def test_a_bare_array_is_a_page_and_items_without_id_are_passed_over() -> None:
    assert len(parsing.page([{"id": "a"}, {}, 3, None], parsing.model).items) == 1
    listed = parsing.page({"data": [{"id": "a"}], "has_more": True}, parsing.model)
    assert listed.after == "a"
    with pytest.raises(parsing.NonsenseError):  # unknown is not empty
        parsing.page([{"what": 1}, 7], parsing.model)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "data", "choices", "delta", "created_at", "metrics", "error", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("number", [10**20, -(10**300), 1e308, math.inf, math.nan, 10**400])
def test_a_number_that_nothing_can_be_counted_to_is_unknown(number: float) -> None:
    found = parsing.job(
        {
            "id": "j", "trained_tokens": number, "seed": number,
            "hyperparameters": {"n_epochs": number, "batch_size": number},
        }
    )  # fmt: skip
    assert (found.trained_tokens, found.seed) == (None, None)
    assert (found.hyperparameters.n_epochs, found.hyperparameters.batch_size) == ("auto", "auto")
    assert parsing.remote_file({"id": "f", "bytes": number}).size_bytes is None


def test_a_bill_below_nothing_is_no_bill() -> None:
    """It would make room for more than the limits of a day and a month allow."""
    hyperparameters = {"n_epochs": -1, "batch_size": -5}
    found = parsing.job(
        {"id": "j", "trained_tokens": -312, "seed": -7, "hyperparameters": hyperparameters}
    )
    assert (found.trained_tokens, found.seed) == (None, -7)
    assert (found.hyperparameters.n_epochs, found.hyperparameters.batch_size) == ("auto", "auto")
    assert parsing.remote_file({"id": "f", "bytes": -1}).size_bytes is None
    unknown: tuple[object, ...] = (-1_000_000, None, {})
    for asked in unknown:
        usage = {"prompt_tokens": asked, "completion_tokens": 2}
        assert parsing.pieces({"choices": [], "usage": usage}) == []
    usage = {
        "prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 50}
    }  # fmt: skip
    assert parsing.pieces({"choices": [], "usage": usage})[0].usage == Usage(9, 2, 9)


@given(value=JSON)
@settings(max_examples=200)
def test_no_json_at_all_makes_parsing_crash(value: object) -> None:
    readers: tuple[Callable[[object], object], ...] = (
        parsing.job,
        parsing.event,
        parsing.checkpoint,
        parsing.model,
        parsing.remote_file,
        parsing.upload,
        parsing.part_id,
    )
    for read in readers:
        for shape in (value, {"id": "x", "message": "m", "hyperparameters": value, "file": value}):
            try:
                read(shape)
                parsing.page({"data": [value], "has_more": value}, read)
            except parsing.NonsenseError:
                continue
    for shape in (value, {"choices": [value], "usage": value}):
        with suppress(parsing.NonsenseError):
            parsing.pieces(shape)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abc123def456",
        "sk-ab***yz",
        "sk-ab…yz",
        "hf_abcdefgh",
        "Bearer abc.def",
        "abcd****wxyz",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.sig",
        "https://user:pw@host/x",
        "token=abc123",
        KEY,
    ],
)
def test_what_looks_like_a_key_is_hidden(secret: str) -> None:
    text = redact(f"wrong key: {secret}, sorry", Secret(KEY))
    assert HIDDEN in text
    assert "sorry" in text
    for piece in ("abc1", "yz", "wxyz", "abcd", "pw@", "sub", "hostile"):
        assert piece not in text


def test_plain_words_are_not_hidden() -> None:
    for text in (
        "The model `gpt-4o-2024-08-06` does not exist",
        "Example 3, key 'messages' is missing",
        "risk-free",
        "ft:gpt-4o-2024-08-06:personal:poker-cards:AE3XHdn2",
        "**bold**",
    ):
        assert redact(text, Secret(KEY)) == text


@given(text=st.text(), limit=st.integers(10, 50))
def test_one_line_is_one_short_printable_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert all(c == " " or c.isprintable() for c in line)


def test_importing_the_api_does_not_import_the_sdk() -> None:
    heavy = ("openai", "httpx2", "textual", "pydantic", "numpy", "PIL", "tiktoken", "starlette")
    code = f"import sys, tintype.api; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("key", ["sk-hostile-0123456789", "s3cret-8"])
@pytest.mark.parametrize("at", [1, 4, 7])
@pytest.mark.parametrize("said", ["content", "refusal"])
async def test_a_key_that_is_split_over_pieces_of_a_stream_is_hidden(
    hostile: HostileProvider, key: str, at: int, said: str
) -> None:
    texts = ["it is ", key[:at], key[at:], " and s", "o on"]
    chunks = [{"choices": [{"index": 0, "delta": {said: text}}]} for text in texts]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    headers = {"Content-Type": "text/event-stream"}
    hostile.on("POST", "/chat/completions", hostile.answer(body, headers=headers))
    async with hostile.connect(key=key) as api:
        request = ChatRequest("m", [{"role": "user", "content": "hi"}])
        text = "".join([piece.text + piece.refusal async for piece in api.chat(request)])
    assert text == "it is [key] and so on"


async def test_an_error_that_comes_as_an_answer_is_an_error(
    hostile: HostileProvider, api: Api
) -> None:
    for code, kind in ((429, RateLimitError), ("odd", ApiError), (None, ApiError)):
        error = {"error": {"message": "The upstream is busy", "code": code}}
        hostile.on("GET", "/models", hostile.answer(error))
        with pytest.raises(kind, match="The upstream is busy"):
            await api.models()
        hostile.on("POST", "/chat/completions", hostile.answer(error))
        for stream in (True, False):
            request = ChatRequest("m", [{"role": "user", "content": "hi"}], stream=stream)
            with pytest.raises(kind, match="The upstream is busy"):
                async for _ in api.chat(request):
                    pass


async def test_an_id_that_fits_into_no_address_is_an_error_in_a_sentence(api: Api) -> None:
    for asking in (api.file("f" * 1_000_000), api.file_content("f" * 1_000_000)):
        with pytest.raises(UnreachableError, match="too long"):
            await asking


@pytest.mark.parametrize("said", [7, {"a": 1}, [["words"]], [{"type": "text", "text": None}]])
@pytest.mark.parametrize("streamed", [True, False])
async def test_an_answer_that_is_no_text_is_not_taken_for_an_empty_one(
    hostile: HostileProvider, said: object, streamed: bool
) -> None:
    kind, of = ("text/event-stream", "delta") if streamed else ("application/json", "message")
    body = json.dumps({"choices": [{of: {"content": said}, "finish_reason": "stop"}]})
    sent = f"data: {body}\n\ndata: [DONE]\n\n" if streamed else body
    answer = hostile.answer(sent.encode(), headers={"Content-Type": kind})
    hostile.on("POST", "/chat/completions", answer)
    async with hostile.connect() as api:
        request = ChatRequest("m", [{"role": "user", "content": "hi"}], stream=streamed)
        with pytest.raises(UnreachableError, match="cannot be parsed"):
            async for _ in api.chat(request):
                pass


@pytest.mark.parametrize(
    ("held", "left"), [("sk-", "sk-"), ("sk-hostile-012345678", "[key]"), ("c2st", "c2st")]
)
async def test_what_may_begin_a_key_is_not_lost_with_the_connection(
    hostile: HostileProvider, held: str, left: str
) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": f"it is {held}"}}]}
    body = f"data: {json.dumps(chunk)}\n\n".encode()
    headers = {"Content-Type": "text/event-stream"}
    hostile.on("POST", "/chat/completions", hostile.answer(body, headers=headers))
    texts = list[str]()

    async def asked(api: Api) -> None:
        async for piece in api.chat(ChatRequest("m", [{"role": "user", "content": "hi"}])):
            texts.append(piece.text)

    async with hostile.connect(key="sk-hostile-0123456789") as api:
        with pytest.raises(UnreachableError, match="was lost"):
            await asked(api)
    assert "".join(texts) == f"it is {left}"


def spelt(key: str) -> list[str]:
    """The key in base64, whatever stands around it, and in an address."""
    around = [(before, after) for before in ("", "k", "id:") for after in ("", "\n", "=x")]
    texts = [f"{before}{key}{after}".encode() for before, after in around]
    coded = [base64.b64encode(text).decode() for text in texts]
    coded += [text.replace("+", "-").replace("/", "_") for text in coded]
    whole = "".join(f"%{ord(letter):02x}" for letter in key)
    return [*coded, whole, whole.upper(), key.replace("-", "%2D"), f"%{ord(key[0]):x}{key[1:]}"]


@pytest.mark.parametrize("key", ["sk-hostile-0123456789", "s3cret?>~8"])
async def test_a_key_in_base64_or_in_an_address_is_hidden(
    hostile: HostileProvider, key: str
) -> None:
    for text in spelt(key):
        answer = hostile.answer({"id": "j", "metadata": {"x": f"a {text} b"}})
        hostile.on("GET", "/fine_tuning/jobs/j", answer)
        refusal = hostile.answer({"error": {"message": f"a {text} b", "param": text}}, 400)
        hostile.on("GET", "/files", refusal)
        pieces = [{"choices": [{"index": 0, "delta": {"content": sign}}]} for sign in text]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        body = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces).encode()
        headers = {"Content-Type": "text/event-stream"}
        hostile.on("POST", "/chat/completions", hostile.answer(body, headers=headers))
        async with hostile.connect(key=key) as api:
            found = (await api.job("j")).metadata["x"]
            with pytest.raises(ApiError) as refused:
                await api.files()
            request = ChatRequest("m", [{"role": "user", "content": "hi"}])
            streamed = "".join([piece.text async for piece in api.chat(request)])
        for said in (found, str(refused.value), streamed):
            assert HIDDEN in said, text
            assert text[3:-4] not in said


async def test_several_questions_at_once_share_a_connection(hostile: HostileProvider) -> None:
    hostile.on("GET", "/models", hostile.answer({"data": [{"id": "m"}]}))
    async with hostile.connect() as api:
        answers = await asyncio.gather(*(api.models() for _ in range(10)))
    assert {models[0].id for models in answers} == {"m"}


async def test_a_key_that_a_provider_repeats_in_what_it_lists_is_hidden(
    hostile: HostileProvider,
) -> None:
    key = "sk-hostile-0123456789"
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in key)
    for said in (key, escaped):
        body = f'{{"id": "j", "error": {{"message": "bad {said}"}}, "metadata": {{"{said}": "x"}}}}'
        hostile.on("GET", "/fine_tuning/jobs/j", hostile.answer(body.encode()))
        async with hostile.connect(key=key) as api:
            job = await api.job("j")
        assert job.failure is not None
        assert job.failure.message == "bad [key]"
        assert dict(job.metadata) == {"[key]": "x"}
    hostile.on("GET", "/fine_tuning/jobs/j", hostile.answer({"id": "j", "model": "test-model"}))
    async with hostile.connect(key="test") as api:  # any word will do for some local servers
        assert (await api.job("j")).model == "test-model"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_events_are_the_same_however_their_stream_is_cut(size: int, end: str) -> None:
    lines = [": hello", "event: x", "data: one", "data:two \u2028 ü", "", "", "data: [DONE]", ""]
    stream = (end.join(lines) + end + "data: never ended").encode()

    async def cut() -> AsyncIterator[bytes]:
        for at in range(0, len(stream), size):
            yield stream[at : at + size]

    assert [data.decode() async for data in events(cut())] == ["one\ntwo \u2028 ü", "[DONE]"]
