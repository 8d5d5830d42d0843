"""From the wire's JSON to values, forgiving what real providers send.

Fields that are missing, null, of another type or unknown have a neutral value; only an answer that
is not the thing asked for at all (no object, no id) is an error. In a list, an item without an id
is passed over, except events, whose id can be made from their content.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, TypeVar

from tintype.api.base import ChatPiece, Upload, Usage
from tintype.model_names import parse_model_name
from tintype.resources import (
    USUAL,
    Checkpoint,
    Event,
    Hyperparameters,
    Job,
    JobFailure,
    Model,
    Page,
    RemoteFile,
    Weights,
)

T = TypeVar("T")
N = TypeVar("N", int, float)
_MOST = 2.0**53
EPOCH = datetime.fromtimestamp(0, UTC)
"""What stands for a moment the provider did not tell."""


class NonsenseError(ValueError):
    """The answer is JSON, but not what was asked for; the driver makes a sentence of it."""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _number(value: object) -> float | None:
    """A number, or the text of one (`"NaN"` too: training does diverge)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _integer(value: object, least: float = 0.0) -> int | None:
    """A whole number; none for one that no count or size can be, nor a database hold."""
    number = _number(value)
    return int(number) if number is not None and least <= number <= _MOST else None


def _moment(value: object) -> datetime | None:
    """Unix seconds as OpenAI sends them, or an ISO date as others do."""
    number = _number(value)
    try:
        if number is not None:
            return datetime.fromtimestamp(number, UTC) if number > 0 else None
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _identity(value: object, what: str) -> Mapping[str, Any]:
    found = _object(value)
    if not _text(found.get("id")):
        raise NonsenseError(f"no {what} with an id")
    return found


def remote_file(value: object) -> RemoteFile:
    """Read a file object."""
    found = _identity(value, "file")
    return RemoteFile(
        id=_text(found["id"]),
        filename=_text(found.get("filename")),
        size_bytes=_integer(found.get("bytes")),
        purpose=_text(found.get("purpose")),
        created_at=_moment(found.get("created_at")) or EPOCH,
        status=_text(found.get("status")) or "processed",
        expires_at=_moment(found.get("expires_at")),
    )


def upload(value: object) -> Upload:
    """Read an upload object; a completed one holds its file."""
    found = _identity(value, "upload")
    inner = _object(found.get("file"))
    return Upload(
        id=_text(found["id"]),
        status=_text(found.get("status")),
        size_bytes=_integer(found.get("bytes")) or 0,
        created_at=_moment(found.get("created_at")) or EPOCH,
        expires_at=_moment(found.get("expires_at")),
        file=remote_file(inner) if inner else None,
    )


def part_id(value: object) -> str:
    """Read the id of an upload's part."""
    return _text(_identity(value, "part")["id"])


def _or_auto(number: N | None) -> N | Literal["auto"]:
    return number if number is not None and math.isfinite(number) else "auto"


def _hyperparameters(job: Mapping[str, Any]) -> Hyperparameters:
    """At the top, where they are deprecated yet always filled; else under the method."""
    found = _object(job.get("hyperparameters"))
    if not found:
        method = _object(job.get("method"))
        named = _object(method.get(_text(method.get("type")) or "supervised"))
        found = _object(named.get("hyperparameters"))
    return Hyperparameters(
        n_epochs=_or_auto(_integer(found.get("n_epochs"))),
        batch_size=_or_auto(_integer(found.get("batch_size"))),
        learning_rate_multiplier=_or_auto(_number(found.get("learning_rate_multiplier"))),
        extra={
            name: value
            for name, value in found.items()
            if name not in USUAL and value not in (None, "auto")
        },
    )


def _failure(value: object) -> JobFailure | None:
    """Healthy jobs carry null, an empty object, or one whose fields are all null."""
    found = _object(value)
    code, message = _text(found.get("code")), _text(found.get("message"))
    return JobFailure(code, message, _text(found.get("param")) or None) if code or message else None


def job(value: object) -> Job:
    """Read a fine-tuning job."""
    found = _identity(value, "job")
    files = found.get("result_files")
    seed, tokens = _integer(found.get("seed"), -_MOST), _integer(found.get("trained_tokens"))
    return Job(
        id=_text(found["id"]),
        model=_text(found.get("model")),
        status=_text(found.get("status")) or "unknown",
        created_at=_moment(found.get("created_at")) or EPOCH,
        training_file=_text(found.get("training_file")),
        validation_file=_text(found.get("validation_file")) or None,
        finished_at=_moment(found.get("finished_at")),
        estimated_finish=_moment(found.get("estimated_finish")),
        fine_tuned_model=_text(found.get("fine_tuned_model")) or None,
        hyperparameters=_hyperparameters(found),
        seed=seed,
        suffix=_text(found.get("suffix")) or _text(found.get("user_provided_suffix")) or None,
        trained_tokens=tokens,
        result_files=tuple(filter(None, map(_text, files))) if isinstance(files, list) else (),
        failure=_failure(found.get("error")),
        metadata={str(k): _text(v) for k, v in _object(found.get("metadata")).items()},
    )


def event(value: object) -> Event:
    """Read an event; one without an id is known again by its content."""
    found = _object(value)
    message, created_at = _text(found.get("message")), _moment(found.get("created_at"))
    data = _object(found.get("data"))
    if not (message or data):
        raise NonsenseError("no event with a message")
    return Event(
        id=_text(found.get("id")) or _made_up(f"{created_at}\0{message}\0{data}"),
        created_at=created_at or EPOCH,
        message=message,
        level=_text(found.get("level")) or "info",
        type=_text(found.get("type")) or "message",
        data=dict(data),
    )


def _made_up(content: str) -> str:
    return f"made-up-{sha256(content.encode('utf-8', 'replace')).hexdigest()[:24]}"


def checkpoint(value: object) -> Checkpoint:
    """Read a checkpoint."""
    found = _identity(value, "checkpoint")
    metrics = {str(k): _number(v) for k, v in _object(found.get("metrics")).items()}
    model, step = (
        _text(found.get("fine_tuned_model_checkpoint")),
        _integer(found.get("step_number")),
    )
    return Checkpoint(
        id=_text(found["id"]),
        job_id=_text(found.get("fine_tuning_job_id")),
        model=model,
        step=parse_model_name(model).step if step is None else step,
        created_at=_moment(found.get("created_at")) or EPOCH,
        metrics={name: number for name, number in metrics.items() if number is not None},
    )


def model(value: object) -> Model:
    """Read a model."""
    found = _identity(value, "model")
    return Model(
        id=_text(found["id"]),
        created_at=_moment(found.get("created")) or EPOCH,
        owned_by=_text(found.get("owned_by")),
        shutdown_date=_text(found.get("shutdown_date")) or None,
    )


def weights(value: object) -> Weights:
    """Read what a model's weights are."""
    found = _identity(value, "model")
    files = found.get("files")
    named = [_object(one) for one in files] if isinstance(files, list) else []
    return Weights(
        model=_text(found["id"]),
        base=_text(found.get("base")),
        job_id=_text(found.get("job_id")),
        created_at=_integer(found.get("created")) or 0,
        folder=found.get("folder") is True,
        files={_text(one.get("name")): _integer(one.get("bytes")) or 0 for one in named},
    )


def page(value: object, read: Callable[[object], T]) -> Page[T]:
    """Read a page: OpenAI's list object, or the bare array that some providers send."""
    found = _object(value)
    data = value if isinstance(value, list) else found.get("data")
    if not isinstance(data, list):
        raise NonsenseError("no list")
    items: list[T] = []
    for one in data:
        try:
            items.append(read(one))
        except NonsenseError:
            continue
    if data and not items:  # unknown is not empty
        raise NonsenseError("a list of something else")
    last = (_text(_object(data[-1]).get("id")) if data else "") or _text(found.get("last_id"))
    more = found.get("has_more") in (True, "true")
    return Page(tuple(items), last if more and last else None)


def _usage(value: object) -> Usage | None:
    found = _object(value)
    asked, said = _integer(found.get("prompt_tokens")), _integer(found.get("completion_tokens"))
    if asked is None or said is None:  # a cost of half the tokens would be a wrong one
        return None
    cached = _integer(_object(found.get("prompt_tokens_details")).get("cached_tokens"))
    return Usage(asked, said, min(cached or 0, asked))


def _content(value: object) -> str:
    """Text, or a list of parts of which the text counts; what is no text is not an empty one."""
    parts = value if isinstance(value, list) else [] if value is None else [value]
    texts = [one.get("text") if isinstance(one, Mapping) else one for one in parts]
    known = [text for text in texts if isinstance(text, str)]
    if parts and not known:
        raise NonsenseError("an answer without text")
    return "".join(known)


def _logprobs(value: object) -> tuple[tuple[str, float], ...]:
    listed = _object(value).get("content")
    return tuple(
        (_text(one.get("token")), float(one["logprob"]))
        for one in map(_object, listed if isinstance(listed, list) else ())
        if isinstance(one.get("logprob"), int | float)
    )


def pieces(value: object) -> list[ChatPiece]:
    """Read a chunk of a stream, or a whole completion: the two differ in one word."""
    found = _object(value)
    choices = found.get("choices")
    name, usage = _text(found.get("model")), _usage(found.get("usage"))
    read: list[ChatPiece] = []
    for choice in map(_object, choices if isinstance(choices, list) else ()):
        said = _object(choice.get("delta")) or _object(choice.get("message"))
        piece = ChatPiece(
            text=_content(said.get("content")),
            index=_integer(choice.get("index")) or 0,
            finish_reason=_text(choice.get("finish_reason")),
            refusal=_content(said.get("refusal")),
            model=name,
            logprobs=_logprobs(choice.get("logprobs")),
        )
        if piece.text or piece.finish_reason or piece.refusal:
            read.append(piece)
    return [*read, ChatPiece(usage=usage, model=name)] if usage else read
