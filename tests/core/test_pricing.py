"""Prices and dates come with their source; unknown stays unknown; a bad table is named."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.errors import SettingsError
from tintype.pricing import deadline, load_prices, milestones, training_end
from tintype.providers import provider_names
from tintype.providers.facts import CONFIDENCES
from tintype.providers.loading import provider, read_facts
from tintype.providers.toml_table import TomlTable

TODAY = date(2026, 11, 20)


def table(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text, "utf-8")
    return path


def row(extra: str, provider: str = "openai", model: str = "gpt-4o-2024-08-06") -> str:
    return f"""
[[prices]]
provider = "{provider}"
models = ["{model}"]
as_of = 2026-11-01
source = "my contract"
{extra}
"""


@pytest.mark.parametrize(
    ("model", "training", "prompt", "cached", "answer"),
    [
        ("gpt-4o-2024-08-06", "25", "3.75", "1.875", "15"),
        ("gpt-4o-mini-2024-07-18", "3", "0.30", "0.15", "1.20"),
        ("gpt-4.1-2025-04-14", "25", "3", "0.75", "12"),
        ("gpt-4.1-mini-2025-04-14", "5", "0.80", "0.20", "3.20"),
        ("gpt-4.1-nano-2025-04-14", "1.50", "0.20", "0.05", "0.80"),
    ],
)
def test_openai_prices(model: str, training: str, prompt: str, cached: str, answer: str) -> None:
    prices = load_prices()
    price = prices.training("openai", model)
    assert price is not None
    assert price.usd_per_million == Decimal(training)
    assert price.source
    tuned = prices.inference("openai", f"ft:{model}:org::id")
    assert tuned is not None
    assert (tuned.input_usd, tuned.cached_input_usd, tuned.output_usd) == (
        Decimal(prompt),
        Decimal(cached),
        Decimal(answer),
    )
    assert prices.tuned_inference("openai", model) == tuned


def test_time_is_billed_where_time_is_billed() -> None:
    price = load_prices().training("openai", "o4-mini-2025-04-16")
    assert price is not None
    assert (price.usd_per_million, price.usd_per_hour) == (None, Decimal(100))
    assert price.cost(1_000_000) is None


def test_costs_are_exact() -> None:
    prices = load_prices()
    training = prices.training("openai", "gpt-4o-2024-08-06")
    assert training is not None
    assert training.cost(2_076_033) == Decimal("51.900825")
    base = prices.inference("openai", "gpt-4o-2024-08-06")
    assert base is not None
    assert base.cost(1_000_000, 100_000) == Decimal("3.5")
    assert base.cost(1_000_000, 0, cached_tokens=1_000_000) == Decimal("1.25")
    assert base.cost(1_000_000, 0, batch=True) == Decimal("1.25")


def test_the_unknown_is_none_and_not_zero() -> None:
    prices = load_prices()
    assert prices.training("openai", "gpt-6-luna") is None
    assert prices.training("together", "Qwen/Qwen3-VL-8B-Instruct") is None
    assert prices.training("nobody", "gpt-4o-2024-08-06") is None
    assert prices.inference("openai", "ft:gpt-6-luna:a::b") is None
    assert prices.inference("openai", "gpt-9") is None
    assert prices.hosting("fireworks", "x") is None
    gpt35 = prices.inference("openai", "ft:gpt-3.5-turbo-0125:a::b")
    assert gpt35 is not None
    assert gpt35.cost(10, 10, batch=True) is None


def test_the_embedded_provider_costs_nothing_and_says_why() -> None:
    prices = load_prices()
    for quote in (
        prices.training("tintype", "tintype-tiny"),
        prices.inference("tintype", "ft:tintype-tiny:tintype::abc"),
        prices.hosting("tintype", "tintype-tiny"),
    ):
        assert quote is not None
        assert quote.source == "runs on your machine"
        assert not prices.is_stale(quote, date(2040, 1, 1))
    training = prices.training("tintype", "tintype-tiny")
    assert training is not None
    assert training.cost(10**9) == 0


def test_azure_hosting_is_by_the_hour() -> None:
    hosting = load_prices().hosting("azure", "gpt-4.1-2025-04-14")
    assert hosting is not None
    assert hosting.usd_per_hour == Decimal("1.70")
    assert hosting.confidence == "one source"


def test_age_is_counted_and_old_prices_are_stale() -> None:
    prices = load_prices()
    price = prices.training("openai", "gpt-4o-2024-08-06")
    assert price is not None
    assert price.age_days(TODAY) == 50
    assert not prices.is_stale(price, TODAY)
    assert prices.is_stale(price, date(2027, 6, 1))


def test_the_dates_that_home_counts_down() -> None:
    end = training_end("openai")
    assert end is not None
    assert (end.date, end.days_left(TODAY)) == (date(2027, 1, 6), 47)
    last = deadline("openai", "gpt-4o-2024-08-06")
    assert last is not None
    assert (last.date, last.days_left(TODAY), last.replacement) == (
        date(2027, 1, 14),
        55,
        "gpt-6-luna",
    )
    tuned = deadline("openai", "ft:gpt-4o-2024-08-06:personal:poker-cards:AE3XHdn2")
    assert tuned == last
    gone = deadline("openai", "ft:gpt-4.1-nano-2025-04-14:a::b")
    assert gone is not None
    assert gone.days_left(TODAY) < 0


def test_azure_serves_tuned_models_longer_than_their_bases() -> None:
    base = deadline("azure", "gpt-4.1-2025-04-14")
    tuned = deadline("azure", "gpt-4.1-2025-04-14.ft-0a1b2c")
    training = training_end("azure", "gpt-4.1-2025-04-14")
    assert base is not None
    assert tuned is not None
    assert training is not None
    assert (base.date, tuned.date, training.date) == (
        date(2027, 4, 14),
        date(2027, 10, 14),
        date(2027, 4, 14),
    )


def test_nothing_ends_where_nothing_is_known_to_end() -> None:
    assert deadline("tintype", "tintype-tiny") is None
    assert training_end("tintype") is None
    assert deadline("openai", "gpt-6-luna") is None
    assert milestones("tintype") == ()


def test_milestones_come_in_order() -> None:
    dates = [milestone.date for milestone in milestones("openai")]
    assert dates == sorted(dates)
    assert date(2026, 5, 7) in dates


def test_a_users_table_goes_over_the_built_in(tmp_path: Path) -> None:
    prices = load_prices(table(tmp_path, row("training = 20.5")))
    price = prices.training("openai", "gpt-4o-2024-08-06")
    assert price is not None
    assert (price.usd_per_million, price.source) == (Decimal("20.5"), "my contract")
    unchanged = prices.inference("openai", "ft:gpt-4o-2024-08-06:a::b")
    assert unchanged == load_prices().inference("openai", "ft:gpt-4o-2024-08-06:a::b")
    other = prices.training("openai", "gpt-4o-mini-2024-07-18")
    assert other == load_prices().training("openai", "gpt-4o-mini-2024-07-18")


def test_a_users_row_for_every_model_goes_before_a_built_in_one(tmp_path: Path) -> None:
    prices = load_prices(table(tmp_path, row("training = 1", provider="azure", model="*")))
    price = prices.training("azure", "gpt-4.1-2025-04-14")
    assert price is not None
    assert price.usd_per_million == 1


def test_a_named_table_that_is_not_there_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml does not exist") as caught:
        load_prices(tmp_path / "none.toml")
    assert "prices" in caught.value.advice


def test_a_price_that_the_provider_did_not_confirm_says_so() -> None:
    prices = load_prices()
    price = prices.training("azure", "gpt-4.1-2025-04-14")
    assert price is not None
    assert (price.usd_per_million, price.unconfirmed) == (Decimal(2), True)
    openai = prices.training("openai", "gpt-4.1-2025-04-14")
    assert openai is not None
    assert not openai.unconfirmed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (row('training = "cheap"'), r"\[\[prices\]\] row 1, key 'training': must be a number"),
        (row("training = -1"), "'training': must be 0 or more"),
        (row("training = inf"), "'training': must be 0 or more"),
        (row("training = nan"), "'training': must be 0 or more"),
        (row("training = true"), "'training': must be a number"),
        (row("tuned = { input = [] }"), r"'tuned\.input': must be a number"),
        (row("tuned = 3"), "'tuned': must be a table"),
        (row("trainig = 3"), "'trainig': is not a known key"),
        (row("tuned = { imput = 3 }"), r"'tuned\.imput': is not a known key"),
        (
            row("training = 1") + row("training = 2").replace("2026-11-01", '"soon"'),
            "row 2, key 'as_of'",
        ),
        (row("training = 1").replace("as_of = 2026-11-01\n", ""), "'as_of': is missing"),
        (row("training = 1").replace('"openai"', '""'), "'provider'"),
        (row("training = 1").replace('["gpt-4o-2024-08-06"]', "[]"), "'models'"),
        (row("training = 1").replace('["gpt-4o-2024-08-06"]', "[3]"), "'models'"),
        ("prices = 3", "'prices': must be rows"),
        ("price = 3", "'price': is not a known key"),
        ("[[prices", "cannot be read"),
        ("a = " + "[" * 5_000, "cannot be read"),
    ],
)
def test_a_bad_table_is_named_by_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as caught:
        load_prices(path)
    assert str(path) in str(caught.value)


def test_a_table_may_move_a_date(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        """
[[deadlines]]
provider = "openai"
models = ["*"]
what = "training"
of = "both"
date = 2027-03-01
as_of = 2026-12-01
source = "OpenAI, e-mail"
""",
    )
    end = load_prices(path).training_end("openai")
    assert end is not None
    assert end.date == date(2027, 3, 1)


def test_every_built_in_statement_has_a_source_and_a_confidence() -> None:
    facts = [fact for name in provider_names() for fact in provider(name).facts]
    assert len(facts) > 60
    for fact in facts:
        assert fact.source
        assert fact.confidence in CONFIDENCES
        assert fact.as_of <= TODAY


keys = st.sampled_from(["provider", "models", "as_of", "training", "tuned", "input", "date", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["prices", "deadlines", "y"]), values, max_size=3))
def test_any_table_is_read_or_refused_in_a_sentence(content: dict[str, object]) -> None:
    try:
        read_facts(TomlTable(Path("p.toml"), content))
    except SettingsError as error:
        message = str(error)
    else:
        message = "p.toml"
    assert "p.toml" in message


def test_a_price_table_whose_name_is_too_long_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_prices(tmp_path / ("x" * 300))
