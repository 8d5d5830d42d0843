# ruff: noqa: ASYNC240 - a test may wait for its disk
from __future__ import annotations

import asyncio
import hashlib
import os
import re
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype import jobs
from tintype.api import Api
from tintype.errors import (
    ApiError,
    DatasetError,
    NotFoundError,
    RateLimitError,
    SettingsError,
    UnreachableError,
)
from tintype.jobs import UploadLimits, UploadProgress, limits_for
from tintype.settings import OPENAI
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

CONTENT = os.urandom(1_000_000)
SMALL = UploadLimits(whole=100_000, total=None, part=64_000, at_once=3)
"""Sixteen parts."""


class Files:
    """Files and uploads behind the hostile provider, as OpenAI keeps them."""

    def __init__(self, provider: HostileProvider) -> None:
        self.provider = provider
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, bytes] = {}
        self.expires_at = 1_900_000_000
        self.complete_replies: list[Any] = []
        """Answers given in place of the reply to `complete`, which is carried out all the same."""
        provider.on("POST", "/files", self._whole)
        provider.on("GET", "/files", lambda request: self._ok({"data": [*self.files.values()]}))
        provider.on("GET", "/files/[^/]+", self._file)
        provider.on("POST", "/uploads", self._begin)
        provider.on("POST", "/uploads/[^/]+/parts", self._part)
        provider.on("POST", "/uploads/[^/]+/complete", self._complete)
        provider.on("POST", "/uploads/[^/]+/cancel", self._cancel)
        provider.on("DELETE", "/files/[^/]+", self._delete)

    def _ok(self, body: Any) -> Any:
        return self.provider.answer(body)

    def _no(self, status: int, message: str) -> Any:
        return self.provider.answer({"error": {"message": message}}, status)

    def _add(self, name: str, content: bytes) -> dict[str, Any]:
        id = f"file-{len(self.files) + 1}"
        self.contents[id] = content
        self.files[id] = {
            "id": id,
            "filename": name,
            "bytes": len(content),
            "purpose": "fine-tune",
            "created_at": 1_800_000_001,
        }
        return self.files[id]

    def _whole(self, request: Any) -> Any:
        return self._ok(self._add(*_form(request.body, b"file")))

    def _file(self, request: Any) -> Any:
        found = self.files.get(request.path.rsplit("/", 1)[1])
        return self._ok(found) if found else self._no(404, "No such File object")

    def _delete(self, request: Any) -> Any:
        del self.files[request.path.rsplit("/", 1)[1]]
        return self._ok({"deleted": True})

    def _begin(self, request: Any) -> Any:
        id = f"upload-{len(self.uploads) + 1}"
        self.uploads[id] = {
            **request.json,
            "id": id,
            "status": "pending",
            "created_at": 1_800_000_000,
            "expires_at": self.expires_at,
        }
        return self._ok(self.uploads[id])

    def _part(self, request: Any) -> Any:
        if self.uploads.get(request.path.split("/")[2], {}).get("status") != "pending":
            return self._no(404, "No such Upload object")
        id = f"part-{len(self.parts) + 1}"
        self.parts[id] = _form(request.body, b"data")[1]
        return self._ok({"id": id})

    def _complete(self, request: Any) -> Any:
        upload = self.uploads[request.path.split("/")[2]]
        if upload["status"] != "pending":
            return self._no(400, f"The upload is {upload['status']} already.")
        content = b"".join(self.parts[id] for id in request.json["part_ids"])
        if len(content) != upload["bytes"]:
            return self._no(400, "The parts have another size")
        upload |= {"status": "completed", "file": self._add(upload["filename"], content)}
        return self.complete_replies.pop(0) if self.complete_replies else self._ok(upload)

    def _cancel(self, request: Any) -> Any:
        upload = self.uploads[request.path.split("/")[2]]
        upload["status"] = "cancelled"
        return self._ok(upload)


def _form(body: bytes, field: bytes) -> tuple[str, bytes]:
    """The filename and content of a multipart body's file field."""
    boundary = body.partition(b"\r\n")[0]
    for piece in body.split(boundary):
        head, _, content = piece.partition(b"\r\n\r\n")
        if b'name="' + field + b'"' in head:
            name = re.search(rb'filename="([^"]*)"', head)
            return name[1].decode() if name else "", content[:-2]
    raise AssertionError("no such field")


@pytest.fixture
def files(hostile: HostileProvider) -> Files:
    return Files(hostile)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(CONTENT)
    return path


async def uploaded(
    api: Api, store: Store, path: Path, clock: FakeClock, limits: UploadLimits | None = None
) -> list[UploadProgress]:
    uploading = jobs.upload(api, store, path, limits=limits, clock=clock.clock)
    return [progress async for progress in uploading]


async def test_a_file_is_sent_in_one_request_with_progress(
    api: Api, store: Store, path: Path, files: Files, fake_clock: FakeClock
) -> None:
    found = await uploaded(api, store, path, fake_clock)
    assert files.contents == {"file-1": CONTENT}
    assert files.files["file-1"]["filename"] == "train.jsonl"
    last = found[-1]
    assert (last.phase, last.sent_bytes, last.reused) == ("done", len(CONTENT), False)
    assert last.file is not None
    assert last.file.id == "file-1"
    assert last.digest == hashlib.sha256(CONTENT).hexdigest()
    assert all(progress.file is None for progress in found[:-1])


async def test_a_file_the_provider_has_already_is_not_sent_again(
    api: Api, store: Store, path: Path, files: Files, fake_clock: FakeClock, tmp_path: Path
) -> None:
    await uploaded(api, store, path, fake_clock)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(CONTENT)
    found = await uploaded(api, store, copy, fake_clock)
    assert found[-1].reused
    assert list(files.files) == ["file-1"]
    files.files.clear()
    found = await uploaded(api, store, path, fake_clock)
    assert not found[-1].reused
    assert len(files.files) == 1


async def test_a_large_file_is_sent_in_parts_that_may_arrive_in_any_order(
    api: Api, store: Store, path: Path, files: Files, fake_clock: FakeClock
) -> None:
    found = await uploaded(api, store, path, fake_clock, SMALL)
    assert files.contents == {"file-1": CONTENT}
    assert len(files.parts) == 16
    assert found[-1].file is not None
    assert found[-1].sent_bytes == len(CONTENT)


async def test_an_upload_resumes_after_a_dropped_connection(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    hostile.reset_after_bytes = [10_000, 50_000, 0, 64_000]
    found = await uploaded(api, store, path, fake_clock, SMALL)
    assert files.contents == {"file-1": CONTENT}
    assert len(files.parts) == 16
    assert len(fake_clock.slept) == 4
    assert not found[-1].trouble


async def test_a_whole_file_is_sent_again_after_a_dropped_connection(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    hostile.reset_after_bytes = [400_000]
    await uploaded(api, store, path, fake_clock)
    assert files.contents == {"file-1": CONTENT}


@pytest.mark.parametrize("lost", [{"reset": True}, {"status": 502}, {"body": b"<html>"}])
async def test_a_whole_file_whose_answer_was_lost_is_found_and_not_sent_again(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    lost: dict[str, Any],
) -> None:
    real, answers = files._whole, [hostile.answer(**lost)]

    def whole(request: Any) -> Any:
        answer = real(request)
        return answers.pop() if answers else answer

    hostile.on("POST", "/files", whole)
    found = await uploaded(api, store, path, fake_clock)
    assert found[-1].file is not None
    assert len(files.contents) == 1


@pytest.mark.parametrize("same", [True, False])
async def test_a_file_of_a_run_that_was_killed_before_the_answer_is_found_by_the_next(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    same: bool,
) -> None:
    real, arrived = files._whole, asyncio.Event()

    def whole(request: Any) -> Any:
        real(request)
        if not same:
            files.contents["file-1"] = CONTENT[::-1]
        arrived.set()
        return hostile.answer(hang=True)

    hostile.on("POST", "/files", whole)
    hostile.on("GET", "/files/file-1/content", lambda request: files._ok(files.contents["file-1"]))
    run = asyncio.create_task(uploaded(api, store, path, fake_clock))
    await arrived.wait()
    run.cancel()
    await asyncio.wait({run})
    hostile.on("POST", "/files", real)
    for again in (False, True):
        found = await uploaded(api, store, path, fake_clock)
        assert found[-1].reused == (same or again)
    assert len(files.contents) == (1 if same else 2)


async def test_an_upload_goes_on_in_another_run_with_only_the_missing_parts(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    serial = replace(SMALL, at_once=1)
    real = files._part
    hostile.on(
        "POST",
        "/uploads/[^/]+/parts",
        lambda request: real(request) if len(files.parts) < 5 else hostile.answer({}, 403),
    )
    with pytest.raises(ApiError):
        await uploaded(api, store, path, fake_clock, serial)
    hostile.on("POST", "/uploads/[^/]+/parts", real)
    async with open_store(store.path) as again:
        found = await uploaded(api, again, path, fake_clock, serial)
    assert len(files.parts) == 16
    assert list(files.uploads) == ["upload-1"]
    assert files.contents == {"file-1": CONTENT}
    assert found[-1].file is not None


async def test_leaving_an_upload_stops_it_and_keeps_what_arrived(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    serial = replace(SMALL, at_once=1)
    real = files._part
    hostile.on(
        "POST",
        "/uploads/[^/]+/parts",
        lambda request: real(request) if len(files.parts) < 5 else hostile.answer(hang=True),
    )
    uploading = jobs.upload(api, store, path, limits=serial, clock=fake_clock.clock)
    async with aclosing(uploading):
        async for progress in uploading:
            if progress.sent_bytes > 5 * 64_000:  # the sixth has begun
                break
    hostile.on("POST", "/uploads/[^/]+/parts", real)
    await uploaded(api, store, path, fake_clock, serial)
    assert len(files.parts) == 16
    assert list(files.uploads) == ["upload-1"]
    assert files.contents == {"file-1": CONTENT}


@pytest.mark.parametrize("gone", ["cancelled", "expired by our clock"])
async def test_an_upload_that_is_no_longer_there_begins_anew(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    gone: str,
) -> None:
    real = files._complete
    hostile.on("POST", "/uploads/[^/]+/complete", hostile.answer({}, 403))
    if gone != "cancelled":
        files.expires_at = int(fake_clock.clock.now().timestamp()) + 30
    with pytest.raises(ApiError):
        await uploaded(api, store, path, fake_clock, SMALL)
    if gone == "cancelled":
        files.uploads["upload-1"]["status"] = "cancelled"
    hostile.on("POST", "/uploads/[^/]+/complete", real)
    await uploaded(api, store, path, fake_clock, SMALL)
    assert files.contents == {"file-1": CONTENT}
    assert files.uploads["upload-2"]["status"] == "completed"


@pytest.mark.parametrize("lost", [{"reset": True}, {"status": 500}, {"body": {"id": "upload-1"}}])
async def test_a_completed_upload_whose_answer_was_lost_is_found(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
    lost: dict[str, Any],
) -> None:
    files.complete_replies = [hostile.answer(**lost)]
    found = await uploaded(api, store, path, fake_clock, SMALL)
    assert found[-1].file is not None
    assert found[-1].file.id == "file-1"
    assert len(files.files) == 1


async def test_a_file_that_changes_meanwhile_is_not_used(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    real = files._whole

    def changing(request: Any) -> Any:
        path.write_bytes(CONTENT[:-1] + b"!!")
        return real(request)

    hostile.on("POST", "/files", changing)
    with pytest.raises(DatasetError, match="changed while"):
        await uploaded(api, store, path, fake_clock)
    assert files.files == {}


async def test_a_file_that_changes_between_parts_cancels_the_upload(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    real = files._part

    def changing(request: Any) -> Any:
        os.utime(path, ns=(1, 1))
        return real(request)

    hostile.on("POST", "/uploads/[^/]+/parts", changing)
    with pytest.raises(DatasetError, match="changed while"):
        await uploaded(api, store, path, fake_clock, SMALL)
    assert files.uploads["upload-1"]["status"] == "cancelled"


async def test_a_changed_file_is_another_upload(
    api: Api, store: Store, path: Path, files: Files, fake_clock: FakeClock
) -> None:
    await uploaded(api, store, path, fake_clock, SMALL)
    path.write_bytes(CONTENT[::-1])
    await uploaded(api, store, path, fake_clock, SMALL)
    assert list(files.contents.values()) == [CONTENT, CONTENT[::-1]]


async def test_a_refusal_is_told_at_once_and_not_tried_again(
    api: Api, store: Store, path: Path, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    message = "Expected file to have JSONL format"
    hostile.on("POST", "/files", hostile.answer({"error": {"message": message}}, 400))
    with pytest.raises(ApiError, match=message):
        await uploaded(api, store, path, fake_clock)
    assert len(hostile.requests) == 1


async def test_a_rate_limit_is_waited_for(
    api: Api,
    store: Store,
    path: Path,
    files: Files,
    fake_clock: FakeClock,
    hostile: HostileProvider,
) -> None:
    limit = hostile.answer({"error": {"message": "slow"}}, 429, {"Retry-After": "9"})
    real = files._begin
    answers = [limit, limit]
    hostile.on("POST", "/uploads", lambda request: answers.pop() if answers else real(request))
    found = await uploaded(api, store, path, fake_clock, SMALL)
    assert found[-1].file is not None
    assert [9 <= slept <= 10 for slept in fake_clock.slept] == [True, True]


async def test_a_provider_that_stays_away_is_an_error_after_a_while(
    api: Api, store: Store, path: Path, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    hostile.on("POST", "/files", hostile.answer(reset=True))
    with pytest.raises(UnreachableError):
        await uploaded(api, store, path, fake_clock)
    sends = len(hostile.sent("POST", "/files"))
    assert 6 <= sends <= 10
    assert 50 < fake_clock.elapsed_s < 120
    limited = hostile.answer({"error": {"code": "insufficient_quota"}}, 429)
    hostile.on("POST", "/files", limited)
    with pytest.raises(RateLimitError):
        await uploaded(api, store, path, fake_clock)
    assert len(hostile.sent("POST", "/files")) == sends + 1


async def test_a_provider_without_uploads_says_so(
    api: Api, store: Store, path: Path, fake_clock: FakeClock
) -> None:
    with pytest.raises(NotFoundError, match="begin the upload"):
        await uploaded(api, store, path, fake_clock, SMALL)


async def test_what_cannot_be_sent_is_refused_before_anything_is_sent(
    api: Api, store: Store, tmp_path: Path, fake_clock: FakeClock, hostile: HostileProvider
) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    for path in (empty, fifo, tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(DatasetError, match=path.name):
            await uploaded(api, store, path, fake_clock)
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        file.truncate(11)
    with pytest.raises(DatasetError, match="takes up to"):
        await uploaded(api, store, large, fake_clock, replace(SMALL, total=10))
    assert hostile.requests == []


def test_limits_are_those_of_the_providers_rules() -> None:
    assert limits_for(OPENAI) == UploadLimits(512 << 20, 8 << 30)
    assert limits_for(replace(OPENAI, provider="together")) == UploadLimits(512 << 20, None)
    with pytest.raises(SettingsError, match="no provider"):
        limits_for(replace(OPENAI, provider="none"))


async def test_the_speed_is_kept_of_files_that_were_sent_and_not_of_those_that_were_there(
    api: Api, store: Store, path: Path, files: Files
) -> None:
    for _ in range(2):
        steps = [progress async for progress in jobs.upload(api, store, path)]
    assert steps[-1].reused
    speed = jobs.upload_speed(store, api.profile.name)
    assert speed is not None
    assert (speed.uploads, speed.low > 0) == (1, True)
