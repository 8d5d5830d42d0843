"""What answers cost after the training: the tuned model beside base models, and when it pays.

A request is taken to be like a row: its prompt, images included, and an answer as long as the
row's. That is measured on rows at equal distances.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from tintype.dataset import Dataset
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.reshaping import answers
from tintype.dataset.spread import scattered
from tintype.estimation.counts import Counts
from tintype.estimation.plan import Estimate
from tintype.pricing import InferencePrice, Prices
from tintype.tokens import TokenRule, count_text, model_tokens

MOST_ROWS = 200
_ROW_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A usual request, by the rows of the dataset."""

    prompt_tokens: int
    answer_tokens: int
    rows: int
    """By how many rows the length of answers was measured."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """A tuned model against a base model, for requests that are alike."""

    model: str
    """The base model."""
    base_usd: Decimal
    """Of a request, like the next."""
    tuned_usd: Decimal
    requests: int | None
    """After how many requests the training has paid for itself; none: never, as things are."""
    shorter: int = 0
    """By how many tokens prompts to the tuned model must be shorter for its answers to cost no
    more: 0 if they do not."""


async def usual_request(dataset: Dataset, counts: Counts, rule: TokenRule) -> Request | None:
    """Return what a request is likely to be; none if no row can be counted.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rows = dataset.count
    total = counts.bill().total.likely
    if not counts.trained or not total or not rows:
        return None
    tokens = []
    for row in scattered(rows, MOST_ROWS):
        lines = await dataset.lines(row, 1, _ROW_BYTES)
        tokens += await asyncio.to_thread(_answer_tokens, lines, rule)
    if not tokens:
        return None
    answer = round(sum(tokens) / len(tokens))
    whole = round(total / counts.trained)
    return Request(max(0, whole - answer), answer, len(tokens))


def break_even(
    request: Request, estimate: Estimate, prices: Prices, others: Sequence[str] = ()
) -> tuple[BreakEven, ...]:
    """Compare the tuned model with its base, and with others that count tokens as it does.

    Models that count otherwise or have no price are left out. Empty if the price of the tuned
    model's answers is not known.

    Args:
        request: What is asked.
        estimate: Of the training.
        prices: What providers charge.
        others: Further base models.
    """
    plan = estimate.plan
    tuned = _cost(estimate.inference, request)
    if tuned is None:
        return ()
    found, rule = [], _way(plan.model, plan.provider)
    alike = [model for model in others if _way(model, plan.provider) == rule]
    for model in dict.fromkeys((plan.model, *alike)):
        base = _cost(prices.inference(plan.provider, model), request)
        if base is not None and (base or tuned):
            pays, shorter = _requests(estimate, base - tuned), _shorter(estimate, tuned - base)
            found.append(BreakEven(model, base, tuned, pays, shorter))
    return tuple(found)


def _way(model: str, provider: str) -> tuple[object, ...]:
    """How a model counts: equal for two that count the same."""
    rule = model_tokens(model, provider)
    images = rule.images, rule.tile_base, rule.tile, rule.patches, rule.fixed
    return (rule.encoding, rule.known, *images)


def _shorter(estimate: Estimate, more: Decimal) -> int:
    price = estimate.inference.input_usd if estimate.inference is not None else None
    if more <= 0 or not price:
        return 0
    return int((more * 1_000_000 / price).to_integral_value(ROUND_UP))


def _requests(estimate: Estimate, saved: Decimal) -> int | None:
    cost = estimate.cost_usd
    if cost is None or saved <= 0:
        return None
    return int((cost.likely / saved).to_integral_value(ROUND_UP))


def _cost(price: InferencePrice | None, request: Request) -> Decimal | None:
    if price is None:
        return None
    return price.cost(request.prompt_tokens, request.answer_tokens)


def _answer_tokens(lines: Sequence[ParsedLine], rule: TokenRule) -> list[int]:
    return [
        sum(count_text(holder[key], rule.encoding) for holder, key in answers(line.row.value))
        for line in lines
        if not line.row.flaw
    ]
