"""Asking a model: the question is authorized, asked, and paid for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from tintype.api import SYSTEM, Api, ChatRequest, Clock
from tintype.api.retrying import may_be_done
from tintype.budget import Confirmation, Limits, authorize
from tintype.errors import ApiError, BudgetError
from tintype.pricing import Prices, load_prices
from tintype.prompting.foreseeing import MILLION, foresee
from tintype.prompting.growing import GrowingReply, Reply, gathered
from tintype.store import Spending, Store


async def ask(
    api: Api,
    store: Store,
    request: ChatRequest,
    *,
    limits: Limits,
    confirmation: Confirmation,
    expected: str = "",
    prices: Prices | None = None,
    stop_runaway: bool = True,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[Reply, None]:
    """Ask, and yield the growing reply; the last one is `done`.

    The expected cost is in the ledger before the question is sent, and what it came to afterwards.
    Leaving the generator stops the answer; the last reply has what arrived. If the answer breaks
    off after its first text, the last reply says so in `trouble`, and nothing is raised.

    Args:
        api: The provider.
        store: Where the ledger is.
        request: The question; one answer is asked for, whatever `n` says.
        limits: What may be spent.
        confirmation: What a person has agreed to.
        expected: The right answer, where it is known: how long the answer is likely to be.
        prices: What providers charge; none are those that come with Tintype.
        stop_runaway: Whether an answer that repeats itself is stopped.
        clock: The time.

    Raises:
        ConfirmationError: if the cost has to be confirmed, and is not; nothing was sent.
        BudgetError: if a limit could be passed; nothing was sent.
        ApiError: if the provider refuses, or cannot be reached before the first text.
        StoreError: if the ledger cannot be read or written.
    """
    table = await asyncio.to_thread(load_prices) if prices is None else prices
    payment = Payment(api, store, request, table)
    await payment.authorize(limits, confirmation, expected=expected, now=clock.now())
    growing = GrowingReply(clock)
    try:
        async with aclosing(gathered(api.chat(replace(request, n=1)))) as batches:
            async for batch in batches:
                growing.add(batch)
                if stop_runaway and growing.runs_away():
                    break
                yield growing.reply
        ended = growing.ended()
    except ApiError as error:
        if not growing.reply.text:
            payment.failed(error)
            raise
        ended = growing.ended(trouble=error.message)
    finally:
        payment.settle(growing.reply)
    yield priced(ended, api, request, table)


async def whole_reply(api: Api, request: ChatRequest, *, clock: Clock = SYSTEM) -> Reply:
    """Ask, and return the reply once it is done; one that repeats itself is stopped.

    Nothing is entered into the ledger: whoever asks many questions has authorized them together.

    Raises:
        ApiError: if the provider refuses, or cannot be reached before the first text.
    """
    growing = GrowingReply(clock)
    try:
        async with aclosing(api.chat(replace(request, n=1))) as pieces:
            async for piece in pieces:
                growing.add([piece])
                if growing.runs_away():
                    break
        return growing.ended()
    except ApiError as error:
        if not growing.reply.text:
            raise
        return growing.ended(trouble=error.message)


class Payment:
    """What one question costs, from what is expected to what it came to."""

    def __init__(self, api: Api, store: Store, request: ChatRequest, prices: Prices) -> None:
        self._api, self._store, self._request, self._prices = api, store, request, prices
        self._entered: Spending | None = None

    async def authorize(
        self, limits: Limits, confirmation: Confirmation, *, expected: str, now: datetime
    ) -> None:
        """Enter the expected cost, or raise `BudgetError`; the embedded server's answers are free.

        The tokens are counted only if a bound on their number would have to be confirmed: loading a
        tokenizer takes longer than many answers.
        """
        if self._api.profile.dialect == "embedded":
            return
        subject = f"question-{uuid4().hex}"
        for exact in (False, True):
            foreseen = await asyncio.to_thread(
                foresee,
                self._request,
                self._api.profile.provider,
                self._prices,
                expected=expected,
                exact=exact,
            )
            expense = foreseen.expense(self._api.profile.name, subject)
            try:
                authorize(self._store, expense, limits=limits, confirmation=confirmation, now=now)
                break
            except BudgetError:
                if exact:
                    raise
        self._entered = self._store.spending.find(expense.profile, "inference", subject)

    def failed(self, error: ApiError) -> None:
        """Strike the cost out, unless the provider may have answered all the same."""
        if self._entered is not None and not may_be_done(error):
            self._store.spending.remove(self._entered.profile, "inference", self._entered.subject)
            self._entered = None

    def settle(self, reply: Reply) -> None:
        """Enter what the answer came to; without the provider's count it stays as expected."""
        if self._entered is None or reply.usage is None:
            return
        cost_usd = priced(reply, self._api, self._request, self._prices).cost_usd
        tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
        self._store.spending.settle(self._entered, tokens, cost_usd)
        self._entered = None


def priced(reply: Reply, api: Api, request: ChatRequest, prices: Prices) -> Reply:
    """Say what a reply cost, as far as that is known."""
    price = prices.inference(api.profile.provider, request.model)
    if price is None:
        return reply
    usage = reply.usage
    if usage is None:  # stopped before the provider said; what is free is so in any number
        free = price.cost(MILLION, MILLION) == 0
        return replace(reply, cost_usd=Decimal(0)) if free else reply
    cost = price.cost(
        usage.prompt_tokens, usage.completion_tokens, cached_tokens=usage.cached_tokens
    )
    return replace(reply, cost_usd=cost)
