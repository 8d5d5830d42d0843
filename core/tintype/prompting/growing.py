"""An answer that grows piece by piece, with its times and tokens, and what becomes of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal

from tintype.api import ChatPiece, Clock, Usage
from tintype.prompting.signs import hint, runaway, set_apart

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


class GrowingReply:
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


async def gathered(
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


def _whole(text: str) -> str:
    """Join halves of a character that came in two pieces; a half that stays alone is replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
