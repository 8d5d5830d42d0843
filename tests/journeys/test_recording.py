"""`tintype record`, and that `train` and `watch` have jobs followed by it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tintype import recorder, trainer_logs
from tintype.recorder import place, run
from tintype.resources import Event, Job
from tintype.settings import load
from tintype.store import open_store
from tintype_tui.__main__ import run_command


@pytest.fixture(autouse=True)
def recorded(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Recorders are allowed, and end with the test."""
    monkeypatch.setenv("TINTYPE_RECORDER", "on")
    yield
    for profile in ("tintype", "local"):
        run._stop(load(), profile)


def waiting_at(dataset: Path, step: int) -> None:
    """Have the scripted engine wait at a step."""
    rows = [json.loads(line) for line in dataset.read_text().splitlines()]
    rows[0]["messages"][0]["content"] = json.dumps({"wait_at": step})
    dataset.write_text("\n".join(map(json.dumps, rows)) + "\n")


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


async def test_a_job_goes_on_being_recorded_when_the_app_is_closed(
    home: Path, dataset: Path, sit: Callable[..., Any]
) -> None:
    await asyncio.to_thread(waiting_at, dataset, 4)
    words = ["train", str(dataset), "--model", "scripted", "--yes"]
    assert await asyncio.to_thread(run_command, words) == 0
    folders = load().folders
    async with sit() as person:
        await person.press("4")
        await person.sees("3/9", "heard")
        assert person.app.session._api is not None  # which lists the jobs
        status = recorder.find(folders, "tintype")
        assert status is not None
        assert status.runs
        (job_id,) = status.jobs
        assert place.watched(place.folder_of(folders, "tintype"), job_id)
    (job,) = (home / "data" / "server" / "jobs").iterdir()
    (job / "engine" / "go").touch()
    async with open_store(folders.store_file) as store:
        for _ in range(3000):
            kept = store.jobs.find("tintype", job_id)
            assert kept is not None
            if kept.settled:
                break
            await asyncio.sleep(0.02)
        steps = [e for e in await store.jobs.events("tintype", job_id) if e.type == "metrics"]
    assert len(steps) == 9


def test_what_is_not_known_of_trainings_is_not_said_to_be_the_same(
    tintype: Callable[..., Any], tmp_path: Path
) -> None:
    names = ["訓練" * 6 + ".jsonl", "b.jsonl"]
    for name in names:
        (tmp_path / name).write_text('{"current_steps": 2, "total_steps": 2, "loss": 1}\n')
        assert tintype("follow", tmp_path / name, "--once").code == 0
    ids = [one["id"] for one in tintype("jobs", "--all", "--json").json]
    out = tintype("jobs", "compare", *ids).out
    assert all(name in out for name in names)  # whole, however wide they are
    assert "same data" not in out
    assert out.splitlines()[-1] == "nothing known differs; the data are not known"


async def test_a_training_that_the_recorder_has_given_up_is_followed_again(
    home: Path, tmp_path: Path
) -> None:
    path, aside = tmp_path / "log.jsonl", tmp_path / "aside"
    lines = [json.dumps({"current_steps": at, "total_steps": 3, "loss": 1.0}) for at in (1, 2, 3)]
    path.write_text(f"{lines[0]}\n")
    settings, log = load(), trainer_logs.find(path)
    events: list[Event] = []
    async with open_store(settings.folders.store_file) as store:
        async for _ in trainer_logs.follow(store, log, once=True):
            path.rename(aside)
        await recorder.start(settings, "local")
        for _ in range(3000):
            status = recorder.find(settings.folders, "local")
            if status is not None and status.given_up:
                break
            await asyncio.sleep(0.02)
        aside.rename(path)
        async for progress in recorder.follow_log(settings, store, log):
            events += progress.events
            if progress.job.status == "running" and not events:
                path.write_text("\n".join(lines) + "\n")
    assert progress.job.status == "succeeded"
    assert [event.data["step"] for event in events] == [2, 3]


def test_a_training_of_another_tool_is_followed_as_a_job(
    tintype: Callable[..., Any], tmp_path: Path
) -> None:
    log = tmp_path / "run" / "trainer_log.jsonl"
    log.parent.mkdir()
    lines = [{"current_steps": at, "total_steps": 3, "loss": 1 / at} for at in (1, 2, 3)]
    log.write_text("\n".join(map(json.dumps, lines)) + "\n")
    done = tintype("follow", log.parent)
    assert done.code == 0
    assert "step 3: training loss 0.333" in done.out
    assert done.out.splitlines()[-1].endswith("succeeded")
    assert tintype("follow", tmp_path).code == 2
    (listed,) = tintype("jobs", "--all", "--json").json
    assert (listed["profile"], listed["best_loss"]) == ("local", 1 / 3)
    tintype("jobs", "label", "last", "--tag", "mine", "--archive", "--note", "too long")
    assert tintype("jobs", "--all", "--json").json == []
    assert "No job" in tintype("jobs", "--all", "--filter", "tag:other is:archived").said
    assert "#mine" in tintype("jobs", "--all", "--filter", "is:archived").out
    undone = tintype("jobs", "label", listed["id"], "--undo", "--json").json
    assert undone == {"pinned": False, "tags": [], "note": "", "archived": False}
    assert tintype("jobs", "export", "last", tmp_path / "job.json").code == 0
    assert listed["id"] in tintype("jobs", "-p", "tintype", "import", tmp_path / "job.json").out
    assert len(tintype("jobs", "--all", "--sort", "loss", "--json").json) == 2
    played = tintype("jobs", "replay", "last", "--speed", "1000", "--json")
    assert [json.loads(one)["metrics"]["step"] for one in played.out.splitlines()] == [1, 2, 3]


def test_a_followed_training_goes_on_when_its_terminal_is_closed(
    tintype: Callable[..., Any], tmp_path: Path
) -> None:
    log = tmp_path / "run" / "trainer_log.jsonl"
    log.parent.mkdir()

    def step(at: int) -> None:
        with log.open("a") as file:
            file.write(json.dumps({"current_steps": at, "total_steps": 3, "loss": 1 / at}) + "\n")

    step(1)
    command = [sys.executable, "-m", "tintype_tui", "follow", str(log.parent), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as seen:
        assert seen.stdout is not None
        assert json.loads(seen.stdout.readline())["metrics"]["step"] == 1
        settings = load()
        wait_for(lambda: recorder.runs(settings.folders, "local"))
        step(2)
        assert json.loads(seen.stdout.readline())["metrics"]["step"] == 2
        os.killpg(seen.pid, signal.SIGHUP)
    (status,) = tintype("record", "-p", "local", "--status", "--json").json
    assert (status["runs"], len(status["jobs"])) == (True, 1)
    assert "until it has said nothing for 6 hours" in status["pace"]
    step(3)
    wait_for(lambda: tintype("jobs", "--all", "--json").json[0]["state"] == "succeeded")
    played = tintype("jobs", "replay", "last", "--speed", "1000", "--json").out.splitlines()
    assert [json.loads(one)["metrics"]["step"] for one in played] == [1, 2, 3]
    assert "has ended" in tintype("record", "-p", "local", "--stop").said


def wait_for(reached: Callable[[], bool]) -> None:
    for _ in range(1500):
        if reached():
            return
        time.sleep(0.02)
    raise AssertionError("it was waited for in vain")


async def test_the_pane_lists_trainings_of_other_tools_and_jobs_of_other_profiles(
    home: Path, tmp_path: Path, sit: Callable[..., Any]
) -> None:
    log = tmp_path / "mine.jsonl"
    steps = [{"step": at, "total_steps": 3, "loss": 1 / at} for at in (1, 2, 3)]
    await asyncio.to_thread(log.write_text, "\n".join(map(json.dumps, steps)) + "\n")
    assert await asyncio.to_thread(run_command, ["follow", str(log)]) == 0
    now = datetime.now(UTC)
    async with open_store(load().folders.store_file) as store:
        job = Job("ftjob-old", "gpt-4o", "succeeded", now, "file-1", suffix="elsewhere")
        store.jobs.remember("openai", job, seen_at=now)
        store.jobs.settle("openai", job.id)
    async with sit() as person:
        await person.press("4")
        await person.sees("local: mi", "training loss")
        assert "openai:" not in person.screen
        await person.press("slash")
        await person.type("is:all sort:loss")
        await person.press("enter")
        await person.sees("openai:", "2 of 2")
