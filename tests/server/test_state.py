"""The server's folder: whose it is, and what becomes of it when things go wrong."""

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tintype.errors import StoreError
from tintype.server import forms, wire
from tintype.server.opening import open_state
from tintype.server.records import EventRecord, File
from tintype.server.run import Running
from tintype.server.state import State

ErrorOf = Callable[[httpx2.Response], dict[str, Any]]


def opened(folder: Path) -> None:
    with open_state(folder):
        pass


def file(id: str, **fields: Any) -> File:
    values = {"created_at": 1, "filename": "a", "purpose": "vision", "bytes": 3, **fields}
    return File(id, **values)


def test_a_new_folder_is_made_private(tmp_path: Path) -> None:
    with open_state(tmp_path / "a" / "b") as state:
        assert state.folder.stat().st_mode & 0o777 == 0o700
        assert len(state.token) > 40


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        token = state.token
    (tmp_path / "token").chmod(0o644)
    with open_state(tmp_path) as state:
        assert state.token == token
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_a_folder_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    with open_state(tmp_path), pytest.raises(StoreError, match="Another server already uses"):
        opened(tmp_path)
    opened(tmp_path)


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "thesis.pdf").touch()
    with pytest.raises(StoreError, match="no server database"):
        opened(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "holiday.jpg").touch()
    with pytest.raises(StoreError, match="holiday"):
        opened(tmp_path / "other")
    assert (tmp_path / "files" / "thesis.pdf").exists()


@pytest.mark.parametrize("content", [b"nonsense" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_database_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path)
    (tmp_path / "server.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"server\.db cannot be used") as refused:
        opened(tmp_path)
    assert str(tmp_path) in refused.value.advice


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    with sqlite3.connect(tmp_path / "server.db") as connection:
        connection.execute("pragma user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match="a newer Tintype has written it"):
        opened(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot use its folder"):
        opened(tmp_path / "home")


def test_a_place_where_no_folder_can_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot use its folder"):
        opened(tmp_path / "file" / "home")


@pytest.fixture
def state(tmp_path: Path) -> Any:
    """An opened folder."""
    with open_state(tmp_path / "home") as opened:
        yield opened


def test_a_transaction_is_kept_whole_or_not_at_all(state: State) -> None:
    def half() -> None:
        with state.transaction():
            state.add(file("file-1"))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert list(state.all(File)) == []
    with state.transaction():
        state.add(file("file-2"))
    assert [one.id for one in state.all(File)] == ["file-2"]


def test_records_come_back_as_they_were_kept(state: State) -> None:
    event = EventRecord("e", 5, "job", "words \x00 ünï", data={"a": [1, {"b": None}], "c": 0.1})
    assert state.add(event)
    found = state.find(EventRecord, "e")
    assert found is not None
    assert (found.message, found.data, found.step) == (event.message, event.data, None)
    assert state.find(EventRecord, "' or 1=1 --") is None


def test_half_a_surrogate_pair_does_not_stop_a_record(state: State) -> None:
    state.add(EventRecord("e", 5, "job", "a \ud800 b", data={"x": "\udfff"}))
    found = state.find(EventRecord, "e")
    assert found is not None
    assert (found.message, found.data) == ("a ? b", {"x": "\udfff"})
    assert json.loads(bytes(wire.JsonAnswer(wire.event_object(found)).body))["data"] == {
        "x": "\udfff"
    }


def test_a_step_is_kept_once(state: State) -> None:
    assert state.add(EventRecord("a", 1, "job", "m", step=3), once=True)
    assert not state.add(EventRecord("b", 1, "job", "m", step=3), once=True)
    assert state.add(EventRecord("c", 1, "other", "m", step=3), once=True)
    assert state.add(EventRecord("d", 1, "job", "m"), once=True)
    assert state.add(EventRecord("e", 1, "job", "m"), once=True)


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(
    http: httpx2.Client, error_of: ErrorOf, provider: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*anything: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(forms, "_finish", full)
        answer = http.post("/files", data={"purpose": "vision"}, files={"file": ("a", b"x")})
    assert answer.status_code == 507
    assert "no space left" in error_of(answer)["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert list((provider.folder / "incoming").iterdir()) == []
    assert http.get("/files").json()["data"] == []


def test_a_database_that_fails_is_a_sentence(
    client: openai.OpenAI, http: httpx2.Client, error_of: ErrorOf, provider: Running
) -> None:
    blocker = sqlite3.connect(provider.folder / "server.db", isolation_level=None)
    try:
        blocker.execute("drop table file")
    finally:
        blocker.close()
    answer = http.get("/files")
    assert answer.status_code == 500
    assert "no such table" in error_of(answer)["message"]


def test_what_a_dead_server_left_half_done_is_tidied_up(tmp_path: Path) -> None:
    import asyncio

    from tintype.server.queue import Queue

    async def tidy(state: State) -> None:
        await Queue(state, {})._tidy()

    with open_state(tmp_path) as state:
        state.add(file("file-known"))
        for name in ("files/file-known", "files/file-orphan", "uploads/part_x", "incoming/y"):
            (tmp_path / name).touch()
        (tmp_path / "jobs" / "ftjob-x" / "data").mkdir(parents=True)
    with open_state(tmp_path) as state:
        asyncio.run(tidy(state))
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")}
    assert left == {"files/file-known"}


def test_an_event_is_never_older_than_the_one_before_it(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        for number, at in enumerate((5, 7, 6, 8)):
            state.add(EventRecord(f"e{number}", at, "job", "said"))
        state.add(EventRecord("other", 1, "another", "said"))
        times = [one.created_at for one in state.all(EventRecord, job_id="job")]
        assert times == [5, 7, 7, 8]
        assert [one.created_at for one in state.all(EventRecord, job_id="another")] == [1]
