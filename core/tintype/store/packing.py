"""Values as JSON and back; what an older Tintype did not write has its default."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tintype.resources import (
    Checkpoint,
    Event,
    Hyperparameters,
    Job,
    JobFailure,
    JobRequest,
)


def pack(value: object) -> str:
    """Write a value as JSON, in pure ASCII: whatever a provider sent, SQLite can hold it."""
    try:
        return json.dumps(_plain(value))
    except RecursionError:  # somebody nests without end; the rest of the value is not worth that
        return json.dumps(_plain(_shallow(value)))


def unpack_job(text: str) -> Job:
    """Read a job that `pack` wrote."""
    found = json.loads(text)
    found["hyperparameters"] = Hyperparameters(**found["hyperparameters"])
    found["result_files"] = tuple(found["result_files"])
    failure = found["failure"]
    found["failure"] = JobFailure(**failure) if failure else None
    for name in ("created_at", "finished_at", "estimated_finish"):
        found[name] = perhaps(found[name])
    return Job(**found)


def unpack_event(text: str) -> Event:
    """Read an event that `pack` wrote."""
    found = json.loads(text)
    return Event(**found | {"created_at": moment(found["created_at"])})


def unpack_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint that `pack` wrote."""
    found = json.loads(text)
    return Checkpoint(**found | {"created_at": moment(found["created_at"])})


def unpack_request(text: str) -> JobRequest:
    """Read a request that `pack` wrote."""
    found = json.loads(text)
    return JobRequest(**found | {"hyperparameters": Hyperparameters(**found["hyperparameters"])})


def moment(seconds: float) -> datetime:
    """Unix seconds as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def perhaps(seconds: float | None) -> datetime | None:
    """Unix seconds, if there are any, as a moment."""
    return None if seconds is None else moment(seconds)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _shallow(value: object) -> object:
    """The value without what is inside its mappings' containers."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _shallow(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {k: v for k, v in value.items() if not isinstance(v, Mapping | list | tuple)}
    return value
