"""A session that was cut off is taken up where it was; each has notes of its own."""

import asyncio
import json
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tintype.loop import LoopState
from tintype.resources import Job
from tintype.settings import load
from tintype.store import open_store
from tintype_tui import requests
from tintype_tui.__main__ import run_command
from tintype_tui.screens.datasets.row_part import RowPart
from tintype_tui.screens.jobs.curves import Curves
from tintype_tui.seat import SESSION, take_seat
from tintype_tui.widgets.composer import Composer
from tintype_tui.widgets.image import FIT, View

HUNG_UP = 128 + signal.SIGHUP
NOW = datetime.now(UTC)


async def test_a_session_takes_up_the_last_that_was_cut_off_and_never_one_that_runs(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path / "store.db") as store:
        first, second = take_seat(tmp_path, store), take_seat(tmp_path, store)
        assert (first.named("draft"), second.named("draft")) == ("draft", "draft 2")
        store.notes.write(first.named(SESSION), {"at": 2.0, "cut": False}, NOW)
        store.notes.write(second.named(SESSION), {"at": 1.0, "cut": True}, NOW)
        third = take_seat(tmp_path, store)
        assert (third.number, third.left) == (3, {})
        for seat in (first, second, third):
            seat.leave()
        again = [take_seat(tmp_path, store), take_seat(tmp_path, store)]
        assert [seat.number for seat in again] == [2, 1]
        others = [take_seat(tmp_path, store) for _ in range(9)]
        # There are no more: they share what is left.
        assert {seat.number for seat in others} == {3, 4, 5, 6, 7, 8, 9}
        for seat in (*again, *others):
            seat.leave()


async def test_where_files_cannot_be_locked_there_is_one_session(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    async with open_store(tmp_path / "store.db") as store:
        assert take_seat(tmp_path / "taken" / "sessions", store).number == 1


async def test_pane_row_plan_draft_and_zoom_come_back_after_a_cut_and_home_after_q(
    sit: Any, dataset: Path, capsys: Any
) -> None:
    words = ["train", str(dataset), "--model", "scripted", "--wait", "--json"]
    assert await asyncio.to_thread(run_command, words) == 0
    job = json.loads(capsys.readouterr().out)["id"]
    async with sit(dataset) as person:
        await person.sees("answer 0")
        await person.press("down", "down", "3")
        await person.sees("Cost")
        await person.until(lambda: person.app.screen.outlook.quote is not None, "a cost")
        await person.press("plus")
        epochs = person.app.screen.choices.epochs
        await person.press("5")
        await person.sees("test.jsonl row 1")
        await person.press("i")
        await person.until(lambda: isinstance(person.app.focused, Composer), "the field")
        await person.type("Why")
        await person.sees("Why")
        await person.press("escape", "4")
        await person.sees("succeeded")
        curves = person.app.screen.query_one(Curves).leader
        await person.until(lambda: curves.with_points and curves.region, "a curve")
        await person.sees("step 9/9", "0.1111")
        person.app.screen.set_focus(curves)
        await person.press("plus")
        await person.until(lambda: curves.window is not None, "a closer look")
        window = curves.window
        async with sit() as other:  # at the same time
            await other.until(lambda: other.app.session.seat.number == 2, "a seat")
            assert other.app.loop_state.dataset is None
        person.app.exit(HUNG_UP)
    async with sit() as person:
        await person.until(lambda: person.app.current_mode == "jobs", "Jobs")
        await person.sees("succeeded")
        assert (person.app.loop_state.row, person.app.loop_state.job) == (2, job)
        await person.until(
            lambda: person.app.screen.query_one(Curves).leader.window == window, "the zoom"
        )
        await person.press("3")
        await person.sees("Cost")
        await person.until(lambda: person.app.screen.choices.epochs == epochs, "the plan")
        await person.press("5")
        await person.sees("Why")
        person.app.exit()
    async with sit() as person:
        await person.until(lambda: person.app.loop_state.row == 2, "what was chosen")
        assert person.app.current_mode == "home"


async def cut_off_at(pane: str, home: Path) -> None:
    """Leave the note of a session that was cut off at a pane, without a dataset or a job."""
    async with open_store(load().folders.store_file) as store:
        store.notes.write(SESSION, {"at": 1.0, "cut": True, "pane": pane}, NOW)


async def test_who_came_back_to_a_pane_can_go_home(sit: Any, home: Path) -> None:
    await cut_off_at("models", home)
    async with sit() as person:
        await person.until(lambda: person.app.current_mode == "models", "Models")
        await person.press("1")
        await person.until(lambda: person.app.current_mode == "home", "Home")
        await person.sees("make two sample datasets")  # the store has been read again
        await person.press("exclamation_mark", "escape")
        assert person.app.current_mode == "home"


async def test_what_was_chosen_while_the_store_was_read_is_not_left_for_where_one_was_before(
    sit: Any, home: Path
) -> None:
    await cut_off_at("models", home)
    async with sit() as person:
        await person.until(lambda: person.app.current_mode == "models", "Models")
        for message in (requests.open_job("ftjob-1"), requests.restore(LoopState(), "models")):
            person.app.post_message(message)
        await person.until(lambda: person.app.loop_state.job == "ftjob-1", "the job")
        await person.press("question_mark")
        await person.sees("Esc goes back")
        assert person.app.current_mode == "jobs"


async def test_an_image_is_looked_at_as_closely_as_before_the_cut(sit: Any, dataset: Path) -> None:
    def image(person: Any) -> Any:
        return person.app.screen.query_one(RowPart).view.image

    def shows(person: Any, index: int) -> bool:
        example = person.app.screen.query_one(RowPart).view.example
        presenting = [one for one in person.app.workers if one.group == "row"]
        shown = example is not None and example.line == index + 1
        return shown and not presenting and image(person).drawing is not None

    async with sit(dataset) as person:
        await person.sees("answer 0")
        await person.press("down", "down")
        await person.until(lambda: shows(person, 2), "the third row and its image")
        image(person).view = View(2.25, 0.25, 0.75)
        await person.until(lambda: image(person).drawing.frame.view.zoom == 2.25, "a closer look")
        person.app.exit(HUNG_UP)
    async with sit() as person:
        await person.until(lambda: bool(person.app.screen.query(RowPart)), "Datasets")
        # Where to is kept within the image, which depends on the room there is at first.
        await person.until(lambda: image(person).view.zoom == 2.25, "the zoom")
        await person.press("down")
        await person.until(lambda: image(person).view == FIT, "another image")


async def test_a_store_that_another_holds_does_not_hold_up_the_app(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("answer 0")
        session, state = person.app.session, person.app.loop_state
        store = await session.store()
        name = session.seat.named(SESSION)
        other = sqlite3.connect(load().folders.store_file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        session.keep_apart(state, pane="held up")  # here it would wait, and then give up
        other.execute("COMMIT")
        other.close()
        await person.until(
            lambda: store.notes.read(name, {}).get("pane") in ("held up", "datasets"), "the note"
        )


async def test_what_became_of_jobs_meanwhile_is_said(
    sit: Any, home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORK_KEY", "sk-work-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "work"\n[profiles.work]\n'
        f'base_url = "{hostile_apart.url}"\nkey_env = "WORK_KEY"\n'
    )
    now = datetime.now(UTC)
    begun = now - timedelta(hours=1)
    job = {"model": "m", "created_at": int(begun.timestamp()), "training_file": "f"}
    ended = {"id": "ftjob-1", "status": "succeeded", "finished_at": int(now.timestamp()) - 60}
    listed = [job | ended | {"suffix": "cards"}, job | {"id": "ftjob-2", "status": "running"}]
    page = hostile_apart.answer({"data": listed, "has_more": False})
    hostile_apart.on("GET", "/fine_tuning/jobs", page)
    async with open_store(load().folders.store_file) as store:
        for name in ("ftjob-1", "ftjob-2"):
            running = Job(name, "m", "running", begun, "f")
            store.jobs.remember("work", running, seen_at=begun)
    async with sit() as person:
        said = person.app.session.said
        await person.until(lambda: bool(said), "news")
        (words,) = [one.words for one in said]
        assert words.startswith("While you were away cards has succeeded, ")
