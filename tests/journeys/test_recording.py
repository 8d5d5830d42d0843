"""`tintype record`, and that `train` and `watch` have jobs followed by it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tintype.recorder import place, run
from tintype.settings import load


@pytest.fixture(autouse=True)
def recorded(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Recorders are allowed, and end with the test."""
    monkeypatch.setenv("TINTYPE_RECORDER", "on")
    yield
    run._stop(load(), "tintype")


def test_a_job_that_was_launched_is_recorded_and_watched_through_the_recorder(
    tintype: Callable[..., Any], dataset: Path
) -> None:
    done = tintype("train", dataset, "--model", "scripted", "--yes", "--json")
    assert done.code == 0
    assert "recorded from now on" in done.said
    (status,) = tintype("record", "--status", "--json").json
    assert status["runs"]
    watched = tintype("watch", done.json["id"], "--json")
    assert watched.code == 0
    steps = [json.loads(line)["metrics"] for line in watched.out.splitlines()]
    assert [one["step"] for one in steps if one] == list(range(1, 10))
    assert place.watched(place.folder_of(load().folders, "tintype"), done.json["id"])
    ended = tintype("record", "--stop")
    assert "The recorder has ended; jobs go on." in ended.said
    assert "no recorder runs" in tintype("record", "--status").out


def test_it_says_how_to_outlive_a_logout(tintype: Callable[..., Any]) -> None:
    done = tintype("record", "--unit")
    assert done.code == 0
    assert done.out.startswith("[Unit]")
    for word in ("enable-linger", "systemctl --user", "tmux", "tintype config key"):
        assert word in done.said
