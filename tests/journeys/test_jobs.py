"""The jobs pane: what went wrong and where, runs beside each other, events, filters, money."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.keys import key_to_character
from textual.widgets import Button

from tintype import jobs
from tintype.budget import NOTHING_CONFIRMED, Limits
from tintype.resources import Job
from tintype.settings import load
from tintype.store import open_store
from tintype_tui.screens.jobs.acting import can
from tintype_tui.screens.jobs.job import JobPart
from tintype_tui.screens.jobs.pane import JobsPane
from tintype_tui.widgets.chart import Chart
from tintype_tui.widgets.plan_form import PlanForm

Launch = Callable[..., Any]


@pytest.fixture
def launch(home: Path) -> Launch:
    """`await launch(path, suffix, …)`: train with the scripted engine, whatever the rules say.

    Each in a second of its own: in the list, the newest comes first.
    """
    launches: list[Job] = []

    async def launched(path: Path, suffix: str, *, epochs: int = 2, wait: bool = True) -> Job:
        from tintype_tui.commands.counting import assessed, quoted
        from tintype_tui.commands.output import Progress
        from tintype_tui.commands.session import at_work

        settings = load()
        assessment = await assessed(path, settings.profile, "scripted", Progress())
        quote = await quoted(assessment, settings.profile, settings, epochs=epochs)
        order = jobs.Order(quote, suffix=suffix)
        if launches:
            later = launches[-1].created_at + timedelta(seconds=1)
            await asyncio.sleep((later - datetime.now(UTC)).total_seconds())
        async with at_work(settings, settings.profile) as (api, store):
            async for step in jobs.launch(
                api, store, order, limits=Limits.of(settings), confirmation=NOTHING_CONFIRMED
            ):
                job = step.job
            assert job is not None
            launches.append(job)
            if wait:
                async for progress in jobs.follow(api, store, job.id):
                    job = progress.job
        return job

    return launched


def spoil(dataset: Path, *lines: int) -> Path:
    """A copy of the dataset with messages without a role at some lines, in a folder of its own."""
    rows = dataset.read_text().splitlines()
    for line in lines:
        row = json.loads(rows[line - 1])
        del row["messages"][1]["role"]
        rows[line - 1] = json.dumps(row)
    path = dataset.parent.parent / "spoilt" / "train.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(rows) + "\n")
    return path


def lose_images(dataset: Path, *lines: int) -> Path:
    """A copy whose images at some lines are of a kind that is left out."""
    rows = dataset.read_text().splitlines()
    for line in lines:
        row = json.loads(rows[line - 1])
        row["messages"][1]["content"][1]["image_url"]["url"] = "data:image/png;base64,AAAA"
        rows[line - 1] = json.dumps(row)
    path = dataset.parent.parent / "lossy" / "train.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join([*rows, *dataset.read_text().splitlines()]) + "\n")
    return path


def holding(dataset: Path, step: int) -> Path:
    """A copy whose training waits at a step until it is let go."""
    first, *rows = dataset.read_text().splitlines()
    row = json.loads(first)
    row["messages"][0]["content"] = json.dumps({"wait_at": step})
    path = dataset.parent.parent / "holding" / "train.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join([json.dumps(row), *rows]) + "\n")
    return path


def let_go(job: Job) -> None:
    """Let a training that waits go on."""
    for folder in (load().folders.data / "server").rglob(f"{job.id}/engine"):
        (folder / "go").touch()


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def copied(dataset: Path, folder: Path) -> Path:
    """The same dataset in another folder."""
    folder.mkdir()
    (folder / dataset.name).write_bytes(dataset.read_bytes())
    return folder / dataset.name


def remove(path: Path) -> None:
    path.unlink()


async def hears(person: Any, words: str) -> None:
    """Wait for a notification."""
    said = person.app.session.said
    await person.until(lambda: any(words in one.words for one in said), f"a message: {words}")


def burst(person: Any, *keys: str) -> None:
    """Press keys so fast that the app has them all before it has done what the first one asks."""
    for key in keys:
        event = events.Key(key, key_to_character(key))
        event.set_sender(person.app)
        person.app._driver.send_message(event)


def pane_of(person: Any) -> JobsPane:
    pane = person.app.screen
    assert isinstance(pane, JobsPane)
    return pane


async def test_a_failed_job_is_explained_and_leads_to_the_very_row(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    bad = spoil(dataset, 4, 9)
    await launch(bad, "bad")
    async with sit() as person:
        await person.press("4")
        await person.sees("✗ failed", "invalid_file_format", "A message has no role")
        await person.sees("Give every message a role", "line 4", "line 9", "!trouble 2")
        assert not pane_of(person).charts.display  # there is nothing to draw
        # Enter on the job goes in, Enter on a blamed row to the dataset.
        await person.press("enter", "down", "enter")
        await person.sees("spoilt/train.jsonl", "What is number 8?")
        # The dataset is open now; another row of it is found all the same.
        await person.press("4", "up", "d")
        await person.sees("spoilt/train.jsonl", "What is number 3?")
        # It says so when the file is another one by now, or none.
        append(bad, "{}\n")
        await person.press("4", "enter")
        await hears(person, "has changed since the job was launched")
        bad.unlink()
        await person.press("4", "enter")
        await hears(person, "is gone: the row cannot be shown")


async def test_rows_that_were_left_out_are_listed_and_an_event_leads_to_them(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(lose_images(dataset, 3, 8), "lossy")
    async with sit() as person:
        await person.press("4")
        await person.sees("● succeeded", "skipped in", "!trouble 2")
        await person.press("enter", "i")
        await person.sees("warnings and errors")
        await person.sees_no("successfully completed")
        await person.press("enter")
        await person.sees("2 rows left out:", "line 3", "line 8")
        await person.press("down", "enter")
        await person.sees("lossy/train.jsonl", "What is number 7?")
        # The bill stands beside what was expected.
        await person.press("4", "left_square_bracket")
        await person.sees("billed", "as estimated", "trend", "epochs", "5 (auto)")


async def test_several_runs_are_drawn_together_and_their_settings_compared(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "short", epochs=2)
    await launch(dataset, "long", epochs=5)
    await launch(dataset, "long", epochs=3)
    async with sit(size=(80, 24)) as person:
        await person.press("4")
        await person.sees("● succeeded", "step")
        pane = pane_of(person)
        curves = pane.charts.leader
        await person.until(lambda: pane.known is not None and bool(curves.traces), "a curve")
        await person.press("O", "down")
        await person.until(lambda: len(pane.charts.leader.traces) == 2, "two runs")
        await person.press("O", "down")
        await person.until(lambda: len(pane.charts.leader.traces) == 3, "three runs")
        traces = pane.charts.leader.traces
        # Runs of one name are told apart, and each keeps its look.
        assert len({trace.name for trace in traces}) == 3
        assert [trace.slot for trace in traces] == [0, 1, 2]
        await person.sees("training loss", "short", "●", "■", "◆")
        await person.press("left_square_bracket", "enter", "f")
        await person.sees("results", "best training loss", "trained", "cost", "settings", "epochs")
        await person.press("escape", "escape")
        third = pane.followed
        await person.press("up")
        await person.until(lambda: pane.known and pane.known.job.id != third, "the second run")
        await person.press("O")  # the second is taken away, the third keeps its look
        await person.until(lambda: len(pane.job.held) == 1, "one run held")
        await person.press("down")
        await person.until(
            lambda: (
                pane.followed == third
                and [trace.slot for trace in pane.charts.leader.traces] == [0, 1]
            ),
            "two runs",
        )
        # On the axis of epochs runs of different length lie upon each other.
        pane.charts.leader.focus()
        await person.press("x")
        assert pane.charts.leader.axis == "epoch"


async def test_all_metrics_are_seen_at_once_and_move_together(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "grid", epochs=5)
    async with sit(size=(200, 60)) as person:
        await person.press("4")
        await person.sees("● succeeded", "step")
        pane = pane_of(person)
        await person.press("W")
        shown = [chart for chart in pane.query(Chart) if chart.display]
        assert len(shown) > 1
        assert len({chart.heading for chart in shown}) == len(shown)
        await person.press("right", "left", "plus")
        cursor, window = shown[0].cursor, shown[0].window
        assert cursor is not None
        assert window is not None
        assert {(chart.cursor, chart.window) for chart in shown} == {(cursor, window)}
        shown[1].focus()
        await person.press("f")
        await person.until(lambda: pane.maximized is shown[1], "the chart alone")
        assert shown[1].cursor == cursor
        await person.press("escape", "escape")  # the cursor goes first
        await person.until(lambda: pane.maximized is None, "all charts")
        assert pane.charts.every_metric
        await person.press("escape")
        assert not pane.charts.every_metric
        assert pane.charts.leader.window == window
        await person.press("M")
        await person.sees("rows × columns")
        await person.type("1x2")
        await person.press("enter")
        await person.until(lambda: pane.charts.every_metric, "all metrics")
        await person.until(lambda: sum(one.display for one in pane.query(Chart)) == 2, "two charts")
    async with sit(size=(200, 60)) as person:
        await person.press("4")
        await person.until(lambda: pane_of(person).charts.shape == (1, 2), "it as it was left")


async def test_events_are_searched_wrapped_and_told_by_age(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "diary")
    async with sit(size=(80, 24)) as person:
        await person.press("4")
        await person.sees("● succeeded", "successfully completed")
        await person.press("enter", "slash")
        await person.sees("Events with")
        await person.type("CHECKPOINT")
        await person.press("enter")
        await person.sees("with “CHECKPOINT”", "Checkpoint created")
        await person.sees_no("successfully completed")
        feed = pane_of(person).feed
        reversed_texts = [
            segment.text
            for segment in feed.render_line(0)
            if segment.style and segment.style.reverse
        ]
        assert reversed_texts == ["Checkpoint"]
        lines = feed.total
        await person.press("z", "a")
        assert feed.total > lines
        await person.sees("ago")
        await person.press("escape")
        await person.sees_no("with “CHECKPOINT”")
        await person.press("slash")
        await person.sees("Events with")
        await person.type("nobody says this")
        await person.press("enter")
        await person.sees("No event matches")


async def test_jobs_are_filtered_by_state_and_tell_their_data_and_cost(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "good")
    await launch(spoil(dataset, 2), "bad")
    async with sit(size=(200, 60)) as person:
        await person.press("4")
        await person.sees("good", "bad", "✗ failed", "● succeeded")
        await person.press("slash")
        await person.sees("Jobs with", "state:failed")
        await person.type("state:succ")
        await person.press("enter")
        pane = pane_of(person)
        await person.sees("1 of 2 · state:succ · Esc: all", "successfully completed")
        assert [job.suffix for job in pane.list_of_jobs.jobs] == ["good"]
        assert pane.known is not None
        assert pane.known.progress.job.suffix == "good"  # what is left out is not in hand either
        await person.press("escape")
        await person.sees_no("Esc: all")
        assert len(pane.list_of_jobs.jobs) == 2


async def test_asking_the_provider_is_stopped_and_taken_up_again(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "done")
    job = await launch(holding(dataset, 3), "waits", wait=False)
    async with sit() as person:
        await person.press("4")
        await person.sees("◐ running", "step 2", "heard")
        await person.press("p")
        await person.sees("not asking, p goes on")
        let_go(job)
        # What is kept of another job is seen all the same, and nobody is asked for it.
        await person.press("down")
        await person.sees("successfully completed", "not asking, p goes on")
        await person.press("up")
        await person.sees("◐ running", "step 2")
        await person.press("p")
        await person.sees("● succeeded")
        await person.sees_no("heard")


async def test_a_read_only_app_has_no_keys_to_cancel_or_pause(
    sit: Any, dataset: Path, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await launch(dataset, "kept")
    monkeypatch.setenv("TINTYPE_READ_ONLY", "1")
    async with sit() as person:
        await person.press("4")
        await person.sees("● succeeded")
        keys = person.app.screen.active_bindings
        assert {"c", "space"}.isdisjoint(
            key
            for key, active in keys.items()
            if active.binding.id in ("jobs.cancel", "jobs.pause")
        )


def test_the_commands_tell_the_same_explanation(
    tintype: Any, dataset: Path, launch: Launch
) -> None:
    bad = asyncio.run(launch(spoil(dataset, 4), "bad"))
    good = asyncio.run(launch(dataset, "good"))
    code, out, _ = tintype("jobs", "show", bad.id)
    assert code == 0
    for words in ("invalid_file_format", "A message has no role", "line 4:", "→ Give every"):
        assert words in out
    code, _, err = tintype("watch", bad.id)
    assert code == 1
    assert "A message has no role" in err
    assert "line 4:" in err
    shown = tintype("jobs", "show", bad.id, "--json").json
    assert shown["failure"]["rows"][0]["line"] == 4
    shown = tintype("jobs", "show", good.id, "--json").json
    assert shown["status"] == "succeeded"
    assert shown["bill"]["billed_tokens"] == shown["trained_tokens"]
    assert len(shown["checkpoints"]) == 2
    _, out, _ = tintype("jobs", "show", good.id)
    assert "tokens, free" in out
    assert "Training loss" in out
    _, out, _ = tintype("jobs", "--filter", "state:failed data:spoilt")
    assert [line.split()[0] for line in out.splitlines()] == [bad.id]
    assert tintype("jobs", "--filter", "state:paused").said == "No job matches."


async def test_a_run_that_is_held_goes_on_while_another_is_in_hand(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    await launch(dataset, "done", epochs=4)
    job = await launch(holding(dataset, 2), "waits", epochs=4, wait=False)
    async with sit() as person:
        await person.press("4")
        await person.sees("◐ running", "step 1")
        pane = pane_of(person)
        await person.press("O", "down")
        await person.until(lambda: len(pane.charts.leader.traces) == 2, "two runs")
        assert "epoch" in pane.charts.leader.axes
        let_go(job)
        await person.until(
            lambda: pane.job.held[job.id].metrics.last_step == 12, "the steps of the held run"
        )
        assert pane.followed != job.id


@pytest.fixture
def keep(home: Path) -> Callable[..., Any]:
    """`await keep("ftjob-1", …)`: jobs of the embedded provider that only the store knows."""

    async def kept(*ids: str, **fields: Any) -> None:
        async with open_store(load().folders.store_file) as store:
            for number, id in enumerate(ids):
                job = Job(
                    id,
                    "tintype-tiny",
                    "succeeded",
                    datetime.fromtimestamp(1_760_000_000 + number, UTC),
                    "file-1",
                    suffix=f"s{number}",
                    **fields,
                )
                store.jobs.remember("tintype", job, seen_at=datetime.now(UTC))

    return kept


@pytest.mark.parametrize("id", ["../evil", "ftjob-a/b", "/etc/evil", "..", "a\x00b"])
async def test_an_export_never_leaves_its_folder_nor_overwrites(
    sit: Any, keep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, id: str
) -> None:
    await keep(id)
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    async with sit() as person:
        await person.press("4")
        await person.sees("s0")
        await person.until(lambda: pane_of(person).known is not None, "a job")
        await person.press("X")
        await hears(person, "Written to")
        first = {path: path.read_bytes() for path in here.iterdir()}
        assert {path.suffix for path in first} == {".csv", ".svg"}
        await person.press("X")
        await person.until(lambda: len(list(here.iterdir())) == 4, "two more files")
        assert all(path.read_bytes() == data for path, data in first.items())
    assert [path.name for path in here.parent.iterdir()] == ["here"]


async def test_where_nothing_can_be_written_an_export_says_so(
    sit: Any, keep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep("ftjob-1")
    monkeypatch.chdir("/proc")
    async with sit() as person:
        await person.press("4")
        await person.sees("s0")
        await person.until(lambda: pane_of(person).known is not None, "a job")
        await person.press("X")
        await hears(person, "Cannot export")
        assert person.app._exception is None


async def test_the_list_holds_every_job_that_is_known(sit: Any, keep: Any) -> None:
    await keep(*(f"ftjob-{number:04}" for number in range(260)))
    async with sit() as person:
        await person.press("4")
        await person.until(lambda: len(pane_of(person).listing.jobs) == 260, "260 jobs")
        assert pane_of(person).list_of_jobs.total == 260


async def test_a_job_alone_needs_no_list(sit: Any, dataset: Path, launch: Launch) -> None:
    await launch(dataset, "alone")
    async with sit() as person:
        await person.press("4")
        await person.sees("● succeeded", "step")
        pane = pane_of(person)
        await person.until(lambda: not pane.side.display or pane.has_class("-alone"), "no list")
        assert not pane.side.region.width
        await person.press("enter")
        assert person.app.focused is pane.feed
        await person.press("escape")
        await launch(dataset, "second")
        await person.sees("alone", "second")
        assert pane.side.region.width


async def test_what_came_of_the_selected_job_is_compared_with_what_is_held(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    for suffix in ("one", "two", "three"):
        await launch(dataset, suffix)
    async with sit(size=(140, 60)) as person:
        await person.press("4")
        await person.sees("● succeeded", "step")
        await person.press("left_square_bracket")
        await person.sees("results", "best training loss", "trained", "press O to keep this run")
        await person.sees("score", "not evaluated")
        await person.press("O", "down")
        await person.sees("● three", "■ two", "settings")
        await person.press("down")  # it follows the selected job
        await person.sees("● three", "■ one")
        await person.sees_no("■ two")


async def test_a_clone_is_planned_on_the_dataset_of_its_job(
    sit: Any, dataset: Path, launch: Launch, tmp_path: Path
) -> None:
    await launch(dataset, "mine")
    async with sit(copied(dataset, tmp_path / "others")) as person:
        await person.sees("12 rows")
        await person.press("4")
        await person.sees("● succeeded", "mine")
        await person.press("e")
        await person.until(lambda: person.app.loop_state.dataset == dataset, "the job's dataset")
        await person.sees("As the job that is repeated.", "mine")
        form = person.app.screen.query_one(PlanForm)
        # What was asked for is asked for again, and what the provider chose is chosen by it.
        assert (form.choices.epochs, form.choices.batch_size, form.choices.seed) == (2, None, None)
        await person.sees("free")
        await person.press("plus")
        await person.sees("*epochs", "* changed: epochs 2 → 3")
        await person.press("minus")
        await person.sees_no("*epochs")
        remove(dataset)
        await person.press("4", "e")
        await hears(person, "Cannot clone")


async def test_the_log_of_another_tool_is_not_cloned(
    sit: Any, dataset: Path, launch: Launch, tintype: Any, tmp_path: Path
) -> None:
    await launch(dataset, "mine")
    log = tmp_path / "run" / "trainer_log.jsonl"
    log.parent.mkdir()
    log.write_text('{"current_steps": 1, "total_steps": 1, "loss": 1}\n')
    followed = await asyncio.to_thread(tintype, "follow", log.parent)
    assert followed.code == 0, followed.err
    async with sit(dataset) as person:
        await person.press("4")
        await person.sees("mine", "local: run")
        await person.press("home")
        if "local-" not in pane_of(person).followed:
            await person.press("down")
        await person.sees("run · step 1/1")
        assert "e Clone" not in person.screen
        known = pane_of(person).query_one(JobPart).known
        assert can("clone", known, person.app.session) is None


async def test_the_question_before_a_cancel_is_safe_and_names_the_act(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    job = await launch(holding(dataset, 2), "waits", wait=False)
    async with sit() as person:
        await person.press("4")
        await person.sees("◐ running")
        await person.press("c")
        await person.sees("Cancel job", "Keep training")
        buttons = {str(button.label): button for button in person.app.screen.query(Button)}
        assert not any(word in label for label in buttons for word in ("Yes", "No ", "OK"))
        assert person.app.focused is buttons["Keep training (n)"]
        assert buttons["Keep training (n)"].variant == "default"
        await person.press("enter")
        await person.sees("◐ running")
        let_go(job)
        await person.sees("● succeeded")


def following(person: Any) -> list[Any]:
    """The workers that follow a job."""
    return [worker for worker in person.app.workers if worker.group == "follow"]


async def test_a_click_on_a_title_shows_its_view(sit: Any, dataset: Path, launch: Launch) -> None:
    await launch(dataset, "clicked")
    async with sit() as person:
        await person.press("4")
        await person.sees("● succeeded", "checkpoints 2", "trouble –", "compare –")
        await person.sees("Training loss fell")
        await person.until(lambda: not any(w.is_running for w in following(person)), "it settled")
        await person.pilot.pause()  # what is said of it may take another line above the titles
        for name in ("details", "checkpoints", "trouble", "compare", "events"):
            lines = enumerate(person.screen.splitlines())
            at, line = next((text.index(name), y) for y, text in lines if "trouble –" in text)
            await person.pilot.click(offset=(at, line))
            await person.until(lambda name=name: pane_of(person).views.current == name, name)


async def test_keys_that_come_at_once_are_about_the_job_under_the_cursor_by_then(
    sit: Any, dataset: Path, launch: Launch
) -> None:
    for suffix in ("oldest", "older", "newer", "newest"):
        await launch(dataset, suffix)
    async with sit() as person:
        await person.press("4")
        pane = pane_of(person)
        await person.until(lambda: pane.known is not None and pane.job.runs != (), "a job")
        await person.until(lambda: len(pane.listing.jobs) == 4, "four jobs")
        burst(person, "down", "O", "down", "down", "O", "up")
        await person.until(
            lambda: pane.known is not None and pane.known.job.suffix == "older", "the third job"
        )
        assert {run.name for run in pane.job.held.values()} == {"newer", "oldest"}
        assert pane.list_of_jobs.cursor == 2
        await person.until(lambda: pane.loop_state.job == pane.followed, "the job in the strip")
        for _ in range(20):  # what is selected stays
            await person.pilot.pause()
        assert pane.known is not None
        assert pane.known.job.suffix == "older"


async def test_a_job_whose_events_were_never_recorded_is_drawn_from_its_results_file(
    sit: Any, dataset: Path, launch: Launch, home: Path
) -> None:
    job = await launch(dataset, "cards", epochs=3)
    async with open_store(home / "state" / "tintype.sqlite") as store:
        store.jobs.forget("tintype", job.id)
        store.jobs.remember("tintype", job, seen_at=datetime.now(UTC))
        store.jobs.settle("tintype", job.id)
    async with sit(size=(120, 40)) as person:
        await person.press("4")
        await person.sees("● succeeded", "values from the results file", "training loss")
        known = pane_of(person).known
        assert known is not None
        drawn = known.progress.metrics
    assert "train_loss" in drawn.series
    assert not len(drawn.clock)  # no times are made up
    async with open_store(home / "state" / "tintype.sqlite") as store:
        assert store.jobs.results("tintype", job.id).startswith("step,")
        metrics, _ = await jobs.recorded(store, "tintype", job.id)
        assert metrics.series == drawn.series
