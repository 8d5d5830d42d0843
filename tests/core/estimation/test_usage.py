"""When a training pays: by the price of answers, counted on the rows themselves."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype.assessment import Assessment, assess
from tintype.dataset import open_dataset
from tintype.estimation.usage import Request, break_even, usual_request
from tintype.pricing import load_prices
from tintype.quote import quote
from tintype.rules import rules_of
from tintype.tokens import count_text

REQUEST = Request(1_000, 100, 10)
TABLE = """
[[prices]]
provider = "openai"
models = ["gpt-4o-2024-08-06"]
as_of = 2026-11-01
training = 10
base = { input = %s, output = %s }
tuned = { input = 2, output = 10 }
"""


@pytest.fixture
async def found(tmp_path: Path) -> Assessment:
    path = tmp_path / "train.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": answer}]}
        for answer in ("one", "two and three", "four")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with open_dataset(path) as dataset:
        return [one async for one in assess(dataset, rules_of("openai"))][-1]


def compared(found: Assessment, tmp_path: Path, base: tuple[str, str]) -> Any:
    table = tmp_path / "prices.toml"
    table.write_text(TABLE % base)
    prices = load_prices(table)
    made = quote(found, prices, provider="openai", epochs=1)
    return made.estimate, break_even(REQUEST, made.estimate, prices)


async def test_a_usual_request_has_the_mean_answer_and_the_rest_is_prompt(
    found: Assessment,
) -> None:
    async with open_dataset(found.file.path) as dataset:
        request = await usual_request(dataset, found.counts, found.counts.rule)
    assert request is not None
    answers = [count_text(text) for text in ("one", "two and three", "four")]
    assert request.answer_tokens == round(sum(answers) / 3)
    whole = round(found.counts.bill().total.likely / 3)
    assert request.prompt_tokens + request.answer_tokens == whole


def test_a_tuned_model_that_answers_for_less_pays_after_a_number_of_requests(
    found: Assessment, tmp_path: Path
) -> None:
    estimate, even = compared(found, tmp_path, ("4", "20"))
    assert estimate.cost_usd is not None
    assert even[0].base_usd == 2 * even[0].tuned_usd == Decimal("0.006")
    assert even[0].requests is not None
    assert (even[0].requests - 1) * Decimal("0.003") < estimate.cost_usd.likely
    assert even[0].requests * Decimal("0.003") >= estimate.cost_usd.likely


def test_one_that_answers_for_more_never_does_but_with_shorter_prompts(
    found: Assessment, tmp_path: Path
) -> None:
    _, even = compared(found, tmp_path, ("1", "10"))
    assert (even[0].requests, even[0].shorter) == (None, 500)


def test_an_unknown_price_compares_with_nothing(found: Assessment, tmp_path: Path) -> None:
    prices = load_prices()
    made = quote(found.for_model("gpt-4.5-preview") or found, prices, provider="openai", epochs=1)
    assert made.plan.model == "gpt-4.5-preview"
    assert break_even(REQUEST, made.estimate, prices) == ()
