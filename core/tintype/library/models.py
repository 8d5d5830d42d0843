"""Models, as the public API has them: asked about images."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype import jobs, paths, prompting
from tintype.budget import Confirmation, Limits
from tintype.library.trainings import Agreed, Where, at
from tintype.library.work import Work
from tintype.pricing import load_prices

if TYPE_CHECKING:
    from tintype.prompting import Reply

Question = str | Sequence[Mapping[str, Any]]
"""The text of a question, or whole messages, as `Rows.question` gives them."""
Image = bytes | str | os.PathLike[str]
"""Encoded bytes, a file, or an http(s) or data URL."""


async def stream(
    model: str,
    question: Question,
    images: Image | Sequence[Image] = (),
    *,
    provider: Where = None,
    system: str = "",
    expected: str = "",
    temperature: float | None = 0.0,
    max_tokens: int | None = None,
    seed: int | None = None,
    confirm: Agreed = "",
    budget_usd: Decimal | float | None = None,
) -> AsyncGenerator["Reply", None]:
    """Ask a model about images, and yield the growing reply; the last one is `done`.

    Args:
        model: A model's name; `last` is the one tuned last.
        question: Its text, or whole messages: what `Rows.question` gave.
        images: Files, URLs or encoded bytes, beside a text.
        provider: A connection, a profile or its name; by default the default profile.
        system: A system prompt, beside a text.
        expected: The right answer, if it is known: a hint at how long the answer will be.
        temperature: 0 to 2; None is the provider's own.
        max_tokens: Where the answer is cut.
        seed: The same seed gives the same answer, as far as the provider can.
        confirm: As for `train`.
        budget_usd: As for `train`.

    Raises:
        ConfirmationError: if the cost has to be confirmed, and is not; it says with what.
        BudgetError: if a limit could be passed.
        DatasetError: if an image cannot be read, or is one that models do not take.
        NotFoundError: if no model has been tuned yet, or there is none of this name.
        ApiError: if the provider refuses, or cannot be reached before the first text.
    """
    from tintype.api import ChatRequest

    several: Sequence[Any] = [images] if isinstance(images, bytes | str | os.PathLike) else images
    messages: Sequence[Mapping[str, Any]]
    if isinstance(question, str):
        given = [_image(image) for image in several]
        messages = await prompting.question(question, given, system=system)
    else:
        messages = question
    async with at(provider) as here:
        request = ChatRequest(
            model=await jobs.full_name(model, here.api, here.store),
            messages=messages,
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
        )
        asked_at = datetime.now(UTC)
        budget = None if budget_usd is None else Decimal(str(budget_usd))
        asking = prompting.ask(
            here.api,
            here.store,
            request,
            limits=Limits.of(here.settings, budget_usd=budget),
            confirmation=Confirmation(str(confirm or "")),
            expected=expected,
            prices=await asyncio.to_thread(load_prices, here.settings.prices),
        )
        sources = [str(image) for image in several if not isinstance(image, bytes)]
        async with aclosing(asking):
            async for reply in asking:
                if reply.done:
                    await prompting.remember(
                        here.store, here.profile, request, reply, asked_at, sources
                    )
                yield reply


def ask(
    model: str,
    question: Question,
    images: Image | Sequence[Image] = (),
    *,
    provider: Where = None,
    system: str = "",
    expected: str = "",
    temperature: float | None = 0.0,
    max_tokens: int | None = None,
    seed: int | None = None,
    confirm: Agreed = "",
    budget_usd: Decimal | float | None = None,
) -> "Work[Reply, Reply]":
    """Ask a model about images, and return its reply; arguments and errors as for `stream`.

    An answer that broke off is a result too: then `trouble` says why.
    """
    return Work(
        lambda: stream(
            model,
            question,
            images,
            provider=provider,
            system=system,
            expected=expected,
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
            confirm=confirm,
            budget_usd=budget_usd,
        ),
        lambda reply: reply,
    )


def _image(image: Image) -> bytes | Path | str:
    if isinstance(image, bytes):
        return image
    name = os.fspath(image)
    return name if "://" in name or name.startswith("data:") else paths.as_path(name)
