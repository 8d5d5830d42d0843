"""One search over rows, jobs, answers, models, files and evaluations; Enter goes there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tintype.store import KeptAnswer
from tintype_tui.screens.datasets import DatasetsPane
from tintype_tui.screens.evaluate import EvaluatePane
from tintype_tui.screens.models import ModelsPane
from tintype_tui.screens.playground import PlaygroundPane

from .test_evaluate import questions, train

__all__ = ["questions"]


async def seek(person: Any, words: str, line: str) -> None:
    """Search for words, and go to the first thing that is so."""
    await person.press("ctrl+p")
    await person.sees("Search everything")
    await person.type(words)
    await person.sees(line)
    entries = person.app.screen.query_one("#entries")
    shown = [str(entries.get_option_at_index(at).prompt) for at in range(entries.option_count)]
    entries.highlighted = next(at for at, one in enumerate(shown) if one.startswith(f"  {line}"))
    await person.press("enter")


async def test_what_is_found_is_grouped_and_enter_goes_there(
    sit: Any, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(questions.parent)
    async with sit(questions, size=(80, 24)) as person:
        await train(person)
        job = person.app.loop_state.job
        await person.press("v")
        await person.sees("20 questions to 2 models")
        await person.press("enter")
        await person.sees("7 better, 1 worse")
        (folder,) = (questions.parent.parent / "home" / "data" / "evaluations").iterdir()
        store = await person.app.session.store()
        asked = ({"role": "user", "content": "Why is the sky blue?"},)
        now = datetime.now(UTC)
        await store.answers.add(KeptAnswer("tintype", "scripted", now, asked, "It scatters."))

        await seek(person, "7 and", "row 8  How much is 7 and 1?")
        await person.until(lambda: isinstance(person.app.screen, DatasetsPane), "Datasets")
        await person.until(lambda: person.app.screen.index == 7, "the row")
        await seek(person, "sky", "Why is the sky blue?")
        await person.until(lambda: isinstance(person.app.screen, PlaygroundPane), "Playground")
        await person.sees("Why is the sky blue?")
        await seek(person, "quiz", "quiz · ● succeeded")
        await person.until(lambda: person.app.current_mode == "jobs", "Jobs")
        assert person.app.loop_state.job == job
        await seek(person, "quiz", "quiz · model · tintype")
        await person.until(lambda: isinstance(person.app.screen, ModelsPane), "Models")
        pane = person.app.screen
        await person.until(lambda: pane.detail.item is not None, "the model")
        await person.until(lambda: pane.detail.item.title == "quiz", "that model")
        details = pane.detail.details

        def runs() -> list[int]:
            nodes = enumerate(entry.node for entry in details.entries)
            return [at for at, node in nodes if node is not None and node.kind == "evaluation"]

        await person.until(runs, "the evaluation in the lineage")
        await person.press("3")
        await seek(person, folder.name, "quiz/test.jsonl")
        await person.until(lambda: isinstance(person.app.screen, EvaluatePane), "Evaluate")
        await person.sees("7 better, 1 worse")
        await person.press("[", "7")
        await person.until(lambda: isinstance(person.app.screen, ModelsPane), "Models again")
        await person.until(runs, "the evaluation in the lineage")
        details.focus()
        details.cursor = runs()[0]
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, EvaluatePane), "Evaluate")
        await person.sees("7 better, 1 worse")


async def test_nothing_that_has_the_words_is_said(sit: Any) -> None:
    async with sit(size=(80, 24)) as person:
        await person.press("ctrl+p")
        await person.type("nowhere")
        await person.sees("Nothing has these words.")
        await person.press("enter", "escape")
        await person.sees_no("Search everything")


async def test_enter_takes_of_what_is_typed_and_not_of_what_was_listed_before(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("ctrl+p")
        await person.sees("Search everything")
        await person.type("number")
        await person.sees("row 1  What is number 0?")
        await person.press("space", "7", "enter")
        await person.until(lambda: person.app.loop_state.row == 7, "the row")
        await person.until(lambda: isinstance(person.app.screen, DatasetsPane), "Datasets")
        await person.press("ctrl+p")
        await person.sees("Search everything")
        await person.type("nowhere to be found")
        await person.press("enter")
        await person.sees("Nothing has these words.")
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, DatasetsPane), "Datasets")
