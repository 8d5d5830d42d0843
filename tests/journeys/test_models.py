"""Models: what there is at every provider, until when, and what is done with it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests import deadline_provider as known
from tests.deadline_provider import DeadlineProvider
from textual.widgets import Input

from tintype import keeping, pricing
from tintype.inventory import Ref
from tintype.store import MadeFrom, Source
from tintype_tui.__main__ import run_command
from tintype_tui.screens.models import ModelsPane
from tintype_tui.widgets.deadline_line import DeadlineLine
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.tab_line import TabLine


@pytest.fixture
def ending(
    home: Path, ending_apart: DeadlineProvider, monkeypatch: pytest.MonkeyPatch
) -> DeadlineProvider:
    """The provider in use is the one with deadlines; its base models end in 47 days."""
    monkeypatch.setattr(pricing, "today", lambda: known.TODAY)
    monkeypatch.setenv("ENDING_KEY", "sk-ending-0123456789abcdef")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "old"\n[profiles.old]\nkey_env = "ENDING_KEY"\nprovider = "openai"\n'
        f'base_url = "{ending_apart.hostile.url}"\n'
    )
    return ending_apart


async def listed(person: Any) -> ModelsPane:
    """Open the pane, once everything has been listed."""
    await person.press("7")
    await person.sees("as of", "3 tuned models end")
    pane = person.app.screen
    assert isinstance(pane, ModelsPane)
    return pane


async def shown(person: Any, pane: ModelsPane, ref: Ref) -> None:
    """Put the cursor on a thing, once every part knows."""
    pane.list_part.reveal(ref)
    await person.until(lambda: pane.ref == ref and pane.kind == ref.kind, "the thing")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_models_are_listed_with_their_days_and_lineage_and_open_again_at_once(
    sit: Any, ending: DeadlineProvider, size: tuple[int, int]
) -> None:
    async with sit(size=size) as person:
        pane = await listed(person)
        await person.sees("models 4", "47 days", "covers", "? listed", "files 8")
        await person.sees("3 tuned models end on 14 Jan 2027, in 47 days (old).")
        await person.sees("ends      14 Jan 2027, 47 days")
        await person.press("enter", "end")
        await person.sees("└ model", "◂")
        assert pane.focused is pane.detail.details
    before = len(ending.hostile.requests)
    async with sit(size=size) as person:
        await person.press("7")
        await person.sees("models 4", "47 days")
        await person.sees("3 tuned models end")
        assert len(ending.hostile.requests) == before


async def test_a_probe_is_asked_about_first_and_its_answer_stays(
    sit: Any, ending: DeadlineProvider
) -> None:
    async with sit() as person:
        await listed(person)
        await person.press("p")
        await person.sees("Does covers answer?", "1 model asked for one word")
        await person.press("n")
        assert not ending.asked
        await person.press("p", "y")
        await person.sees("✓ answers")
        assert ending.asked == [known.COVERS]
        await person.press("P")
        await person.sees("4 models asked for one word")
        await person.press("y")
        await person.until(lambda: "3 of 4 models answered" in person.said, "what came of it")
        await person.sees("✗ gone")


async def test_a_model_is_deleted_only_by_its_whole_id(sit: Any, ending: DeadlineProvider) -> None:
    async with sit() as person:
        pane = await listed(person)
        pane.list_part.reveal(Ref("old", "model", known.LOST))
        await person.press("X")
        await person.sees("Delete lost at old for good?", f"Type {known.LOST}")
        await person.type("lost")
        await person.press("enter")
        await person.until(lambda: "was not deleted" in person.said, "a refusal")
        assert known.LOST in ending.models
        await person.press("X")
        await person.sees("for good?")
        person.app.screen.query_one(Input).value = known.LOST
        await person.press("enter")
        await person.sees("models 3")
        assert known.LOST not in ending.models


async def test_a_file_is_fetched_and_one_that_vanished_is_said(
    sit: Any, ending: DeadlineProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with sit() as person:
        pane = await listed(person)
        pane.list_part.reveal(Ref("old", "file", "file-cards-train"))
        await person.press("d")
        await person.sees("Download cards.jsonl", "2.43 KB")
        await person.press("enter")
        await person.until(lambda: "Written to" in person.said, "the file")
        fetched = await asyncio.to_thread((tmp_path / "cards.jsonl").read_bytes)
        assert fetched == ending.contents["file-cards-train"]
        pane.list_part.reveal(Ref("old", "file", "file-old-train"))
        await person.press("d", "enter")
        await person.until(lambda: "Cannot download" in person.said, "why not")


async def test_a_dataset_is_sent_and_belongs_to_no_job(
    sit: Any, ending: DeadlineProvider, dataset: Path
) -> None:
    async with sit() as person:
        await listed(person)
        await person.press("u")
        await person.sees("Upload to")
        person.app.screen.query_one(Input).value = str(dataset)
        await person.press("enter")
        await person.until(lambda: "Uploaded train.jsonl" in person.said, "the file")
        await person.sees("files 9")


async def test_an_alias_a_note_a_filter_and_an_order_are_seen(
    sit: Any, ending: DeadlineProvider
) -> None:
    async with sit() as person:
        pane = await listed(person)
        await person.press("a")
        await person.sees("Call it")
        await person.type("best")
        await person.press("enter")
        await person.sees("›best")
        await person.press("n")
        await person.type("why")
        await person.press("enter")
        await person.sees("note      why")
        await person.press("slash")
        await person.type("is:gone")
        await person.press("enter")
        await person.sees("only “is:gone”", "›old")
        await person.press("escape")
        await person.sees("›old", "best")
        await person.press("s", "s")
        await person.sees("by name")
        names = [item.title for item in pane.list_part.things.items]
        assert names == ["best", "cards", "lost", "old"]


async def test_from_a_model_to_its_job_and_to_the_playground(
    sit: Any, ending: DeadlineProvider
) -> None:
    async with sit() as person:
        pane = await listed(person)
        await person.press("o")
        await person.until(lambda: person.app.current_mode == "jobs", "the jobs")
        assert person.app.loop_state.job == "ftjob-covers"
        await person.press("7")
        await person.until(lambda: person.app.screen is pane, "the models")
        await person.press("t")
        await person.until(lambda: person.app.current_mode == "playground", "the playground")
        assert person.app.loop_state.model == known.COVERS


async def test_the_mouse_turns_the_kinds_and_the_line_leads_here(
    sit: Any, ending: DeadlineProvider
) -> None:
    async with sit(size=(80, 24)) as person:
        pane = await listed(person)
        tabs = next(line for line in person.screen.splitlines() if "checkpoints" in line)
        await person.pilot.click(TabLine, offset=(tabs.index("plan"), 0))
        await person.sees("9 Jan 2027 is the last safe day to start retraining")
        await person.press("1")
        await person.sees("3 tuned models end on 14 Jan 2027", "7 shows more")
        await person.pilot.click(DeadlineLine, offset=(10, 0))
        await person.until(lambda: person.app.screen is pane, "the models")


async def test_what_cannot_be_asked_is_said_and_nothing_known_is_not_nothing_there(
    sit: Any, ending: DeadlineProvider
) -> None:
    ending.hostile.on("GET", ".*", ending.hostile.answer({"error": {"message": "Bad"}}, 401))
    async with sit(size=(80, 24)) as person:
        await person.press("7")
        await person.sees("! old:", "lists incomplete", "Nothing is known of any")
        assert "models 0" not in person.screen
        ending.hostile.on("GET", "(?s).*", ending.hostile.answer({"data": []}))
        await person.press("r")
        await person.sees_no("! old:")
        await person.sees("as of just now")


async def test_asking_again_while_they_are_asked_is_still_asking_and_is_stopped(
    sit: Any, ending: DeadlineProvider
) -> None:
    async with sit(size=(80, 24)) as person:
        pane = await listed(person)
        ending.hostile.on("GET", "(?s).*", ending.hostile.answer(hang=True))
        for _ in range(2):
            await person.press("r")
            await person.until(lambda: "old" in pane.asking, "that old is asked")
        before = [one for one in pane.workers if one.group == "list"]
        asking: list[str] = []
        pane.watch(pane, "asking", lambda words: asking.append(words), init=False)
        await person.press("r")
        await person.until(lambda: all(one.is_finished for one in before), "the end of the earlier")
        assert "" not in asking
        await person.press("escape")
        await person.until(lambda: not pane.asking, "an end of asking")


async def test_with_nothing_to_lose_no_line_warns(sit: Any, home: Path) -> None:
    async with sit() as person:
        await person.press("7")
        await person.sees("Nothing is known of any provider yet.")
        assert not person.app.screen.query_one(DeadlineLine).display


async def test_what_is_under_the_cursor_is_kept_and_then_all_of_the_profile(
    sit: Any, ending: DeadlineProvider, tmp_path: Path
) -> None:
    async with sit(size=(80, 24)) as person:
        pane = await listed(person)
        await person.sees("K keeps")
        await shown(person, pane, Ref("old", "model", known.COVERS))
        await person.press("K")
        await person.sees("Keep model covers in which archive?", "tintype-kept/old")
        person.app.screen.query_one(Input).value = str(tmp_path / "kept")
        await person.press("enter", "6")  # it goes on while another pane is seen
        await person.until(lambda: "Kept model covers" in pane.keeping.words, "the archive")
        await person.press("7")
        await person.sees("Kept model covers", "everything could be had")
        made = await asyncio.to_thread(keeping.manifest_of, tmp_path / "kept")
        assert (made.jobs, made.models[0]) == (("ftjob-covers",), known.COVERS)
        await person.press("escape")
        await person.sees_no("Kept model covers")
        tabs = next(line for line in person.screen.splitlines() if "checkpoints" in line)
        await person.pilot.click(TabLine, offset=(tabs.index("plan"), 0))
        await person.sees("K saves all that can be saved")
        keys = person.screen.splitlines()[-1]
        await person.pilot.click(KeyLine, offset=(keys.index("K Keep"), 0))
        await person.sees("Keep all of old in which archive?", str(tmp_path)[-20:])
        await person.press("enter")
        await person.sees("Kept all of old", "! file file-old-train")
        assert "13 could not be had" in pane.keeping.words
        made = await asyncio.to_thread(keeping.manifest_of, tmp_path / "kept")
        assert {known.COVERS, known.CARDS, known.LOST} <= set(made.models)


async def test_keeping_that_is_stopped_or_cut_off_is_gone_on_with(
    sit: Any, ending: DeadlineProvider, tmp_path: Path
) -> None:
    hostile = ending.hostile
    hostile.on("GET", "/files/([^/]+)/content", hostile.answer(hang=True))

    async def waits(person: Any) -> None:
        await person.press("enter")
        await person.until(
            lambda: any("/content" in one.path for one in hostile.requests), "the file's turn"
        )
        await person.sees("Keeping job", "Esc stops")
        hostile.requests.clear()

    async with sit() as person:
        pane = await listed(person)
        await shown(person, pane, Ref("old", "job", "ftjob-covers"))
        await person.press("K")
        await person.sees("Keep job ")
        person.app.screen.query_one(Input).value = str(tmp_path)
        await person.press("enter")
        await person.until(lambda: "Cannot keep" in person.said, "why not")
        await person.sees("Not finished.")
        await person.press("K")
        await person.sees("Keep job ", "Enter keeps")
        person.app.screen.query_one(Input).value = str(tmp_path / "kept.zip")
        await waits(person)
        await person.press("escape")
        await person.sees("Stopped.", "K goes on")
        await person.press("K")
        await person.sees("kept.zip", "Enter keeps")
        await waits(person)  # and the app ends
    hostile.on("GET", "/files/([^/]+)/content", ending._content)
    async with sit() as person:
        pane = await listed(person)
        await shown(person, pane, Ref("old", "job", "ftjob-covers"))
        await person.press("K")
        await person.sees("kept.zip", "Enter keeps")
        await person.press("enter")
        await person.sees("Kept job")
        made = await asyncio.to_thread(keeping.manifest_of, tmp_path / "kept.zip")
        assert made.jobs == ("ftjob-covers",)


async def test_golden_answers_are_asked_for_after_their_total_and_seen_in_evaluate(
    sit: Any, ending: DeadlineProvider, tmp_path: Path
) -> None:
    rows = [known.row(n, "data:image/png;base64,AAAA") for n in range(3)]
    for row in rows:
        row["messages"].pop()  # nobody says what is right
        row["messages"][0]["content"].pop()
    file = tmp_path / "cards.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    async with sit(size=(80, 24)) as person:
        pane = await listed(person)
        await shown(person, pane, Ref("old", "model", known.CARDS))
        await person.press("A")
        await person.sees("Golden answers of cards to which rows?", "Tab completes")
        await person.press("escape")
        store = await person.app.session.store()
        source = MadeFrom(validation=Source(str(file), ""))
        store.jobs.made_from("old", "ftjob-cards", source)
        await person.press("A")
        await person.sees(f"{tmp_path.name}/cards.jsonl", "another file …")
        await person.press("enter")
        await person.sees("After 14 Jan 2027", "3 questions to 1 model, $0.01")
        assert not ending.asked
        await person.press("y")
        await person.until(lambda: person.app.current_mode == "evaluate", "the run")
        await person.until(lambda: person.app.evaluating.ended, "its end")
        assert ending.asked == [known.CARDS] * 3
        run = person.app.evaluating
        assert (run.progress.phase, run.progress.done) == ("done", 3)
        assert run.plan.scorers == ("answered",)


def test_the_model_tuned_last_may_be_exported_by_that_word(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["models", "export", "last", str(tmp_path / "out")]) == 2
    assert "No model has been tuned yet." in capsys.readouterr().err
