"""What is sent: request values as the wire's JSON.

Kept apart from the driver because the same bodies are shown as the equivalent request.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tintype.api.base import ChatRequest
from tintype.errors import ApiError
from tintype.resources import JobRequest, Weights
from tintype.settings import Profile


def given(**parameters: Any) -> dict[str, Any]:
    """Keep what was said: no none, no empty text."""
    return {name: value for name, value in parameters.items() if value not in (None, "")}


def job_body(request: JobRequest) -> dict[str, Any]:
    """Write the body that creates a job; what is left automatic is not sent."""
    chosen = request.hyperparameters
    hyperparameters = {name: value for name, value in chosen.flat().items() if value != "auto"}
    method: dict[str, Any] = {"type": "supervised"}
    if hyperparameters:
        method["supervised"] = {"hyperparameters": hyperparameters}
    return given(
        model=request.model,
        training_file=request.training_file,
        validation_file=request.validation_file,
        suffix=request.suffix,
        seed=request.seed,
        method=method if hyperparameters else None,
        metadata=dict(request.metadata) or None,
    )


def weights_text(weights: Weights) -> str:
    """Write what a model's weights are: a field of the form that puts it back, or a file."""
    files = [{"name": name, "bytes": size} for name, size in weights.files.items()]
    known = {
        "object": "tintype.weights",
        "id": weights.model,
        "base": weights.base,
        "job_id": weights.job_id,
        "created": weights.created_at,
        "folder": weights.folder,
        "files": files,
    }
    return json.dumps(known)


def chat_body(request: ChatRequest, profile: Profile) -> dict[str, Any]:
    """Write the body of a question; older compatible servers know only `max_tokens`."""
    longest = "max_tokens" if profile.dialect == "compatible" else "max_completion_tokens"
    body = given(
        model=request.model,
        messages=[dict(message) for message in request.messages],
        temperature=request.temperature,
        top_p=request.top_p,
        seed=request.seed,
        stop=list(request.stop) or None,
        n=request.n if request.n != 1 else None,
        response_format=dict(request.response_format) if request.response_format else None,
        **{longest: request.max_tokens},
    )
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | dict(request.extra)


def sendable(value: Any) -> Any:
    """The same with every lone surrogate replaced: a row's JSON may hold one, UTF-8 cannot."""
    if isinstance(value, str):
        whole = value.isascii() or value.isprintable()
        return (
            value if whole else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, Mapping):
        return {sendable(name): sendable(inner) for name, inner in value.items()}
    return [sendable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


_NAMED = ("logprobs", "stream_options", "max_tokens", "max_completion_tokens")
_OTHER_NAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


def turned_down(body: Mapping[str, Any], error: ApiError) -> str | None:
    """Which part of a question the provider turned down by name; none if that is not what it did.

    It is `stream_options`, `logprobs`, one of the two names of the longest answer, or `stream`.
    """
    if error.status not in (400, 422):
        return None
    said = error.message
    for name in _NAMED:
        if name in body and name in said:
            return name
    streams = body.get("stream") and re.search(r"(?i)\bstream(ing|ed)?\b", said)
    return "stream" if streams else None


def without(body: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The same question without a part that was turned down, or with that part's other name."""
    rest = dict(body)
    if part == "stream":
        return {**without(rest, "stream_options"), "stream": False}
    value = rest.pop(part, None)
    if value is not None and part in _OTHER_NAME:
        rest[_OTHER_NAME[part]] = value
    return rest
