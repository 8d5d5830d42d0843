"""One dataset at every provider: each judges by its own rules, and nobody's cost is guessed."""

import base64
import io
import json
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from tintype import rules
from tintype.dataset import open_dataset
from tintype.dataset.survey import survey
from tintype.estimation import Plan, count_all, estimate
from tintype.offers import Compared, Offer, compare, targets
from tintype.pricing import load_prices
from tintype.providers import COMPATIBLE, provider_names
from tintype.tokens import model_tokens

TODAY = date(2026, 11, 20)


def image(format: str = "PNG") -> str:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, format)
    return f"data:image/{format.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def write(path: Path, urls: list[str]) -> Path:
    rows = [
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": f"What is number {number}?"},
                        {"type": "image_url", "image_url": {"url": url}},
                    ],
                },
                {"role": "assistant", "content": f"number {number}"},
            ]
        }
        for number, url in enumerate(urls)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


async def compared(path: Path) -> list[Compared]:
    async with open_dataset(path) as dataset:
        return [step async for step in compare(dataset, load_prices(), today=TODAY)]


def by_rules(offers: tuple[Offer, ...]) -> dict[tuple[str, str], Offer]:
    return {(offer.profile.provider, offer.estimate.plan.model): offer for offer in offers}


async def test_every_provider_and_each_of_its_vision_models_makes_an_offer(tmp_path: Path) -> None:
    steps = await compared(write(tmp_path / "train.jsonl", [image()] * 12))
    offers = steps[-1].offers
    assert {offer.profile.provider for offer in offers} == set(provider_names()) - {COMPATIBLE}
    assert set(by_rules(offers)) == {(rules.provider, model) for rules, model in targets()}
    assert steps[-1].bytes_done == steps[-1].size_bytes == (tmp_path / "train.jsonl").stat().st_size


async def test_an_offer_is_what_checking_and_estimating_for_it_alone_would_say(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "train.jsonl", [image()] * 12)
    for offer in (await compared(path))[-1].offers:
        model = offer.estimate.plan.model
        async with open_dataset(path) as dataset:
            alone = [step async for step in rules.check(dataset, offer.profile, model=model)]
            surveyed = [row async for batch in survey(dataset) for row in batch]
        assert offer.summary == alone[-1].summary
        counts = count_all(surveyed, model_tokens(model))
        plan = Plan(model, offer.profile.provider)
        assert offer.estimate == estimate(counts, plan, load_prices(), today=TODAY)


async def test_a_provider_without_a_known_price_is_not_called_free_and_comes_last(
    tmp_path: Path,
) -> None:
    offers = (await compared(write(tmp_path / "train.jsonl", [image()] * 12)))[-1].offers
    costs = [offer.estimate.cost_usd for offer in offers]
    unknown = [cost is None for cost in costs]
    assert True in unknown
    assert unknown == sorted(unknown)
    known = [cost.likely for cost in costs if cost is not None]
    assert known == sorted(known)


async def test_each_judges_by_its_own_rules(tmp_path: Path) -> None:
    urls = [image()] * 11 + [image("WEBP")]
    offers = by_rules((await compared(write(tmp_path / "train.jsonl", urls)))[-1].offers)
    assert offers["openai", "gpt-4o-2024-08-06"].summary.skipped == 0
    fireworks = next(offer for (name, _), offer in offers.items() if name == "fireworks")
    assert [count.rule for count in fireworks.summary.counts if count.severity != "warning"]


@pytest.mark.parametrize("examples", [1, 9])
async def test_who_would_refuse_the_dataset_comes_after_who_would_take_it(
    tmp_path: Path, examples: int
) -> None:
    offers = (await compared(write(tmp_path / "train.jsonl", [image()] * examples)))[-1].offers
    refused = [offer.summary.status == "error" for offer in offers]
    assert True in refused
    assert refused == sorted(refused)
