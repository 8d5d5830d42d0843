"""A provider is one file; identity, rules, models, prices and deadlines follow from its name."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype import settings
from tintype.errors import SettingsError
from tintype.estimation import Plan, count_all, estimate
from tintype.offers import targets
from tintype.pricing import load_prices
from tintype.prospects import base_models
from tintype.providers import identity, provider_names
from tintype.providers.facts import CONFIDENCES
from tintype.providers.loading import provider
from tintype.rules import rules_of
from tintype.tokens import model_tokens

MINE = """
title = "House models"
dialect = "compatible"
base_url = "https://models.house.example/v1"
key_env = "HOUSE_KEY"

[rules]
like = "openai"
model = "house-vlm-2"
max_images = 4
as_of = 2026-11-01
source = "our wiki"
confidence = "certain"

[[models]]
names = ["house-vlm-2"]
encoding = "o200k_base"
images = "fixed"
fixed = 256
as_of = 2026-11-01
source = "our wiki"
confidence = "certain"

[[prices]]
models = ["*"]
training = 0.75
as_of = 2026-11-01
source = "our wiki"
confidence = "certain"

[[deadlines]]
models = ["house-vlm-2"]
of = "both"
what = "shutdown"
date = 2027-08-01
as_of = 2026-11-01
source = "our wiki"
confidence = "certain"
"""


def saved(folder: Path, text: str = MINE) -> str:
    path = folder / "house.toml"
    folder.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("name", provider_names())
def test_every_file_is_sound_and_every_figure_has_its_source(name: str) -> None:
    known = provider(name)
    assert known.identity.title
    assert known.rules.provider == name
    figures: tuple[Any, ...] = (known.rules, known.epochs, *known.models.values(), *known.facts)
    for figure in figures:
        assert figure.source
        assert figure.as_of.year >= 2025
        assert figure.confidence in CONFIDENCES


def test_adding_a_provider_is_adding_one_file(tmp_path: Path) -> None:
    mine = saved(tmp_path)
    places = settings.folders({"TINTYPE_HOME": str(tmp_path)})
    places.config.mkdir()
    places.config_file.write_text(f'[profiles.house]\nprovider = "{mine}"\n')
    profile = settings.load(environ={}, places=places).profiles["house"]
    assert profile.base_url == "https://models.house.example/v1"
    assert (profile.key_env, profile.dialect) == ("HOUSE_KEY", "compatible")

    rules = rules_of(profile.provider)
    assert (rules.title, rules.max_images, rules.max_image_bytes) == ("House models", 4, 10_485_760)
    assert model_tokens("house-vlm-2", profile.provider).fixed == 256
    assert not model_tokens("house-vlm-2").known
    assert model_tokens("gpt-4o-2024-08-06", profile.provider).known
    assert (rules.vision_models, rules.text_models) == ((), ())
    prices = load_prices()
    price = prices.training(profile.provider, "house-vlm-2")
    assert price is not None
    assert price.usd_per_million == Decimal("0.75")
    end = prices.deadline(profile.provider, "ft:house-vlm-2:us::x")
    assert end is not None
    assert end.date.year == 2027


async def test_the_models_of_a_provider_that_is_like_another_are_its_own(
    tmp_path: Path,
) -> None:
    named = {
        "own": saved(tmp_path),
        "none": saved(tmp_path / "none", MINE.replace('model = "house-vlm-2"\n', "")),
        "listed": saved(
            tmp_path / "listed",
            MINE.replace(
                'like = "openai"', 'like = "openai"\nvision_models = ["house-vlm-2", "x"]'
            ),
        ),
    }
    offered = [(rules.provider, model) for rules, model in targets(tuple(named.values()))]
    assert offered == [
        (named["own"], "house-vlm-2"),
        (named["listed"], "house-vlm-2"),
        (named["listed"], "x"),
    ]
    assert await base_models(named["own"]) == ("house-vlm-2",)


def test_a_provider_of_ones_own_is_called_by_its_title_where_its_price_is_not_known(
    tmp_path: Path,
) -> None:
    mine = saved(tmp_path, MINE.replace("training = 0.75", "tuned = { input = 1.0, output = 2.0 }"))
    made = estimate(
        count_all([], model_tokens("house-vlm-2", mine)), Plan("house-vlm-2", mine), load_prices()
    )
    assert made.reasons[0].startswith(
        "The price of training house-vlm-2 at House models is unknown"
    )


def test_a_file_of_ones_own_lies_beside_the_configuration(tmp_path: Path) -> None:
    places = settings.folders({"TINTYPE_HOME": str(tmp_path)})
    places.config.mkdir()
    saved(places.config)
    places.config_file.write_text('[profiles.house]\nprovider = "house.toml"\n')
    profile = settings.load(environ={}, places=places).profiles["house"]
    assert profile.provider == str(places.config / "house.toml")


def test_a_profile_follows_its_provider_in_everything(tmp_path: Path) -> None:
    places = settings.folders({"TINTYPE_HOME": str(tmp_path)})
    places.config.mkdir()
    places.config_file.write_text('[profiles.work]\nprovider = "azure"\nbase_url = "https://x/v1"')
    profile = settings.load(environ={}, places=places).profiles["work"]
    assert rules_of(profile.provider).max_images == 64
    assert load_prices().training(profile.provider, "gpt-4.1-2025-04-14") is not None
    assert profile.key_env == identity("azure").key_env


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('title = "House models"', "", "'title': is missing"),
        ('"compatible"', '"rest"', "'dialect': must be one of embedded, openai, compatible"),
        ("key_env", "key_variable", "'key_variable': is not a known key"),
        ("max_images = 4", "max_images = -4", "'rules.max_images': must be a whole number"),
        ("max_images = 4", "max_imagse = 4", "'rules.max_imagse': is not a known key"),
        ('like = "openai"', "", "'rules.url_images': is missing"),
        ('"o200k_base"', '"o300k"', r"\[\[models\]\] row 1, key 'encoding': must be one of"),
        ("fixed = 256", 'fixed = "256"', r"\[\[models\]\] row 1, key 'fixed': must be a whole"),
        ("training = 0.75", "training = -1", r"\[\[prices\]\] row 1, key 'training': must be 0"),
        ('confidence = "certain"', 'confidence = "sure"', "confidence': must be one of certain"),
        ("date = 2027-08-01", 'date = "soon"', r"\[\[deadlines\]\] row 1, key 'date': must be"),
        ("[[prices]]", "[[price]]", "'price': is not a known key"),
        ("[rules]", "[rule]", "'rules': is missing"),
    ],
)
def test_a_wrong_file_is_named_with_row_and_key(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    mine = saved(tmp_path, MINE.replace(before, after))
    with pytest.raises(SettingsError, match=words) as caught:
        provider(mine)
    assert mine in str(caught.value)


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError) as caught:
        provider("azrue")
    assert "azure" in caught.value.advice
