"""Image tokens: every figure published or derived for the two rules, and their doubts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.providers import provider_names
from tintype.providers.loading import provider
from tintype.tokens import Range, image_tokens, model_tokens, sight

KNOWN_MODELS = [model for at in provider_names() for model in provider(at).models]
TILE_MODELS = ["gpt-4o", "gpt-4.1", "gpt-4o-mini", "gpt-5", "gpt-5.1", "o1", "o3"]
TILES = {
    (1, 1): 1,
    (32, 32): 1,
    (512, 512): 1,
    (513, 512): 2,
    (640, 480): 2,
    (768, 768): 4,
    (769, 769): 4,
    (800, 600): 4,
    (1024, 768): 4,
    (1024, 1024): 4,
    (2048, 2048): 4,
    (1800, 2400): 4,
    (4000, 3000): 4,
    (1280, 720): 6,
    (1920, 1080): 6,
    (2048, 4096): 6,
    (4096, 8192): 6,
    (2048, 768): 8,
}
FOUR_O = {1: 255, 2: 425, 4: 765, 6: 1_105, 8: 1_445}
MINI = {1: 8_500, 2: 14_167, 4: 25_501, 6: 36_835, 8: 48_169}
FIVE = {1: 210, 2: 350, 4: 630, 6: 910, 8: 1_190}
O_SERIES = {1: 225, 2: 375, 4: 675, 6: 975, 8: 1_275}


@pytest.mark.parametrize("size", TILES)
@pytest.mark.parametrize("detail", ["high", "auto"])
def test_tile_models(size: tuple[int, int], detail: str) -> None:
    tiles = TILES[size]
    for model, tokens in (("gpt-4o", FOUR_O), ("gpt-4.1", FOUR_O), ("gpt-4o-mini", MINI)):
        assert image_tokens(model_tokens(model), *size, detail).likely == tokens[tiles]
    for model, tokens in (("gpt-5", FIVE), ("gpt-5.1", FIVE), ("o1", O_SERIES), ("o3", O_SERIES)):
        assert image_tokens(model_tokens(model), *size, detail).likely == tokens[tiles]


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("gpt-4o", 85), ("gpt-4.1", 85), ("gpt-4o-mini", 2_833), ("gpt-5", 70), ("o3", 75)],
)
@pytest.mark.parametrize("size", [*TILES, (0, 0)])
def test_low_detail_costs_the_base_at_any_size(
    model: str, tokens: int, size: tuple[int, int]
) -> None:
    assert image_tokens(model_tokens(model), *size, "low") == Range.exactly(tokens)


def test_a_small_image_is_a_range_because_it_may_be_enlarged() -> None:
    rule = model_tokens("gpt-4o")
    assert image_tokens(rule, 512, 512) == Range(255, 255, 765)
    assert image_tokens(rule, 640, 480) == Range(425, 425, 765)
    assert image_tokens(rule, 1_280, 720) == Range(1_105, 1_105, 1_105)
    assert image_tokens(rule, 2_000, 100).high == 1_445


def test_an_image_of_768_or_more_is_certain() -> None:
    for size in ((768, 768), (1024, 1024), (2048, 768), (4000, 3000)):
        assert image_tokens(model_tokens("gpt-4o"), *size).exact


@pytest.mark.parametrize(
    ("size", "patches", "tokens"), [((1024, 1024), 1_024, 1_229), ((2048, 2048), 2_500, 3_000)]
)
def test_patch_model_of_the_newest_copy(size: tuple[int, int], patches: int, tokens: int) -> None:
    seen = sight(model_tokens("gpt-5.4"), *size, "high")
    assert seen.columns * seen.rows == patches
    assert seen.tokens == tokens
    assert image_tokens(model_tokens("gpt-5.4"), *size, "auto") == Range.exactly(tokens)


def test_patch_model_with_the_earlier_budget() -> None:
    rule = model_tokens("gpt-4.1-nano")
    square = sight(rule, 1024, 1024, "high")
    assert square.columns * square.rows == 1_024
    tall = sight(rule, 1800, 2400, "high")
    assert (tall.width, tall.height, tall.columns, tall.rows) == (1056, 1408, 33, 44)
    assert tall.columns * tall.rows == 1_452


def test_low_detail_can_cost_a_patch_model_more() -> None:
    rule = model_tokens("gpt-5.4")
    assert (
        image_tokens(rule, 2048, 2048, "low").likely > image_tokens(rule, 2048, 2048, "high").likely
    )


def test_original_is_a_level_of_its_own() -> None:
    rule = model_tokens("gpt-5.6-luna")
    high = image_tokens(rule, 4096, 4096, "high").likely
    assert high == 3_000
    assert image_tokens(rule, 4096, 4096, "original").likely == 19_661
    assert image_tokens(rule, 4096, 4096, "auto").likely == 19_661
    assert image_tokens(rule, 4096, 4096, "low").likely == 308  # 512 × 512: 256 patches


def test_two_copies_that_disagree_make_a_range() -> None:
    tokens = image_tokens(model_tokens("gpt-4.1-mini"), 2048, 2048)
    assert tokens.likely == 6_636  # 4,096 patches × 1.62
    assert tokens.low == 2_465  # 39 × 39 patches × 1.62 within 1,536
    assert not tokens.exact


def test_tintype_tiny_sees_every_image_in_145_tokens() -> None:
    rule = model_tokens("tintype-tiny")
    for size in ((1, 1), (0, 0), (4000, 3000)):
        for detail in ("low", "high", "auto", "?"):
            assert image_tokens(rule, *size, detail) == Range.exactly(145)


def test_a_text_model_sees_nothing() -> None:
    assert image_tokens(model_tokens("gpt-3.5-turbo"), 1024, 1024) == Range.exactly(0)


def test_an_image_of_unknown_size_is_a_wide_range() -> None:
    assert image_tokens(model_tokens("gpt-4o"), 0, 0) == Range(255, 765, 1_445)
    assert image_tokens(model_tokens("gpt-5.4"), 0, 0, "high") == Range(2, 1_229, 3_000)


def test_an_unknown_model_is_a_wide_range() -> None:
    assert image_tokens(model_tokens("gpt-6-luna"), 1024, 1024) == Range(85, 765, 765)


def test_the_formula_is_shown_with_its_numbers() -> None:
    assert sight(model_tokens("gpt-4o"), 4000, 3000).formula == "85 + 170 × 4 tiles"
    assert sight(model_tokens("gpt-4o"), 4000, 3000).width == 1024
    assert sight(model_tokens("gpt-5.4"), 1024, 1024).formula == "1.2 × 1024 patches"


@given(
    st.sampled_from(KNOWN_MODELS),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(["low", "high", "auto", "original", "", "odd"]),
)
def test_any_image_has_ordered_bounds(model: str, width: int, height: int, detail: str) -> None:
    tokens = image_tokens(model_tokens(model), width, height, detail)
    assert 0 <= tokens.low <= tokens.likely <= tokens.high


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.sampled_from(["gpt-4o", "gpt-5.4"]))
def test_an_image_costs_the_same_on_its_side(width: int, height: int, model: str) -> None:
    rule = model_tokens(model)
    assert image_tokens(rule, width, height) == image_tokens(rule, height, width)
