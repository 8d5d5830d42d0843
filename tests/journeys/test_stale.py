"""No launch on a sum that was made from something else: what is shown is of what is chosen."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_the_loop import choose_model

from tintype.errors import DatasetError
from tintype_tui import requests
from tintype_tui.screens.datasets import DatasetsPane
from tintype_tui.screens.datasets.opened import arrange
from tintype_tui.screens.estimate import EstimatePane
from tintype_tui.screens.launch import Launch


@pytest.fixture
def paid(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A provider that bills as OpenAI does, beside the embedded one that is in use."""
    monkeypatch.setenv("PAID_KEY", "sk-paid-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        '[profiles.paid]\nkey_env = "PAID_KEY"\nprovider = "openai"\n'
        f'base_url = "{hostile_apart.url}"\n'
    )
    return hostile_apart


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty rows whose images are at a host that takes long to say nothing."""
    path = tmp_path / "slow" / "train.jsonl"
    path.parent.mkdir()
    rows = []
    for n in range(40):
        image = {"type": "image_url", "image_url": {"url": f"https://images.example/{n}.png"}}
        asked = [{"type": "text", "text": f"q{n}"}, image]
        rows.append(
            {
                "messages": [
                    {"role": "user", "content": asked},
                    {"role": "assistant", "content": "a"},
                ]
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    async def fetch(url: str, **options: Any) -> bytes:
        await asyncio.Event().wait()
        raise DatasetError("no answer")

    monkeypatch.setattr("tintype.images.fetch", fetch)
    return path


async def shows(person: Any, pane: type) -> None:
    await person.until(lambda: isinstance(person.app.screen, pane), pane.__name__)


async def estimated(person: Any) -> None:
    await person.sees("tokens billed")
    await person.quoted()


async def test_another_dataset_is_not_launched_with_the_sum_of_the_one_before(
    sit: Any, dataset: Path, slow: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await estimated(person)
        person.app.post_message(requests.open_dataset(slow))
        await shows(person, DatasetsPane)
        await person.press("e")
        await shows(person, EstimatePane)
        await person.until(lambda: person.app.screen.outlook.state == "counting", "counting")
        await person.sees("next: counting")
        await person.press("l")
        await person.until(lambda: bool(person.app.session.said), "a word about it")
        assert "Still counting" in person.said
        assert person.app.screen.quote is None
        assert not isinstance(person.app.screen, Launch)


async def test_another_provider_is_not_launched_at_with_the_free_sum(
    sit: Any, slow: Path, dataset: Path, paid: Any
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await estimated(person)
        person.app.post_message(requests.UseProfile("paid"))
        await person.until(lambda: person.app.screen.quote is None, "no quote")
        await person.press("l")
        assert not isinstance(person.app.screen, Launch)
        await estimated(person)
        assert person.app.screen.quote.plan.provider == "openai"
        await person.until(lambda: "$" in person.app.loop_state.estimate, "the sum in the strip")


def grow(path: Path) -> None:
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")


@pytest.mark.parametrize("name", ["train.jsonl", "valid.jsonl"])
async def test_a_file_that_changes_between_estimate_and_launch_is_estimated_again(
    sit: Any, dataset: Path, name: str
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await estimated(person)
        grow(dataset.with_name(name))
        await person.press("l")
        await person.until(lambda: bool(person.app.session.said), "a word about it")
        assert "has changed since" in person.said
        assert not isinstance(person.app.screen, Launch)
        await estimated(person)
        rows = 13 if name == "train.jsonl" else 12
        await person.until(
            lambda: person.app.screen.estimate and person.app.screen.estimate.rows == rows, "rows"
        )
        await person.quoted()
        await person.press("l")
        await person.sees("Launch at")


async def test_a_price_that_changes_between_estimate_and_launch_is_estimated_again(
    sit: Any, dataset: Path, paid: Any, home: Path
) -> None:
    config = home / "config" / "config.toml"
    config.write_text('prices = "mine.toml"\ndefault_profile = "paid"\n' + config.read_text())
    table = home / "config" / "mine.toml"
    own = (
        '[[prices]]\nprovider = "openai"\nmodels = ["gpt-4o-2024-08-06"]\ntraining = {}\n'
        'as_of = 2026-11-01\nsource = "a contract"\nconfidence = "certain"\n'
    )
    table.write_text(own.format("1.0"))
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await estimated(person)
        before = person.app.screen.estimate.cost_usd.likely
        table.write_text(own.format("2.0"))
        await person.press("l")
        await person.until(lambda: bool(person.app.session.said), "a word about it")
        assert "price" in person.said
        await person.until(
            lambda: (
                person.app.screen.estimate
                and person.app.screen.estimate.cost_usd.likely == 2 * before
            ),
            "the new price",
        )


async def test_the_sum_of_other_epochs_is_never_launched(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await estimated(person)
        await person.press("plus", "plus", "l")
        await shows(person, Launch)
        order = person.app.screen._order
        assert order.hyperparameters.n_epochs == order.estimate.epochs
        await person.press("escape")


async def test_switching_panes_and_plans_reads_nothing_again(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        read = person.app.assessment.figures  # filled by a pass, and by that pass alone
        await person.press("e")
        await estimated(person)
        assert person.app.screen.quote.assessment.figures is read
        await person.press("2")
        await shows(person, DatasetsPane)
        await person.press("3")
        await shows(person, EstimatePane)
        await person.press("plus", "D", "V")
        await person.until(
            lambda: person.app.screen.quote and person.app.screen.quote.plan.detail == "low", "low"
        )
        assert person.app.screen.quote.assessment.figures is read


async def test_what_was_counted_for_another_model_is_counted_again_for_that_of_the_plan(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("1 warning")
        await person.press("e")
        await person.sees("tokens billed")
        await choose_model(person, "scripted")
        app, counted = person.app, list[str]()
        app.watch(app, "assessment", lambda now: counted.append(now.model if now else ""))
        for late in (requests.AssessDataset("tintype-tiny"), requests.AssessDataset(again=True)):
            counted.clear()
            app.screen.post_message(late)
            await person.until(lambda: "tintype-tiny" in counted, "it is counted")
            await person.quoted("scripted")


async def test_rows_that_were_sorted_for_one_dataset_are_not_those_of_the_next(
    sit: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tintype_tui.screens.datasets import pane

    begun, go_on = threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        begun.set()
        go_on.wait(30)
        return arrange(*arguments)

    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        monkeypatch.setattr(pane, "arrange", slowly)
        await person.press("s")
        await person.until(begun.is_set, "it is sorted")
        await person.press("right_square_bracket")
        await person.sees("shapes/valid.jsonl")
        await person.until(lambda: person.app.screen.opened.complete, "all of its rows")
        go_on.set()
        sorting = [one for one in person.app.workers if one.group == "arrange"]
        await person.until(lambda: all(one.is_finished for one in sorting), "it is sorted")
        arrangement = person.app.screen.arrangement
        assert arrangement.order == ""
        assert arrangement.total == person.app.screen.opened.rows
