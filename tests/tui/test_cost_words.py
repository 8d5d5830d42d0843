"""A cost in words says how sure it is."""

from dataclasses import replace

from tintype.estimation import Counts, Plan, estimate
from tintype.pricing import load_prices
from tintype.prompting import Reply
from tintype.tokens import Range, model_tokens
from tintype_tui.commands.asking import figures
from tintype_tui.words.costs import cost_words

MODEL = "gpt-4.1-2025-04-14"


def words(provider: str) -> str:
    counts = Counts(model_tokens(MODEL), rows=20)
    epoch = replace(counts.bill(), total=Range.exactly(1_000))
    counts = replace(counts, bills=(epoch,) * len(counts.bills))
    return cost_words(estimate(counts, Plan(MODEL, provider, 1), load_prices()))


def test_an_unconfirmed_price_is_shown_as_unconfirmed_and_a_missing_one_as_unknown() -> None:
    assert words("azure").endswith(" unconfirmed")
    assert "unconfirmed" not in words("openai")
    assert words("together") == "cost unknown"


def test_one_token_is_one() -> None:
    assert figures(Reply(text="7", tokens=1, done=True), "").startswith("1 token ·")
    assert figures(Reply(text="7 8", tokens=2, done=True), "").startswith("2 tokens ·")
