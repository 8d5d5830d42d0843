"""All jobs in one list, labels with undo, a job as a file, and a job played again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tintype import jobs
from tintype.errors import FileError, NotFoundError
from tintype.jobs import JobLine
from tintype.pricing import load_prices
from tintype.resources import Checkpoint, Event, Job
from tintype.store import KeptJob, Labels, MadeFrom, Ranked, Source, open_store

if TYPE_CHECKING:
    from tests.conftest import FakeClock

    from tintype.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)
JOB = Job("ftjob-1", "tintype-tiny", "succeeded", NOW, "file-1", suffix="cards")


def steps(count: int) -> list[Event]:
    return [
        Event(
            f"e{n}",
            NOW + timedelta(seconds=n),
            "",
            type="metrics",
            data={"step": n, "train_loss": 1 / n},
        )
        for n in range(1, count + 1)
    ]


def remember(store: Store, profile: str, job: Job, count: int = 0) -> None:
    store.jobs.remember(profile, job, seen_at=NOW)
    sweep = store.jobs.begin_sweep(profile, job.id)
    ranked = [Ranked(event, at) for at, event in enumerate(steps(count))]
    store.jobs.add_events(profile, job.id, ranked, sweep=sweep)
    store.jobs.close_sweep(profile, job.id, sweep)


async def test_jobs_of_all_profiles_are_listed_with_what_came_of_them(store: Store) -> None:
    tuned = replace(JOB, fine_tuned_model="ft:cards", trained_tokens=1_000)
    remember(store, "tintype", tuned, 4)
    remember(store, "local", replace(JOB, id="local-1", created_at=NOW + timedelta(1)))
    estimated = replace(JOB, id="ftjob-2", status="running", model="gpt-4o")
    remember(store, "openai", estimated)
    store.jobs.made_from("openai", "ftjob-2", MadeFrom(estimate={"cost_usd": "3.50"}))
    providers = {"tintype": "tintype", "openai": "openai"}
    scores = {("tintype", "ft:cards"): (score(0.9),)}
    lines = await jobs.overview(store, load_prices(None), providers, scores)
    found = {line.kept.job.id: line for line in lines}
    assert lines[0].kept.job.id == "local-1"
    assert (found["ftjob-1"].loss, found["ftjob-1"].best_loss) == ("train_loss", 0.25)
    assert found["ftjob-1"].score == score(0.9)
    assert found["ftjob-1"].accuracy is None
    assert (found["ftjob-2"].cost_usd, found["ftjob-2"].estimated) == (Decimal("3.50"), True)
    assert found["local-1"].best_loss is None
    assert found["local-1"].cost_usd is None


async def test_how_long_a_job_trained_is_counted_from_the_event_that_says_it_began(
    store: Store,
) -> None:
    ended = replace(JOB, finished_at=NOW + timedelta(seconds=100))
    remember(store, "openai", ended, 4)
    metrics, _ = await jobs.recorded(store, "openai", JOB.id)
    kept = store.jobs.find("openai", JOB.id)
    assert kept is not None
    assert await jobs.trained_s(store, kept, metrics) == 99  # from the first step
    began = Event("e", NOW - timedelta(seconds=20), "Fine-tuning job started")
    store.jobs.add_events("openai", JOB.id, [Ranked(began, 0)], sweep=1)
    assert await jobs.trained_s(store, kept, metrics) == 120
    [line] = await jobs.overview(store, None, {}, {})
    assert line.training_s == 120
    outcomes = jobs.outcomes([(kept, metrics)], None, {}, {}, {JOB.id: 120.0})
    assert outcomes.each[0].training_s == 120


async def test_where_no_event_was_recorded_the_curves_are_of_the_results_file(
    store: Store,
) -> None:
    csv = "step,train_loss,valid_loss\n1,0.5,\n2,0.25,0.75\n"
    remember(store, "openai", JOB)
    store.jobs.keep_results("openai", JOB.id, csv)
    metrics, _ = await jobs.recorded(store, "openai", JOB.id)
    assert dict(metrics.series["train_loss"]) == {1: 0.5, 2: 0.25}
    remember(store, "openai", JOB, 1)  # what an event said counts, the file says the rest
    metrics, _ = await jobs.recorded(store, "openai", JOB.id)
    metrics = jobs.charted(csv, metrics)
    assert dict(metrics.series["train_loss"]) == {1: 1.0, 2: 0.25}
    assert dict(metrics.series["valid_loss"]) == {2: 0.75}
    assert jobs.charted(csv, metrics) is metrics
    assert jobs.charted("<html>", metrics) is metrics


def score(value: float) -> jobs.ModelScore:
    return jobs.ModelScore(value, 0, 1, 10, "exact", "first")


def line(id: str, profile: str = "p", labels: Labels | None = None, **more: Any) -> JobLine:
    kept = KeptJob(profile, replace(JOB, id=id), NOW, True, MadeFrom())
    return JobLine(kept, labels or Labels(), **more)


LINES = (
    line(
        "a",
        best_loss=0.5,
        accuracy=0.5,
        training_s=9.0,
        cost_usd=Decimal(3),
        labels=Labels(tags=("good", "v2")),
    ),
    line("b", best_loss=0.2, score=score(0.4), profile="openai", labels=Labels(note="with boxes")),
    line("c", best_loss=None, score=score(0.8), training_s=5.0, labels=Labels(archived=True)),
    line("d", best_loss=0.9, accuracy=0.9, cost_usd=Decimal(1), labels=Labels(pinned=True)),
)


@pytest.mark.parametrize(
    ("wanted", "by", "ids"),
    [
        ("", "loss", "dba"),
        ("", "cost", "dab"),
        ("", "score", "dba"),
        ("", "accuracy", "dab"),
        ("is:all sort:time", "age", "dab"),
        ("is:archived", "age", "c"),
        ("is:pinned", "age", "d"),
        ("tag:good", "age", "a"),
        ("profile:openai", "age", "b"),
        ("note:boxes", "age", "b"),
        ("boxes", "age", "b"),
        ("state:failed", "age", ""),
        ("v2 state:succ", "age", "a"),
    ],
)
def test_the_list_is_filtered_and_sorted(wanted: str, by: str, ids: str) -> None:
    found = jobs.arranged(LINES, wanted=wanted, by=by)
    assert "".join(one.kept.job.id for one in found) == ids


def test_the_other_way_round_what_is_not_known_stays_last() -> None:
    found = jobs.arranged(LINES[:3], wanted="", by="cost", reverse=True)
    assert [one.kept.job.id for one in found] == ["a", "b"]


async def test_a_job_goes_through_a_file_to_another_store(store: Store, tmp_path: Path) -> None:
    made = MadeFrom(training=Source("/home/somebody/secret/train.jsonl", "ab" * 32, 12))
    remember(store, "openai", JOB, 1_500)
    store.jobs.made_from("openai", JOB.id, made)
    store.jobs.add_checkpoints("openai", JOB.id, Checkpoint("c1", JOB.id, "ft:1", 7, NOW))
    store.jobs.keep_results("openai", JOB.id, "step,train_loss\n1,1\n")
    store.labels.put("openai", JOB.id, Labels(tags=("v2",)))
    path = tmp_path / "job.json"
    await jobs.export(store, "openai", JOB.id, path)
    assert "somebody" not in path.read_text()
    with pytest.raises(FileError):
        await jobs.export(store, "openai", JOB.id, path)
    async with open_store(tmp_path / "other.sqlite") as other:
        for _ in range(2):  # once more adds nothing
            kept = await jobs.restore(other, path)
        assert (kept.profile, kept.job, kept.settled) == ("openai", JOB, True)
        assert kept.made_from.training == Source("train.jsonl", "ab" * 32, 12)
        assert await other.jobs.events("openai", JOB.id) == steps(1_500)
        assert other.jobs.checkpoints("openai", JOB.id)[0].model == "ft:1"
        assert other.jobs.results("openai", JOB.id).startswith("step")
        assert other.labels.of("openai", JOB.id).tags == ("v2",)
    with pytest.raises(NotFoundError):
        await jobs.export(store, "openai", "nobody", tmp_path / "x.json")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"kind": "tintype job", "version": 2}', '{"kind": "tintype job", "version": 1}'],
)
async def test_what_is_no_job_is_refused(store: Store, tmp_path: Path, text: str) -> None:
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(FileError, match="no job"):
        await jobs.restore(store, path)
    assert store.jobs.newest() == ()


async def test_a_job_is_played_again_in_its_rhythm(fake_clock: FakeClock) -> None:
    kept = KeptJob("p", JOB, NOW, True, MadeFrom())
    checkpoints = [Checkpoint("c1", JOB.id, "ft:1", 7, NOW)]
    told = [
        progress
        async for progress in jobs.replay(
            kept, steps(10), checkpoints, speed=2, from_step=4, clock=fake_clock.clock
        )
    ]
    assert [event.id for one in told for event in one.events] == [f"e{n}" for n in range(1, 11)]
    assert len(told[0].events) == 4  # what was said before comes at once
    assert fake_clock.slept == [0.5] * 6
    assert [bool(one.checkpoints) for one in told].index(True) == 3
    assert json.dumps(told[-1].metrics.last_step) == "10"
