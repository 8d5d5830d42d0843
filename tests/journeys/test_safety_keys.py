"""A key is in the key file, in the environment and on the wire, and nowhere else."""

import base64
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tintype_tui.__main__ import run_command

KEY = "sk-proj-Tk7Qz41vWm93Xb25Nd88Hc66"
CODED = base64.b64encode(KEY.encode()).decode()
QUOTED = "".join(f"%{ord(letter):02X}" for letter in KEY)
PARTS = (KEY, KEY[8:], CODED[:24], QUOTED[:24])


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """Whatever is made without care can be read and written by everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def talkative(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A provider that repeats the key wherever it can say something."""
    answer = hostile_apart.answer
    words = f"Incorrect API key provided: {KEY}, {CODED}. See http://{KEY}@x/?api_key={QUOTED}"
    refusal = {"error": {"message": words, "type": KEY, "code": "invalid_api_key", "param": KEY}}
    job = {"id": "ftjob-1", "created_at": 1_760_000_000, "model": "m", "status": "failed"}
    job["error"] = {"code": "x", "message": words, "param": None}
    event = {"id": "e", "created_at": 1_760_000_000, "level": "error", "message": words}
    for path, body in (
        ("/fine_tuning/jobs", {"data": [job], "has_more": False}),
        ("/fine_tuning/jobs/ftjob-1", job),
        ("/fine_tuning/jobs/.*/events", {"data": [event], "has_more": False}),
        ("/fine_tuning/jobs/.*/checkpoints", {"data": [], "has_more": False}),
        ("/models", {"data": [{"id": "m"}]}),
    ):
        hostile_apart.on("GET", path, answer(body))
    hostile_apart.on("GET", "/files.*", answer(refusal, 401))
    for method in ("POST", "DELETE"):
        hostile_apart.on(method, ".*", answer(refusal, 401))
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        f'default_profile = "work"\n[profiles.work]\nbase_url = "{hostile_apart.url}"\n'
    )
    return hostile_apart


def holding(text: str) -> list[str]:
    """Which parts of the key are in a text."""
    return [part for part in PARTS if part in text]


def found_in(folder: Path) -> dict[str, list[str]]:
    """The files below a folder, but the key file, that hold a part of the key."""
    held = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "keys.toml":
            parts = [part for part in PARTS if part.encode() in path.read_bytes()]
            if parts:
                held[path.name] = parts
    return held


@pytest.mark.usefixtures("loose_umask")
def test_no_command_tells_a_key(
    talkative: Any,
    home: Path,
    dataset: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert run_command(["config", "key", "work"]) == 0
    keys = home / "config" / "keys.toml"
    assert KEY in keys.read_text()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    train = ["train", str(dataset), "--model", "m", "--yes"]
    for command in (
        ["config"],
        ["config", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["models"],
        ["jobs", "--json"],
        ["jobs", "show", "ftjob-1"],
        ["jobs", "show", "ftjob-1", "--json"],
        ["watch", "ftjob-1"],
        ["watch", "ftjob-1", "--json"],
        ["files"],
        ["ask", "m", "What?"],
        ["ask", "m", "What?", "--dry-run"],
        ["ask", "m", "What?", "--json"],
        train,
        [*train, "--json"],
        ["evaluate", str(dataset), "-m", "m", "--confirm", "unknown"],
        ["keep", "golden", "m", str(dataset), "--confirm", "unknown"],
        ["keep", "--all", "-o", str(home / "kept")],
        ["keep", "--all", "-o", str(home / "kept.zip")],
        ["keep", "verify", str(home / "kept")],
        ["inventory", "--json"],
        ["jobs", "export", "ftjob-1", str(home / "job.json")],
        ["evaluations", "export", "last", str(home / "report.html")],
        ["record", "--status"],
    ):
        code = run_command(command)
        said = capfd.readouterr()
        assert code in (0, 1, 2), command
        assert not holding(said.out + said.err), command
        assert "Traceback" not in said.err, command
        if "--json" in command and said.out and command[0] != "watch":
            json.loads(said.out)
    assert [one for one in talkative.requests if one.headers["authorization"] == f"Bearer {KEY}"]
    assert not holding(caplog.text)
    assert not found_in(home)


async def test_no_pane_shows_or_keeps_a_key(
    talkative: Any, sit: Any, home: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = home / "config" / "keys.toml"
    keys.write_text(f'work = "{KEY}"\n')
    keys.chmod(0o644)
    monkeypatch.setenv("TINTYPE_HOME", str(home))
    async with sit() as person:
        await person.press("4")
        await person.until(lambda: bool(person.app.session.said), "a warning")
        await person.press("exclamation_mark")
        await person.sees("0644", "it is now private")
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("4")
        await person.sees("[key]")
        for key in ("1", "5", "a", "Y", "y", "3", "l", "escape", "4", "c", "y", "exclamation_mark"):
            await person.press(key)
            await person.pilot.pause(0.05)
            assert not holding(person.drawn), f"after {key}"
            assert not holding(str(person.app.clipboard)), f"after {key}"
    assert not found_in(home)


def test_the_servers_key_is_for_its_owner_alone_whatever_the_umask(
    loose_umask: None, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["models", "--json"]) == 0
    for path in (home / "data" / "server").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.name in ("token", "server.json", "server.db", "lock"):
            assert mode == 0o600, path
    token = (home / "data" / "server" / "token").read_text()
    told = capfd.readouterr()
    assert token not in told.out + told.err
    assert run_command(["doctor", "--json"]) in (0, 1)
    assert not re.search(re.escape(token), capfd.readouterr().out)
    for path in (home / "data" / "server").glob("*.log"):
        assert token not in path.read_text()


async def test_for_a_screen_reader_there_is_one_column_without_lines_or_lone_signs(
    sit: Any, dataset: Path, home: Path
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("screen_reader = true\n")
    async with sit(dataset, size=(120, 40)) as person:
        await person.sees("12 rows")
        await person.press("x")
        await person.sees("  1 marked What is number 0?")
        for key in "1234567":
            await person.press(key)
            await person.sees("data done")
            await person.pilot.pause(0.3)
            shown = person.screen
            assert not re.search("[│┃▏▕─━╭╮╰╯█▀▄●○◐›▸✗✓⊘⠁-⣿]", shown), shown
        await person.press("1")
        await person.sees("Provider", "Trains tintype-tiny")  # below the lists, not beside
        await person.press("5")
        await person.sees("row 1")
        answer = person.app.screen.query_one("#answers").region
        truth = person.app.screen.query_one("#truth").region
        assert truth.x == answer.x
        assert truth.bottom <= answer.y
