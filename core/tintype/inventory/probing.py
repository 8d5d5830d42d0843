"""Does a model answer? One word is asked of it, for a few tokens, which pass the budget first."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from tintype import budget, prompting
from tintype.api import SYSTEM, Api, ChatRequest, Clock
from tintype.api.retrying import A_MOMENT_S, trying_for
from tintype.budget import Confirmation, Expense, Limits
from tintype.errors import ApiError, ForbiddenError, NotFoundError
from tintype.pricing import Prices
from tintype.store import Probe, Store

MOST_TOKENS = 5
"""Of the answer."""


def question(model: str) -> ChatRequest:
    """Return what a model is asked."""
    return ChatRequest(model, [{"role": "user", "content": "Hi"}], max_tokens=MOST_TOKENS)


def probe_expenses(
    profile: str, provider: str, models: Sequence[str], prices: Prices
) -> tuple[Expense, ...]:
    """Return what probing models may cost, each: for the budget, and to be shown before."""
    return tuple(
        prompting.foresee(question(model), provider, prices, exact=False).expense(profile)
        for model in models
    )


async def probe(
    api: Api,
    store: Store,
    models: Sequence[str],
    *,
    limits: Limits,
    confirmation: Confirmation,
    prices: Prices,
    clock: Clock = SYSTEM,
) -> AsyncGenerator[tuple[str, Probe], None]:
    """Ask models for a word, one after the other, and keep whether each answers.

    A model that is refused (404, or 403) is gone, or not for this key; any other fault leaves it
    unknown and the next is asked. Every question is in the ledger.

    Raises:
        ConfirmationError: if the cost of all has to be confirmed, and is not; nothing was sent.
        BudgetError: if a limit could be passed.
        StoreError: if the ledger cannot be read or written.
    """
    expenses = await asyncio.to_thread(
        probe_expenses, api.profile.name, api.profile.provider, models, prices
    )
    budget.check(store, *expenses, limits=limits, confirmation=confirmation, now=clock.now())
    for model in models:
        found = await _probe_one(
            api, store, model, limits=limits, confirmation=confirmation, prices=prices, clock=clock
        )
        store.inventory.add_probe(api.profile.name, model, found)
        yield model, found


async def _probe_one(
    api: Api,
    store: Store,
    model: str,
    *,
    limits: Limits,
    confirmation: Confirmation,
    prices: Prices,
    clock: Clock,
) -> Probe:
    asking = prompting.ask(
        api,
        store,
        question(model),
        limits=limits,
        confirmation=confirmation,
        prices=prices,
        clock=clock,
    )
    try:
        with trying_for(A_MOMENT_S):
            async with aclosing(asking):
                async for _ in asking:
                    pass
    except (NotFoundError, ForbiddenError) as error:
        return Probe(clock.now(), "gone", str(error))
    except ApiError as error:
        return Probe(clock.now(), "unknown", str(error))
    return Probe(clock.now(), "answers")
