"""One question of an evaluation: waited for, asked, perhaps asked again, and written down."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tintype.api import Api, ChatRequest, Clock
from tintype.api.retrying import may_be_done, may_pass, trying_for
from tintype.errors import ApiError, UnreachableError
from tintype.evaluation.log import Key
from tintype.evaluation.pacing import SharedPace
from tintype.evaluation.plan import AskingLimits
from tintype.pricing import Prices
from tintype.prompting import Reply, priced, whole_reply

TURNED_DOWN_S = 900.0
"""How long one question waits for a provider that limits its rate."""
STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """What became of a question."""

    reply: Reply | None
    """None if there is none."""
    error: ApiError | None = None
    """The last that happened."""
    doubtful: int = 0
    """Tries that may have been billed although no answer came."""

    @property
    def is_fatal(self) -> bool:
        """Whether every further question to this model would fail alike."""
        error = self.error
        if error is None or self.reply is not None:
            return False
        return error.status in (401, 403, 404) or (
            error.status == 429 and not (may_pass(error) and _is_worth_waiting(error))
        )


async def ask_patiently(
    api: Api, request: ChatRequest, pace: SharedPace, limits: AskingLimits, clock: Clock
) -> QuestionOutcome:
    """Ask at the shared pace; wait for a rate limit, try again after a fault, not if it is stuck.

    Nothing is raised: what failed is an outcome.
    """
    began, failures, doubtful = clock.monotonic(), 0, 0
    while True:
        async with _turn(pace) as begun:
            reply, error = await _once(api, request, limits)
            if error is None:
                pace.answered(begun)
            elif error.status == 429 and may_pass(error) and _is_worth_waiting(error):
                pace.turned_down(begun, error.retry_after_s)
        if error is None:
            return QuestionOutcome(reply, None, doubtful)
        doubtful += may_be_done(error)
        waited = error.status == 429 and clock.monotonic() - began < TURNED_DOWN_S
        failures += not waited
        again = may_pass(error) and error.code != STUCK and failures < limits.tries
        if not again or not _is_worth_waiting(error):
            return QuestionOutcome(None, error, doubtful)
        if not waited:
            await clock.sleep(min(30.0, 0.5 * 2**failures))


def _is_worth_waiting(error: ApiError) -> bool:
    """Whether a provider wants to be left alone for no longer than a question waits."""
    return (error.retry_after_s or 0.0) <= TURNED_DOWN_S


async def _once(
    api: Api, request: ChatRequest, limits: AskingLimits
) -> tuple[Reply | None, ApiError | None]:
    """Send it once; the client's own trying again is turned off, since the pace is shared."""
    try:
        with trying_for(0.0):
            async with asyncio.timeout(limits.answer_s):
                reply = await whole_reply(api, request)
    except TimeoutError:
        words = f"No end of the answer after {limits.answer_s:g} s."
        return None, ApiError(words, code=STUCK)
    except ApiError as error:
        return None, error
    return (None, UnreachableError(reply.trouble, code="cut")) if reply.trouble else (reply, None)


@asynccontextmanager
async def _turn(pace: SharedPace) -> AsyncIterator[float]:
    begun = await pace.begin()
    try:
        yield begun
    finally:
        pace.end()


def answer_line(
    key: Key,
    outcome: QuestionOutcome,
    cache: str,
    api: Api,
    request: ChatRequest,
    prices: Prices,
    now: datetime,
) -> dict[str, Any]:
    """The line of the log for an answer or a failure."""
    row, model, sample = key
    line: dict[str, Any] = {"row": row, "model": model, "sample": sample, "at": now.isoformat()}
    if outcome.doubtful and api.profile.dialect != "embedded":
        line["doubtful"] = outcome.doubtful
    if outcome.reply is None:
        error = outcome.error
        return {
            **line,
            "status": "error",
            "error": error.message if error else "",
            "code": error.code if error else None,
            "http": error.status if error else None,
        }
    reply = priced(outcome.reply, api, request, prices)
    if reply.usage is None and api.profile.dialect == "embedded":
        cost: Decimal | None = Decimal(0)
    else:
        cost = reply.cost_usd
    usage = reply.usage
    return {
        **line,
        "status": "ok",
        "text": reply.text,
        "refusal": reply.refusal,
        "finish": reply.finish_reason,
        "in": usage.prompt_tokens if usage else None,
        "out": usage.completion_tokens if usage else reply.tokens,
        "ttft_s": _rounded(reply.ttft_s),
        "elapsed_s": _rounded(reply.elapsed_s),
        "cost_usd": None if cost is None else str(cost),
        "served": reply.model,
        "key": cache,
        **({"logprobs": reply.logprobs} if reply.logprobs else {}),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def cost_of(line: Mapping[str, Any]) -> Decimal | None:
    """What a line's answer cost; what an earlier run paid for costs nothing here."""
    if line.get("cached"):
        return Decimal(0)
    known = line.get("cost_usd")
    return None if known is None else Decimal(known)


def doubtful(line: Mapping[str, Any]) -> int:
    """How many tries at a line's question this run may have been billed for without an answer."""
    return 0 if line.get("cached") else line.get("doubtful", 0)
