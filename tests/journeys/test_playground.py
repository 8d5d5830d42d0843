"""Asking models: answers, the question, columns, cost, what was asked before."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual import events
from textual.widgets import Input

from tintype_tui.screens.playground import PlaygroundPane
from tintype_tui.widgets.answer_columns import AnswerColumns


async def paste(person: Any, text: str) -> None:
    """Paste where the focus is, as a terminal does."""
    person.app.post_message(events.Paste(text))
    await person.pilot.pause()


async def write(person: Any, text: str) -> None:
    """Put a question in place of the one that stands there."""
    await person.press("i", "f7", "backspace")
    await paste(person, text)
    await person.until(lambda: text in pane_of(person).writing.composer.text, text)


def pane_of(person: Any) -> PlaygroundPane:
    pane = person.app.screen
    assert isinstance(pane, PlaygroundPane)
    return pane


async def told(person: Any, words: str) -> None:
    """Wait for a notification."""
    said = person.app.session.said
    await person.until(lambda: any(words in one.words for one in said), words)


async def choose(person: Any, key: str, name: str) -> None:
    """Choose a model by name: `m` in place of the one in hand, `M` besides."""
    await person.press(key)
    await person.sees("Ask which model")
    await person.type(name)
    await person.press("enter")
    await person.sees_no("Ask which model")


async def sit_at_playground(person: Any, row: int = 1) -> None:
    """Look at a row of the test rows, with the scripted model to ask."""
    await person.sees("12 rows")
    await person.press("5")
    await person.sees("row 1")
    await choose(person, "m", "scripted")
    for number in range(2, row + 1):
        await person.press("n")
        await person.sees(f"row {number}")


async def test_a_stopped_answer_stays_and_a_runaway_one_is_stopped(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    async with sit(dataset) as person:
        await sit_at_playground(person)
        await write(person, f"after {tmp_path / 'ended'}")
        await person.press("enter")
        await person.sees("first", "1 token")
        await person.press("escape")
        await person.sees("stopped by you", "first", "1 token")
        (tmp_path / "ended").touch()

        await write(person, "repeat 400: over and over again")
        await person.press("enter")
        await person.sees("it repeated itself", "ran away")

        await write(person, "repeat 1: I'm sorry, but I can't see the image.")
        await person.press("enter")
        await person.sees("The model says that it cannot see an image.")

        await person.press("H")
        await person.sees("3 answers")
        await person.type("cannot")
        await person.sees("Nothing has these words.")


async def test_boxes_are_told_one_by_one_and_drawn_for_whom_one_chooses(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await sit_at_playground(person, row=2)
        pane = pane_of(person)
        await write(
            person,
            "repeat 1: <loc0102><loc0205><loc0512><loc0614> square ; "
            "<loc0900><loc0900><loc0800><loc9999> ; <loc0700><loc0001><loc0800><loc0100> round",
        )
        await person.press("enter")
        await person.sees("IoU 0.33", "✓ ■ square  IoU 1.00", "✗ ■ round  none there")
        await person.sees("beyond 1023", "the corners are reversed", "the box has no label")
        labels = ["square", "", "round"]  # the image follows the growing text a moment later
        await person.until(
            lambda: [box.label for box in pane.about.image.predicted] == labels, "the boxes drawn"
        )
        await person.press("V")
        await person.sees("<loc0102>")

        await choose(person, "M", "tiny")
        await person.sees("1 scripted (base)", "2 tintype-tiny (base)")
        await person.press("left_square_bracket")
        await person.sees("dashed: 1 scripted")
        await person.press("b")
        assert not pane.about.image.predicted
        await person.press("b")
        await person.sees("dashed: all")
        assert pane.about.image.predicted[0].label == "square ·1"
        await person.press("b")
        await person.sees("no predicted boxes")
        await person.press("b")
        await person.sees("dashed: 1 scripted")

        await person.press("Y")
        await person.sees("Boxes as JSON", "The request as curl", "The request as Python")
        await person.type("whole")
        await person.press("enter")
        await told(person, "terminal")


async def test_a_question_is_written_over_several_lines_and_outlives_the_app(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await sit_at_playground(person, row=3)
        await person.press("i", "f7", "backspace")
        await person.type("What colour?")
        await person.press("ctrl+j")
        await person.type("In a word.")
        pane = pane_of(person)
        assert pane.writing.composer.text == "What colour?\nIn a word."
        assert pane.writing.composer.size.height == 2
        await person.press("escape", "1")
        await person.until(lambda: pane.writing.is_kept, "the draft is kept")
        await person.press("5")
        assert pane.writing.composer.text == "What colour?\nIn a word."
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("test.jsonl row 3", "your question", "scripted (base)")
        pane = pane_of(person)
        assert pane.writing.composer.text == "What colour?\nIn a word."
        await person.press("u")
        await person.sees_no("your question")
        assert pane.writing.composer.text == "What is number 26?"
        await person.press("a")
        await person.sees("I have not been trained.")
        await write(person, "Another one.")
        await person.press("enter")
        await person.sees("tokens")
        await person.press("i", "up", "up")
        await person.until(
            lambda: "number 26" in pane.writing.composer.text, "the earlier question"
        )
        await person.press("down")
        assert pane.writing.composer.text == "Another one."


async def test_a_draft_about_other_data_gives_way_to_the_dataset_in_hand(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    other = tmp_path / "others" / "train.jsonl"
    other.parent.mkdir()
    shutil.copy(dataset, other)
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("shapes/test.jsonl row 1")
        await write(person, "About shapes?")
        await person.press("escape")
    async with sit(other) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("others/train.jsonl row 1", "What is number 0?")
        assert pane_of(person).writing.composer.text == "What is number 0?"


async def test_an_image_is_pasted_refused_or_found_again(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "a b.png", tmp_path / "bad.png"
    Image.new("RGB", (60, 40), "red").save(good)
    bad.write_bytes(b"no image at all")
    async with sit(dataset) as person:
        await sit_at_playground(person)
        await person.press("i")
        await paste(person, f"{tmp_path}/a\\ b.png")
        await person.sees("a b.png · temperature")
        await write(person, "How large?")
        await person.press("enter")
        await person.sees("60x40")

        await person.press("i")
        await paste(person, str(bad))
        await told(person, "bad.png cannot be used")
        assert await pane_of(person).about.attach("~qz/x.png") is None
        await told(person, "There is no user qz")
        await paste(person, "see /no/such/file.png")
        pane = pane_of(person)
        await person.until(lambda: "/no/such" in pane.writing.composer.text, "prose stays prose")
        assert pane.subject is not None
        assert pane.subject.title == "a b.png"

        await person.press("escape", "n")
        await person.sees("test.jsonl row 1")
        await person.press("H")
        await person.sees("How large?", "60x40")
        await person.press("enter")
        await person.sees("a b.png · temperature")
        assert pane.writing.composer.text == "How large?"
        good.unlink()
        await person.press("n", "H")
        await person.sees("How large?", "60x40")
        await person.press("enter")
        await told(person, "its image is gone")


async def test_what_an_earlier_wish_brings_late_is_not_taken(
    sit: Any, dataset: Path, tmp_path: Path
) -> None:
    image = tmp_path / "late.png"
    Image.effect_noise((3000, 2000), 90).save(image)  # a moment to decode
    async with sit(dataset) as person:
        await sit_at_playground(person)
        about, taken = pane_of(person).about, []
        person.app.watch(about, "subject", lambda one: taken.append(one.title), init=False)
        late = asyncio.create_task(about.attach(str(image)))
        await asyncio.sleep(0)
        await person.press("n")
        await late
        await person.sees("test.jsonl row 2")
        await person.pilot.pause()
        assert taken == ["shapes/test.jsonl row 2"]


async def test_the_picker_shows_an_image_before_it_is_taken(sit: Any, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (60, 40), "red").save(folder / "good.png")
    (folder / "worse.png").write_bytes(b"no image at all")
    async with sit() as person:
        await person.press("5", "o")
        await person.sees("Choose an image")
        await person.press("ctrl+u")
        await paste(person, f"{folder}/")
        await person.sees("good.png", "worse.png")
        await person.press("down", "down")
        await person.sees("worse.png cannot be used")
        await person.press("up")
        preview = person.app.screen.query_one("#preview")
        await person.until(lambda: preview.drawing is not None, "the image")
        await person.press("enter")
        await person.sees("good.png · temperature")


async def test_four_models_can_be_read_in_a_small_terminal(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await sit_at_playground(person)
        pane = pane_of(person)
        for name in ("b", "c", "d"):
            pane.lineup.lineup = pane.lineup.lineup.of((*pane.models, name))
            await person.pilot.pause()
        await person.sees("1 scripted (base)", "2 b (base)", "3 c (base)", "4 d (base)")
        await person.sees("] Next answer")  # three of four are folded
        await person.press("a")
        await person.sees("I have not been trained.", "2 b (base) · no answer")
        await person.press("right_square_bracket")
        await person.sees("b")
        folded = [column.has_class("-folded") for column in pane.lineup.columns()]
        assert folded == [True, False, True, True]
        await person.press("M")
        await told(person, "4 models are the most")
        await person.press("x", "x")
        await person.sees("1 scripted (base)", "2 d (base)")
        assert pane.query_one(AnswerColumns).has_class("-beside")


async def test_a_tuned_model_stays_chosen_and_a_foreign_system_prompt_is_noticed(
    sit: Any, dataset: Path
) -> None:
    from tests.journeys.test_the_loop import choose_model

    async with sit(dataset) as person:
        await person.sees("1 warning")
        await person.press("e")
        await person.sees("warnings, see 2 p")
        await choose_model(person, "scripted")
        await person.press("l")
        await person.sees("Launch at")
        await person.press("enter")
        await person.sees("succeeded", "New fine-tuned model created")
        await person.press("t")
        await person.sees("1 ", "(tuned)", "2 scripted (base)")
        await choose(person, "m", "step")
        await person.sees("(checkpoint)")
        await person.press("a")
        await person.sees("✗ not as expected", "I have not been trained.")
        await person.sees("(checkpoint)")
        assert "system prompt is not" not in person.screen
        await person.press("S")
        await person.sees("System prompt")
        await person.type(" Please.")
        await person.press("enter", "a")
        await person.sees("The system prompt is not the one it was", "your system prompt")


@pytest.fixture
def dear(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`dear(model, settings, profile)`: one model, which says "A cat.", and more configuration."""

    def stand(model: str, settings: str = "", profile: str = "") -> None:
        monkeypatch.setenv("DEAR_KEY", "sk-dear-0123456789")
        (home / "config").mkdir(parents=True)
        (home / "config" / "config.toml").write_text(
            f'default_profile = "dear"\n{settings}\n[profiles.dear]\n{profile}\n'
            f'key_env = "DEAR_KEY"\nbase_url = "{hostile_apart.url}"\n'
        )
        answer, on = hostile_apart.answer, hostile_apart.on
        said = {"message": {"role": "assistant", "content": "A cat."}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 300, "completion_tokens": 3}
        on("GET", "/models", answer({"data": [{"id": model}]}))
        on("POST", "/chat/completions", answer({"choices": [said], "usage": usage}))

    return stand


async def test_the_cost_is_said_first_and_above_the_limit_asked_for(
    sit: Any, dataset: Path, dear: Callable[..., None], hostile_apart: Any
) -> None:
    dear("gpt-4o", "spend_confirm_usd = 0.001", 'provider = "openai"')
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await choose(person, "m", "gpt")
        await person.sees("asking: about $0.00")
        await write(person, "Tell me " + "more " * 500)
        await person.press("enter")
        await person.sees("This question costs about", "at most", "Type 0.0", "to ask:")
        await person.type("y")
        await person.press("enter")  # a yes is no sum
        await person.press("escape")
        await person.sees_no("This question costs about")
        await person.press("a")
        await person.sees("This question costs about")
        await _and_something_else_is_asked_about(person, dataset)
        assert hostile_apart.sent("POST", "/chat/completions") == []
        await person.press("a")
        await person.sees("This question costs about")
        wanted = re.search(r"Type ([0-9.]+) and press Enter to ask", person.screen)
        assert wanted
        await person.type("0.5")
        await person.press("enter")
        await person.until(lambda: person.app.screen.query_one(Input).has_class("-wrong"), "no")
        await person.press(*["backspace"] * 3)
        await person.type(wanted[1])
        await person.press("enter")
        await person.sees("A cat.", "$0.00078 spent")
        await person.press("$")
        await person.sees("What may answers cost in this session", "$0.00078 spent so far")
        await person.type("0.001")
        await person.press("enter")
        await person.sees("$0.00078 of $0.001 spent")
        await person.press("a")
        await told(person, "of the session's cap of $0.0010 are spent.")
        assert len(hostile_apart.sent("POST", "/chat/completions")) == 1


async def _and_something_else_is_asked_about(person: Any, dataset: Path) -> None:
    """An image that comes late, while it is agreed to what another question costs."""
    wanted = re.search(r"Type ([0-9.]+) and press Enter to ask", person.screen)
    assert wanted
    pane, image = person.app.screen_stack[0], dataset.with_name("late.png")
    row = pane.question.subject
    Image.new("RGB", (60, 40), "red").save(image)
    await pane.about.attach(str(image))
    await person.until(lambda: pane.question.subject is not row, "the image")
    await person.type(wanted[1])
    await person.press("enter")
    await told(person, "Something else is asked about by now: a asks.")
    await person.press("n")
    await person.until(lambda: pane.question.subject.is_row, "the row")


async def test_a_question_beyond_a_limit_is_refused_in_words_and_not_sent(
    sit: Any, dataset: Path, dear: Callable[..., None], hostile_apart: Any
) -> None:
    dear("gpt-4o", "day_limit_usd = 0.0001", 'provider = "openai"')
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await choose(person, "m", "gpt")
        await person.sees("asking: about $0.00")
        await person.press("a")
        await told(person, "$0.00010 that may be spent today are gone. Raise day_limit_usd")
        assert hostile_apart.sent("POST", "/chat/completions") == []


async def test_what_has_no_known_price_is_asked_for_once_before_it_is_spent(
    sit: Any, dataset: Path, dear: Callable[..., None], hostile_apart: Any
) -> None:
    dear("house-vlm")
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await choose(person, "m", "house")
        await person.sees("cost of 1 model unknown", "a Ask", "test.jsonl row 1 of 10")
        await write(person, "Is it?")
        await person.sees(
            "…", "row 1 of 10 · cost of 1 model unknown · your question (u: the row's)"
        )
        await person.press("escape")
        await person.press("a")
        await person.sees("The cost of this question is unknown", "Type unknown and press Enter")
        await person.press("enter")  # nothing typed is not enough
        await person.press("escape")
        await person.sees_no("The cost of this question")
        assert hostile_apart.sent("POST", "/chat/completions") == []
        await person.press("a")
        await person.sees("The cost of this question is unknown")
        await person.type("unknown")
        await person.press("enter")
        await person.sees("A cat.", "n Next row")
        assert "Next answer" not in person.screen  # of one
        await person.press("a")
        await person.until(
            lambda: len(hostile_apart.sent("POST", "/chat/completions")) == 2, "the second answer"
        )


async def test_what_is_asked_right_after_another_row_was_asked_for_is_asked_about_that_row(
    sit: Any, dataset: Path, dear: Callable[..., None], hostile_apart: Any
) -> None:
    dear("house-vlm")
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await choose(person, "m", "house")
        pane, first = pane_of(person), pane_of(person).question.subject
        late = asyncio.create_task(pane.about.attach(str(dataset.with_name("none.png"))))
        await asyncio.sleep(0)
        pane.asking.action_ask()
        await late
        await told(person, "Cannot take the image")
        await person.until(
            lambda: all(w.is_finished for w in pane.workers if w.group == "prepare"), "an end"
        )
        assert person.app.screen is pane, "what is shown was not meant"
        for key in "na":
            person.app.post_message(events.Key(key, key))
        await person.sees("The cost of this question is unknown")
        assert pane.question.subject is not first
        await person.type("unknown")
        await person.press("enter")
        await person.sees("A cat.", "row 2")
        (sent,) = hostile_apart.sent("POST", "/chat/completions")
        assert first.question not in sent.body.decode()


async def test_a_burst_of_keys_into_the_question_is_not_lost_and_replaces_the_rows_own(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await sit_at_playground(person)
        pane = pane_of(person)
        for key in "iWhat, anew?":  # n, w and ? are commands where no field has the focus
            name = {"?": "question_mark", ",": "comma", " ": "space"}.get(key, key)
            person.app.post_message(events.Key(name, key))
        await person.until(lambda: pane.writing.composer.text == "What, anew?", "every key")
        await person.sees("your question")


async def test_a_typed_question_is_asked_of_all_rows_in_an_evaluation(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await sit_at_playground(person)
        await write(person, "repeat 1: as asked")
        await person.press("escape", "v")
        await person.sees("10 questions to 1 model", "repeat 1: as asked", "each row's own")


async def test_a_conversation_goes_on_back_and_another_way_and_ends_as_a_training_row(
    sit: Any, dataset: Path
) -> None:
    more, before = dataset.with_name("train-more.jsonl"), _lines(dataset)
    async with sit(dataset) as person:
        await sit_at_playground(person)
        await write(person, "repeat 1: first said")
        await person.press("enter")
        await person.sees("first said", "2 tokens", "c Go on")
        await person.press("c")
        await person.sees("turn 2", "1 image sent again (D)", "> repeat 1: first said")
        await person.type("repeat 1: then")
        await person.press("enter")
        await person.sees("turn 2", "then")
        await person.until(lambda: not pane_of(person).asking.answers["scripted"].waiting, "end")
        assert [one["role"] for one in pane_of(person).asking.sent["scripted"].messages] == [
            "system", "user", "assistant", "user",
        ]  # fmt: skip
        await person.press("escape", "D")
        await told(person, "left out from now on")
        await person.sees_no("sent again")
        await person.press("R")
        await person.until(
            lambda: pane_of(person).writing.composer.text == "repeat 1: then", "the question"
        )
        await write(person, "repeat 1: otherwise")
        await person.press("enter")
        await person.sees("turn 2", "otherwise")
        await person.until(lambda: not pane_of(person).asking.answers["scripted"].waiting, "end")
        sent = pane_of(person).asking.sent["scripted"].messages
        assert sent[1] == {"role": "user", "content": "repeat 1: first said"}
        await person.press("escape", "B")
        await person.sees("turn 3", "> repeat 1: then")
        await person.press("escape", "n")
        await person.sees("row 2")
        assert pane_of(person).question.conversation.turns == ()

        await person.press("T")
        await told(person, "no answer to train on")
        await write(person, "repeat 1: nearly")
        await person.press("escape", "A")
        await person.sees("2 to 20", "Temperature 0")
        await person.press("backspace", "3", "enter")
        await person.sees("3 of 3 answers · 100% agree", "3 × nearly")
        await person.press("X")
        await told(person, "Line 2 marked in test.jsonl.")
        await person.press("T")
        await person.sees("What is the right answer?", "train-more.jsonl")
        await person.press("end")
        await person.type("!")
        await person.press("enter")
        await told(person, "which has 13 rows now")
        lines = _lines(more)
        assert lines[:12] == before
        said = json.loads(lines[12])["messages"]
        assert said[-1] == {"role": "assistant", "content": "nearly!"}
        assert said[1]["content"][1]["type"] == "image_url"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


async def test_the_image_alone_fills_a_small_screen_and_the_way_back_is_said(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1 of")
        image = pane_of(person).query_one("#play-top ImageView")
        await person.press("f")
        await person.sees("esc Back")
        await person.until(lambda: image.region == (0, 0, 80, 23), "the image alone")
        await person.press("escape")
        await person.sees("row 1 of")


async def test_a_job_that_is_tried_brings_rows_of_its_own_data(
    sit: Any, tintype: Any, dataset: Path
) -> None:
    done = await asyncio.to_thread(tintype, "train", dataset, "--model", "scripted", "--wait")
    assert done.code == 0, done.err
    async with sit() as person:
        await person.sees("succeeded")
        await person.press("4")
        await person.sees("New fine-tuned model created")
        await person.press("t")
        await person.sees("(tuned)", "row 1 of ", "What is number 24?", "next: a Ask")
