"""A model's name leads to its way of counting, or to the admission that there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.model_names import parse_model_name
from tintype.providers import provider_names
from tintype.providers.loading import provider
from tintype.tokens import Epochs, model_tokens


@pytest.mark.parametrize(
    ("name", "base", "tuned", "suffix", "step"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06", False, "", None),
        (
            "ft:gpt-4o-2024-08-06:personal:poker-cards:AE3XHdn2",
            "gpt-4o-2024-08-06",
            True,
            "poker-cards",
            None,
        ),
        ("ft:gpt-3.5-turbo-0613:org::7xopR99B", "gpt-3.5-turbo-0613", True, "", None),
        ("ft:gpt-4o-mini:org:cs:9ABel2dg:ckpt-step-88", "gpt-4o-mini", True, "cs", 88),
        ("gpt-4.1-2025-04-14.ft-0a1b:ckpt-step-80", "gpt-4.1-2025-04-14", True, "", 80),
        ("ft:", "", True, "", None),
    ],
)
def test_a_name_is_taken_apart(
    name: str, base: str, tuned: bool, suffix: str, step: int | None
) -> None:
    parsed = parse_model_name(name)
    assert (parsed.base, parsed.tuned, parsed.suffix, parsed.step) == (base, tuned, suffix, step)


@pytest.mark.parametrize(
    ("name", "encoding", "images"),
    [
        ("ft:gpt-4.1-2025-04-14:org::id", "o200k_base", "tiles"),  # tiktoken says cl100k_base
        ("ft:gpt-4o-2024-08-06:org:x:id:ckpt-step-3", "o200k_base", "tiles"),
        ("gpt-4.1-mini-2025-04-14", "o200k_base", "patches"),
        ("gpt-4o-mini-2024-07-18", "o200k_base", "tiles"),
        ("gpt-4-0613", "cl100k_base", "none"),
        ("gpt-3.5-turbo-0125", "cl100k_base", "none"),
        ("ft:tintype-tiny:tintype:cards:abcd1234", "o200k_base", "fixed"),
    ],
)
def test_a_known_name_finds_its_rule(name: str, encoding: str, images: str) -> None:
    rule = model_tokens(name)
    assert (rule.known, rule.encoding, rule.images) == (True, encoding, images)
    assert rule.model == name


@pytest.mark.parametrize("name", ["gpt-6-luna", "gpt-4o-audio-preview", "gpt-5-codex", "", "ft:"])
def test_an_unknown_model_says_so(name: str) -> None:
    rule = model_tokens(name)
    assert not rule.known
    assert rule.example_tokens is None
    assert "assumed" in rule.source


def test_every_rule_has_a_source_and_a_date() -> None:
    for name in [model for at in provider_names() for model in provider(at).models]:
        rule = model_tokens(name)
        assert rule.known
        assert rule.source
        assert rule.confidence
        assert rule.as_of.year >= 2026


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("gpt-4o-2024-08-06", 65_536),
        ("gpt-4o-mini-2024-07-18", 65_536),
        ("gpt-4.1-2025-04-14", 65_536),
        ("gpt-4.1-nano-2025-04-14", 32_768),
        ("o4-mini-2025-04-16", 65_536),
        ("gpt-3.5-turbo-0125", 16_385),
    ],
)
def test_the_longest_training_example(name: str, limit: int) -> None:
    assert model_tokens(name).example_tokens == limit


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (1, 25),
        (4, 25),
        (10, 10),
        (20, 5),
        (33, 3),
        (34, 3),
        (100, 3),
        (800, 3),
        (8_333, 3),
        (8_334, 2),
        (12_501, 1),
        (25_001, 1),
        (0, 25),
    ],
)
def test_default_epochs_follow_the_cookbook(examples: int, epochs: int) -> None:
    assert model_tokens("gpt-4o-2024-08-06").epochs.default(examples) == epochs


def test_the_embedded_engine_and_the_table_agree_on_default_epochs() -> None:
    plan = pytest.importorskip("tintype.engines.tiny.plan")
    from tintype.resources import Hyperparameters

    epochs = model_tokens("tintype-tiny").epochs
    for examples in (1, 10, 47, 100, 364, 500, 2_830, 10_000, 50_000, 400_000):
        assert epochs.default(examples) == plan.resolve(examples, Hyperparameters()).n_epochs


@given(st.integers(0, 10**7))
def test_epochs_stay_within_bounds(examples: int) -> None:
    for epochs in (model_tokens("gpt-4o").epochs, model_tokens("tintype-tiny").epochs):
        assert isinstance(epochs, Epochs)
        assert 1 <= epochs.default(examples) <= epochs.cap


@given(st.text(max_size=80))
def test_any_text_is_a_model_name(name: str) -> None:
    assert model_tokens(name).model == name
