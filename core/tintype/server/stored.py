"""Stored completions: asked for with `store`, then listed, read, labelled and deleted.

The database knows which there are; what was asked and answered lies in `completions/`, a file each,
because a question with images may have megabytes.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tintype.errors import RefusalError
from tintype.server import wire
from tintype.server.fields import metadata
from tintype.server.provider import provider
from tintype.server.reading import (
    has_metadata,
    json_body,
    query,
    query_choice,
    query_limit,
    refuse_metadata_filter,
)
from tintype.server.records import Completion
from tintype.server.state import State

PAGE, LARGEST_PAGE = 20, 100


async def keep(
    state: State,
    completion: wire.Json,
    messages: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str] | None,
) -> None:
    """Store a completion with its question."""
    record = Completion(completion["id"], completion["created"], completion["model"], labels)
    text = json.dumps({"completion": completion, "messages": messages})
    await asyncio.to_thread(state.completion_path(record.id).write_text, text)
    state.add(record)


async def page(request: Request) -> Response:
    """`GET /chat/completions`: the stored ones."""
    parameters = query(request, "model", "metadata", "after", "limit", "order")
    limit = query_limit(parameters, PAGE, LARGEST_PAGE)
    refuse_metadata_filter(parameters)
    order = query_choice(parameters, "order", ("asc", "desc"))
    state, model = provider(request).state, parameters.get("model")
    found, more = state.page(
        Completion,
        limit=limit,
        after=parameters.get("after"),
        newest_first=order == "desc",
        match=lambda one: model in (None, one.model) and has_metadata(one.metadata, parameters),
    )
    items = [await _object(state, one) for one in found]
    return wire.JsonAnswer(wire.bounded_listing(items, has_more=more, empty=""))


async def retrieve(request: Request) -> Response:
    """`GET /chat/completions/{id}`."""
    return wire.JsonAnswer(await _object(provider(request).state, _named(request)))


async def update(request: Request) -> Response:
    """`POST /chat/completions/{id}`: other metadata."""
    fields = await json_body(request)
    fields.only("metadata")
    fields.required("metadata")
    state = provider(request).state
    changed = state.change(_named(request), metadata=metadata(fields))
    return wire.JsonAnswer(await _object(state, changed))


async def delete(request: Request) -> Response:
    """`DELETE /chat/completions/{id}`."""
    state, record = provider(request).state, _named(request)
    state.remove(record)
    await asyncio.to_thread(state.completion_path(record.id).unlink, missing_ok=True)
    return wire.JsonAnswer(wire.deleted(record.id, "chat.completion.deleted"))


async def messages(request: Request) -> Response:
    """`GET /chat/completions/{id}/messages`: what was asked, images included."""
    parameters = query(request, "after", "limit", "order")
    limit = query_limit(parameters, PAGE, LARGEST_PAGE)
    order = query_choice(parameters, "order", ("asc", "desc"))
    record = _named(request)
    kept = await _read(provider(request).state, record)
    items = [_message(record.id, at, one) for at, one in enumerate(kept["messages"])]
    if order == "desc":
        items.reverse()
    after = parameters.get("after")
    if after is not None:
        ids = [item["id"] for item in items]
        if after not in ids:
            raise RefusalError(404, f"There is no '{after[:100]}' in this list.", param="after")
        items = items[ids.index(after) + 1 :]
    return wire.JsonAnswer(
        wire.bounded_listing(items[:limit], has_more=len(items) > limit, empty="")
    )


def _message(id: str, at: int, message: Mapping[str, Any]) -> wire.Json:
    content = message.get("content")
    parts = content if isinstance(content, list) else None
    text = content if isinstance(content, str) else None
    return {**message, "id": f"{id}-{at}", "content": text, "content_parts": parts}


async def _object(state: State, record: Completion) -> wire.Json:
    kept = await _read(state, record)
    return {**kept["completion"], "metadata": record.metadata}


async def _read(state: State, record: Completion) -> wire.Json:
    text = await asyncio.to_thread(state.completion_path(record.id).read_text)
    found: wire.Json = json.loads(text)
    return found


def _named(request: Request) -> Completion:
    id = request.path_params["completion_id"]
    record = provider(request).state.find(Completion, id)
    if record is None:
        raise RefusalError(
            404,
            f"Chat completion {id[:200]} not found. It is stored only if its request said "
            "'store': true.",
            param="completion_id",
            code="not_found",
        )
    return record
