# ruff: noqa: ASYNC240 - a test may wait for its disk
from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from benchmarks import recording
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.api.parsing import EPOCH
from tintype.errors import StoreError
from tintype.resources import Checkpoint, Event, Hyperparameters, Job, JobFailure, JobRequest
from tintype.store import (
    KeptAnswer,
    KeptUpload,
    MadeFrom,
    Ranked,
    RecentDataset,
    Source,
    Spending,
    Spent,
    Store,
    database,
    open_store,
    without_images,
)
from tintype.store.database import Database
from tintype.store.migrating import APPLICATION_ID, migrations
from tintype.store.packing import pack, unpack_event, unpack_job

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = Job("ftjob-1", "tintype-tiny", "running", NOW, "file-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tintype.sqlite"


def event(number: int, seconds: float = 0) -> Event:
    return Event(f"e-{number}", NOW + timedelta(seconds=seconds), f"Step {number}")


async def test_a_job_is_found_again_after_the_store_was_closed(path: Path) -> None:
    made = MadeFrom(Source("/a/train.jsonl", "ab" * 32, 12), None, {"cost_usd": "1.20"})
    ended = replace(
        JOB,
        status="failed",
        finished_at=NOW,
        hyperparameters=Hyperparameters(3, "auto", 0.5),
        failure=JobFailure("c", "m"),
        metadata={"k": "v"},
        result_files=("file-9",),
    )
    async with open_store(path) as store:
        store.jobs.remember("openai", JOB, seen_at=NOW)
        store.jobs.made_from("openai", JOB.id, made)
        store.jobs.remember("openai", ended, seen_at=NOW + timedelta(hours=1))
    async with open_store(path) as store:
        kept = store.jobs.find("openai", JOB.id)
        assert kept is not None
        assert (kept.job, kept.made_from, kept.settled) == (ended, made, False)
        assert kept.seen_at == NOW + timedelta(hours=1)
        assert store.jobs.find("tintype", JOB.id) is None


async def test_what_a_provider_no_longer_tells_of_an_ended_job_stays_known(path: Path) -> None:
    told = replace(
        JOB, status="succeeded", finished_at=NOW, fine_tuned_model="ft:x", trained_tokens=7, seed=3,
        hyperparameters=Hyperparameters(3, 4, 0.5),
    )  # fmt: skip
    silent = Job(JOB.id, "", "succeeded", EPOCH, "")
    async with open_store(path) as store:
        for news, known in ((told, told), (silent, told), (replace(silent, seed=4), None)):
            store.jobs.remember("openai", news, seen_at=NOW)
            kept = store.jobs.find("openai", JOB.id)
            assert kept is not None
            assert kept.job == (known or replace(told, seed=4))
        store.jobs.remember("openai", replace(silent, status="running"), seen_at=NOW)
        kept = store.jobs.find("openai", JOB.id)
        assert kept is not None
        assert kept.job.fine_tuned_model is None  # it goes on, so that may be true


async def test_jobs_of_all_profiles_are_listed_newest_first(path: Path) -> None:
    async with open_store(path) as store:
        for age, profile in enumerate(("a", "b", "a")):
            job = replace(JOB, id=f"j{age}", created_at=NOW - timedelta(days=age))
            store.jobs.remember(profile, job, seen_at=NOW)
        assert [kept.job.id for kept in store.jobs.newest()] == ["j0", "j1", "j2"]
        assert [kept.job.id for kept in store.jobs.newest(profile="a")] == ["j0", "j2"]
        assert len(store.jobs.newest(1)) == 1


async def test_an_event_is_kept_once_and_in_order_however_it_arrives(path: Path) -> None:
    """Within one second the place in the list decides; a later reading is later."""
    async with open_store(path) as store:
        store.jobs.remember("p", JOB, seen_at=NOW)
        first = [Ranked(event(n), -n) for n in (3, 1, 2)]
        store.jobs.add_events("p", JOB.id, first, sweep=1)
        store.jobs.add_events("p", JOB.id, first, sweep=1)
        again = [Ranked(event(2), 0), Ranked(event(4), -1), Ranked(event(5, -9), -2)]
        store.jobs.add_events("p", JOB.id, again, sweep=2)
        store.jobs.add_events("p", JOB.id, [Ranked(event(4), -50)], sweep=1)
        events = await store.jobs.events("p", JOB.id)
        assert [one.id for one in events] == ["e-5", "e-3", "e-1", "e-4", "e-2"]
        assert await store.jobs.events("q", JOB.id) == []


async def test_only_readings_that_came_to_their_end_are_without_gaps(path: Path) -> None:
    async with open_store(path) as store:
        store.jobs.remember("p", JOB, seen_at=NOW)
        assert store.jobs.begin_sweep("p", JOB.id) == 1
        store.jobs.add_events("p", JOB.id, [Ranked(event(1), 0)], sweep=1)
        assert await store.jobs.without_gaps("p", JOB.id) == {}
        store.jobs.close_sweep("p", JOB.id, 1)
        assert store.jobs.begin_sweep("p", JOB.id) == 2
        store.jobs.add_events("p", JOB.id, [Ranked(event(2, 5), 0)], sweep=2)
        assert await store.jobs.without_gaps("p", JOB.id) == {"e-1": NOW.timestamp()}


async def test_a_forgotten_job_takes_its_events_along(path: Path) -> None:
    async with open_store(path) as store:
        store.jobs.remember("p", JOB, seen_at=NOW)
        store.jobs.add_events("p", JOB.id, [Ranked(event(1), 0)], sweep=1)
        store.jobs.add_checkpoints("p", JOB.id, Checkpoint("c", JOB.id, "m:ckpt", 5, NOW))
        later = NOW + timedelta(1)
        store.jobs.add_checkpoints("p", JOB.id, Checkpoint("d", JOB.id, "m", None, later))
        store.jobs.add_checkpoints(
            "p", JOB.id, Checkpoint("e", JOB.id, "m", 9, later + timedelta(1))
        )
        assert [one.step for one in store.jobs.checkpoints("p", JOB.id)] == [5, None, 9]
        store.jobs.forget("p", JOB.id)
        assert store.jobs.newest() == ()
        assert await store.jobs.events("p", JOB.id) == []
        assert store.jobs.checkpoints("p", JOB.id) == ()


async def test_results_and_settling_are_kept(path: Path) -> None:
    async with open_store(path) as store:
        assert store.jobs.results("p", JOB.id) == ""
        store.jobs.remember("p", JOB, seen_at=NOW)
        store.jobs.keep_results("p", JOB.id, "step,train_loss\n1,2\n")
        store.jobs.settle("p", JOB.id)
        store.jobs.remember("p", JOB, seen_at=NOW)
        assert store.jobs.results("p", JOB.id).startswith("step")
        kept = store.jobs.find("p", JOB.id)
        assert kept is not None
        assert kept.settled


async def test_a_request_waits_until_it_is_answered(path: Path) -> None:
    request = JobRequest("m", "file-1", seed=3, metadata={"token": "t"})
    async with open_store(path) as store:
        store.jobs.ask("p", "t", request, NOW)
    async with open_store(path) as store:
        (pending,) = store.jobs.pending("p")
        assert (pending.token, pending.request, pending.asked_at) == ("t", request, NOW)
        assert store.jobs.pending("q") == ()
        store.jobs.answered("t")
        assert store.jobs.pending() == ()


async def test_an_upload_keeps_its_parts_until_it_is_replaced(path: Path) -> None:
    upload = KeptUpload("p", "fine-tune", "d", "a.jsonl", 9, "upload-1", 4, NOW, NOW)
    async with open_store(path) as store:
        store.uploads.keep(upload)
        store.uploads.part_arrived("p", "upload-1", 1, "part-b")
        store.uploads.part_arrived("p", "upload-1", 0, "part-a")
        store.uploads.part_arrived("p", "upload-1", 1, "part-c")
    async with open_store(path) as store:
        found = store.uploads.find("p", "fine-tune", "d")
        assert found == replace(upload, parts={0: "part-a", 1: "part-c"})
        store.uploads.keep(replace(upload, upload_id="", expires_at=None, file_id="file-1"))
        found = store.uploads.find("p", "fine-tune", "d")
        assert found is not None
        assert (found.file_id, found.parts) == ("file-1", {})
        store.uploads.forget("p", "fine-tune", "d")
        assert store.uploads.find("p", "fine-tune", "d") is None


async def test_recent_datasets_keep_what_was_learnt_before(path: Path) -> None:
    async with open_store(path) as store:
        first = RecentDataset(Path("/a"), NOW, 10, 5, "Cards")
        store.datasets.opened(first)
        store.datasets.opened(RecentDataset(Path("/b"), NOW + timedelta(1), 10))
        store.datasets.opened(RecentDataset(Path("/a"), NOW + timedelta(2), 11))
        assert [one.path.name for one in store.datasets.newest()] == ["a", "b"]
        assert store.datasets.newest()[0] == replace(
            first, opened_at=NOW + timedelta(2), size_bytes=11
        )
        store.datasets.forget(Path("/a"))
        assert len(store.datasets.newest()) == 1


PIXELS = b"\x89PNG" + bytes(50_000)
QUESTION: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is 100 % _this_?"},
            {
                "type": "image_url",
                "image_url": {
                    "url": "data:image/png;base64," + base64.b64encode(PIXELS).decode(),
                    "detail": "low",
                },
            },
        ],
    },
]


async def test_an_answer_is_kept_without_the_bytes_of_its_images(path: Path) -> None:
    kept = KeptAnswer(
        "p",
        "m",
        NOW,
        QUESTION,
        "a cat",
        "stop",
        completion_tokens=2,
        cost_usd=Decimal("0.00012"),
        sources=["train.jsonl row 3"],
    )
    async with open_store(path) as store:
        number = await store.answers.add(kept)
        await store.answers.add(replace(kept, text="a dog", cost_usd=None))
        newest = store.answers.newest()
        assert [one.text for one in newest] == ["a dog", "a cat"]
        assert newest[1].id == number
        assert (newest[0].cost_usd, newest[1].cost_usd) == (None, Decimal("0.00012"))
        assert newest[1].sources == ["train.jsonl row 3"]
        url = newest[1].messages[1]["content"][1]["image_url"]["url"]
        assert url.startswith("sha256:")
        assert url.endswith(";image/png;50004")
        assert [one.id for one in store.answers.newest(before=newest[0].id)] == [number]
        assert path.stat().st_size + path.with_name(path.name + "-wal").stat().st_size < 400_000
        found = await store.answers.search("100 % _this_")
        assert len(found) == 2
        assert len(await store.answers.search("CAT")) == 1
        assert await store.answers.search("100 % this") == []
        store.answers.forget(number)
        assert len(store.answers.newest()) == 1


def test_an_image_with_broken_base64_is_a_reference_too() -> None:
    (message,) = without_images([{"content": [{"url": "data:image/png;base64,é"}]}])
    assert message["content"][0]["url"].startswith("sha256:")


async def test_the_ledger_sums_exactly_and_counts_what_is_unknown(path: Path) -> None:
    async with open_store(path) as store:
        for number in range(10):
            entry = Spending(NOW, "p", "m", "inference", f"a{number}", 7, Decimal("0.1"))
            store.spending.add(entry)
        unknown = Spending(NOW, "p", "m", "training", "ftjob-1", None, None)
        store.spending.add(unknown)
        assert store.spending.total() == Spent(Decimal("1.0"), 1)
        store.spending.add(replace(unknown, tokens=5, cost_usd=Decimal(2)))
        assert store.spending.total(profile="p") == Spent(Decimal("3.0"), 0)
        assert store.spending.total(NOW + timedelta(seconds=1)) == Spent(Decimal(0), 0)
        assert store.spending.entries()[-1].tokens == 5


async def test_notes_are_small_json(path: Path) -> None:
    async with open_store(path) as store:
        assert store.notes.read("draft", "none") == "none"
        store.notes.write("draft", {"text": "\ud800 lone"}, NOW)
        store.notes.write("draft", {"text": "x"}, NOW)
        assert store.notes.read("draft") == {"text": "x"}
        store.notes.write("draft", None, NOW)
        assert store.notes.read("draft") is None


async def test_the_file_and_its_log_are_private(path: Path) -> None:
    async with open_store(path) as store:
        store.notes.write("a", 1, NOW)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert len(modes) == 3
        assert set(modes.values()) == {0o600}
    path.chmod(0o644)
    async with open_store(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def write_version(path: Path, version: int) -> None:
    """A file as Tintype left it when it knew only the first `version` migrations."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    for number, script in migrations().items():
        if number <= version:
            connection.executescript(script)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(
        "INSERT INTO jobs (profile, id, created_at, seen_at, value) VALUES ('p', ?, 1, 1, ?)",
        (JOB.id, pack(JOB)),
    )
    connection.commit()
    connection.close()


@pytest.mark.parametrize("version", sorted(migrations()))
async def test_every_version_is_brought_to_the_present_with_what_is_in_it(
    path: Path, version: int
) -> None:
    write_version(path, version)
    async with open_store(path) as store:
        assert [kept.job for kept in store.jobs.newest()] == [JOB]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (max(migrations()),)
    connection.close()


def test_archives_are_listed_the_newest_last_and_those_that_were_noted_first_too(
    store: Store,
) -> None:
    store.notes.write("archives", {"openai": "/old/one", "azure": "/old/two"}, NOW)
    for path, days in (("/new.zip", 2), ("/newer", 1), ("/newer", 3)):
        store.archives.kept(Path(path), "openai", NOW + timedelta(days=days))
    found = store.archives.read()
    assert [(str(path), profile) for path, profile in found.items()] == [
        ("/old/one", "openai"),
        ("/old/two", "azure"),
        ("/new.zip", "openai"),
        ("/newer", "openai"),
    ]


def test_migrations_are_numbered_without_gaps() -> None:
    assert sorted(migrations()) == list(range(1, len(migrations()) + 1))


async def opening(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        async with open_store(path):
            pass
    assert str(path) in caught.value.message
    return str(caught.value)


async def test_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    write_version(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = path.read_bytes()
    assert "newer Tintype" in await opening(path)
    assert path.read_bytes() == before


async def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in await opening(path)
    assert path.read_bytes() == before


def test_a_file_that_another_process_is_creating_is_not_taken_for_a_foreign_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def create_meanwhile(statement: str) -> None:
        if statement == "PRAGMA user_version" and not threads:
            threads.append(threading.Thread(target=lambda: Database(path).close()))
            threads[0].start()
            threads[0].join(0.5)

    def connected(path: Path) -> sqlite3.Connection:
        connection = plainly(path)
        if not threads:
            connection.set_trace_callback(create_meanwhile)
        return connection

    plainly = database._connected
    monkeypatch.setattr(database, "_connected", connected)
    Database(path).close()
    threads[0].join()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" * 300])
async def test_a_damaged_file_is_refused_with_what_to_do_and_left_alone(
    path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert "Move it away" in await opening(path)
    assert path.read_bytes() == content


async def test_a_file_damaged_inside_says_so_when_that_part_is_read(path: Path) -> None:
    async with open_store(path) as store:
        for number in range(200):
            job = replace(JOB, id=f"j{number}", metadata={"x": "y" * 2_000})
            store.jobs.remember("p", job, seen_at=NOW)
    with path.open("r+b") as file:
        file.seek(131_072)  # beyond the pages of the schema
        file.write(os.urandom(200_000))
    async with open_store(path) as store:
        with pytest.raises(StoreError, match="damaged"):
            store.jobs.newest()


async def test_a_folder_or_pipe_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    await opening(path)
    path.rmdir()
    os.mkfifo(path)
    assert "not a file" in await opening(path)


async def test_a_store_held_by_another_program_is_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.store.database._WAIT_S", 0.05)
    async with open_store(path) as store:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program"):
            store.notes.write("a", 1, NOW)
        other.execute("ROLLBACK")
        other.close()
        store.notes.write("a", 1, NOW)


async def test_a_full_disk_is_a_sentence_and_leaves_the_store_sound(path: Path) -> None:
    async with open_store(path) as store:
        store.jobs._database.run("PRAGMA max_page_count = 30")
        with pytest.raises(StoreError, match="disk is full"):
            store.notes.write("big", "x" * 500_000, NOW)
        with pytest.raises(StoreError, match="disk is full"):
            store.jobs.remember(
                "p",
                *(replace(JOB, id=f"{n}", metadata={"x": "y" * 2_000}) for n in range(100)),
                seen_at=NOW,
            )
        assert store.jobs.newest() == ()
        store.notes.write("small", 1, NOW)


def test_six_processes_share_one_store_and_nothing_is_lost_or_doubled(path: Path) -> None:
    """Two apps, a recorder, two commands and an evaluation; each creates the file if it is first.

    How long they wait for each other is measured by the benchmark: here other work would be, too.
    """
    _waited, left = recording.six(path, 40)
    assert left.value == 0


async def test_a_file_opened_twice_keeps_its_log_when_another_process_closes_it(path: Path) -> None:
    """Closing one of two in a process must not take the other's locks, which are POSIX's."""
    script = (
        "import sqlite3, sys\nbase = sqlite3.connect(sys.argv[1])\n"
        "base.execute('SELECT * FROM notes').fetchall()\nbase.close()\n"
    )
    async with open_store(path) as store:
        async with open_store(path):
            pass
        store.notes.write("a", 1, NOW)
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, path)
        assert await other.wait() == 0
        assert path.with_name(path.name + "-wal").exists()
        store.notes.write("a", 2, NOW)
    async with open_store(path) as store:
        assert store.notes.read("a") == 2


async def test_ten_thousand_events_are_read_without_holding_up_the_loop(path: Path) -> None:
    async with open_store(path) as store:
        for start in range(0, 10_000, 1_000):
            batch = [Ranked(event(start + n, start + n), 0) for n in range(1_000)]
            store.jobs.add_events("p", JOB.id, batch, sweep=1)
        reading = asyncio.create_task(store.jobs.events("p", JOB.id))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0)
            turns += 1
        assert len(reading.result()) == 10_000
        assert turns > 1


TEXTS = st.text(max_size=8) | st.just("\ud800 lone \udfff") | st.just("nul\0")
MOMENTS = st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
JOBS = st.builds(
    Job,
    id=TEXTS,
    model=TEXTS,
    status=TEXTS,
    created_at=MOMENTS,
    training_file=TEXTS,
    finished_at=st.none() | MOMENTS,
    hyperparameters=st.builds(
        Hyperparameters, st.just("auto") | st.integers(), st.just("auto"), st.floats(0, 9)
    ),
    failure=st.none() | st.builds(JobFailure, TEXTS, TEXTS, st.none() | TEXTS),
    result_files=st.lists(TEXTS, max_size=2).map(tuple),
    metadata=st.dictionaries(TEXTS, TEXTS, max_size=2),
)
EVENTS = st.builds(
    Event, id=TEXTS, created_at=MOMENTS, message=TEXTS, data=st.dictionaries(TEXTS, PLAIN)
)


@given(job=JOBS, one=EVENTS)
@settings(max_examples=100)
def test_packing_loses_nothing(job: Job, one: Event) -> None:
    assert unpack_job(pack(job)) == job
    assert unpack_event(pack(one)) == one
    assert pack(job).isascii()


@given(jobs=st.lists(JOBS, max_size=4), one=EVENTS)
@settings(max_examples=25, deadline=None)
def test_whatever_a_provider_sends_can_be_kept(
    tmp_path_factory: pytest.TempPathFactory, jobs: list[Job], one: Event
) -> None:
    async def keep() -> None:
        async with open_store(tmp_path_factory.mktemp("s") / "t.sqlite") as store:
            store.jobs.remember("p", *jobs, seen_at=NOW)
            store.jobs.add_events("p", one.id, [Ranked(one, 0)], sweep=1)
            assert len(store.jobs.newest()) == len(
                {
                    job.id.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                    for job in jobs
                }
            )

    asyncio.run(keep())


def test_not_a_number_survives() -> None:
    odd = Event("e", NOW, "m", data={"train_loss": math.nan, "big": math.inf})
    data = unpack_event(pack(odd)).data
    assert math.isnan(data["train_loss"])
    assert data["big"] == math.inf


def test_a_value_nested_without_end_loses_its_depth_and_nothing_else() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    kept = json.loads(pack(Event("e", NOW, "m", data={"deep": deep, "step": 3})))
    assert (kept["message"], kept["data"]) == ("m", {"step": 3})


def test_importing_the_store_loads_nothing_heavy() -> None:
    heavy = ("openai", "httpx2", "textual", "numpy", "PIL", "tintype.api")
    code = f"import sys, tintype.store; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_marks_belong_to_one_version_of_a_file(store: Store) -> None:
    path, at = Path("/d/train.jsonl"), datetime.now(UTC)
    store.marks.change(path, "old", marked={3: "", 1: "blurred"}, at=at)
    store.marks.change(path, "old", marked={7: ""}, unmarked=[3], at=at)
    assert store.marks.read(path, "old") == {1: "blurred", 7: ""}
    assert store.marks.read(path, "new") == {}
    assert store.marks.of_other_versions(path, "new") == 2
    assert store.marks.of_other_versions(path, "old") == 0


def test_a_store_is_closed_after_what_a_thread_does_with_it(path: Path) -> None:
    database, begun, go_on = Database(path), threading.Event(), threading.Event()

    def write() -> None:
        with database.changing():
            database.run("CREATE TABLE kept (one)")
            begun.set()
            go_on.wait()

    threads = [threading.Thread(target=work) for work in (write, database.close)]
    threads[0].start()
    begun.wait()
    threads[1].start()
    threads[1].join(0.1)  # it would have been closed by then
    go_on.set()
    for thread in threads:
        thread.join()
    with pytest.raises(StoreError, match="has been closed"):
        database.run("SELECT * FROM kept")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == []


async def test_curves_that_were_kept_are_those_that_the_events_give(tmp_path: Path) -> None:
    from tintype import jobs
    from tintype.jobs import recalling
    from tintype.metrics import fold

    def step(number: int) -> Ranked:
        value = float("nan") if number == 7 else 1 / number
        data = {"step": number, "train_loss": value, "total_steps": 9_000}
        return Ranked(Event(f"e{number}", at(number), "", "info", "metrics", data), number)

    def at(number: int) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)

    async with open_store(tmp_path / "store.sqlite") as store:
        store.jobs.remember("p", replace(JOB, id="j"), seen_at=at(0))
        sweep = store.jobs.begin_sweep("p", "j")
        first = [step(number) for number in range(1, recalling.WORTH + 1)]
        said = Ranked(Event("said", at(5), "hello"), 0)
        store.jobs.add_events("p", "j", [*first, said], sweep=sweep)
        half, _ = await jobs.recorded(store, "p", "j")
        assert await store.curves.read("p", "j") is None  # a reading that is not at its end
        store.jobs.close_sweep("p", "j", sweep)
        assert (await jobs.recorded(store, "p", "j"))[0] == half
        kept = await store.curves.read("p", "j")
        assert kept is not None
        assert repr(kept[0].series["train_loss"].values()[6]) == "nan"
        assert kept[0].total_steps == 9_000
        later = store.jobs.begin_sweep("p", "j")
        store.jobs.add_events("p", "j", [step(3_000)], sweep=later)
        found, whole = await jobs.recorded(store, "p", "j")
        every = fold(await store.jobs.events("p", "j"))
        assert found.series["train_loss"].steps() == every.series["train_loss"].steps()
        assert found.clock == every.clock
        assert whole == sweep
        assert [event.id for event in await store.curves.log("p", "j")] == ["said"]
        store.jobs.forget("p", "j")
        assert await store.curves.read("p", "j") is None


@pytest.mark.parametrize("data", [b"", b"{}\n", b'{"order": "little"}\n', b"\xff\n"])
def test_curves_that_are_not_understood_are_as_good_as_none(data: bytes) -> None:
    from tintype.store.curves import unpacked

    assert unpacked(data) is None
