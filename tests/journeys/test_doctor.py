"""`tintype doctor` tries every profile and says what is in the way; `config key` takes a pipe."""

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tintype_tui.__main__ import run_command

KEY = "sk-piped-0123456789abcdef"


def configured(home: Path, text: str) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.toml").write_text(text)


def looked(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run_command(["doctor", "--json", *options])
    return code, {found["what"]: found for found in json.loads(capsys.readouterr().out)}


def test_the_doctor_tries_every_profile_and_spends_nothing(
    home: Path,
    hostile_apart: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GOOD_KEY", "sk-good-0123456789")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    configured(
        home,
        'default_profile = "good"\n'
        f'[profiles.good]\nbase_url = "{hostile_apart.url}"\nkey_env = "GOOD_KEY"\n'
        '[profiles.gone]\nbase_url = "http://127.0.0.1:9/v1"\n',
    )
    hostile_apart.on("GET", "/models", hostile_apart.answer({"data": [{"id": "m"}]}))
    code, found = looked(capsys)
    assert code == 1
    assert (found["provider good"]["state"], found["provider gone"]["state"]) == ("ok", "trouble")
    assert "1 model" in found["provider good"]["words"]
    assert found["provider gone"]["fix"]
    assert found["provider openai"]["state"] == "note"  # no key is no fault where it is not used
    assert "OPENAI_API_KEY" in found["provider openai"]["fix"]
    assert "when it is used" in found["provider tintype"]["words"]
    assert not (home / "data" / "server").exists()
    assert {request.method for request in hostile_apart.requests} == {"GET"}


def test_the_doctor_looks_at_the_launcher(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(home, 'launcher_options = {ranks = "all"}')
    _, found = looked(capsys)
    assert found["launcher local"]["state"] == "ok"
    assert found["launcher local"]["words"].endswith("ranks: all")
    monkeypatch.setenv("PATH", str(home))
    configured(home, 'launcher = "slurm"')
    code, found = looked(capsys)
    assert (code, found["launcher slurm"]["state"]) == (1, "trouble")
    assert found["launcher slurm"]["words"] == "Slurm cannot be asked: sinfo is not installed here"
    configured(home, 'launcher = "kubernetes"')
    _, found = looked(capsys)
    assert "needs the option claim" in found["launcher kubernetes"]["words"]


def test_a_provider_that_lists_no_models_answers_all_the_same(
    home: Path, hostile_apart: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(
        home,
        f'default_profile = "bare"\n[profiles.bare]\nbase_url = "{hostile_apart.url}"\n',
    )
    code, found = looked(capsys)
    assert (code, found["provider bare"]["state"]) == (0, "note")
    assert "it answers" in found["provider bare"]["words"]


@pytest.mark.parametrize(("left", "state"), [(300 << 20, "note"), (1 << 20, "trouble")])
def test_a_disk_that_is_nearly_full_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left: int,
    state: str,
) -> None:
    found = os.statvfs_result((1, 1, 9, left, left, *[9] * 6))
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    _, looks = looked(capsys)
    assert looks["data folder"]["state"] == state
    assert "nearly full" in looks["data folder"]["words"]


def test_the_doctor_names_the_proxies_without_their_passwords(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    configured(home, "")
    _, found = looked(capsys)
    said = found["proxies"]["words"]
    assert "http://proxy.example:3128" in said
    assert "NO_PROXY is 127.0.0.1,localhost" in said
    assert "hunter2" not in said
    assert "without a proxy" in said


def test_a_key_is_taken_from_a_pipe_without_noise(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert run_command(["config", "key", "openai"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip() == "The key of openai has been saved."
    kept = home / "config" / "keys.toml"
    assert KEY in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_an_empty_pipe_is_no_key(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run_command(["config", "key", "openai"]) == 2
    assert "no key on standard input" in capsys.readouterr().err
    assert not (home / "config" / "keys.toml").exists()
