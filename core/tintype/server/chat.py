"""Chat completions, whole or streamed."""

import json
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tintype.engines.base import Piece
from tintype.errors import RefusalError, TintypeError
from tintype.server import stored, wire
from tintype.server.chat_request import CompletionRequest, read_ask
from tintype.server.fields import Fields
from tintype.server.json_answers import shaped
from tintype.server.provider import ServerHandles, provider
from tintype.server.reading import json_body
from tintype.server.records import Tuned
from tintype.server.state import now
from tintype.server.streaming import EventStream, until_stop, while_connected
from tintype.server.vllm import ADAPTER

CHAT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, whole."""

    text: str
    tokens: int
    finish_reason: str


async def complete(request: Request) -> Response:
    """`POST /chat/completions`."""
    fields = await json_body(request, CHAT_BYTES)
    here = provider(request)
    if (handed := _handed(fields, here)) is not None:
        return await while_connected(request.receive, handed)
    ask = await while_connected(request.receive, read_ask(fields, here))
    head = {"id": wire.new_id("chatcmpl-"), "created": now(), "model": ask.model}
    if ask.streamed:
        events = _events(here, ask, head)
        first = await while_connected(request.receive, anext(events))
        return EventStream(_chained(first, events))
    return wire.JsonAnswer(await while_connected(request.receive, _whole(here, ask, head)))


def _handed(fields: Fields, here: ServerHandles) -> Coroutine[Any, Any, Response] | None:
    """The answer of the vLLM server to a question to a tuned open model; none for others."""
    model = fields.values.get("model")
    if here.handover is None or not isinstance(model, str):
        return None
    tuned = here.state.find(Tuned, model)
    adapter = (here.state.folder / tuned.path).absolute() if tuned is not None else None
    if adapter is None or not (adapter / ADAPTER).is_file():
        return None
    return here.handover.answer(model, adapter, fields.values)


async def _pieces(
    here: ServerHandles, ask: CompletionRequest, choice: int
) -> AsyncGenerator[Piece, None]:
    """One answer's pieces, up to a stop sequence. An answer held to a form is one piece."""
    seed = ask.sampling.seed
    sampling = replace(ask.sampling, seed=None if seed is None else seed + choice)
    made = here.answers.answer(ask.model, ask.conversation.turns, sampling)
    pieces = until_stop(made, ask.stops)
    if ask.wanted.kind == "text":
        async for piece in pieces:
            yield piece
        return
    text, tokens, reason = "", 0, "stop"
    async for piece in pieces:
        text, tokens = text + piece.text, tokens + piece.tokens
        reason = piece.finish_reason or reason
    formed = shaped(text, ask.wanted) if reason == "stop" else text
    yield Piece(formed, tokens, "length" if reason == "length" else "stop")


async def _whole(here: ServerHandles, ask: CompletionRequest, head: Mapping[str, Any]) -> wire.Json:
    choices = [await _choice(here, ask, number) for number in range(ask.choices)]
    return await _completed(here, ask, head, choices)


async def _completed(
    here: ServerHandles, ask: CompletionRequest, head: Mapping[str, Any], choices: Sequence[Choice]
) -> wire.Json:
    """The completion as an object, stored if the request asks for it."""
    completion = {
        **head,
        "object": "chat.completion",
        "choices": [
            {
                "index": number,
                "message": {
                    "role": "assistant",
                    "content": choice.text,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": choice.finish_reason,
            }
            for number, choice in enumerate(choices)
        ],
        "usage": _usage(ask, sum(choice.tokens for choice in choices)),
        "service_tier": "default",
        "system_fingerprint": _fingerprint(ask.model),
    }
    if not ask.stored:
        return completion
    await stored.keep(here.state, completion, ask.messages, ask.metadata)
    return {**completion, "metadata": ask.metadata}


async def _choice(here: ServerHandles, ask: CompletionRequest, number: int) -> Choice:
    text, tokens, reason = "", 0, "stop"
    async for piece in _pieces(here, ask, number):
        text, tokens = text + piece.text, tokens + piece.tokens
        reason = piece.finish_reason or reason
    return Choice(text, tokens, reason)


async def _events(
    here: ServerHandles, ask: CompletionRequest, head: Mapping[str, Any]
) -> AsyncGenerator[str, None]:
    """The events of a streamed completion, as text. An error after the first is an event too."""
    usage = {"usage": None} if ask.usage_streamed else {}
    common = {
        **head,
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": _fingerprint(ask.model),
    }
    choices: list[Choice] = []
    for number in range(ask.choices):
        delta: dict[str, Any] = {"role": "assistant", "content": "", "refusal": None}
        text, tokens, reason = "", 0, "stop"
        async for piece in _pieces(here, ask, number):
            if delta:
                yield _chunk(common, number, delta, None, usage)
                delta = {}
            text, tokens = text + piece.text, tokens + piece.tokens
            reason = piece.finish_reason or reason
            if piece.text:
                yield _chunk(common, number, {"content": piece.text}, None, usage)
        if delta:
            yield _chunk(common, number, delta, None, usage)
        yield _chunk(common, number, {}, reason, usage)
        choices.append(Choice(text, tokens, reason))
    if ask.stored:
        await _completed(here, ask, head, choices)
    if ask.usage_streamed:
        total = sum(choice.tokens for choice in choices)
        yield json.dumps({**common, "choices": [], "usage": _usage(ask, total)})
    yield "[DONE]"


def _chunk(
    common: Mapping[str, Any],
    number: int,
    delta: Mapping[str, Any],
    reason: str | None,
    usage: Mapping[str, Any],
) -> str:
    choice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": reason}
    return json.dumps({**common, "choices": [choice], **usage})


async def _chained(first: str, rest: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The events again, with the first, which has been made already.

    So an error before the first event is an answer with a status of its own.
    """
    try:
        yield first
        async for event in rest:
            yield event
    except TintypeError as error:
        refused = error if isinstance(error, RefusalError) else wire.failure(error)
        yield json.dumps(wire.error_body(refused))
    finally:
        await rest.aclose()


def _usage(ask: CompletionRequest, completion_tokens: int) -> wire.Json:
    text, images = ask.conversation.text_tokens, ask.conversation.image_tokens
    return {
        "prompt_tokens": text + images,
        "completion_tokens": completion_tokens,
        "total_tokens": text + images + completion_tokens,
        "prompt_tokens_details": {
            "audio_tokens": 0,
            "cached_tokens": 0,
            "text_tokens": text,
            "image_tokens": images,
        },
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _fingerprint(model: str) -> str:
    """The same for the same weights and program, as `seed` needs it."""
    from hashlib import sha256

    from tintype import __version__

    return "fp_" + sha256(f"{__version__} {model}".encode()).hexdigest()[:10]
