"""Home: where one left off, what the provider is and how long it lasts, and how to begin."""

import asyncio
import shutil
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.handled import until
from textual.widgets import Input

from tintype.resources import Event, Job
from tintype.samples import SplitCounts
from tintype.settings import load
from tintype.store import Ranked, RecentDataset, Spending, open_store
from tintype_tui import app, requests
from tintype_tui.screens.home import HomePane
from tintype_tui.terminal.textual_privates import draws
from tintype_tui.widgets.line_list import LineList


@pytest.fixture
def two_providers(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The embedded one in use, and one at `work` that bills as OpenAI does."""
    monkeypatch.setenv("WORK_KEY", "sk-work-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        '[profiles.work]\nkey_env = "WORK_KEY"\nprovider = "openai"\n'
        f'base_url = "{hostile_apart.url}"\n'
    )
    empty = hostile_apart.answer({"data": [], "has_more": False})
    hostile_apart.on("GET", ".*", empty)
    return hostile_apart


async def test_the_first_frame_waits_for_no_list_however_busy_the_machine_is(home: Path) -> None:
    frames: list[int] = []

    class Slow(app.TintypeApp):
        CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))

        def _display(self, screen: Any, renderable: Any) -> None:
            if draws(self):
                frames.append(len(screen.query("ListsPart")))
            else:  # Textual holds it back: on a busy machine for long
                time.sleep(0.06)
            super()._display(screen, renderable)

    async with Slow().run_test() as pilot:
        await until(pilot, lambda: frames[-1:] == [1])
    assert frames[0] == 0


async def test_the_samples_need_no_key_and_lead_to_the_playing_cards(
    sit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How many there are otherwise, tests/core/test_samples.py says.
    monkeypatch.setattr("tintype.samples.cards.COUNTS", SplitCounts(train=54, valid=4, test=6))
    monkeypatch.setattr("tintype.samples.books.COUNTS", SplitCounts(train=6, valid=2, test=2))
    async with sit() as person:
        await person.sees("Start here", "no key, no network", "s  make two sample datasets")
        await person.press("s")
        await person.sees("cards/train.jsonl", "54 rows", "no problems", "1 box")
        await person.press("1")
        await person.sees("Recent datasets", "cards/train.jsonl")
        await person.sees("books/train.jsonl")
        assert "Start here" not in person.screen


async def test_who_has_drawn_samples_or_begun_a_job_elsewhere_is_not_told_how_to_start(
    sit: Any, two_providers: Any, home: Path
) -> None:
    (home / "data" / "samples" / "cards").mkdir(parents=True)
    async with sit() as person:  # the app was left while it drew them
        await person.sees("No dataset was opened yet", "s makes samples")
        assert "Start here" not in person.screen
    (home / "data" / "samples" / "cards").rmdir()
    (home / "data" / "samples").rmdir()
    async with open_store(load().folders.store_file) as store:
        done = Job("ftjob-1", "m", "succeeded", datetime.now(UTC), "f")
        store.jobs.remember("work", done, seen_at=datetime.now(UTC))
    async with sit() as person:
        await person.sees("No jobs from here at tintype yet", "No dataset was opened yet")
        assert "Start here" not in person.screen


async def test_the_curve_of_the_job_under_the_cursor_is_drawn_where_there_is_room(
    sit: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the room of 120 by 40; a smaller terminal has the lists alone."""
    monkeypatch.setattr("tintype_tui.screens.home.pane.LOOK_S", 0.05)
    now = datetime.now(UTC)
    async with open_store(load().folders.store_file) as store:
        for number, loss in ((1, 9.0), (2, 5.0)):
            job = Job(f"ftjob-{number}", "m", "succeeded", now - timedelta(9 - number), "f")
            store.jobs.remember("tintype", job, seen_at=now)
            events = [
                Event(f"{number}-{step}", now, "", type="metrics", data={"step": step, **point})
                for step, point in enumerate([{"train_loss": loss}, {"train_loss": 1.5}], 1)
            ]
            ranked = [Ranked(event, place) for place, event in enumerate(events)]
            store.jobs.add_events("tintype", job.id, ranked, sweep=1)
    async with sit(size=(120, 40)) as person:
        await person.sees("ftjob-2  Training loss fell from 5.0000 to")
        await person.press("tab", "down")
        await person.sees("ftjob-1  Training loss fell from 9.0000 to")
        await person.press("4", "1")
        await person.sees("ftjob-1  Training loss fell from 9.0000 to")
        async with open_store(load().folders.store_file) as store:  # another session
            job = Job("ftjob-3", "m", "succeeded", now, "f")
            store.jobs.remember("tintype", job, seen_at=now)
        await person.sees("ftjob-3")
        await person.pilot.resize_terminal(80, 24)
        await person.until(lambda: "fell from" not in person.screen, "the lists alone")


async def test_the_first_dataset_is_listed_while_it_is_read(sit: Any, tmp_path: Path) -> None:
    large = tmp_path / "large" / "train.jsonl"
    large.parent.mkdir()
    large.write_text('{"messages": []}\n' * 400_000)
    async with sit(large) as person:
        await person.sees("large/train.jsonl")
        await person.press("1")
        await person.sees("Recent datasets", "large/train.jsonl")
        assert "Start here" not in person.screen


async def test_what_cannot_be_read_is_neither_empty_nor_new(sit: Any, home: Path) -> None:
    (home / "state").mkdir(parents=True)
    (home / "state" / "tintype.sqlite").write_bytes(b"no database at all " * 99)
    async with sit() as person:
        await person.sees("Cannot read the stored state")
        for words in ("Start here", "No jobs from here", "No dataset", "Reading the"):
            assert words not in person.screen


async def test_one_goes_on_where_one_left_off(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down", "down", "down")
        await person.sees("What is number 3?")
    async with sit() as person:
        await person.sees("Recent datasets", "shapes/train.jsonl", "12 rows")
        await person.press("d")
        await person.sees("What is number 3?")


async def test_a_dataset_that_is_gone_is_not_offered(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        store = await person.app.session.store()
        await person.until(lambda: store.datasets.newest(1), "it is remembered")
    await asyncio.to_thread(dataset.unlink)
    async with sit() as person:
        await person.sees("None of your recent datasets exists any more", "s makes samples")
        assert "shapes/train.jsonl" not in person.screen
        assert "Start here" not in person.screen  # one who was here before is not new


async def test_another_provider_is_chosen_with_its_address_and_its_end_shown(
    sit: Any, two_providers: Any
) -> None:
    async with sit() as person:
        await person.sees("Tintype's own", "never; your models are files")
        await person.press("P")
        await person.sees("Work with which provider?", "work", "on this machine, free")
        await person.type("work")
        await person.press("enter")
        await person.sees(f"work: {two_providers.url}"[:30], "key from WORK_KEY")
        assert isinstance(person.app.screen, HomePane)
        assert "sk-work" not in person.screen
        assert not two_providers.sent("POST", ".*")
        await person.press("4")
        await person.sees("No jobs yet")
        await person.until(lambda: two_providers.sent("GET", "/fine_tuning/jobs"), "a question")


async def test_home_says_where_the_key_really_comes_from_or_how_to_get_one(
    sit: Any, two_providers: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORK_KEY")
    monkeypatch.setenv("TINTYPE_PROFILE", "work")
    async with sit() as person:
        await person.sees("no key yet", "WORK_KEY", "config key work")
    keys = home / "config" / "keys.toml"
    keys.write_text('work = "sk-saved-0123456789"\n')
    keys.chmod(0o600)
    async with sit() as person:
        await person.sees("key from", "keys.toml")
        assert "WORK_KEY" not in person.screen
        assert "sk-saved" not in person.screen


async def test_an_import_says_what_it_made_and_what_to_press_in_a_small_terminal(
    sit: Any, tmp_path: Path
) -> None:
    images = tmp_path / "cats"
    (images / "Annotations").mkdir(parents=True)
    (images / "JPEGImages").mkdir()
    for name in ("a", "b", "c", "d"):
        Image.new("RGB", (60, 40), (90, 80, 70)).save(images / "JPEGImages" / f"{name}.png")
        (images / "Annotations" / f"{name}.xml").write_text(
            f"<annotation><filename>{name}.png</filename>"
            "<size><width>60</width><height>40</height><depth>3</depth></size>"
            "<object><name>cat</name><bndbox><xmin>5</xmin><ymin>5</ymin>"
            "<xmax>30</xmax><ymax>30</ymax></bndbox></object></annotation>"
        )
    async with sit(size=(80, 24)) as person:
        await person.sees("Start here")
        await person.press("o")
        await person.sees("Open a dataset")
        person.app.screen.query_one(Input).value = str(images)
        await person.press("enter")
        await person.sees("a Pascal VOC folder of 4", "Enter imports")
        await person.press("enter")
        await person.sees("4 rows", "No problems found", "Enter opens it")
        await person.press("enter")
        await person.sees("cats-chat/train.jsonl")


async def test_with_other_data_the_loop_begins_anew(sit: Any, dataset: Path) -> None:
    other = dataset.parent.parent / "others" / "train.jsonl"
    await asyncio.to_thread(shutil.copytree, dataset.parent, other.parent)
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("● estimate free")
        person.app.post_message(requests.open_dataset(dataset.with_name("valid.jsonl")))
        await person.sees("shapes/valid", "● estimate free")
        person.app.post_message(requests.open_dataset(other))
        await person.sees("others/train", "◐ estimate")
        assert "free" not in person.screen


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_click_on_each_tab_shows_its_pane(sit: Any, size: tuple[int, int]) -> None:
    async with sit(size=size) as person:
        await person.sees("1 Home")
        top = person.screen.splitlines()[0]
        for mode, word in (
            ("datasets", " 2 "),
            ("estimate", " 3 "),
            ("jobs", " 4 "),
            ("playground", " 5 "),
            ("evaluate", " 6 "),
            ("models", " 7 "),
            ("home", " 1 "),
        ):
            await person.pilot.click("Masthead", offset=(top.index(word) + 2, 0))
            await person.until(lambda mode=mode: person.app.current_mode == mode, mode)
            await person.sees("? Help")


LONG = Path("/tmp") / ("x" * 300) / "train.jsonl"
"""The name is too long: nobody can say whether there is such a file."""


async def test_a_last_dataset_that_cannot_be_looked_at_does_not_keep_the_app_from_starting(
    sit: Any, home: Path
) -> None:
    async with open_store(load().folders.store_file) as store:
        kept = {"profile": "tintype", "dataset": str(LONG), "row": 3}
        store.notes.write("session", kept, datetime.now(UTC))
    async with sit() as person:
        await person.sees("Start here")
        assert person.app.loop_state.dataset is None


async def test_a_recent_dataset_that_cannot_be_looked_at_is_listed_with_the_reason(
    sit: Any, home: Path
) -> None:
    async with open_store(load().folders.store_file) as store:
        store.datasets.opened(RecentDataset(LONG, datetime.now(UTC), 1, 1))
    async with sit() as person:
        await person.sees("cannot be read", "too long")


async def test_the_last_session_is_restored_only_into_its_own_provider(
    sit: Any, dataset: Path, two_providers: Any
) -> None:
    async with open_store(load().folders.store_file) as store:
        kept = {"profile": "work", "dataset": str(dataset), "row": 3, "job": "ftjob-1"}
        store.notes.write("session", kept | {"model": "ft:gpt-4o:mine"}, datetime.now(UTC))
    async with sit() as person:
        await person.until(lambda: person.app.loop_state.dataset == dataset, "the dataset")
        assert (person.app.loop_state.job, person.app.loop_state.model) == ("", "")


async def test_home_asks_no_provider_while_another_pane_is_shown(
    sit: Any, two_providers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype_tui.screens.home.lists_part.LOOK_S", 0.05)
    monkeypatch.setenv("TINTYPE_PROFILE", "work")
    job = {"id": "ftjob-1", "model": "m", "status": "running", "created_at": 1_790_000_000}
    page = two_providers.answer({"data": [job], "has_more": False})
    two_providers.on("GET", "/fine_tuning/jobs", page)
    begun = datetime.fromtimestamp(1_790_000_000, UTC)
    async with open_store(load().folders.store_file) as store:
        running = Job("ftjob-1", "m", "running", begun, "f")
        store.jobs.remember("work", running, seen_at=datetime.now(UTC))

    def asked() -> int:
        return len(two_providers.sent("GET", "/fine_tuning/jobs"))

    async with sit() as person:
        await person.until(lambda: asked() > 2, "questions")
        await person.press("2")
        await person.until(lambda: person.app.current_mode == "datasets", "Datasets")
        home = next(s for s in person.app._screen_stacks["home"] if isinstance(s, HomePane))
        await person.until(
            lambda: not any(w.group == "fill" and w.is_running for w in home.workers), "silence"
        )
        before = asked()
        await person.pilot.pause(0.5)
        assert asked() <= before + 1  # one may have been on its way


async def test_what_home_could_not_ask_is_said_for_as_long_as_it_is_so(
    sit: Any, two_providers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINTYPE_PROFILE", "work")
    refused = {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}
    two_providers.on("GET", "/fine_tuning/jobs", two_providers.answer(refused, 401))
    begun = datetime.fromtimestamp(1_790_000_000, UTC)
    async with open_store(load().folders.store_file) as store:
        running = Job("ftjob-1", "m", "running", begun, "f", suffix="mine")
        store.jobs.remember("work", running, seen_at=datetime.now(UTC))
    async with sit() as person:
        await person.sees("mine", "Not up to date", "Trying again")


async def test_a_job_in_doubt_is_named_and_struck_out(sit: Any, home: Path) -> None:
    cost = Spending(
        datetime.now(UTC), "tintype", "m", "training", "token-1", None, Decimal(2), "in doubt"
    )
    async with open_store(load().folders.store_file) as store:
        store.spending.add(cost)
        store.jobs.remember("tintype", Job("j", "m", "succeeded", cost.at, "f"), seen_at=cost.at)
    async with sit() as person:
        await person.sees("1 job is in doubt", "D strikes out", "D Doubts")
        await person.press("D")
        await person.sees("Which job was never created?", "$2.00  m, tintype")
        await person.press("enter")
        await person.until(lambda: "1 job is in doubt" not in person.screen, "no doubt")
        assert "D Doubts" not in person.screen
    async with open_store(load().folders.store_file) as store:
        assert not store.spending.entries()


async def test_ctrl_q_does_not_quit(sit: Any) -> None:
    async with sit() as person:
        await person.sees("1 Home")
        await person.press("ctrl+q", "ctrl+c")
        await person.until(
            lambda: any("Press q" in one.message for one in person.app._notifications), "how to"
        )
        assert person.app.is_running


async def test_the_app_is_left_while_a_pane_is_being_made(sit: Any) -> None:
    async with sit() as person:
        person.app.call_later(person.app.switch_mode, "evaluate")
        person.app.exit()


async def test_a_line_that_is_gone_when_its_enter_is_handled_is_not_taken(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("v")
        await person.sees("values (Enter narrows)")
        facets = person.app.screen.query_one("#facets", LineList)
        facets.post_message(LineList.Chosen(facets, 999))
        await person.press("1")
        await person.sees("Recent datasets")
        recent = person.app.screen.query_one("#recent", LineList)
        recent.post_message(LineList.Chosen(recent, 999))
        await person.press("2")
        await person.sees("12 rows")
