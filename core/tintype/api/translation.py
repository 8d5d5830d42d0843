"""A provider's refusal becomes a sentence and what to do next; silence does in `silence.py`.

Drivers hand over neutral facts (`ErrorResponse` for a refusal in words, a `Silence` for none);
nothing here knows an SDK. Codes and wordings are those that providers were seen to send.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tintype.api.redaction import one_line, redact
from tintype.api.retrying import requested_wait_s, words
from tintype.api.silence import CallContext, unreachable
from tintype.errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    UnreachableError,
)
from tintype.settings import Secret


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A refusal as it came."""

    status: int
    body: str
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class _Said:
    """The provider's own words, redacted."""

    message: str
    code: str
    type: str
    param: str


def refused(answer: ErrorResponse, asked: CallContext) -> ApiError:
    """Translate an answer that is no success."""
    said = _said(answer.body, asked.key)
    request_id = one_line(redact(answer.headers.get("x-request-id", ""), asked.key), 80) or None
    quota = "insufficient_quota" in (said.code, said.type)
    status, name = answer.status, asked.profile.title
    busy = status in (408, 409) or status >= 500 or (status == 429 and not quota)
    known: dict[str, Any] = {"status": status, "code": said.code or None, "request_id": request_id}
    known["retry_after_s"] = requested_wait_s(answer.headers, said.message) if busy else None
    if status == 401:
        return AuthenticationError(
            f"{name} did not accept the key{_from(asked.key)}.", advice=_new_key(asked), **known
        )
    if status == 403:
        return _forbidden(said, asked, known)
    if status in (404, 410):
        return _not_found(answer, said, asked, known)
    if status in (405, 501) and not _is_web_page(answer):
        return _not_offered(said, asked, known)
    if status == 402:
        return _no_credit(said, asked, known)
    if status == 429:
        return _rate_limited(answer, said, asked, known)
    if 300 <= status < 400:
        where = one_line(redact(answer.headers.get("location", ""), asked.key), 120)
        return UnreachableError(
            f"{name} ({asked.place}) redirected the request{f': {where}' if where else ''}. "
            "The key was not sent there.",
            advice="If that address is right, make it the profile's base_url.",
            **known,
        )
    return _failed(answer, said, asked, known)


def error_for_answer(value: object, asked: CallContext) -> ApiError | None:
    """Translate an error that came as if it were an answer, with HTTP 200, as gateways send it."""
    if not isinstance(value, Mapping) or value.keys() & {"id", "data", "choices", "object"}:
        return None
    error = value.get("error")
    if not error:
        return None
    body = json.dumps({"error": error}, default=str)
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, int) and 400 <= code < 600:
        return refused(ErrorResponse(code, body, {}), asked)
    said = _said(body, asked.key)
    return ApiError(
        f"Could not {asked.doing}: {asked.profile.title} answered with an error.{_quoted(said)}",
        code=said.code or None,
    )


def broken_stream(error: object, asked: CallContext) -> ApiError:
    """Translate an error that comes in the middle of a streamed answer."""
    said = _said(json.dumps({"error": error}, default=str), asked.key)
    words = f": {said.message}" if said.message else ""
    return ApiError(
        f"{asked.profile.title} stopped in the middle of the answer{words}.",
        advice="The part that arrived is kept; ask again.",
        code=said.code or None,
    )


def _said(body: str, key: Secret) -> _Said:
    """Find the words in the bodies that providers send; a web page has none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        text = "" if body.lstrip().startswith("<") else body
        return _Said(one_line(redact(text, key)), "", "", "")
    value = value if isinstance(value, dict) else {}
    error = value.get("error", value)
    if isinstance(error, str):
        error = {**value, "message": error}
    error = error if isinstance(error, dict) else {}
    message = error.get("message") or error.get("detail") or ""
    message = message if isinstance(message, str) else json.dumps(message)
    words = (message, *(str(error.get(name) or "") for name in ("code", "type", "param")))
    return _Said(*(one_line(redact(word, key), 300 if word is message else 60) for word in words))


def _from(key: Secret) -> str:
    return f" from {key.origin}" if key.origin else ""


def _new_key(asked: CallContext) -> str:
    if asked.profile.dialect == "embedded":
        return "Its token changes with its folder: let the app find the server again."
    return f"Check {asked.profile.key_env or 'the key'}, or create a new key at the provider."


def _quoted(said: _Said) -> str:
    stop = "" if said.message.endswith((".", "!", "?", "…")) else "."
    return f" It says: “{said.message}”{stop}" if said.message else ""


def _forbidden(said: _Said, asked: CallContext, known: dict[str, Any]) -> ForbiddenError:
    name = asked.profile.title
    if said.code == "training_not_available":
        from tintype import pricing

        end = pricing.training_end(asked.profile.provider)
        ends = f", for everybody on {end.date}" if end else ""
        return ForbiddenError(
            f"{name} no longer lets this organisation start fine-tuning jobs: the platform is "
            f"being wound down{ends}.",
            advice="Train with the embedded provider (profile tintype) or another "
            "OpenAI-compatible one; models already tuned answer until their base is shut down.",
            **known,
        )
    return ForbiddenError(
        f"{name} does not let this key {asked.doing}.{_quoted(said)}",
        advice="Check the key's project and permissions, and whether the provider serves "
        "your region.",
        **known,
    )


def _not_found(
    answer: ErrorResponse, said: _Said, asked: CallContext, known: dict[str, Any]
) -> NotFoundError | UnreachableError:
    name = asked.profile.title
    if _is_web_page(answer):
        return unreachable("web_page", asked)
    if asked.model and (said.code == "model_not_found" or "deprecated" in said.message):
        return _no_model(said, asked, known)
    if not asked.subject and not (asked.model and said.message):
        return _not_offered(said, asked, known)
    if not asked.subject:
        return NotFoundError(
            f"Could not {asked.doing}: {name} did not find what it needs.{_quoted(said)}",
            advice="The file or model may have been deleted, or belong to another project or key.",
            **known,
        )
    return NotFoundError(
        f"Could not {asked.doing}: {name} has no {one_line(asked.subject, 106)}.{_quoted(said)}",
        advice="It may have been deleted, or belong to another project or key.",
        **known,
    )


def _not_offered(said: _Said, asked: CallContext, known: dict[str, Any]) -> NotFoundError:
    return NotFoundError(
        f"Could not {asked.doing}: {asked.profile.title} does not offer this request "
        f"(HTTP {known['status']}).{_quoted(said)}",
        advice="Check the profile's base_url; not every provider offers everything.",
        **known,
    )


def _no_credit(said: _Said, asked: CallContext, known: dict[str, Any]) -> RateLimitError:
    return RateLimitError(
        f"{asked.profile.title} says that there is no credit left.{_quoted(said)}",
        advice="Waiting does not help: add credit or raise the limit at the provider.",
        **known,
    )


def _no_model(said: _Said, asked: CallContext, known: dict[str, Any]) -> NotFoundError:
    """Distinguish a model that has been shut down from one that never was."""
    from tintype import pricing

    model = one_line(asked.model, 100)
    shutdown = pricing.deadline(asked.profile.provider, asked.model)
    if shutdown is not None and (shutdown.date <= datetime.now(UTC).date()):
        return NotFoundError(
            f"{asked.profile.title} has shut down the model {model} ({shutdown.date}).",
            advice="Its stored answers are in the history; train again on another base model.",
            **known,
        )
    if "deprecated" in said.message:
        return NotFoundError(
            f"{asked.profile.title} has shut down the model {model}.{_quoted(said)}",
            advice="Choose another model.",
            **known,
        )
    return NotFoundError(
        f"{asked.profile.title} has no model {model}, or the key may not use it.{_quoted(said)}",
        advice="List the models to see which exist.",
        **known,
    )


def _rate_limited(
    answer: ErrorResponse, said: _Said, asked: CallContext, known: dict[str, Any]
) -> RateLimitError:
    name = asked.profile.title
    if "insufficient_quota" in (said.code, said.type):
        return _no_credit(said, asked, known)
    wait_s = known["retry_after_s"]
    advice = f"Try again in {words(wait_s)}." if wait_s is not None else "Try again later."
    if said.code == "daily_rate_limit_exceeded":
        advice = "Try again tomorrow, or train on another model."
    return RateLimitError(
        f"The rate limit of {name} is exceeded.{_quoted(said)}",
        advice=advice,
        **known,
    )


def _is_web_page(answer: ErrorResponse) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.body.lstrip().startswith("<")


def _failed(
    answer: ErrorResponse, said: _Said, asked: CallContext, known: dict[str, Any]
) -> ApiError:
    name, doing = asked.profile.title, asked.doing
    if answer.status == 507 or said.code == "storage":
        return ApiError(
            f"Could not {doing}: {name} cannot write its files.{_quoted(said)}",
            advice="Free some space there, or make its folder writable; then try again.",
            **known,
        )
    if answer.status >= 500:
        words = _quoted(said)
        if _is_web_page(answer):
            words = " The answer was a web page, probably from a gateway."
        return ApiError(
            f"Could not {doing}: {name} has a fault or is overloaded "
            f"(HTTP {answer.status}).{words}",
            advice="Try again in a moment; nothing is lost.",
            **known,
        )
    if _is_web_page(answer) and answer.status != 413:  # which any gateway may say
        return unreachable("web_page", asked, f"HTTP {answer.status}")
    if answer.status == 409:
        return ApiError(
            f"Could not {doing}: {name} reports a conflict with another change.{_quoted(said)}",
            advice="Wait a moment and try again.",
            **known,
        )
    if answer.status == 413:
        return ApiError(
            f"Could not {doing}: that is too large for {name}.{_quoted(said)}",
            advice="Shrink the images, or send fewer rows.",
            **known,
        )
    about = f", {said.param}" if said.param else ""
    return ApiError(
        f"Could not {doing}: {name} rejected it (HTTP {answer.status}{about}).{_quoted(said)}",
        advice=_ADVICE.get(said.code, ""),
        **known,
    )


_ADVICE: Mapping[str, str] = {
    "model_not_available": "Choose a base model that this provider trains.",
    "invalid_n_examples": "Add examples; check the dataset for rows that would be skipped.",
    "invalid_training_file": "Check the dataset against the provider's rules.",
    "invalid_file_format": "Check the dataset against the provider's rules.",
    "invalid_image_format": "Convert the image to PNG, JPEG or WEBP.",
    "context_length_exceeded": "Ask with fewer or smaller images, or less text.",
}
