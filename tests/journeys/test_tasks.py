"""What is under way: one list from every pane, how far each is, and stopping it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.journeys.test_jobs import holding, launch

from tintype import recorder
from tintype.resources import Job
from tintype.settings import load
from tintype.store import open_store
from tintype_tui.screens.tasks import TaskDialog
from tintype_tui.tasks import Tasks

__all__ = ["launch"]


def test_work_is_listed_for_as_long_as_it_goes_on() -> None:
    tasks, changes, stopped = Tasks(), list[int](), list[str]()
    tasks.changed = lambda: changes.append(len(tasks.now))
    with tasks.begin("Upload a", lambda: stopped.append("a"), pane="models") as first:
        second = tasks.begin("Check b", lambda: stopped.append("b"))
        assert [one.title for one in tasks.now] == ["Upload a", "Check b"]
        first.stop()
        second.end()
        second.end()
    assert (tasks.now, changes, stopped) == ([], [1, 2, 1, 0], ["a"])


async def test_a_job_is_seen_from_another_pane_and_cancelled_once_that_is_asked(
    sit: Any, dataset: Path, launch: Any
) -> None:
    await launch(holding(dataset, 2), "waits", wait=False)
    async with sit(size=(80, 24)) as person:
        await person.press("ctrl+t")
        await person.sees("Under way", "Job waits at tintype", "asked first")
        await person.press("x")
        await person.sees("Cancel this job?", "Nothing is billed: it runs on this machine.")
        await person.press("n")
        await person.sees_no("Cancel this job?")
        await person.press("ctrl+t")
        await person.sees("Job waits at tintype")
        await person.press("enter")
        await person.until(lambda: person.app.current_mode == "jobs", "Jobs")
        await person.sees("◐ running")
        await person.press("ctrl+t")
        await person.sees("Job waits at tintype")
        await person.press("x")
        await person.sees("Cancel this job?")
        await person.press("y")
        await person.sees("⊘ cancelled")


async def test_a_job_that_nobody_records_says_how_old_what_is_known_of_it_is(sit: Any) -> None:
    then = datetime.now(UTC) - timedelta(hours=3, minutes=1)
    job = Job("ftjob-far", "gpt-4o", "running", then, "file-1", suffix="far")
    async with open_store(load().folders.store_file) as store:
        store.jobs.remember("openai", job, replace(job, id="ftjob-2", suffix="2"), seen_at=then)
    async with sit(size=(80, 24)) as person:
        await person.press("ctrl+t")
        await person.sees("Job far at openai", "◐ running, heard 3 h ago", "Nobody records it")
        await person.press("escape", "4", "slash")
        await person.type("is:all")
        await person.press("enter")
        await person.sees("openai: far", "heard 3 h ago")


async def test_what_the_app_does_is_counted_on_every_pane_and_stopped(sit: Any) -> None:
    async with sit(size=(80, 24)) as person:
        tasks, stopped = person.app.session.tasks, list[str]()

        def stop() -> None:
            stopped.append("it")
            task.end()

        task = tasks.begin("Upload train.jsonl", stop)
        task.words = "3 MB of 8 MB"
        await person.sees("^t 1 task")
        await person.press("7", "ctrl+t")
        await person.sees("Upload train.jsonl", "3 MB of 8 MB", "nothing half written")
        await person.press("x")
        await person.until(lambda: stopped == ["it"], "it stopped")
        await person.until(lambda: not isinstance(person.app.screen, TaskDialog), "no list")
        await person.sees_no("1 task")


async def test_the_recorder_is_listed_and_can_be_stopped(
    sit: Any, dataset: Path, launch: Any, home: Path
) -> None:
    await launch(holding(dataset, 2), "waits", wait=False)
    settings = load()
    await recorder.start(settings, "tintype")
    try:
        async with sit() as person:
            await person.press("ctrl+t")
            await person.sees("Recorder of tintype")
            await person.press("end", "x")
            await person.until(lambda: not recorder.runs(settings.folders, "tintype"), "it gone")
    finally:
        await recorder.stop(settings, "tintype")
