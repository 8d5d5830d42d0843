"""The recorder: unfinished jobs come into the store whatever happens, by one process a profile."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype import recorder, settings
from tintype.jobs import Pace
from tintype.recorder import place
from tintype.recorder.recording import LOCAL, LOG, REMOTE, Recording, Rhythm
from tintype.recorder.run import log_to_stderr
from tintype.recorder.unit import unit
from tintype.resources import Job
from tintype.settings import Settings
from tintype.store import Store, open_store

if TYPE_CHECKING:
    from tests.conftest import Diary, FakeClock, HostileProvider

QUICK = Rhythm(
    Pace(0.01, 0.02, 1),
    gap_s=0.0,
    watched_s=0.01,
    list_s=0.02,
    tick_s=0.01,
    linger_s=0.02,
    longest_s=0.02,
)
CSV = "step,train_loss\n1,0.5\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINTYPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TINTYPE_RECORDER", "on")
    monkeypatch.setenv("HOSTILE_API_KEY", "sk-hostile-0123456789")
    return tmp_path / "home"


def at(home: Path, url: str) -> Settings:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.toml").write_text(f'[profiles.hostile]\nbase_url = "{url}"\n')
    return settings.load()


@pytest.fixture
def here(home: Path, hostile: HostileProvider) -> Settings:
    """Settings with a profile `hostile`; its list of jobs is empty until a test says otherwise."""
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": []}))
    return at(home, hostile.url)


@pytest.fixture
async def store(here: Settings) -> AsyncIterator[Store]:
    async with open_store(here.folders.store_file) as store:
        yield store


def job(job_id: str, **fields: Any) -> Job:
    created = datetime.now(UTC)
    usual: dict[str, Any] = {
        "model": "m",
        "status": "running",
        "created_at": created,
        "training_file": "file-1",
    }
    return Job(id=job_id, **usual | fields)


def known(store: Store, *job_ids: str) -> None:
    """Let the store know of jobs that run."""
    jobs = (job(job_id) for job_id in job_ids)
    store.jobs.remember("hostile", *jobs, seen_at=datetime.now(UTC))


def recording(here: Settings, store: Store, **more: Any) -> Recording:
    (here.folders.state / "recorders" / "hostile").mkdir(parents=True, exist_ok=True)
    return Recording(here, here.profiles["hostile"], store, rhythm=QUICK, **more)


async def until(holds: Callable[[], Any]) -> Any:
    for _ in range(12_000):
        if found := holds():
            return found
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


async def test_every_unfinished_job_is_recorded_with_its_results_and_then_it_ends(
    here: Settings, store: Store, hostile: HostileProvider, diary: Diary, another: Diary
) -> None:
    known(store, "ftjob-1")
    listed = {"id": "ftjob-2", "model": "m", "status": "running", "created_at": 1_763_600_000}
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": [listed]}))
    hostile.on("GET", "/files/file-r/content", hostile.answer(base64.b64encode(CSV.encode())))
    diary.add(150)
    another.add(30)
    diary.before_page = lambda number: diary.add(7) if number < 4 else diary.end()
    another.before_page = lambda number: another.end() if number > 2 else None
    another.job["result_files"] = ["file-r"]

    await recording(here, store).run()

    steps = [e.data["step"] for e in await store.jobs.events("hostile", "ftjob-1")]
    assert steps == list(range(1, len(diary.events) + 1))
    assert len(await store.jobs.events("hostile", "ftjob-2")) == 30
    assert store.jobs.results("hostile", "ftjob-2") == CSV
    assert all(kept.settled for kept in store.jobs.newest())


def test_a_line_of_the_log_is_obeyed_by_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    LOG.warning("ftjob-1\x1b[2J\n%s", "2026-11-28 INFO ftjob-2: all of it is here")
    LOG.removeHandler(LOG.handlers[-1])
    [line] = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line


@pytest.mark.parametrize("answer", [{"body": b"neither"}, {"body": {}, "status": 400}])
async def test_results_that_will_never_be_any_keep_no_recorder(
    here: Settings, store: Store, hostile: HostileProvider, diary: Diary, answer: dict[str, Any]
) -> None:
    known(store, "ftjob-1")
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"data": []}))
    hostile.on("GET", "/files/file-r/content", hostile.answer(**answer))
    diary.add(3)
    diary.end()
    diary.job["result_files"] = ["file-r"]
    recorder = recording(here, store)
    await asyncio.wait_for(recorder.run(), 60)
    assert recorder.status.given_up == ("ftjob-1",)
    assert len(await store.jobs.events("hostile", "ftjob-1")) == 3


@pytest.fixture
def another(hostile: HostileProvider) -> Diary:
    from tests.conftest import Diary

    return Diary(hostile, "ftjob-2")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (503, "overloaded", "overloaded"),
        (429, "rate_limit", "rate_limit"),
        (401, "invalid_api_key", "key"),
        (403, "forbidden", "forbidden"),
        (404, None, "no longer has this job"),
    ],
)
async def test_a_fault_is_a_state_with_a_sentence_and_other_jobs_go_on(
    here: Settings,
    store: Store,
    hostile: HostileProvider,
    diary: Diary,
    another: Diary,
    status: int,
    code: str | None,
    words: str,
) -> None:
    known(store, "ftjob-1", "ftjob-2")
    diary.add(10)
    another.add(10)
    failing = True

    def answer(request: Any) -> Any:
        if failing:
            body = {"error": {"message": f"{code}: not now", "code": code}}
            return hostile.answer(body, status, {"retry-after": "0"})
        return hostile.answer(diary.job)

    hostile.on("GET", "/fine_tuning/jobs/ftjob-1", answer)
    working = recording(here, store)
    running = asyncio.create_task(working.run())

    def said() -> str:
        status = place.find(here.folders, "hostile")
        gone = status is not None and "ftjob-1" in status.given_up and "no longer has this job"
        return str(gone or (status.trouble_of("ftjob-1") if status else ""))

    await until(lambda: words in said())
    assert not running.done()
    failing = False
    if status == 404:
        another.end()
    else:
        await until(lambda: said() == "")
        for one in (diary, another):
            one.end()
    await running
    assert len(await store.jobs.events("hostile", "ftjob-2")) == 10
    assert len(await store.jobs.events("hostile", "ftjob-1")) == (0 if status == 404 else 10)


async def test_without_a_key_it_waits_for_one_while_a_job_runs(
    here: Settings, store: Store, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = here.folders.config_file
    config.write_text(config.read_text() + 'key_env = "HOSTILE_API_KEY"\n')
    monkeypatch.delenv("HOSTILE_API_KEY")
    here = settings.load()
    known(store, "ftjob-1")
    diary.add(3)
    diary.end()
    working = recording(here, store)
    running = asyncio.create_task(working.run())
    await until(lambda: "HOSTILE_API_KEY" in working.status.trouble)
    assert not running.done()
    monkeypatch.setenv("HOSTILE_API_KEY", "sk-hostile-0123456789")
    await running
    assert len(await store.jobs.events("hostile", "ftjob-1")) == 3


async def test_with_nothing_unfinished_a_provider_that_fails_does_not_hold_it(
    here: Settings, store: Store, hostile: HostileProvider
) -> None:
    hostile.on("GET", "/fine_tuning/jobs", hostile.answer({"error": {"message": "no"}}, 401))
    await recording(here, store).run()


async def test_jobs_that_nobody_looks_at_are_asked_for_one_after_the_other(
    here: Settings, store: Store, fake_clock: FakeClock
) -> None:
    working = Recording(
        here, here.profiles["hostile"], store, rhythm=REMOTE, clock=fake_clock.clock
    )
    slots = []
    for number in range(5):
        before = fake_clock.elapsed_s
        await working._slot(f"ftjob-{number}")
        slots.append(fake_clock.elapsed_s - before)
    assert slots == [0, 1.5, 1.5, 1.5, 1.5]
    place.watch(here.folders, "hostile", "ftjob-9")
    before = fake_clock.elapsed_s
    await working._slot("ftjob-9")
    assert fake_clock.elapsed_s == before


def test_the_pace_is_said() -> None:
    assert LOCAL.words.startswith("every 5 to 30 s for each job, 1.5 s apart")


def test_of_a_profile_there_is_one_recorder(here: Settings) -> None:
    folder = place.folder_of(here.folders, "hostile")
    assert not recorder.runs(here.folders, "hostile")
    lock = place_held(folder)
    assert recorder.runs(here.folders, "hostile")
    assert not recorder.record(here, "hostile")
    lock.close()


def place_held(folder: Path) -> Any:
    from tintype.paths import locked, make_folder

    make_folder(folder)
    lock = locked(folder / place.LOCK)
    assert lock is not None
    return lock


async def test_who_reads_along_asks_nobody_and_says_how_old_it_is(
    here: Settings, hostile: HostileProvider, store: Store, diary: Diary
) -> None:
    known(store, "ftjob-1")
    diary.add(250)
    lock = place_held(place.folder_of(here.folders, "hostile"))
    working = recording(here, store)
    running = asyncio.create_task(working.run())
    await until(lambda: place.find(here.folders, "hostile"))
    steps: list[int] = []

    async def provider() -> Any:
        raise AssertionError("the provider is asked twice")

    async with open_store(here.folders.store_file) as mine:
        async for progress in recorder.follow(here, "hostile", mine, "ftjob-1", provider):
            steps += [event.data["step"] for event in progress.events]
            assert progress.fresh_at is not None
            if len(steps) >= 250 and diary.job["status"] != "succeeded":
                diary.add(3)
                diary.end()
    assert sorted(steps) == list(range(1, 254))
    assert len(progress.metrics.series["train_loss"]) == 253
    assert place.watched(place.folder_of(here.folders, "hostile"), "ftjob-1")
    await running
    lock.close()


# ------------------------------------------------------------------- the process, as it is started


@pytest.fixture
def apart(home: Path, hostile_apart: HostileProvider, warm_starts: None) -> Iterator[Settings]:
    """Settings with a profile whose provider is in a thread; its recorder ends with the test."""
    hostile_apart.on("GET", "/fine_tuning/jobs", hostile_apart.answer({"data": []}))
    here = at(home, hostile_apart.url)
    yield here
    asyncio.run(recorder.stop(here, "hostile"))


async def test_a_recorder_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled(
    apart: Settings, hostile_apart: HostileProvider
) -> None:
    from tests.conftest import Diary

    diary = Diary(hostile_apart)
    diary.add(120)
    async with open_store(apart.folders.store_file) as store:
        known(store, "ftjob-1")
        for round in range(3):
            await recorder.start(apart, "hostile")
            place.watch(apart.folders, "hostile", "ftjob-1")
            pages = diary.pages_read
            await until(lambda: diary.pages_read > pages)  # noqa: B023
            status = recorder.find(apart.folders, "hostile")
            assert status is not None
            assert status.runs
            assert os.getsid(status.pid) != os.getsid(0)
            os.kill(status.pid, signal.SIGHUP)  # a terminal that goes away ends nothing
            os.kill(status.pid, signal.SIGKILL)
            await until(lambda: not recorder.runs(apart.folders, "hostile"))
            diary.add(30 + round)
        diary.end()
        async with hostile_apart.connect() as api:

            async def provider() -> Any:
                return api

            steps = []
            async for progress in recorder.follow(apart, "hostile", store, "ftjob-1", provider):
                steps += [event.data["step"] for event in progress.events]
        assert sorted(steps) == list(range(1, len(diary.events) + 1))
        kept = await store.jobs.events("hostile", "ftjob-1")
        assert [event.data["step"] for event in kept] == list(range(1, len(diary.events) + 1))
    log = (place.folder_of(apart.folders, "hostile") / place.LOG).read_text()
    assert "Warning" not in log
    assert "Recording the jobs of hostile" in log
    assert "sk-hostile" not in log


async def test_a_recorder_whose_folder_is_removed_ends(
    apart: Settings, hostile_apart: HostileProvider
) -> None:
    from tests.conftest import Diary

    Diary(hostile_apart).add(5)
    async with open_store(apart.folders.store_file) as store:
        known(store, "ftjob-1")
        await recorder.start(apart, "hostile")
        status = recorder.find(apart.folders, "hostile")
    assert status is not None

    def runs() -> bool:
        try:
            return bool(Path(f"/proc/{status.pid}/cmdline").read_bytes())  # empty once it has ended
        except OSError:
            return False

    assert runs()
    shutil.rmtree(apart.folders.state)
    await until(lambda: not runs())


def test_the_unit_for_systemd_names_the_command_and_the_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_HOME", "/my home/50%")
    text = unit("work")
    assert "record --foreground --profile work" in text
    assert 'Environment="TINTYPE_HOME=/my home/50%%"' in text
    assert "KEY" not in text
