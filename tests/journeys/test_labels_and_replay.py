"""Labels and replays of jobs by keys, from the store alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tintype import jobs
from tintype.resources import Event, Job
from tintype.settings import load
from tintype.store import Labels, open_store
from tintype.store.jobs import Ranked
from tintype_tui.screens.jobs.labels_part import LabelsPart
from tintype_tui.screens.jobs.pane import JobsPane

MADE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("", Labels()),
        ("#good is:pinned went live", Labels(True, ("good",), "went live")),
        ("#b #a is:archived", Labels(False, ("a", "b"), "", True)),
        ("# 1 xgood", Labels(note="# 1 xgood")),
    ],
)
def test_labels_are_one_line(line: str, labels: Labels) -> None:
    assert jobs.labels_of(line) == labels
    assert jobs.labels_of(jobs.line_of(labels)) == labels


async def test_a_recorded_job_is_labelled_and_played_again(home: Any, sit: Any) -> None:
    job = Job("ftjob-old", "gpt-4o", "succeeded", MADE, "file-1", suffix="old")
    steps = [
        Event(f"e{at}", MADE + timedelta(seconds=at), f"Step {at}", "info", "metrics",
              {"step": at, "total_steps": 9, "train_loss": 1 / at})
        for at in range(1, 10)
    ]  # fmt: skip
    async with open_store(load().folders.store_file) as store:
        store.jobs.remember("local", job, seen_at=MADE)
        ranked = [Ranked(event, at) for at, event in enumerate(steps)]
        store.jobs.add_events("local", job.id, ranked, sweep=1)
        store.jobs.close_sweep("local", job.id, 1)
        store.jobs.settle("local", job.id)
    async with sit(size=(80, 24)) as person:
        await person.press("4")
        await person.sees("training loss", "9/9")
        pane = person.app.screen
        assert isinstance(pane, JobsPane)
        labelling = pane.query_one(LabelsPart)
        store = await person.app.session.store()
        await person.press("U")
        await person.until(lambda: "old has no earlier labels." in person.said, "that")
        await person.press("number_sign")
        await person.sees("Labels of old")
        await person.type("#good is:pinned")
        await person.press("enter")

        def labels() -> Labels:
            found: Labels = store.labels.of("local", job.id)
            return found

        await person.until(lambda: labels() == Labels(True, ("good",)), "the labels")
        await person.until(lambda: pane.listing.lines[0].labels == labels(), "them in the list")
        await person.press("U")
        await person.until(lambda: labels() == Labels(), "that they are gone")

        def step() -> int:
            return pane.known.progress.metrics.last_step if pane.known else 0

        await person.press("R")
        await person.sees("Replay old")
        await person.press("backspace", "backspace")
        await person.type("0.01 4")
        await person.press("enter")
        await person.until(lambda: labelling.replays and 4 <= step() < 9, "the job as it came")
        assert [task.title for task in person.app.session.tasks.now] == ["Replay ftjob-old"]
        await person.press("R")
        await person.until(lambda: not labelling.replays and step() == 9, "the job as it is")
        assert not person.app.session.tasks.now


def test_results_that_were_recorded_are_printed_without_asking(home: Any, tintype: Any) -> None:
    async def remember() -> None:
        job = Job("ftjob-gone", "gpt-4o", "succeeded", MADE, "file-1", result_files=("file-2",))
        async with open_store(load().folders.store_file) as store:
            store.jobs.remember("openai", job, seen_at=MADE)
            store.jobs.settle("openai", job.id)
            store.jobs.keep_results(
                "openai", job.id, "step,train_loss,valid_loss\n1,0.5,\n2,0.25,1\n"
            )

    asyncio.run(remember())
    done = tintype("jobs", "-p", "openai", "results", "ftjob-gone")
    assert (done.code, done.err) == (0, "")
    assert done.out == "step,train_loss,valid_loss\n1,0.5,\n2,0.25,1.0\n"
