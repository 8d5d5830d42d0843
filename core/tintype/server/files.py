"""Files: uploaded, listed, read, deleted.

A file for training is looked at as it arrives: every line must begin like a JSON object. The rest
is judged when a job wants it, as at OpenAI.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from tintype.errors import RefusalError
from tintype.server import storage, wire
from tintype.server.fields import Fields, bounded
from tintype.server.forms import received
from tintype.server.provider import provider
from tintype.server.reading import query, query_choice, query_limit
from tintype.server.records import FILES_BY_PURPOSE, File

FILE_BYTES = 512 * 1024 * 1024
PAGE = 10_000
KEEP_S = (3600, 2_592_000)
"""How short and how long a file may be asked to live."""


async def create(request: Request) -> Response:
    """`POST /files`."""
    state = provider(request).state
    async with received(
        request, state.incoming_path(), file_field="file", limit_bytes=FILE_BYTES
    ) as form:
        form.fields.only("purpose", "expires_after")
        purpose = form.fields.text("purpose", choices=FILES_BY_PURPOSE)
        keep_s = keep(form.fields)
        if purpose == "fine-tune":
            await asyncio.to_thread(storage.refuse_other_than_json_lines, form.file.path)
        file = storage.admit(state, form.file.path, form.file.filename, purpose, keep_s)
    return wire.JsonAnswer(wire.file_object(file))


async def page(request: Request) -> Response:
    """`GET /files`."""
    state = provider(request).state
    parameters = query(request, "purpose", "limit", "order", "after")
    limit = query_limit(parameters, PAGE, PAGE)
    order = query_choice(parameters, "order", ("desc", "asc"))
    storage.remove_expired(state)
    where = {"purpose": parameters["purpose"]} if "purpose" in parameters else {}
    files, more = state.page(
        File,
        limit=limit,
        after=parameters.get("after"),
        newest_first=order == "desc",
        match=lambda file: not file.deleted,
        **where,
    )
    items = [wire.file_object(file) for file in files]
    return wire.JsonAnswer(wire.bounded_listing(items, has_more=more, empty=""))


async def retrieve(request: Request) -> Response:
    """`GET /files/{id}`."""
    return wire.JsonAnswer(wire.file_object(_named(request)))


async def content(request: Request) -> Response:
    """`GET /files/{id}/content`."""
    file = _named(request)
    path = provider(request).state.file_path(file.id)
    if not path.exists():
        raise RefusalError(500, f"The content of '{file.id}' is lost.", type="server_error")
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=file.filename,
        content_disposition_type="attachment",
    )


async def delete(request: Request) -> Response:
    """`DELETE /files/{id}`."""
    file = _named(request)
    storage.remove(provider(request).state, file)
    return wire.JsonAnswer(wire.deleted(file.id, "file"))


def keep(fields: Fields) -> int | None:
    """How long a file is to live, if the request says so.

    Raises:
        RefusalError: 400 if it says it wrongly.
    """
    if not fields.given("expires_after"):
        return None
    policy = fields.inner("expires_after")
    policy.only("anchor", "seconds")
    policy.text("anchor", choices=("created_at",))
    seconds = policy.required("seconds")
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 20:
        return bounded(int(seconds), policy.at("seconds"), *KEEP_S)  # from a form: all is text
    return policy.integer("seconds", minimum=KEEP_S[0], maximum=KEEP_S[1])


def _named(request: Request) -> File:
    id = request.path_params["file_id"]
    file = storage.find(provider(request).state, id)
    if file is None:
        raise RefusalError(404, f"No such File object: {id}", param="id")
    return file
