"""What is done before the provider goes is killed at any moment, and done again: as once."""

import json
import os
import random
import shutil
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import deadline_provider as known
from tests.deadline_provider import DeadlineProvider

from tintype import pricing
from tintype_tui.__main__ import run_command

LATEST_S = 0.3
"""A command is killed at a random moment up to here; what has ended by then was not killed."""
KILLS = 20


@pytest.fixture
def ending(
    home: Path, ending_apart: DeadlineProvider, monkeypatch: pytest.MonkeyPatch
) -> DeadlineProvider:
    """The provider with deadlines, as two profiles: what is moved goes from one to the other."""
    monkeypatch.setattr(pricing, "today", lambda: known.TODAY)
    monkeypatch.setenv("ENDING_KEY", "sk-ending-0123456789abcdef")
    profile = (
        f'key_env = "ENDING_KEY"\nprovider = "openai"\nbase_url = "{ending_apart.hostile.url}"'
    )
    (home / "config").mkdir(parents=True)
    (home / "config/config.toml").write_text(
        f'default_profile = "old"\nrecorder = false\n[profiles.old]\n{profile}\n'
        f"[profiles.new]\n{profile}\n"
    )
    return ending_apart


def killed(command: tuple[object, ...], after_s: float, children: list[int]) -> bool:
    """Run a command in a process that ends at once after some seconds; whether it was killed.

    Its id is the last of `children` before it begins.
    """
    beginning, noted = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the provider's thread runs
        child = os.fork()
    if child:
        children.append(child)
        os.close(beginning)
        os.close(noted)
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    try:
        os.close(noted)
        os.read(beginning, 1)  # ends once nobody has the other end
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends a process as SIGKILL does: unheard
        signal.setitimer(signal.ITIMER_REAL, after_s)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        run_command([str(word) for word in command])
    finally:
        os._exit(0)


def _killing(ending: DeadlineProvider, asked: Any, children: list[int]) -> Any:
    """Make a job, and kill who asked for it before there is an answer."""
    answer = ending._create(asked)
    os.kill(children[-1], signal.SIGKILL)
    return answer


def test_all_that_is_done_before_the_deadline_is_done_once_whenever_it_is_killed(
    ending: DeadlineProvider, tintype: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    rows, archive = tmp_path / "rows.jsonl", tmp_path / "kept.zip"
    rows.write_bytes(ending.contents["file-covers-train"])
    children: list[int] = []
    kills, chance = 0, random.Random(10)

    def through(times: int, *command: object) -> Any:
        nonlocal kills
        for _ in range(times):
            kills += killed(command, chance.uniform(0.01, LATEST_S), children)
        return tintype(*command)

    found = through(3, "inventory", "--json").json["items"]
    assert len({json.dumps(one["ref"], sort_keys=True) for one in found}) == len(found)
    assert {one["ref"]["id"] for one in found} >= {known.CARDS, "ftjob-covers", "file-orphan"}

    golden = ("keep", "golden", known.COVERS, rows, "--yes", "--json")
    [run] = through(4, *golden).json["runs"]
    assert run["answers"] == 10
    lines = (home / "data/evaluations" / run["run"] / "answers.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["row"] for line in lines) == list(range(10))

    keep = ("keep", "--all", "--private-images", "-o", archive, "--json")
    kept = through(5, *keep).json
    assert {one["what"] for one in kept["not_kept"]} == {
        "file file-old-train",
        "an image of files/file-cards-train/cards.jsonl",
        f"model {known.OLD}",
        f"model {known.OLD}:ckpt-step-2",
    }
    assert through(1, "keep", "verify", archive, "--json").json["faults"] == []
    assert {*os.listdir(tmp_path)} == {"home", "rows.jsonl", "kept.zip"}

    for folder in ("data", "state", "cache"):
        shutil.rmtree(home / folder, ignore_errors=True)
    through(3, "keep", "restore", archive)
    assert len(tintype("jobs", "--all", "--json").json) == 4
    assert [one["id"] for one in tintype("evaluations", "--json").json["evaluations"]] == [
        run["run"]
    ]

    jobs = set(ending.jobs)
    move = ("move", "ftjob-covers", "--to", "new", "--model", known.GPT_4O, "--yes", "--json")
    ending.hostile.on("POST", "/fine_tuning/jobs", lambda asked: _killing(ending, asked, children))
    assert killed(move, 60.0, children), "once the provider has made the job"
    ending.hostile.on("POST", "/fine_tuning/jobs", ending._create)
    moved = through(2, *move)
    assert moved.code == 0, moved.err
    assert set(ending.jobs) - jobs == {moved.json["job"]["id"]}

    report = tmp_path / "report.html"
    candidate = f"{known.CARDS}@new"
    compare = ("replacement", run["run"], "-m", candidate, "-o", report, "--replace", "--yes")
    done = through(2, *compare, "--json")
    assert done.json["rows"] == 10, done.err
    assert known.COVERS in report.read_text()
    assert 0 < kills <= KILLS
