"""Values as OpenAI's JSON: objects, lists, errors, ids.

Where the published description forbids `null` a field is left out instead. One word goes beyond the
description's own list, as in its own sample answers: a job's status `paused`.
"""

import json
import math
import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from tintype.errors import RefusalError, TintypeError
from tintype.server.records import (
    CheckpointRecord,
    EventRecord,
    File,
    JobRecord,
    Part,
    Tuned,
    UploadRecord,
)

ORGANIZATION_ID = "org-tintype"
ORGANIZATION = "personal"
"""The part of a model's name that OpenAI fills with the organisation."""
OWNER = "tintype"

_ALPHABET = string.ascii_letters + string.digits
Json = dict[str, Any]


def new_id(prefix: str, length: int = 24) -> str:
    """An id that nobody can guess: the prefix, then letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class JsonAnswer(Response):
    """A JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode in ASCII, as half a surrogate pair needs; what is not finite is a bug."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def refusal(error: RefusalError, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """An error as an answer."""
    return JsonAnswer(error_body(error), error.status, headers=headers)


def error_body(error: RefusalError) -> Json:
    """An error as OpenAI says it: all four keys, always."""
    body = {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }
    return {"error": body}


def failure(error: TintypeError, status: int = 500) -> RefusalError:
    """An error that is the server's, or its machine's, and not the request's."""
    return RefusalError(status, str(error), type="server_error", code="server_error")


def listing(items: Sequence[Json], *, has_more: bool | None = None) -> Json:
    """A list, with `has_more` where it has pages."""
    pages = {} if has_more is None else {"has_more": has_more}
    return {"object": "list", "data": list(items), **pages}


def bounded_listing(items: Sequence[Json], *, has_more: bool, empty: str | None) -> Json:
    """A list that names its first and last item; `empty` stands for them where there is none."""
    return listing(items, has_more=has_more) | {
        "first_id": items[0]["id"] if items else empty,
        "last_id": items[-1]["id"] if items else empty,
    }


def deleted(id: str, kind: str) -> Json:
    """The receipt for a deletion."""
    return {"id": id, "object": kind, "deleted": True}


def file_object(file: File) -> Json:
    """A file."""
    expires = {} if file.expires_at is None else {"expires_at": file.expires_at}
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created_at,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        **expires,
    }


def upload_object(upload: UploadRecord, file: File | None = None) -> Json:
    """An upload, and the file it has become."""
    return {
        "id": upload.id,
        "object": "upload",
        "bytes": upload.bytes,
        "created_at": upload.created_at,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "status": upload.status,
        "expires_at": upload.expires_at,
        "file": None if file is None else file_object(file),
    }


def part_object(part: Part) -> Json:
    """A part of an upload."""
    return {
        "id": part.id,
        "object": "upload.part",
        "created_at": part.created_at,
        "upload_id": part.upload_id,
    }


def job_object(job: JobRecord) -> Json:
    """A fine-tuning job."""
    hyperparameters = dict(job.resolved or job.asked)
    return {
        "object": "fine_tuning.job",
        "id": job.id,
        "model": job.model,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "fine_tuned_model": job.fine_tuned_model,
        "organization_id": ORGANIZATION_ID,
        "result_files": list(job.result_files),
        "status": job.status,
        "validation_file": job.validation_file,
        "training_file": job.training_file,
        "hyperparameters": hyperparameters,
        "trained_tokens": job.trained_tokens,
        "error": job.error,
        "user_provided_suffix": job.suffix,
        "seed": job.seed,
        "estimated_finish": job.estimated_finish,
        "integrations": [],
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": hyperparameters},
        },
        "metadata": job.metadata,
    }


def event_object(event: EventRecord) -> Json:
    """A line of a job's event log."""
    return {
        "object": "fine_tuning.job.event",
        "id": event.id,
        "created_at": event.created_at,
        "level": event.level,
        "message": event.message,
        "type": event.type,
        "data": event.data,
    }


def checkpoint_object(checkpoint: CheckpointRecord) -> Json:
    """A checkpoint that can be asked."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": checkpoint.id,
        "created_at": checkpoint.created_at,
        "fine_tuned_model_checkpoint": checkpoint.model,
        "step_number": checkpoint.step,
        "metrics": {"step": checkpoint.step, **checkpoint.metrics},  # all finite: `training`
        "fine_tuning_job_id": checkpoint.job_id,
    }


def model_object(id: str, created: int, owner: str) -> Json:
    """A model that can be asked. None of them will be shut down."""
    return {
        "id": id,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "shutdown_date": None,
    }


def tuned_object(model: Tuned) -> Json:
    """A fine-tuned model."""
    return model_object(model.id, model.created_at, ORGANIZATION_ID)


def spelled(value: float) -> float | str:
    """A number for JSON, which knows none that are not finite: those are spelled."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
