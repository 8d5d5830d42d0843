"""An estimate is the provider's sum: a range where its rule is in doubt, and a reason for it."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.example import ImagePart, Row
from tintype.dataset.survey import Surveyed
from tintype.estimation import Cost, Counts, Plan, count, count_all, estimate, gauges
from tintype.images import ImageFacts
from tintype.pricing import load_prices
from tintype.rules import rules_of
from tintype.tokens import Range, TokenRule, model_tokens, text_tokens

FOUR_O = model_tokens("gpt-4o-2024-08-06")
PRICES = load_prices()
TODAY = date(2026, 11, 20)


def words(tokens: int, rule: TokenRule = FOUR_O) -> dict[str, Any]:
    """A conversation of exactly so many tokens."""
    value = {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "yes"}]}
    missing = tokens - text_tokens(value, rule).low
    value["messages"][0]["content"] = " pear" * missing
    assert text_tokens(value, rule).low == tokens
    return value


def row(
    index: int = 0,
    tokens: int = 300,
    *sizes: tuple[int, int],
    detail: str = "high",
    origin: Any = "data",
    image_bytes: int = 30_000,
) -> Surveyed:
    value = words(tokens)
    parts = tuple(
        ImagePart(at, origin, f"messages[0].content[{at}]", "x.jpg", detail=detail)
        for at in range(len(sizes))
    )
    images = tuple(
        ImageFacts(image_bytes, f"{index}-{at}", "jpeg", "RGB", *size)
        for at, size in enumerate(sizes)
    )
    size = len(json.dumps(value))
    return Surveyed(Row(index, index + 1, 0, size, value, parts), images)


def rows(count: int, *args: Any, **options: Any) -> list[Surveyed]:
    return [row(index, *args, **options) for index in range(count)]


def test_a_hundred_and_fifty_images_on_gpt_4o() -> None:
    counts = count_all(rows(150, 300, (1024, 1024)), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.epochs == 3
    assert "Cookbook" in made.epochs_reason
    assert made.tokens_per_epoch.likely == 150 * (765 + 300)
    assert made.billed_tokens.likely == 479_250
    assert made.cost_usd is not None
    assert made.cost_usd.likely == Decimal("11.98125")
    low = estimate(counts, Plan("gpt-4o-2024-08-06", "openai", detail="low"), PRICES)
    assert low.billed_tokens.likely == 173_250
    assert low.cost_usd is not None
    assert low.cost_usd.likely == Decimal("4.33125")


def test_a_hundred_thousand_tokens_on_gpt_4o_mini() -> None:
    rule = model_tokens("gpt-4o-mini-2024-07-18")
    counts = count_all(rows(100, 1_000), rule)
    made = estimate(counts, Plan("gpt-4o-mini-2024-07-18", "openai"), PRICES)
    assert made.billed_tokens.likely == 300_000
    assert made.cost_usd is not None
    assert made.cost_usd.likely == Decimal("0.9")


def test_eight_hundred_cards_as_in_the_walkthrough() -> None:
    # Roboflow's poker cards: 640 × 640, 800 rows, 3 epochs; 2,076,033 tokens were billed, $51.90.
    counts = count_all(rows(800, 100, (640, 640)), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.epochs == 3
    assert made.cost_usd is not None
    assert made.billed_tokens.likely == pytest.approx(2_076_033, rel=0.01)
    assert float(made.cost_usd.likely) == pytest.approx(51.90, rel=0.01)


def test_text_and_images_are_told_apart() -> None:
    counts = count_all(rows(10, 200, (1024, 1024), (512, 512)), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.text_tokens == Range(2_000, 2_000, 2_030)
    assert made.image_tokens == Range(10 * 1_020, 10 * 1_020, 10 * 1_530)
    assert made.tokens_per_epoch == made.text_tokens + made.image_tokens
    assert made.epochs == 10


def test_epochs_that_are_asked_for_are_taken() -> None:
    counts = count_all(rows(100, 100), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai", epochs=7), PRICES)
    assert (made.epochs, made.epochs_reason) == (7, "asked for")
    assert made.billed_tokens.likely == 70_000


def test_small_images_make_a_range_and_say_why() -> None:
    counts = count_all(rows(10, 100, (512, 512)), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.cost_usd is not None
    assert made.cost_usd.low == made.cost_usd.likely < made.cost_usd.high
    assert any("shorter side under 768 pixels: 10" in reason for reason in made.reasons)
    assert any("5,100 tokens more" in reason for reason in made.reasons)


def test_an_unknown_price_is_none_and_not_nothing() -> None:
    counts = count_all(rows(20, 100), FOUR_O)
    for plan in (Plan("gpt-6-luna", "openai"), Plan("gpt-4o-2024-08-06", "together")):
        made = estimate(counts, plan, PRICES)
        assert made.cost_usd is None
        assert made.billed_tokens.likely == 10_000
        assert "is unknown" in made.reasons[0]


def test_time_that_is_billed_is_no_sum_of_tokens() -> None:
    counts = count_all(rows(20, 100), model_tokens("o4-mini-2025-04-16"))
    made = estimate(counts, Plan("o4-mini-2025-04-16", "openai"), PRICES)
    assert made.cost_usd is None
    assert "$100 an hour" in made.reasons[0]


def test_training_on_this_machine_costs_nothing_and_says_why() -> None:
    rule = model_tokens("tintype-tiny")
    counts = count_all(rows(400, 20, (640, 480)), rule)
    made = estimate(counts, Plan("tintype-tiny", "tintype"), PRICES, today=date(2030, 1, 1))
    assert made.cost_usd == Cost(Decimal(0), Decimal(0), Decimal(0))
    assert made.image_tokens == Range.exactly(400 * 145)
    assert "runs on your machine" in made.reasons[0]
    assert not made.price_is_stale
    assert made.training_end is None


def test_skipped_rows_cost_nothing() -> None:
    surveyed = rows(100, 100, (1024, 1024))
    counts = count_all(surveyed, FOUR_O, skipped=frozenset(range(40)))
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai", epochs=1), PRICES)
    assert (made.rows, made.skipped) == (60, 40)
    assert made.billed_tokens.likely == 60 * 865
    assert any("skipped and not billed: 40" in reason for reason in made.reasons)
    assert any("34,600" in reason for reason in made.reasons)


def test_the_default_epochs_count_only_rows_that_are_trained_on() -> None:
    counts = count_all(rows(100, 10), FOUR_O, skipped=frozenset(range(90)))
    assert estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES).epochs == 10


def test_rows_that_are_too_long_are_billed_to_the_limit() -> None:
    counts = count_all([row(0, 70_000), row(1, 100)], FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai", epochs=1), PRICES)
    assert made.billed_tokens.likely == 65_536 + 100
    assert made.cut_rows == Range.exactly(1)
    assert made.text_tokens.likely == 70_100
    assert any("longer than 65,536 tokens: 1" in reason for reason in made.reasons)


def test_low_detail_may_save_a_row_from_being_cut() -> None:
    counts = count_all([row(0, 60_000, *[(2048, 768)] * 8)], FOUR_O)
    assert counts.bill("as is").cut.likely == 1
    assert counts.bill("low").cut.likely == 0


def test_images_of_unknown_size_are_a_wide_range() -> None:
    counts = count_all(rows(10, 100, (0, 0)), FOUR_O)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.image_tokens == Range(2_550, 7_650, 14_450)
    assert any("size is not known: 10" in reason for reason in made.reasons)
    assert made.tokens_per_epoch.low == 0  # they may all be skipped
    assert made.tokens_per_epoch.likely > made.image_tokens.likely


def test_an_unknown_size_that_makes_no_difference_is_one_number() -> None:
    counts = count_all(rows(10, 100, (0, 0)), model_tokens("tintype-tiny"))
    made = estimate(counts, Plan("tintype-tiny", "tintype"), PRICES)
    said = next(reason for reason in made.reasons if "size is not known" in reason)
    assert "count in full, as 1,450 tokens per epoch" in said


def test_an_unknown_model_says_so() -> None:
    counts = count_all(rows(10, 100, (1024, 1024)), model_tokens("gpt-6-luna"))
    made = estimate(counts, Plan("gpt-6-luna", "openai"), PRICES)
    assert any("gpt-4o's way is assumed" in reason for reason in made.reasons)


def test_validation_is_free_where_it_is_known_to_be() -> None:
    counts = count_all(rows(10, 100), FOUR_O)
    openai = estimate(counts, Plan("gpt-4o-2024-08-06", "openai", validation=counts), PRICES)
    assert "The tokens of the validation file are free." in openai.reasons
    assert openai.billed_tokens.likely == 10 * 100 * 10
    together = estimate(counts, Plan("q", "together", validation=counts), PRICES)
    assert any("may be billed as well" in reason for reason in together.reasons)


def test_an_old_price_is_said_to_be_old() -> None:
    counts = count_all(rows(10, 100), FOUR_O)
    plan = Plan("gpt-4o-2024-08-06", "openai")
    assert not estimate(counts, plan, PRICES, today=TODAY).price_is_stale
    old = estimate(counts, plan, PRICES, today=date(2027, 6, 1))
    assert old.price_is_stale
    assert any("243 days old" in reason for reason in old.reasons)


def test_a_price_that_the_provider_does_not_confirm_is_said_to_be_unconfirmed() -> None:
    model = "gpt-4.1-2025-04-14"
    counts = count_all(rows(20), model_tokens(model))
    made = estimate(counts, Plan(model, "azure"), PRICES, today=TODAY)
    assert made.cost_usd is not None
    assert made.price is not None
    assert made.price.unconfirmed
    assert any("does not confirm" in reason for reason in made.reasons)
    sure = estimate(counts, Plan(model, "openai"), PRICES, today=TODAY)
    assert not any("does not confirm" in reason for reason in sure.reasons)


def test_dates_hosting_and_inference_come_along() -> None:
    counts = count_all(rows(10, 100), FOUR_O)
    made = estimate(counts, Plan("gpt-4.1-2025-04-14", "azure"), PRICES)
    assert made.hosting is not None
    assert made.hosting.usd_per_hour == Decimal("1.70")
    assert made.shutdown is not None
    assert made.shutdown.date == date(2027, 10, 14)
    openai = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert openai.training_end is not None
    assert openai.training_end.date == date(2027, 1, 6)
    assert openai.inference is not None
    assert openai.inference.output_usd == Decimal(15)


def test_the_ten_dearest_rows_are_kept() -> None:
    surveyed = [row(index, 100 + index) for index in range(50)]
    counts = count_all(surveyed, FOUR_O)
    assert [dear.tokens for dear in counts.dearest] == list(range(149, 139, -1))
    assert counts.dearest[0].line == 50


def test_files_swell_by_a_third_when_they_are_embedded() -> None:
    counts = count_all(rows(3, 100, (640, 480), origin="file", image_bytes=30_000), FOUR_O)
    assert counts.embedded_bytes == 3 * (23 + 40_000)
    assert count_all(rows(3, 100, (640, 480)), FOUR_O).embedded_bytes == 0
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.upload_bytes == counts.file_bytes + counts.embedded_bytes


def test_gauges_show_how_near_the_limits_are() -> None:
    counts = count_all(rows(5, 100, (640, 480), (640, 480), image_bytes=5_242_880), FOUR_O)
    found = {gauge.name: gauge for gauge in gauges(counts, rules_of("openai"))}
    assert found["images in a row"].share == 0.2
    assert found["bytes of an image"].share == 0.5
    assert found["rows with images"].share == 5 / 50_000
    fireworks = {gauge.name: gauge for gauge in gauges(counts, rules_of("fireworks"))}
    assert fireworks["images in a row"].share is None


def test_tokens_counted_before_are_not_counted_again() -> None:
    from tintype.tokens import row_tokens

    one = row(0, 300, (1024, 1024))
    tokens = row_tokens(one.row, one.images, FOUR_O)
    assert count(one, FOUR_O, tokens=tokens) == count(one, FOUR_O)


def test_an_empty_dataset_has_an_estimate_and_no_cost_even_where_all_is_free() -> None:
    made = estimate(Counts(FOUR_O), Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.billed_tokens == Range(0, 0, 0)
    assert made.cost_usd is None
    free = estimate(Counts(FOUR_O), Plan("tintype-tiny", "tintype"), PRICES)
    assert free.cost_usd is None
    assert any("No row of the file can be counted" in reason for reason in free.reasons)


@given(
    st.lists(
        st.tuples(
            st.integers(10, 60),
            st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)), max_size=3),
        ),
        max_size=8,
    ),
    st.integers(0, 8),
    st.sampled_from(["gpt-4o", "gpt-5-mini", "tintype-tiny", "unknown"]),
)
def test_parts_add_up_to_the_whole(
    shapes: list[tuple[int, list[tuple[int, int]]]], cut: int, model: str
) -> None:
    rule = model_tokens(model)
    surveyed = [row(index, tokens, *sizes) for index, (tokens, sizes) in enumerate(shapes)]
    whole = count_all(surveyed, rule)
    assert count_all(surveyed[:cut], rule) + count_all(surveyed[cut:], rule) == whole
    made = estimate(whole, Plan(model, "openai"), PRICES)
    tokens = made.billed_tokens
    assert 0 <= tokens.low <= tokens.likely <= tokens.high


def test_the_parts_add_up_where_rows_are_cut() -> None:
    rule = replace(FOUR_O, example_tokens=1_000)
    counts = count_all([row(0, 4_000, (1024, 1024)), row(1, 300)], rule)
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    assert made.cut_rows.likely == 1
    assert made.cut_tokens.likely == 4_000 + 765 - 1_000
    assert made.text_tokens + made.image_tokens - made.cut_tokens == made.tokens_per_epoch


def test_images_of_unknown_size_do_not_count_as_doubt_about_the_others() -> None:
    unknown = row(1, 300, (0, 0))
    counts = count_all([row(0, 300, (500, 500)), unknown], FOUR_O)
    alone = count_all([row(0, 300, (500, 500))], FOUR_O).bill()
    made = estimate(counts, Plan("gpt-4o-2024-08-06", "openai"), PRICES)
    spread = alone.images.high - alone.images.low
    assert any(f"up to {spread:,} tokens more" in reason for reason in made.reasons)
    assert any("Images whose size is not known: 1." in reason for reason in made.reasons)
    assert made.tokens_per_epoch.high >= alone.total.high + 300 + counts.bill().unseen.high
    assert made.rows == 2


def test_a_price_that_the_provider_has_not_confirmed_is_said_to_be_so() -> None:
    counts = count_all(rows(10, 300), model_tokens("gpt-4.1-2025-04-14"))
    made = estimate(counts, Plan("gpt-4.1-2025-04-14", "azure"), PRICES)
    assert made.price is not None
    assert made.price.unconfirmed
    assert any("does not confirm this" in reason for reason in made.reasons)
