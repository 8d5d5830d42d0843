"""The sum before anything is spent: changed live, with its reasons, and typed above a limit."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.widgets import Input

from tintype.estimation import Cost, Estimate, Gauge
from tintype_tui import theme
from tintype_tui.screens.datasets import DatasetsPane
from tintype_tui.screens.estimate import EstimatePane
from tintype_tui.screens.estimate.cost_part import CostPart
from tintype_tui.screens.jobs.pane import JobsPane
from tintype_tui.widgets.cost_card import CostCard


@pytest.fixture
def paid(home: Path, hostile_apart: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The provider in use bills as OpenAI does; a limit of one cent."""
    monkeypatch.setenv("PAID_KEY", "sk-paid-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "paid"\nspend_confirm_usd = 0.01\n'
        '[profiles.paid]\nkey_env = "PAID_KEY"\nprovider = "openai"\n'
        f'base_url = "{hostile_apart.url}"\n'
    )
    return hostile_apart


def reckoned(person: Any) -> Estimate:
    """The estimate that is shown."""
    pane = person.app.screen
    assert isinstance(pane, EstimatePane)
    assert pane.estimate is not None
    return pane.estimate


def cost(person: Any) -> Cost:
    """What it comes to."""
    found = reckoned(person).cost_usd
    assert found is not None
    return found


async def test_bars_stay_beside_their_figures_at_80_columns(
    sit: Any, dataset: Path, paid: Any
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed", "rows with images", "images  ")
        card = person.app.screen.query_one(CostCard)
        gauge = Gauge("images in a row", 60, 64)
        card.gauges = (gauge, gauge)
        await person.sees("60 of 64")
        said = [line.rpartition("▕")[2].strip(" █▁▂▃▄▅▆▇") for line in person.screen.splitlines()]
        bars = [line for line in said if line and not line.strip("▏▎▍▌▋▊▉ ")]
        first = next(n for n, line in enumerate(said) if line.startswith("text "))
        assert not bars
        assert said[first + 1].startswith("images ")
        assert said[first + 2].startswith("12 rows")


async def test_what_is_counted_so_far_is_not_taken_for_the_cost(sit: Any, dataset: Path) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("free", "tokens billed")
        part = person.app.screen.query_one(CostPart)
        whole = part.outlook
        part.outlook = replace(whole, state="counting", quote=None)
        await person.sees("free so far")
        assert "tokens billed" not in person.screen
        part.outlook = whole
        await person.sees_no("so far")


async def test_escape_leaves_a_field_and_keys_are_commands_again(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.press("3")
        await person.sees("Cost")
        person.app.screen.query_one("#batch", Input).focus()
        await person.press("8")
        assert person.app.screen.choices.batch_size == 8
        await person.press("escape", "2")
        await person.until(lambda: isinstance(person.app.screen, DatasetsPane), "Datasets")
        await person.press("3")
        assert person.app.screen.choices.batch_size == 8


async def test_the_sum_follows_epochs_and_detail_at_once(
    sit: Any, dataset: Path, paid: Any
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed", "8 epochs", "by default", "gpt-4o-2024-08-06")
        tokens, first = reckoned(person).tokens_per_epoch, cost(person)
        await person.press("plus")
        await person.sees("9 epochs (asked for)")
        assert reckoned(person).tokens_per_epoch == tokens
        assert cost(person).likely == first.likely / 8 * 9
        await person.press("D")
        await person.until(lambda: reckoned(person).plan.detail == "low", "low detail")
        await person.press("minus", "minus")
        await person.sees("7 epochs (asked for)")


async def test_a_cost_above_the_limit_is_typed_before_anything_is_sent(
    sit: Any, dataset: Path, paid: Any
) -> None:
    async with sit(dataset, size=(60, 20)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.quoted()
        assert cost(person).high >= Decimal("0.01")
        await person.press("l")
        await person.sees("This will cost about", '"model"', "to launch:", "Esc goes back")
        assert person.app.screen.query_one("#typed").region.height == 3
        await person.type("0")
        await person.press("enter", "enter")
        await person.sees("Launch at")
        assert not paid.sent("POST", ".*")
        await person.press("escape")
        await person.sees_no("Launch at")
        assert not paid.sent("POST", ".*")


async def test_a_launch_that_failed_shows_the_reason_and_no_progress(
    sit: Any, dataset: Path, paid: Any
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.quoted()
        high = cost(person).high
        await person.press("l")
        await person.sees("to launch:")
        await person.type(f"{high:.2f}")
        await person.press("enter")
        await person.sees("Could not upload the file")
        assert not person.app.screen.query_one("#launch-progress").display


async def test_enter_while_it_is_launched_changes_nothing(sit: Any, dataset: Path) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.quoted()
        await person.press("l")
        await person.sees("Enter launches")
        launch, pressed = person.app.screen, []

        def press_again(_: Any) -> None:
            launch.action_go()
            pressed.append(True)

        person.app.watch(launch.bar, "progress", press_again, init=False)
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, JobsPane), "the job")
        assert pressed


@pytest.fixture
def uneven(dataset: Path) -> Path:
    """Row 8 is by far the longest."""
    rows = dataset.read_text().splitlines()
    long = json.loads(rows[7])
    long["messages"][0]["content"] = "Answer in a word. " * 200
    dataset.write_text("\n".join([*rows[:7], json.dumps(long), *rows[8:]]) + "\n")
    return dataset


async def test_the_dearest_rows_lead_to_the_dataset(sit: Any, uneven: Path) -> None:
    async with sit(uneven) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed")
        await person.press("d")
        await person.sees("The most expensive rows", "line      8")
        await person.press("enter")
        await person.sees("›  8 ", "1,182 tokens")
        assert isinstance(person.app.screen, DatasetsPane)
        assert person.app.loop_state.row == 7


async def test_every_provider_makes_an_offer_and_gives_its_reasons(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (100, 36)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed")
        await person.press("c")
        await person.sees("Compare providers", "Azure OpenAI", "gpt-4o-2024-", "free")
        await person.sees("cost unknown")
        while "the tuned model stops answering" not in person.screen:
            await person.press("down")
        await person.press("escape")
        await person.sees_no("Compare providers")


async def test_an_offer_that_is_taken_changes_the_provider_and_the_model(
    sit: Any, dataset: Path, paid: Any
) -> None:
    async with sit(dataset, (130, 40)) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed")
        await person.press("plus", "c")  # what is chosen for one says nothing about another
        await person.sees("Compare providers", "until 14 Jan 27", "by default")
        offers = person.app.screen.query_one("OfferList")
        at = [one.profile.provider for one in offers.offers].index("tintype")
        assert all("asked for" not in one.estimate.epochs_reason for one in offers.offers)
        offers.cursor = at
        await person.press("enter")
        await person.until(lambda: person.app.session.profile.name == "tintype", "tintype")
        await person.sees("at tintype", "free", "tintype-tiny")


async def test_the_validation_file_beside_it_is_taken_and_can_be_left_out(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("valid.jsonl", "tokens billed")
        await person.quoted()
        await person.press("l")
        await person.sees("Launch at", '"validation_file"')
        await person.press("escape", "V", "l")
        await person.sees("Launch at", '"training_file"')
        assert '"validation_file"' not in person.screen
        await person.press("escape")
        (dataset.parent / "valid.jsonl").write_text("no row\n")
        await person.press("V", "r")
        await person.quoted()
        await person.press("l")
        await person.sees("The provider would reject the validation file", "valid.jsonl:1: ")
        await person.press("n")
        await person.sees_no("would reject the validation file")
        await person.press("m")
        await person.sees("Train which base model?")
        await person.press("end", "x", "enter")
        await person.until(lambda: "does not train" in person.said, "that it is not trained")
        assert person.app.screen.choices.model == "tintype-tiny"


async def test_marked_rows_are_asked_about_before_a_launch(sit: Any, dataset: Path) -> None:
    async with sit(dataset, (80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("x", "x", "e")
        await person.quoted()
        await person.press("l")
        await person.sees("2 rows are marked: leave out?", "Launch all 12 (a)", "Leave out 2 (y)")
        await person.press("escape")
        await person.sees_no("leave out?")
        await person.press("l")
        await person.sees("leave out?")
        await person.press("a")
        await person.sees("Launch at", '"train.jsonl"')


async def test_marked_rows_left_out_are_not_in_the_copy_that_is_launched(
    sit: Any, dataset: Path
) -> None:
    before = await asyncio.to_thread(dataset.read_text)
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("x", "x", "e")
        await person.quoted()
        await person.press("plus", "l")
        await person.sees("leave out?", "train-kept.jsonl")
        await person.press("y")
        await person.sees("Launch at", '"train-kept.jsonl"', '"valid.jsonl"')
        said = person.said
        assert "10 rows written to train-kept.jsonl, without the 2 marked" in said
        order = person.app.screen._order
        assert (order.estimate.rows, order.quote.plan.epochs) == (10, order.estimate.epochs)
        assert await asyncio.to_thread(dataset.read_text) == before
        copy = dataset.with_name("train-kept.jsonl")
        kept = (await asyncio.to_thread(copy.read_text)).splitlines()
        assert kept == before.splitlines()[2:]


async def test_a_price_table_that_cannot_be_read_is_said_for_as_long_as_it_is_so(
    sit: Any, dataset: Path, paid: Any, home: Path
) -> None:
    config, table = home / "config" / "config.toml", home / "config" / "mine.toml"
    config.write_text('prices = "mine.toml"\n' + config.read_text())
    table.write_text("[[prices]\n")
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("Cannot estimate", "r tries again")
        assert "mine.toml" in person.app.screen.outlook.why
        table.write_text("")
        await person.press("r")
        await person.sees("tokens billed")
        assert "Cannot estimate" not in person.screen


async def test_a_dataset_that_goes_away_is_no_empty_pane(sit: Any, dataset: Path) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows", "1 warning")
        await asyncio.to_thread(dataset.unlink)
        await person.press("e")
        await person.sees("Cannot estimate", "train.jsonl", "r tries again")


async def test_without_a_dataset_the_pane_says_what_to_press(sit: Any) -> None:
    async with sit() as person:
        await person.sees("1 Home")
        await person.press("3")
        await person.sees("No dataset yet: press 2")
        assert "Reading" not in person.screen


async def test_how_long_it_takes_is_unknown_before_the_first_training_and_said(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.quoted()
        await person.sees("free, time unknown", "first training of tintype-tiny")
        await person.press("l")
        await person.sees("for how long is not known")


def faint(person: Any) -> set[str]:
    """Words whose contrast to what is under them is below 4, as a dim one is drawn."""
    found = set()
    for strip in person.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if not style or not style.color or not style.bgcolor or not segment.text.strip():
                continue
            text, under = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            text = text.blend(under, 0.5) if style.dim else text
            if theme.contrast(text, under) < 4:
                found |= {word for word in segment.text.split() if word.isalnum()}
    return found


async def test_values_that_were_not_typed_are_legible_in_a_light_theme(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("3")
        await person.sees("random", "most expensive")
        person.app.theme = "textual-light"
        await person.until(lambda: "random" not in faint(person), "legible")
        assert faint(person) <= {"X"}  # the mark of a checkbox has its contrast of 3
