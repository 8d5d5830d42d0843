"""The one place where what went wrong with a provider becomes a sentence and what to do next.

Drivers hand over neutral facts (`Answer` for a refusal in words, a `Silence` for none); nothing
here knows an SDK. Codes and wordings are those that providers were seen to send.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from tintype.api.redaction import one_line, redact
from tintype.errors import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    UnreachableError,
)
from tintype.settings import Profile, Secret

Silence = Literal[
    "refused",
    "name",
    "certificate",
    "tls",
    "connect_timeout",
    "answer_timeout",
    "cut",
    "proxy",
    "too_long",
    "web_page",
    "nonsense",
    "encoding",
    "other",
]
"""Why there was no answer that could be used."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was being asked, for the sentence."""

    profile: Profile
    base_url: str
    key: Secret
    doing: str
    """To go on from `could not …`: `create the job`."""
    subject: str = ""
    """The id of the file, job or model it was about, if it was about one thing."""
    model: str = ""
    """The model that was to be used or trained."""


@dataclass(frozen=True, slots=True)
class Answer:
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


def refused(answer: Answer, asked: Asked) -> ApiError:
    """Translate an answer that is no success."""
    said = _said(answer.body, asked.key)
    request_id = one_line(redact(answer.headers.get("x-request-id", ""), asked.key), 80) or None
    known: dict[str, Any] = {"status": answer.status, "code": said.code or None}
    known["request_id"] = request_id
    name = asked.profile.title
    if answer.status == 401:
        return AuthenticationError(
            f"{name} did not accept the key{_from(asked.key)}.", advice=_new_key(asked), **known
        )
    if answer.status == 403:
        return _forbidden(said, asked, known)
    if answer.status == 404:
        return _not_found(answer, said, asked, known)
    if answer.status == 429:
        return _rate_limited(answer, said, asked, known)
    if 300 <= answer.status < 400:
        where = one_line(redact(answer.headers.get("location", ""), asked.key), 120)
        return UnreachableError(
            f"{name} ({_place(asked)}) sent us elsewhere{f': {where}' if where else ''}. "
            "The key was not sent there.",
            advice="If that address is right, make it the profile's base_url.",
            **known,
        )
    return _failed(answer, said, asked, known)


def unreachable(why: Silence, asked: Asked, detail: str = "") -> UnreachableError:
    """Translate silence, or noise: there was no answer that could be used."""
    sentence, advice = _SILENCES[why]
    if asked.profile.kind == "embedded" and why in ("refused", "cut", "connect_timeout"):
        advice = "Start it with `tintype serve`, or let the app start it; jobs go on by themselves."
    detail = one_line(redact(detail, asked.key), 120)
    return UnreachableError(
        f"Could not {asked.doing}: "
        f"{sentence.format(place=_place(asked))}{f' ({detail})' if detail else ''}.",
        advice=advice,
        code=why,
    )


def broken_stream(error: object, asked: Asked) -> ApiError:
    """Translate an error that comes in the middle of a streamed answer."""
    said = _said(json.dumps({"error": error}, default=str), asked.key)
    words = f": {said.message}" if said.message else ""
    return ApiError(
        f"{asked.profile.title} broke off the answer{words}.",
        advice="What had arrived is kept; ask again.",
        code=said.code or None,
    )


_SILENCES: Mapping[Silence, tuple[str, str]] = {
    "refused": (
        "nothing answers at {place}",
        "Check that it runs and that the profile's base_url is right.",
    ),
    "name": (
        "the host of {place} is not known",
        "Check the network, and the profile's base_url for a typing error.",
    ),
    "certificate": (
        "the certificate of {place} is not trusted",
        "For a private certificate authority set SSL_CERT_FILE; else do not go on.",
    ),
    "tls": (
        "no secure connection to {place} came about",
        "If it is a server without TLS, let base_url begin with http://.",
    ),
    "connect_timeout": (
        "{place} did not take the connection in time",
        "Check the network; behind a proxy set HTTPS_PROXY.",
    ),
    "answer_timeout": (
        "{place} took the request but did not answer in time",
        "Try again; nothing is lost.",
    ),
    "cut": ("the connection to {place} broke off", "Try again; nothing is lost."),
    "proxy": ("the proxy in the way to {place} failed", "Check HTTPS_PROXY and NO_PROXY."),
    "too_long": (
        "{place} sent more than any provider sends, and it was cut short",
        "Check the profile's base_url: this may not be a provider.",
    ),
    "web_page": (
        "{place} answered with a web page, not as a provider does",
        "Check the profile's base_url: it should end where /models begins, as a rule in /v1.",
    ),
    "nonsense": (
        "{place} answered something that cannot be understood",
        "Check the profile's base_url; if it is right, the provider has a fault.",
    ),
    "encoding": (
        "{place} sent a compressed answer that was not asked for",
        "A proxy in the way may do this; try without it.",
    ),
    "other": ("the exchange with {place} failed", "Try again."),
}


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


def _place(asked: Asked) -> str:
    """The address without what could be a password."""
    return one_line(redact(asked.base_url), 100)


def _from(key: Secret) -> str:
    return f" from {key.origin}" if key.origin else ""


def _new_key(asked: Asked) -> str:
    if asked.profile.kind == "embedded":
        return "Its token changes when its folder does: let the app find the server again."
    return f"Check {asked.profile.key_env or 'the key'}, or make a new key at the provider."


def _quoted(said: _Said) -> str:
    return f" It says: “{said.message}”" if said.message else ""


def _forbidden(said: _Said, asked: Asked, known: dict[str, Any]) -> ForbiddenError:
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
    answer: Answer, said: _Said, asked: Asked, known: dict[str, Any]
) -> NotFoundError | UnreachableError:
    name = asked.profile.title
    if _is_web_page(answer):
        return unreachable("web_page", asked)
    if asked.model and (said.code == "model_not_found" or "deprecated" in said.message):
        return _no_model(said, asked, known)
    if not asked.subject and said.message:
        return NotFoundError(
            f"Could not {asked.doing}: {name} did not find what is named.{_quoted(said)}",
            advice="It may have been deleted, or belong to another project or key.",
            **known,
        )
    if not asked.subject:
        return NotFoundError(
            f"Could not {asked.doing}: {name} does not know such a request.",
            advice="Check the profile's base_url; not every provider offers this.",
            **known,
        )
    subject = f" {one_line(asked.subject, 100)}"
    return NotFoundError(
        f"Could not {asked.doing}: {name} has no{subject}.{_quoted(said)}",
        advice="It may have been deleted, or belong to another project or key.",
        **known,
    )


def _no_model(said: _Said, asked: Asked, known: dict[str, Any]) -> NotFoundError:
    """Distinguish a model that has been shut down from one that never was."""
    from tintype import pricing

    model = one_line(asked.model, 100)
    shutdown = pricing.shutdown(asked.profile.provider, asked.model)
    if shutdown is not None and (shutdown.date <= datetime.now(UTC).date()):
        return NotFoundError(
            f"{asked.profile.title} has shut the model {model} down ({shutdown.date}).",
            advice="Its answers that were kept are in the history; to go on, train again on "
            "another base model.",
            **known,
        )
    if "deprecated" in said.message:
        return NotFoundError(
            f"{asked.profile.title} has shut the model {model} down.{_quoted(said)}",
            advice="Choose another model.",
            **known,
        )
    return NotFoundError(
        f"{asked.profile.title} has no model {model}, or the key may not use it.{_quoted(said)}",
        advice="List the models to see those there are.",
        **known,
    )


def _rate_limited(
    answer: Answer, said: _Said, asked: Asked, known: dict[str, Any]
) -> RateLimitError:
    name = asked.profile.title
    if "insufficient_quota" in (said.code, said.type):
        return RateLimitError(
            f"{name} says that there is no credit left.{_quoted(said)}",
            advice="Waiting does not help: add credit or raise the limit at the provider.",
            **known,
        )
    wait_s = _wait_s(answer.headers, said.message)
    advice = f"Try again in {_duration(wait_s)}." if wait_s is not None else "Try again later."
    if said.code == "daily_rate_limit_exceeded":
        advice = "Try again tomorrow, or train on another model."
    return RateLimitError(
        f"{name} is being asked too much, too fast.{_quoted(said)}",
        advice=advice,
        retry_after_s=wait_s,
        **known,
    )


def _wait_s(headers: Mapping[str, str], message: str) -> float | None:
    """How long to wait: the headers in milliseconds, seconds or as a date; else the message."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return _bounded(float(headers.get(name, "")) * unit_s)
        except ValueError:
            continue
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        wait = date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)
        return _bounded(wait.total_seconds())
    except (ValueError, TypeError):
        pass
    found = re.search(r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(m?s))?", message)
    if not found or not any(found.groups()):
        return None
    hours, minutes, rest, unit = found.groups()
    seconds = float(rest or 0) * (0.001 if unit == "ms" else 1.0)
    return _bounded(int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds)


def _bounded(wait_s: float) -> float:
    """A day at the most; a wait that is no number raises `ValueError`."""
    if math.isnan(wait_s):
        raise ValueError
    return min(max(wait_s, 0.0), 86_400.0)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def _is_web_page(answer: Answer) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.body.lstrip().startswith("<")


def _failed(answer: Answer, said: _Said, asked: Asked, known: dict[str, Any]) -> ApiError:
    name, doing = asked.profile.title, asked.doing
    if answer.status >= 500:
        words = _quoted(said)
        if _is_web_page(answer):
            words = " What came was a web page, as a gateway in between sends it."
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
            f"Could not {doing}: something else is happening to it at {name}.{_quoted(said)}",
            advice="Wait a moment and try again.",
            **known,
        )
    if answer.status == 413:
        return ApiError(
            f"Could not {doing}: that is too large for {name}.{_quoted(said)}",
            advice="Shrink the pictures, or send fewer rows.",
            **known,
        )
    about = f", {said.param}" if said.param else ""
    return ApiError(
        f"Could not {doing}: {name} turned it down (HTTP {answer.status}{about}).{_quoted(said)}",
        advice=_ADVICE.get(said.code, ""),
        **known,
    )


_ADVICE: Mapping[str, str] = {
    "model_not_available": "Choose a base model that this provider trains.",
    "invalid_n_examples": "Add examples; check the dataset for rows that would be skipped.",
    "invalid_training_file": "Check the dataset against the provider's rules.",
    "invalid_file_format": "Check the dataset against the provider's rules.",
    "invalid_image_format": "Convert the picture to PNG, JPEG or WEBP.",
    "context_length_exceeded": "Ask with fewer or smaller pictures, or less text.",
}
