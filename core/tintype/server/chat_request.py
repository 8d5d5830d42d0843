"""A request for completions, understood: everything in it is followed, or refused, or harmless.

What the engines cannot do (tools, log-probabilities, penalties, sound) is refused and not passed
over. What would change nothing (who asks, how to cache) is checked and passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tintype.engines.base import Sampling
from tintype.server.chat_messages import ParsedConversation, read_conversation
from tintype.server.fields import Fields, metadata, refuse
from tintype.server.json_answers import AnswerFormat, read_format
from tintype.server.provider import ServerHandles, unknown_model
from tintype.server.schemas import misfit

CHOICES = 128
STOPS = 4
_SEEDS = 2**63

_HARMLESS: Mapping[str, Any] = {
    "metadata": {"type": "object"},
    "user": {"type": "string"},
    "safety_identifier": {"type": "string", "maxLength": 64},
    "prompt_cache_key": {"type": "string"},
    "prompt_cache_retention": {"enum": ["in_memory", "24h"]},
    "prompt_cache_options": {
        "type": "object",
        "properties": {"ttl": {"enum": ["30m"]}, "mode": {"enum": ["implicit", "explicit"]}},
    },
    "service_tier": {"enum": ["auto", "default", "flex", "scale", "priority", "fast"]},
    "verbosity": {"enum": ["low", "medium", "high"]},
    "prediction": {
        "type": "object",
        "properties": {"type": {"enum": ["content"]}, "content": {"type": ["string", "array"]}},
        "required": ["type", "content"],
    },
    "parallel_tool_calls": {"type": "boolean"},
    "store": {"type": "boolean"},
}
"""Parameters that do not change what these models answer, and what they may be."""
_UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "modalities": (["text"],),
    "audio": (),
    "reasoning_effort": ("none",),
    "web_search_options": (),
    "moderation": (),
}
"""Parameters these models cannot follow, and the values that ask for nothing."""
_SAMPLED = ("max_completion_tokens", "max_tokens", "n", "seed", "stop", "temperature", "top_p")
_FOLLOWED = ("model", "messages", "response_format", "stream", "stream_options", *_SAMPLED)


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request for completions, understood."""

    model: str
    conversation: ParsedConversation
    sampling: Sampling
    choices: int
    stops: tuple[str, ...]
    wanted: AnswerFormat
    streamed: bool
    usage_streamed: bool
    stored: bool = False
    metadata: Mapping[str, str] | None = None
    messages: Sequence[Mapping[str, Any]] = ()
    """As they were sent, if they are to be stored."""


async def read_ask(fields: Fields, here: ServerHandles) -> CompletionRequest:
    """Understand a request.

    Raises:
        RefusalError: 404 if there is no such model; 400 if there is anything else to object to.
    """
    model = fields.text("model")
    engine = here.answers.known(model)
    if engine is None:
        raise unknown_model(model)
    _refuse_unsupported(fields)
    labels, is_stored = metadata(fields), bool(fields.values.get("store"))
    streamed = fields.given("stream") and fields.boolean("stream")
    wanted = read_format(fields)
    sampling = _sampling(fields)
    choices = fields.integer("n", minimum=1, maximum=CHOICES) if fields.given("n") else 1
    ask = CompletionRequest(
        model=model,
        conversation=ParsedConversation(),
        sampling=sampling,
        choices=choices,
        stops=_stops(fields),
        wanted=wanted,
        streamed=streamed,
        usage_streamed=_usage_streamed(fields, streamed),
        stored=is_stored,
        metadata=labels,
        messages=fields.values["messages"] if is_stored and fields.given("messages") else (),
    )
    conversation = await read_conversation(fields, engine.card.model, here.decoding)
    if wanted.kind == "json_object" and "json" not in conversation.words.lower():
        refuse(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            param="messages",
        )
    return replace(ask, conversation=conversation)


def _refuse_unsupported(fields: Fields) -> None:
    for name, value in fields.values.items():
        if value is None or name in _FOLLOWED:
            continue
        if name in _HARMLESS:
            if flaw := misfit(value, _HARMLESS[name], True, name):
                refuse(f"Invalid value: {flaw}.", param=name, code="invalid_value")
        elif name not in _UNSUPPORTED:
            refuse(
                f"Unrecognized request argument supplied: {name[:100]}",
                param=name[:100],
                code="unknown_parameter",
            )
        elif not any(value == nothing for nothing in _UNSUPPORTED[name]):
            refuse(
                f"Unsupported parameter: '{name}' is not supported with this model.",
                param=name,
                code="unsupported_parameter",
            )


def _sampling(fields: Fields) -> Sampling:
    limits = [
        fields.integer(name, minimum=1)
        for name in ("max_completion_tokens", "max_tokens")
        if fields.given(name)
    ]
    seed = fields.integer("seed", minimum=-_SEEDS, maximum=_SEEDS) if fields.given("seed") else None
    return Sampling(
        max_tokens=min(limits, default=None),
        temperature=(
            fields.number("temperature", minimum=0, maximum=2)
            if fields.given("temperature")
            else 1.0
        ),
        top_p=fields.number("top_p", minimum=0, maximum=1) if fields.given("top_p") else 1.0,
        seed=seed,
    )


def _stops(fields: Fields) -> tuple[str, ...]:
    if not fields.given("stop"):
        return ()
    value = fields.values["stop"]
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(filter(None, fields.items("stop", str, minimum=1, maximum=STOPS)))


def _usage_streamed(fields: Fields, streamed: bool) -> bool:
    if not fields.given("stream_options"):
        return False
    if not streamed:
        refuse(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    options = fields.inner("stream_options")
    options.only("include_usage", "include_obfuscation")
    for name in options.values:
        if options.given(name):
            options.boolean(name)
    return bool(options.values.get("include_usage"))
