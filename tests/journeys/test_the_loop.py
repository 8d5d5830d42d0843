"""Once round the loop with the keys that the screen names."""

from pathlib import Path
from typing import Any

import pytest

from tintype_tui.screens.jobs.pane import JobsPane
from tintype_tui.screens.playground import PlaygroundPane


async def choose_model(person: Any, model: str) -> None:
    """Have the plan's model be another than the usual one."""
    from dataclasses import replace

    from tintype_tui.widgets.plan_form import PlanForm

    form = person.app.screen.query_one(PlanForm)
    form.fill(replace(form.choices, model=model), [model])
    form.post_message(PlanForm.Changed(form.choices))
    await person.quoted(model)


async def test_a_new_user_reaches_a_trained_models_answer(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("What is number 0?", "shapes/train.jsonl", "12 rows", "1 warning")
        await person.press("e")
        await person.sees("tokens billed", "free", "warnings, see 2 p")
        await choose_model(person, "scripted")
        await person.sees("scripted")
        await person.press("l")
        await person.sees("Launch at", "n_epochs")
        await person.press("enter")
        await person.sees("succeeded", "New fine-tuned model created")
        await person.press("t")
        await person.sees("test.jsonl row 1", "tuned", "base")
        await person.press("a")
        await person.sees("tokens")
        pane = person.app.screen
        assert isinstance(pane, PlaygroundPane)
        await person.until(lambda: pane.loop_state.tried, "that it was tried")


async def test_the_curve_has_every_step_once_after_the_app_was_away(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("1 warning")
        await person.press("e")
        await person.sees("warnings, see 2 p")
        await choose_model(person, "scripted")
        await person.press("l")
        await person.sees("Launch at")
        await person.press("enter")
        await person.sees("succeeded")
    async with sit() as person:
        await person.press("4")
        await person.sees("succeeded", "New fine-tuned model created")
        pane = person.app.screen
        assert isinstance(pane, JobsPane)
        await person.until(
            lambda: pane.known is not None and "train_loss" in pane.known.progress.metrics.series,
            "its curve",
        )
        assert pane.known is not None
        steps = pane.known.progress.metrics.series["train_loss"].steps()
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) == pane.known.progress.metrics.total_steps


async def test_without_a_dataset_every_pane_says_what_to_press(sit: Any) -> None:
    async with sit() as person:
        await person.sees("Start here", "make two sample datasets")
        await person.press("2")
        await person.sees("Press o to open one")
        await person.press("3")
        await person.sees("press 2 to choose one")
        await person.press("4")
        await person.sees("No jobs yet")
        await person.press("5")
        await person.sees("No image yet")


async def test_a_dataset_that_would_be_refused_is_not_launched_unasked(
    sit: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "bad" / "train.jsonl"
    bad.parent.mkdir()
    bad.write_text('{"messages": [{"role": "user", "content": "?"}]}\n' * 3)
    async with sit(bad) as person:
        await person.sees("error", "next: M Fixed copy")
        await person.press("p")
        await person.sees("Example 1 has no message from the assistant")
        await person.press("up")
        await person.sees("at least 10 examples")
        await person.press("e")
        await person.sees("✗ would be rejected, see 2 p", "next: 2 Data")
        await person.press("l")
        await person.sees("The provider would reject this file", "Press 2, then p,")
        await person.press("n")
        await person.sees_no("Fix it first")
        await person.press("2", "M")
        await person.sees("Write a fixed copy into")
        await person.press("enter")
        await person.sees("train-fixed", "next: p Problems")  # another copy would fix no more


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_every_pane_works_at_every_size(
    sit: Any, dataset: Path, size: tuple[int, int]
) -> None:
    async with sit(dataset, size) as person:
        await person.sees("12 rows")
        for key in "12345":
            await person.press(key)
            lines = person.screen.splitlines()
            assert len(lines) == size[1]
            assert any(mark in lines[-2] for mark in "●◐✗")
            assert "Help" in lines[-1]
