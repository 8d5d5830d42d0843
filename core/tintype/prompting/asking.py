"""Asking a model: an answer that grows, with its tokens, times and cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from tintype.api import SYSTEM, Api, ChatPiece, ChatRequest, Clock, Usage
from tintype.api.retrying import may_be_done
from tintype.budget import Confirmation, Limits, authorize
from tintype.errors import ApiError, BudgetError
from tintype.pricing import Prices, load_prices
from tintype.prompting.foreseeing import MILLION, foresee
from tintype.prompting.signs import hint, runaway, set_apart
from tintype.store import Spending, Store

WINDOW_S = 0.05
"""Pieces that arrive within this time are told together: a reader sees no difference."""
_LOOK_CHARS = 200
"""How much new text is worth another look for repetition."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer so far."""

    text: str = ""
    refusal: str = ""
    """Words that the provider marked as a refusal."""
    finish_reason: str = ""
    """`stop`, `length`, … as the provider says; `runaway` if it was stopped here because it
    repeated itself; `stopped` if a person stopped it; empty while it grows and when it broke
    off."""
    usage: Usage | None = None
    """As the provider counts; it comes last, if at all."""
    tokens: int = 0
    """Of the answer: pieces that came, until the provider's own count replaces them."""
    ttft_s: float | None = None
    """From the question to the first text."""
    elapsed_s: float = 0.0
    tokens_per_s: float | None = None
    """Since the first text."""
    cost_usd: Decimal | None = None
    """None is unknown, not nothing."""
    model: str = ""
    """The model that really answered."""
    trouble: str = ""
    """Why it broke off, in a sentence."""
    hint: str = ""
    """Why it may be no answer, in a sentence; looked for at the end."""
    done: bool = False
    logprobs: tuple[tuple[str, float], ...] = ()
    """Tokens with their log-probabilities, if they were asked for and the provider gives them."""

    @property
    def answer(self) -> str:
        """The text without what the model thought before it."""
        return set_apart(self.text)[1]

    @property
    def thoughts(self) -> str:
        """What the model thought before it answered, between `<think>` and `</think>`."""
        return set_apart(self.text)[0]

    def stopped(self) -> "Reply":
        """What stays of an answer that a person stopped."""
        return self if self.done else replace(self, finish_reason="stopped", done=True)


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
    growing = _Growing(clock)
    try:
        async with aclosing(_gathered(api.chat(replace(request, n=1)))) as batches:
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
    growing = _Growing(clock)
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


class _Growing:
    """A reply under way."""

    def __init__(self, clock: Clock) -> None:
        self.reply = Reply()
        self._clock = clock
        self._began = clock.monotonic()
        self._raw = ""
        self._looked_at = 0

    def add(self, batch: list[ChatPiece]) -> None:
        """Take in what has come."""
        before = self.reply
        now = self._clock.monotonic() - self._began
        self._raw += "".join(piece.text for piece in batch)
        came = sum(bool(piece.text or piece.refusal) for piece in batch)
        ttft_s = now if before.ttft_s is None and came else before.ttft_s
        usage = next((piece.usage for piece in batch if piece.usage), before.usage)
        tokens = usage.completion_tokens if usage else before.tokens + came
        self.reply = replace(
            before,
            text=_whole(self._raw),
            refusal=before.refusal + "".join(piece.refusal for piece in batch),
            finish_reason=next((p.finish_reason for p in batch if p.finish_reason), "")
            or before.finish_reason,
            usage=usage,
            tokens=tokens,
            ttft_s=ttft_s,
            elapsed_s=now,
            tokens_per_s=_speed(tokens, ttft_s, now),
            model=next((piece.model for piece in batch if piece.model), before.model),
            logprobs=before.logprobs + sum((piece.logprobs for piece in batch), ()),
        )

    def runs_away(self) -> bool:
        """Look for repetition, now and then; marks the reply if there is any."""
        if len(self._raw) - self._looked_at < _LOOK_CHARS:
            return False
        self._looked_at = len(self._raw)
        if runaway(self._raw) is None:
            return False
        self.reply = replace(self.reply, finish_reason="runaway")
        return True

    def ended(self, trouble: str = "") -> Reply:
        """The reply as it stays."""
        reply = self.reply
        return replace(
            reply,
            elapsed_s=self._clock.monotonic() - self._began,
            trouble=trouble,
            hint=hint(reply.answer, reply.refusal),
            done=True,
        )


async def _gathered(
    answer: AsyncGenerator[ChatPiece, None],
) -> AsyncGenerator[list[ChatPiece], None]:
    """Gather pieces for a moment; the first goes on at once, and none is held back for long."""
    loop = asyncio.get_running_loop()
    held: list[ChatPiece] = []
    due = loop.time()
    async with aclosing(answer):
        coming = asyncio.ensure_future(anext(answer, None))
        try:
            while True:
                wait_s = max(0.0, due - loop.time()) if held else None
                await asyncio.wait({coming}, timeout=wait_s)
                piece, failure = None, None
                if coming.done():
                    failure = coming.exception()
                    piece = None if failure else coming.result()
                    held += [piece] if piece else []
                over = coming.done() and piece is None
                if held and (over or loop.time() >= due):
                    yield held
                    held, due = [], loop.time() + WINDOW_S
                if failure is not None:
                    raise failure
                if over:
                    return
                if coming.done():
                    coming = asyncio.ensure_future(anext(answer, None))
        finally:
            coming.cancel()
            await asyncio.wait({coming})
            if not coming.cancelled():
                coming.exception()  # nobody is left to be told


def _speed(tokens: int, ttft_s: float | None, elapsed_s: float) -> float | None:
    """Tokens per second after the first; over the whole time if all came at once."""
    if ttft_s is None or not tokens:
        return None
    if elapsed_s - ttft_s > WINDOW_S and tokens > 1:
        return (tokens - 1) / (elapsed_s - ttft_s)
    return tokens / elapsed_s if elapsed_s > 1e-3 and tokens > 1 else None


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


def _whole(text: str) -> str:
    """Join halves of a character that came in two pieces; a half that stays alone is replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
