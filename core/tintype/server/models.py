"""Models: the bases, and what was made of them."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from tintype.errors import RefusalError
from tintype.server import clearing, weights, wire
from tintype.server.provider import provider, unknown_model
from tintype.server.records import Tuned


async def page(request: Request) -> Response:
    """`GET /models`."""
    here = provider(request)
    bases = [
        wire.model_object(name, engine.card.created, wire.OWNER)
        for name, engine in here.engines.items()
    ]
    tuned = [wire.tuned_object(model) for model in here.state.all(Tuned)]
    return wire.JsonAnswer(wire.listing(bases + tuned))


async def retrieve(request: Request) -> Response:
    """`GET /models/{id}`."""
    here, name = provider(request), request.path_params["model"]
    if name in here.engines:
        created = here.engines[name].card.created
        return wire.JsonAnswer(wire.model_object(name, created, wire.OWNER))
    return wire.JsonAnswer(wire.tuned_object(_tuned(request)))


async def delete(request: Request) -> Response:
    """`DELETE /models/{id}`: the weights go for good, the job stays."""
    here, name = provider(request), request.path_params["model"]
    if name in here.engines:
        raise RefusalError(
            403,
            f"The model '{name}' is a base model and cannot be deleted.",
            param="model",
            code="model_not_deletable",
        )
    model = _tuned(request)
    here.state.remove(model)
    here.answers.forget(name)
    if here.handover is not None:
        await here.handover.forget(name)
    for path in (here.state.folder / model.path, weights.home_of(here.state, name)):
        await asyncio.to_thread(clearing.remove, path)
    return wire.JsonAnswer(wire.deleted(name, "model"))


async def cards(request: Request) -> Response:
    """`GET /tintype/cards`: what each base can and cannot learn. Not part of OpenAI's API."""
    items = [
        {
            "object": "tintype.card",
            "model": engine.card.model,
            "title": engine.card.title,
            "created": engine.card.created,
            "learns": list(engine.card.learns),
            "cannot": list(engine.card.cannot),
            "context_tokens": engine.card.context_tokens,
        }
        for engine in provider(request).engines.values()
    ]
    return wire.JsonAnswer(wire.listing(items))


def _tuned(request: Request) -> Tuned:
    name = request.path_params["model"]
    model = provider(request).state.find(Tuned, name)
    if model is None:
        raise unknown_model(name)
    return model
