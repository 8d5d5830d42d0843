"""Fine-tuning jobs: created, listed, watched, stopped."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tintype.engines.base import Engine
from tintype.errors import EngineError, HyperparameterError, RefusalError
from tintype.resources import Hyperparameters
from tintype.server import job_events, storage, wire
from tintype.server.fields import Fields, bounded, metadata, refuse
from tintype.server.provider import ServerHandles, provider
from tintype.server.reading import (
    has_metadata,
    json_body,
    query,
    query_choice,
    query_limit,
    refuse_metadata_filter,
)
from tintype.server.records import CheckpointRecord, EventRecord, JobRecord, Tuned
from tintype.server.state import now

PAGE, CHECKPOINTS_PAGE, LARGEST_PAGE = 20, 10, 1000
SUFFIX_CHARS = 64
LARGEST_SEED = 2**31 - 1
_LIMITS: Mapping[str, tuple[float, float | None]] = {
    "n_epochs": (1, 50),
    "batch_size": (1, 256),
    "learning_rate_multiplier": (0, None),
}


async def create(request: Request) -> Response:
    """`POST /fine_tuning/jobs`."""
    here = provider(request)
    job = _ordered(await json_body(request), here)
    with here.state.transaction():
        here.state.add(job)
        for words in (job_events.created(job), job_events.validating(job)):
            here.state.add(job_events.event(job.id, job.created_at, words))
    here.queue.poke()
    return wire.JsonAnswer(wire.job_object(job))


async def page(request: Request) -> Response:
    """`GET /fine_tuning/jobs`."""
    parameters = query(request, "after", "limit", "metadata")
    refuse_metadata_filter(parameters)
    jobs, more = provider(request).state.page(
        JobRecord,
        limit=_limit(parameters, PAGE),
        after=parameters.get("after"),
        match=lambda job: has_metadata(job.metadata, parameters),
    )
    return wire.JsonAnswer(wire.listing([wire.job_object(job) for job in jobs], has_more=more))


async def retrieve(request: Request) -> Response:
    """`GET /fine_tuning/jobs/{id}`."""
    return wire.JsonAnswer(wire.job_object(_named(request)))


async def cancel(request: Request) -> Response:
    """`POST /fine_tuning/jobs/{id}/cancel`."""
    job = _named(request)
    if job.ended:
        _refuse_state(job, "cancelled", "a job that has not ended")
    job = await provider(request).queue.stop(job, "cancel")
    return wire.JsonAnswer(wire.job_object(job))


async def pause(request: Request) -> Response:
    """`POST /fine_tuning/jobs/{id}/pause`."""
    job = _named(request)
    if job.status not in ("validating_files", "queued", "running"):
        _refuse_state(job, "paused", "a job that is validated, queued or running")
    job = await provider(request).queue.stop(job, "pause")
    return wire.JsonAnswer(wire.job_object(job))


async def resume(request: Request) -> Response:
    """`POST /fine_tuning/jobs/{id}/resume`."""
    job = _named(request)
    if job.status != "paused":
        _refuse_state(job, "resumed", "a paused job")
    return wire.JsonAnswer(wire.job_object(provider(request).queue.resume(job)))


async def events(request: Request) -> Response:
    """`GET /fine_tuning/jobs/{id}/events`: newest first."""
    parameters = query(request, "after", "limit")
    found, more = provider(request).state.page(
        EventRecord,
        limit=_limit(parameters, PAGE),
        after=parameters.get("after"),
        job_id=_named(request).id,
    )
    return wire.JsonAnswer(wire.listing([wire.event_object(one) for one in found], has_more=more))


async def checkpoints(request: Request) -> Response:
    """`GET /fine_tuning/jobs/{id}/checkpoints`: newest first, each as soon as it can be asked."""
    parameters = query(request, "after", "limit")
    found, more = provider(request).state.page(
        CheckpointRecord,
        limit=_limit(parameters, CHECKPOINTS_PAGE),
        after=parameters.get("after"),
        match=lambda checkpoint: checkpoint.model is not None,
        job_id=_named(request).id,
    )
    items = [wire.checkpoint_object(one) for one in found]
    return wire.JsonAnswer(wire.bounded_listing(items, has_more=more, empty=None))


async def permissions(request: Request) -> Response:
    """`GET /fine_tuning/checkpoints/{model}/permissions`: there is one project, so none."""
    parameters = query(request, "project_id", "after", "limit", "order")
    _limit(parameters, CHECKPOINTS_PAGE)
    query_choice(parameters, "order", ("descending", "ascending"))
    _checkpoint_model(request)
    return wire.JsonAnswer(wire.bounded_listing([], has_more=False, empty=None))


async def permit(request: Request) -> Response:
    """`POST …/permissions`, which asks for an administrator's key, and there is none."""
    _checkpoint_model(request)
    raise RefusalError(
        403,
        "Checkpoints cannot be shared: this server has one project.",
        code="insufficient_permissions",
    )


async def forbid(request: Request) -> Response:
    """`DELETE …/permissions/{id}`."""
    _checkpoint_model(request)
    raise RefusalError(404, f"No such permission: {request.path_params['permission_id']}")


def _checkpoint_model(request: Request) -> None:
    name = request.path_params["checkpoint"]
    if provider(request).state.find(Tuned, name) is None:
        raise RefusalError(404, f"No such checkpoint: {name}", code="checkpoint_not_found")


def _ordered(fields: Fields, here: ServerHandles) -> JobRecord:
    """The job that a request asks for, or a refusal."""
    fields.only(
        "model",
        "training_file",
        "validation_file",
        "hyperparameters",
        "suffix",
        "integrations",
        "seed",
        "method",
        "metadata",
    )
    model = fields.text("model")
    if model not in here.engines:
        refuse(
            f"Model {model[:200]} is not available for fine-tuning or does not exist.",
            param="model",
            code="model_not_available",
        )
    if fields.given("integrations") and fields.array("integrations"):
        refuse(
            "This server has no integrations.", param="integrations", code="unsupported_parameter"
        )
    asked = _hyperparameters(fields, here.engines[model])
    given = fields.given
    return JobRecord(
        id=wire.new_id("ftjob-"),
        created_at=now(),
        model=model,
        asked=asked,
        suffix=(
            fields.text("suffix", minimum=1, maximum=SUFFIX_CHARS) if given("suffix") else None
        ),
        seed=(
            fields.integer("seed", minimum=0, maximum=LARGEST_SEED)
            if given("seed")
            else secrets.randbelow(LARGEST_SEED + 1)
        ),
        metadata=metadata(fields),
        training_file=_file(fields, "training_file", here),
        validation_file=_file(fields, "validation_file", here)
        if given("validation_file")
        else None,
    )


def _file(fields: Fields, name: str, here: ServerHandles) -> str:
    id = fields.text(name)
    file = storage.find(here.state, id)
    if file is None:
        raise RefusalError(
            404,
            f"Cannot find file {id[:200]} or project does not have access to it",
            param=name,
            code="file_not_found",
        )
    if file.purpose != "fine-tune":
        refuse(
            f"The file {id} has the purpose '{file.purpose}', but must have 'fine-tune'.",
            param=name,
            code="invalid_file_purpose",
        )
    return id


def _hyperparameters(fields: Fields, engine: Engine) -> dict[str, Any]:
    """What is asked for, and what the engine agrees to."""
    known = engine.card.hyperparameters
    found: dict[str, Any] = dict.fromkeys((*_LIMITS, *known), "auto") | _asked(fields, known)
    try:
        getattr(engine, "require", lambda: None)()
        engine.resolve(1, Hyperparameters.of(found))
    except HyperparameterError as error:
        place = "method.supervised.hyperparameters" if fields.has("method") else "hyperparameters"
        refuse(str(error), param=f"{place}.{error.name}", code="invalid_value")
    except EngineError as error:
        refuse(str(error), param="model", code="model_not_available")
    return found


def _asked(fields: Fields, known: Collection[str]) -> dict[str, Any]:
    """What a request says; `method` goes before the older top-level object."""
    found: dict[str, Any] = {}
    if fields.has("hyperparameters"):
        found |= _numbers(fields.inner("hyperparameters"), known)
    if not fields.has("method"):
        return found
    method = fields.inner("method")
    method.only("type", "supervised", "dpo", "reinforcement")
    kind = method.text("type", choices=("supervised", "dpo", "reinforcement"))
    if kind != "supervised":
        refuse(
            f"The method '{kind}' is not available for this model; 'supervised' is.",
            param="method",
            code="method_not_available",
        )
    if method.has("supervised"):
        supervised = method.inner("supervised")
        supervised.only("hyperparameters")
        if supervised.has("hyperparameters"):
            found |= _numbers(supervised.inner("hyperparameters"), known)
    return found


def _numbers(fields: Fields, known: Collection[str]) -> dict[str, Any]:
    fields.only(*_LIMITS, *known)
    found: dict[str, Any] = {name: fields.values[name] for name in filter(fields.has, known)}
    for name in filter(fields.has, _LIMITS):
        minimum, maximum = _LIMITS[name]
        if fields.values[name] == "auto":
            found[name] = "auto"
        elif name != "learning_rate_multiplier":
            found[name] = int(bounded(fields.integer(name), fields.at(name), minimum, maximum))
        elif fields.number(name, minimum=minimum) == 0:
            refuse(
                f"Invalid '{fields.at(name)}': it must be greater than 0.",
                param=fields.at(name),
                code="decimal_below_min_value",
            )
        else:
            found[name] = fields.number(name)
    return found


def _limit(parameters: Mapping[str, str], default: int) -> int:
    """Pages have no documented limit; a larger one than ours is cut to it."""
    return min(query_limit(parameters, default), LARGEST_PAGE)


def _named(request: Request) -> JobRecord:
    id = request.path_params["job_id"]
    job = provider(request).state.find(JobRecord, id)
    if job is None:
        raise RefusalError(
            404,
            f"Could not find fine tune: {id}",
            param="fine_tune_id",
            code="fine_tune_not_found",
        )
    return job


def _refuse_state(job: JobRecord, verb: str, wanted: str) -> None:
    refuse(
        f"The job {job.id} is {job.status} and cannot be {verb}: that takes {wanted}.",
        param="fine_tuning_job_id",
        code="invalid_job_state",
    )
