"""Evaluate in the app: from a finished job to a row sent back to the data; paused, gone on with."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from tintype_tui.screens.datasets import DatasetsPane
from tintype_tui.screens.evaluate import EvaluatePane
from tintype_tui.screens.evaluate.result_part import ResultPart
from tintype_tui.screens.jobs.following import follow
from tintype_tui.widgets.evaluation_report import ReportList, RowsOf

from .test_the_loop import choose_model

UNTRAINED = "I have not been trained."


def row(question: str, answer: str) -> str:
    asked = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": asked})


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Twelve training rows; of ten test rows the tuned model has seven right, the base one."""
    folder = tmp_path / "quiz"
    folder.mkdir()
    train = [row(f"How much is {n} and 1?", str(n + 1)) for n in range(12)]
    test = [row(f"How much is {n} and 1?", str(n + 1)) for n in range(7)]
    test += [row("How much is 7 and 1?", UNTRAINED), row("Why?", "because"), row("Who?", "you")]
    (folder / "train.jsonl").write_text("\n".join(train) + "\n")
    (folder / "test.jsonl").write_text("\n".join(test) + "\n")
    return folder / "train.jsonl"


def texts(*files: Path) -> list[str]:
    return [path.read_text() for path in files]


async def train(person: Any) -> None:
    """Train the scripted model on the dataset that is open."""
    await person.sees("12 rows")
    await person.press("e")
    await person.sees("tokens billed")
    await choose_model(person, "scripted")
    await person.press("l")
    await person.sees("Launch at")
    await person.press("enter")
    await person.sees("succeeded", "New fine-tuned model created")


async def test_from_a_finished_job_to_the_row_that_broke_and_back_to_the_data(
    sit: Any, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(questions.parent)
    async with sit(questions) as person:
        await train(person)
        await person.sees("◐ try", "next: t Try")  # the strip and what comes next agree
        await _only_grows(person)
        await person.press("v")
        await person.sees("20 questions to 2 models, free", "quiz/test.jsonl", "all 10")
        await person.sees("the others against it", "normalised", "◐ try", "next: 5 Playground")
        await person.press("enter")
        await person.sees("tuned quiz 70.0 %", "scripted 10.0 %", "7 better, 1 worse")
        await person.sees("● try → ● evaluate 70.0 %", "next: w Worst rows")
        await person.sees("score: normalised", "form as asked", "time and money", "free")
        await person.press("E", "down", "enter")
        await person.until(lambda: "evaluation-" in person.said, "that it was exported")
        report = person.app.screen.query_one(ReportList)
        leading = [line.leads_to for line in report.lines]
        cells = [one.confused if one else None for one in leading]
        report.cursor = next(at for at, cell in enumerate(cells) if cell and cell[1] == "other")
        await person.press("enter")
        await person.sees(" as other”", "✗ 8")
        await person.press("escape", "escape", "g", "s")
        await person.sees("score: exact")
        await person.press("w")
        await person.sees("broken 1", "fixed 7", "✗ 8", f"✓ {UNTRAINED}", "right is")
        await person.press("O", "enter")
        await person.sees("Why?")
        await person.type("fair")
        await person.press("enter")
        await person.sees("your score 1: fair", "exact 0")
        await person.press("m")
        await person.sees("8x")
        await person.until(lambda: person.said == "1 row marked in test.jsonl.", "the mark")
        await person.press("T")
        await person.sees("Train on these rows?", "train-more.jsonl gets every row")
        await person.press("y")
        await person.until(lambda: "1 row written to" in person.said, "that it was written")
        before, more = texts(questions, questions.with_name("train-more.jsonl"))
        assert more == before + row("How much is 7 and 1?", UNTRAINED) + "\n"
        await person.press("d")
        await person.sees("test.jsonl", "1 marked")
        pane = person.app.screen
        assert isinstance(pane, DatasetsPane)
        assert dict(pane.marks.reasons) == {7: "newly broken: tuned quiz"}
        assert pane.index == 7
        await _and_offline(person)


async def _only_grows(person: Any) -> None:
    """What is known of a job, by the store and then by the provider, never becomes less."""
    session, job = person.app.session, person.app.loop_state.job
    sizes = [
        (len(known.events), sum(map(len, known.progress.metrics.series.values())))
        async for known in follow(session, job, ask=True)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] > (0, 0)


async def _and_offline(person: Any) -> None:
    """What was evaluated is there without anyone being asked, by mouse too."""
    await person.press("4")
    await person.sees("70% (epoch 3)")  # the score of the step, on the chart of the loss
    await person.press("w")
    await person.sees("evaluation score 0.7")
    await person.press("6")
    await person.sees("past runs")
    pane = person.app.screen
    assert isinstance(pane, EvaluatePane)
    await person.pilot.click("#evaluate-views", offset=(0, 0))
    for place, words in ((25, "tuned quiz 70.0 %"), (11, "time and money")):
        await person.pilot.click("TabLine", offset=(place, 0))
        await person.sees(words)
    # Its rows are asked for while the answers are read, which are read again at the end of a run.
    pane.findings = None
    pane.query_one(ResultPart).post_message(ResultPart.Wanted(RowsOf("failures")))
    for _ in range(9):
        await asyncio.sleep(0)
    pane.open_run()
    await person.sees("failures 3", "Why?", "Who?")
    await person.press("escape", "escape")
    await person.sees("time and money")
    await person.pilot.click("#report", offset=(4, 1), times=2)
    await person.sees("failures 3", "Why?", "Who?")


async def test_an_evaluation_is_paused_and_gone_on_with_in_the_next_session(
    sit: Any, tmp_path: Path
) -> None:
    # More questions than are ever under way at once, however long it takes to stop it.
    gates, folder = [tmp_path / f"go{n}" for n in range(100)], tmp_path / "slow"
    folder.mkdir()
    test = folder / "test.jsonl"
    rows = [row(f"after {gate}", "first second") for gate in gates]
    test.write_text("\n".join(rows) + "\n")
    async with sit(test) as person:
        await person.sees("100 rows")
        await person.press("V")
        await person.sees("add a model", "No model is named yet")
        await person.press("M")
        await person.sees("Evaluate which model besides?")
        await person.type("scripted")
        await person.press("enter")
        await person.sees("100 questions to 1 model, free")
        await person.press("l")
        await person.sees("0 of 100 answers", "at once", "no score yet", "◐ evaluate 0 %")
        await person.press("1")
        await person.sees("◐ evaluate 0 %")  # leaving the pane does not stop it
        await person.press("6", "escape")
        await person.sees("pausing …")
        for gate in gates:
            gate.touch()
        await person.sees("Not complete: space goes on with it.")
        person.app.exit()
    done = _answers(person)
    assert 0 < done < 100
    async with sit() as person:
        await person.press("6", "left_square_bracket")
        await person.sees("slow/test.jsonl · 100 rows · scripted")
        await person.press("enter")
        await person.sees("Not complete")
        await person.press("space")
        await person.sees("100.0 %", "● evaluate")
        assert _answers(person) == 100


def _answers(person: Any) -> int:
    home = person.app.session.settings.folders.data / "evaluations"
    (log,) = home.glob("*/answers.jsonl")
    return len(log.read_text().splitlines())


GRADE = '{"grade": "Very Similar", "reason": "It says the same."}'


async def test_a_judge_that_costs_is_agreed_to_and_checked_by_grading_blind(
    sit: Any, home: Path, hostile_apart: Any, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_KEY", "sk-dear-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'spend_confirm_usd = 0.0001\n[profiles.dear]\nprovider = "openai"\n'
        f'key_env = "DEAR_KEY"\nbase_url = "{hostile_apart.url}"\n'
    )
    said_by_judge = {"message": {"role": "assistant", "content": GRADE}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 300, "completion_tokens": 20}
    answer = hostile_apart.answer({"choices": [said_by_judge], "usage": usage})
    hostile_apart.on("POST", "/chat/completions", answer)
    async with sit(questions.with_name("test.jsonl")) as person:
        await person.sees("10 rows")
        await person.press("V", "M")
        await person.sees("Evaluate which model besides?")
        await person.type("scripted")
        await person.press("enter")
        await person.sees("10 questions to 1 model, free")
        pane = person.app.screen
        assert isinstance(pane, EvaluatePane)
        names = [line.name for line in pane.setup.choices.lines]
        pane.setup.choices.cursor = names.index("judge")
        await person.press("enter")
        await person.sees("Which model grades the answers?")
        await person.type("at dear")
        await person.press("enter")
        await person.sees("Model at dear")
        await person.type("gpt-4o")
        await person.press("enter")
        await person.sees("and a judge, $0.0", "at most", "Very Similar, Mostly Similar")
        await person.press("l")
        await person.sees("Type 0.0", "to start:")
        await person.press("enter")  # nothing typed is no sum
        wanted = re.search(r"Type ([0-9.]+) and press Enter", person.screen)
        assert wanted
        await person.type(wanted[1])
        await person.press("enter")
        await person.sees("grades of scripted", "Very Similar", "10  (100%)", "$0.0095")
        assert len(hostile_apart.sent("POST", "/chat/completions")) == 10
        await person.press("B")
        await person.sees("Grade answer 1 of 10", "right is", "1 ")
        shown = person.app.screen.query_one("#grade-words Static", Static)
        assert "scripted" not in str(shown.content)
        await person.press("1")
        await person.sees("Grade answer 2 of 10")
        await person.press("down", "enter")
        await person.sees("Grade answer 3 of 10")
        await person.press("escape")
        await person.until(lambda: "You and gpt-4o agree on" in person.said, "the agreement")
        assert "of 2 answers; Cohen's kappa" in person.said
