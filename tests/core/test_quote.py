"""A figure and everything it is made from are one value; it is read once, and holds or does not."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tintype.images
from tintype import jobs, rules
from tintype.assessment import Assessment, assess
from tintype.budget import NOTHING_CONFIRMED, Limits
from tintype.dataset import open_dataset, stamp
from tintype.dataset.edits import Edits
from tintype.errors import QuoteError
from tintype.images.facts import ImageFacts
from tintype.overlay import laying_over
from tintype.pricing import Prices, load_prices
from tintype.quote import Quote, concern, quote, validation_stamp

MODEL = "gpt-4o-2024-08-06"


def write(path: Path, rows: int = 12, answer: str = "A pear.") -> Path:
    path.write_text(
        "".join(
            json.dumps(
                {
                    "messages": [
                        {"role": "user", "content": f"What is number {n}?"},
                        {"role": "assistant", "content": answer},
                    ]
                }
            )
            + "\n"
            for n in range(rows)
        )
    )
    return path


async def assessed(path: Path, **options: Any) -> Assessment:
    async with open_dataset(path) as dataset:
        found = [each async for each in assess(dataset, rules.rules_of("openai"), **options)]
    assert not found[0].complete
    return found[-1]


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return write(tmp_path / "train.jsonl")


@pytest.fixture
def made(train: Path) -> Quote:
    valid = write(train.with_name("valid.jsonl"))
    found = asyncio.run(assessed(train, model=MODEL))
    return quote(found, load_prices(), provider="openai", validation=stamp(valid))


def require(made: Quote, **changes: Any) -> None:
    made.require(**{"provider": "openai", **changes})


async def test_a_quote_holds_while_everything_is_as_it_was(made: Quote) -> None:
    require(made, prices=load_prices())
    assert made.estimate.cost_usd is not None
    assert made.estimate.rows == 12


@pytest.mark.parametrize("name", ["train.jsonl", "valid.jsonl"])
async def test_a_file_that_changed_ends_it(made: Quote, train: Path, name: str) -> None:
    path = train.with_name(name)
    write(path, rows=13)
    with pytest.raises(QuoteError, match=name):
        require(made)


def test_a_file_that_was_replaced_by_one_of_the_same_size_ends_it(made: Quote, train: Path) -> None:
    before = train.stat()
    other = write(train.with_name("other.jsonl"), answer="A plum.")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(train)
    assert train.stat().st_size == before.st_size
    with pytest.raises(QuoteError, match="has changed"):
        require(made)


def test_a_file_that_has_gone_ends_it(made: Quote, train: Path) -> None:
    train.unlink()
    with pytest.raises(QuoteError, match="has changed"):
        require(made)


async def test_another_provider_or_other_rules_end_it(made: Quote) -> None:
    for other in ("tintype", "azure", "compatible"):
        with pytest.raises(QuoteError, match=f"not for {other}"):
            require(made, provider=other)


async def test_a_price_that_changed_ends_it(made: Quote) -> None:
    price = made.estimate.price
    assert price is not None
    dearer = replace(price, usd_per_million=Decimal(1000))
    with pytest.raises(QuoteError, match="price"):
        require(made, prices=Prices((dearer,)))


async def test_what_would_be_if_images_asked_for_less_cannot_be_launched(made: Quote) -> None:
    supposed = quote(made.assessment, load_prices(), provider="openai", detail="low")
    with pytest.raises(QuoteError, match="low detail"):
        require(supposed)


async def test_there_is_no_quote_before_the_whole_file_was_read(train: Path) -> None:
    async with open_dataset(train) as dataset:
        first = await anext(assess(dataset, rules.rules_of("openai")))
    with pytest.raises(QuoteError, match="still being read"):
        quote(first, load_prices(), provider="openai")


async def test_a_launch_on_a_quote_that_does_not_hold_sends_nothing(
    made: Quote, train: Path, store: Any, hostile: Any
) -> None:
    write(train, rows=20)
    async with hostile.connect(provider="openai") as api:
        with pytest.raises(QuoteError, match="has changed"):
            async for _ in jobs.launch(
                api,
                store,
                jobs.Order(made),
                limits=Limits(Decimal(1000)),
                confirmation=NOTHING_CONFIRMED,
            ):
                pass
    assert not hostile.requests


async def test_a_launch_trains_the_epochs_that_were_quoted(made: Quote) -> None:
    asked = quote(made.assessment, load_prices(), provider="openai", epochs=5)
    assert jobs.Order(asked).hyperparameters.n_epochs == asked.estimate.epochs == 5
    assert jobs.Order(made).hyperparameters.n_epochs == "auto"


async def test_one_pass_gives_check_counts_and_overview(train: Path) -> None:
    found = await assessed(train)
    assert found.summary is not None
    assert found.statistics is not None
    assert found.counts.rows == found.statistics.rows == found.summary.examples == 12
    assert sum(found.figures.tokens) == found.counts.bill().total.likely
    assert found.figures.answer_chars[3] == len("A pear.")


async def test_models_that_count_alike_need_no_second_pass(train: Path) -> None:
    found = await assessed(train, model=MODEL)
    other = found.for_model("gpt-4o-mini-2024-07-18")
    alike = found.for_model("gpt-4.1-2025-04-14")
    assert other is None or other.counts.rule.model == "gpt-4o-mini-2024-07-18"
    for name, changed in (("gpt-4.1-2025-04-14", alike), ("gpt-4o-mini-2024-07-18", other)):
        if changed is not None:
            again = await assessed(train, model=name)
            assert changed.counts == again.counts
            assert changed.summary is not None
            assert again.summary is not None
            assert changed.summary.counts == again.summary.counts
            assert changed.problems == again.problems
    assert found.for_model("tintype-tiny") is None


async def test_what_is_left_out_of_the_problems_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text("no JSON\n" * 250)
    found = await assessed(path)
    assert found.summary is not None
    assert found.omitted == found.summary.omitted == 150
    listed = sum(problem.rule == found.problems[0].rule for problem in found.problems)
    assert listed == 100


async def test_an_image_on_the_network_is_fetched_once_for_two_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_url_rows: Any
) -> None:
    asked: list[str] = []

    async def fetch(url: str, **options: Any) -> bytes:
        asked.append(url)
        await asyncio.sleep(0)
        return b"\x89PNG\r\n\x1a\n"

    monkeypatch.setattr(tintype.images, "fetch", fetch)
    path = make_url_rows(tmp_path / "train.jsonl", 5)
    fetched: dict[str, ImageFacts] = {}
    for profile in ("openai", "tintype"):
        async with open_dataset(path) as dataset:
            async for _ in assess(dataset, rules.rules_of(profile), fetched=fetched):
                pass
    assert len(asked) == len(set(asked)) == 5


@pytest.fixture
def make_url_rows() -> Any:
    def made(path: Path, count: int) -> Path:
        write(path, 0)
        with path.open("a") as file:
            for n in range(count):
                url = {"url": f"https://images.example/{n}.png"}
                asked = [{"type": "image_url", "image_url": url}]
                messages = [
                    {"role": "user", "content": asked},
                    {"role": "assistant", "content": "a"},
                ]
                file.write(json.dumps({"messages": messages}) + "\n")
        return path

    return made


def test_the_age_of_a_price_is_no_change(train: Path) -> None:
    found = asyncio.run(assessed(train, model=MODEL))
    today = date(2026, 11, 20)
    made = quote(found, load_prices(), provider="openai", today=today + timedelta(days=900))
    require(made, prices=load_prices())


async def test_errors_are_asked_about_before_a_launch(made: Quote, tmp_path: Path) -> None:
    assert concern(made) is None
    bad = write(tmp_path / "bad.jsonl", rows=3)
    refused = concern(quote(await assessed(bad), load_prices(), provider="openai"))
    assert refused is not None
    assert "reject" in refused.title


async def test_edits_of_the_validation_file_end_it(made: Quote, train: Path) -> None:
    async def over(dataset: Any) -> Edits:
        return Edits(version="1" if dataset.path.name == "valid.jsonl" else "")

    token = laying_over.set(over)
    try:
        valid = await validation_stamp(train.with_name("valid.jsonl"))
    finally:
        laying_over.reset(token)
    with pytest.raises(QuoteError, match=r"valid\.jsonl has edited rows"):
        require(replace(made, validation=valid))
