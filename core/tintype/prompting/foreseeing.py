"""What a question will cost, estimated before it is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tintype.api import ChatRequest
from tintype.budget import Expense
from tintype.pricing import InferencePrice, Prices
from tintype.tokens import (
    Range,
    TokenRule,
    count_text,
    image_tokens,
    model_tokens,
    text_tokens,
)

ASSUMED_TOKENS = 300
"""Of an answer about which nothing is known."""
BYTES_PER_TOKEN = 4
"""Of English text, roughly (OpenAI's help, "What are tokens", 2025)."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A question to one model, before it is sent."""

    model: str
    prompt: Range
    """Tokens of the question, images included."""
    answer_tokens: int
    """The limit that was set; else as long as the expected answer; else an assumption."""
    likely_usd: Decimal | None
    """None is unknown, not nothing."""
    most_usd: Decimal | None
    """With the high end of the prompt's tokens."""

    def expense(self, profile: str, subject: str = "") -> Expense:
        """What the question is expected to cost, for the ledger."""
        tokens = self.prompt.likely + self.answer_tokens
        return Expense(
            profile,
            self.model,
            "inference",
            subject or self.model,
            tokens,
            self.likely_usd,
            self.most_usd,
        )


def foresee(
    request: ChatRequest,
    provider: str,
    prices: Prices,
    *,
    expected: str = "",
    exact: bool = True,
) -> Foreseen:
    """Estimate what a question will cost.

    Images are looked at for their size and a tokenizer may be loaded, so this belongs in a thread.

    Args:
        request: The question; images as data URLs are measured, those on the web are not.
        provider: As the table of prices calls it.
        prices: What is known of prices.
        expected: The right answer, where a row has one.
        exact: Count text with the model's tokenizer, which may take 0.4 s to load; else its bytes
            are the bound: a token has at least one.
    """
    price = prices.inference(provider, request.model)
    if price is None or price.cost(MILLION, MILLION) == 0:
        exact = False  # no count of tokens makes a difference
    rule = model_tokens(request.model, provider)
    if not exact:
        return _bounded(request, rule, price)
    prompt = text_tokens({"messages": _without_urls(request.messages)}, rule)
    for url, detail in _images(request.messages):
        prompt += image_tokens(rule, *_size(url), detail=detail)
    answer = request.max_tokens or ASSUMED_TOKENS
    if expected:
        answer = min(answer, count_text(expected, rule.encoding))
    likely = price.cost(prompt.likely, answer) if price else None
    most = price.cost(prompt.high, request.max_tokens or answer) if price else None
    return Foreseen(request.model, prompt, answer, likely, most)


def _bounded(request: ChatRequest, rule: TokenRule, price: InferencePrice | None) -> Foreseen:
    messages = list(_without_urls(request.messages))
    most = sum(len(str(message).encode("utf-8", "replace")) for message in messages)
    prompt = Range(0, most // BYTES_PER_TOKEN, most)
    for url, detail in _images(request.messages) if price is not None else ():
        prompt += image_tokens(rule, *_size(url), detail=detail)
    answer = request.max_tokens or ASSUMED_TOKENS
    return Foreseen(
        request.model,
        prompt,
        answer,
        price.cost(prompt.likely, answer) if price else None,
        price.cost(prompt.high, answer) if price else None,
    )


def total(foreseen: Iterable[Foreseen]) -> tuple[Decimal, Decimal, int]:
    """The likely and the highest sum of what is known, and how many are unknown."""
    likely, most, unknown = Decimal(0), Decimal(0), 0
    for one in foreseen:
        likely += one.likely_usd or 0
        most += one.most_usd or 0
        unknown += one.likely_usd is None
    return likely, most, unknown


def _images(messages: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            image = part.get("image_url") if isinstance(part, Mapping) else None
            if isinstance(image, Mapping) and isinstance(image.get("url"), str):
                yield image["url"], str(image.get("detail") or "auto")


def _size(url: str) -> tuple[int, int]:
    """Pixels, 0 × 0 if that cannot be told from here."""
    from tintype.errors import DatasetError
    from tintype.images import probe, split_data_url

    if url[:5].lower() != "data:":
        return 0, 0
    try:
        facts = probe(split_data_url(url)[1])
    except DatasetError:
        return 0, 0
    return facts.width, facts.height


def _without_urls(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with nothing but their text in lists of parts."""
    return [
        {
            **message,
            "content": [
                part
                for part in message["content"]
                if isinstance(part, Mapping) and part.get("type") == "text"
            ],
        }
        if isinstance(message.get("content"), list)
        else dict(message)
        for message in messages
    ]
