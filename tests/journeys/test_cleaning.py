"""`tintype clean`: what is kept, and removing what may go."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tintype.paths import locked


@pytest.fixture
def kept(home: Path) -> Path:
    for path, text in {
        home / "cache" / "checks" / "a.checked": "abc",
        home / "cache" / "checks" / "b.checked": "abcd",
        home / "data" / "evaluations" / "run-1" / "answers.jsonl": "{}\n",
        home / "data" / "evaluations" / "run-2" / "answers.jsonl": "{}\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home


def test_it_lists_first_and_removes_only_what_is_named(
    tintype: Callable[..., Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there
    done = tintype("clean")
    assert done.code == 0
    assert "checks" in done.out
    assert "can be made again" in done.out
    assert "nothing was removed" in done.err
    done = tintype("clean", "checks")
    assert done.out.splitlines()[0].startswith("checks/b.checked")  # the largest first
    assert len(json.loads(tintype("clean", "checks", "--json").out)["items"]) == 2
    assert tintype("clean", "--delete").code == 2  # what?
    done = tintype("clean", "checks", "--delete")
    assert (done.code, "add --yes" in done.err) == (2, True)
    assert (kept / "cache" / "checks" / "a.checked").exists()
    assert tintype("clean", "checks", "--delete", "--yes").code == 0
    assert not list((kept / "cache" / "checks").iterdir())
    for what in ("store", "config", "server"):
        assert tintype("clean", what, "--delete", "--yes").code in (0, 2)
    assert (kept / "state" / "tintype.sqlite").exists()


def test_what_cannot_be_made_again_goes_by_its_whole_name(
    tintype: Callable[..., Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    runs = kept / "data" / "evaluations"
    for words in (
        ("evaluations", "--delete", "--yes"),  # two at once
        ("evaluations/run-1", "--delete", "--yes"),
        ("evaluations/run-1", "--delete", "--confirm", "run"),
    ):
        done = tintype("clean", *words)
        assert done.code == 2, words
        assert len(list(runs.iterdir())) == 2
    assert tintype("clean", "evaluations/run-1", "--delete", "--confirm", "run-1").code == 0
    assert [one.name for one in runs.iterdir()] == ["run-2"]


def test_a_name_agrees_to_nothing_else(
    tintype: Callable[..., Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for words in (("checks",), ("checks", "evaluations/run-1"), ("evaluations",)):
        assert tintype("clean", *words, "--delete", "--confirm", "run-1").code == 2, words
    assert len(list((kept / "cache" / "checks").iterdir())) == 2
    assert len(list((kept / "data" / "evaluations").iterdir())) == 2


def test_what_could_not_go_is_said_and_not_counted(
    tintype: Callable[..., Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kept / "state" / "recorders" / "openai"
    folder.mkdir(parents=True)
    (folder / "recorder.log").write_text("12345")
    (folder / "recorder.log.1").write_text("123")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    held = locked(folder / "lock")
    assert held is not None
    with held:
        assert "Remove 1 item, 3 B?" in tintype("clean", "logs", "--delete").err
        done = tintype("clean", "logs", "--delete", "--yes", "--json")
        assert (done.code, json.loads(done.out)) == (1, {"freed_bytes": 3})
        (kept / "state" / "crash.log").symlink_to("/nowhere")
        done = tintype("clean", "logs", "store", "--delete", "--yes")
    assert done.code == 1
    assert (folder / "recorder.log").exists()
    assert (kept / "state" / "tintype.sqlite").exists()


def test_what_is_due_is_what_the_settings_say(
    tintype: Callable[..., Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = kept / "cache" / "checks" / "a.checked"
    os.utime(old, (1.0, 1.0))
    assert "nothing of that" in tintype("clean", "--due", "--delete", "--yes").err
    monkeypatch.setenv("TINTYPE_CLEAN_AFTER_DAYS", "checks=30")
    assert "a.checked" in tintype("clean", "--due").out
    assert tintype("clean", "--due", "--delete", "--yes").code == 0
    assert [one.name for one in old.parent.iterdir()] == ["b.checked"]


async def test_the_app_lists_it_and_removes_what_is_confirmed_or_typed(
    sit: Any, kept: Path
) -> None:
    async with sit(size=(80, 24)) as person:
        await person.press("f8")
        await person.sees("Kept on this machine", "results of dataset checks", "evaluations/run-1")
        await person.sees("It can be made again.")
        await person.press("x")
        await person.sees("Remove results of dataset checks?", "2 items")
        await person.press("y")
        await person.sees_no("results of dataset checks")
        assert not list((kept / "cache" / "checks").iterdir())
        dialog = person.app.screen
        while "run-1" not in dialog.list.entries[dialog.list.cursor].title:
            await person.press("down")
        await person.press("x")
        await person.sees("Type run-1 to remove it", "all that is left")
        await person.type("run")
        await person.press("enter")
        await person.until(lambda: "not its name" in person.said, "that it stays")
        await person.press("x")
        await person.type("run-1")
        await person.press("enter")
        await person.sees_no("evaluations/run-1")
        await person.press("end", "x")  # settings stay
        await person.sees("It stays.")
        await person.press("escape")
    assert [one.name for one in (kept / "data" / "evaluations").iterdir()] == ["run-2"]


async def test_the_app_asks_nothing_about_what_is_held(sit: Any, home: Path) -> None:
    folder = home / "state" / "recorders" / "openai"
    folder.mkdir(parents=True)
    (folder / "recorder.log").write_text("12345")
    held = locked(folder / "lock")
    assert held is not None
    async with sit(size=(80, 24)) as person:
        with held:
            await person.press("f8")
            await person.sees("logs of crashes", "It cannot go now.")
            await person.press("x")
            await person.sees_no("Remove logs of crashes")
        await person.press("x")
        await person.sees("It can be made again.")
        await person.press("x")
        await person.sees("Remove logs of crashes", "1 item, 5 B")
        await person.press("y")
        await person.sees_no("logs of crashes")
    assert not (folder / "recorder.log").exists()
