"""The application: which request goes where, and which error becomes which answer."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tintype import __version__
from tintype.errors import RefusalError, TintypeError
from tintype.server import chat, files, jobs, models, stored, uploads, weights, wire
from tintype.server.provider import provider
from tintype.server.storage import is_full

Handler = Callable[[Request], Awaitable[Response]]

_log = logging.getLogger("tintype.server")
_GAVE_UP = 499
"""The client went away; nobody reads this."""


async def status(request: Request) -> Response:
    """`GET /tintype/status`: that the server is there. Not part of OpenAI's API."""
    import os

    here = provider(request)
    return wire.JsonAnswer(
        {
            "object": "tintype.status",
            "version": __version__,
            "pid": os.getpid(),
            "busy": here.queue.busy,
        }
    )


_ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/v1/files": {"GET": files.page, "POST": files.create},
    "/v1/files/{file_id}": {"GET": files.retrieve, "DELETE": files.delete},
    "/v1/files/{file_id}/content": {"GET": files.content},
    "/v1/uploads": {"POST": uploads.create},
    "/v1/uploads/{upload_id}/parts": {"POST": uploads.add_part},
    "/v1/uploads/{upload_id}/complete": {"POST": uploads.complete},
    "/v1/uploads/{upload_id}/cancel": {"POST": uploads.cancel},
    "/v1/fine_tuning/jobs": {"GET": jobs.page, "POST": jobs.create},
    "/v1/fine_tuning/jobs/{job_id}": {"GET": jobs.retrieve},
    "/v1/fine_tuning/jobs/{job_id}/cancel": {"POST": jobs.cancel},
    "/v1/fine_tuning/jobs/{job_id}/pause": {"POST": jobs.pause},
    "/v1/fine_tuning/jobs/{job_id}/resume": {"POST": jobs.resume},
    "/v1/fine_tuning/jobs/{job_id}/events": {"GET": jobs.events},
    "/v1/fine_tuning/jobs/{job_id}/checkpoints": {"GET": jobs.checkpoints},
    "/v1/fine_tuning/checkpoints/{checkpoint}/permissions": {
        "GET": jobs.permissions,
        "POST": jobs.permit,
    },
    "/v1/fine_tuning/checkpoints/{checkpoint}/permissions/{permission_id}": {"DELETE": jobs.forbid},
    "/v1/models": {"GET": models.page},
    "/v1/models/{model}": {"GET": models.retrieve, "DELETE": models.delete},
    "/v1/models/{model}/weights": {"GET": weights.retrieve, "POST": weights.add},
    "/v1/models/{model}/weights/{name}": {"GET": weights.content},
    "/v1/chat/completions": {"GET": stored.page, "POST": chat.complete},
    "/v1/chat/completions/{completion_id}": {
        "GET": stored.retrieve,
        "POST": stored.update,
        "DELETE": stored.delete,
    },
    "/v1/chat/completions/{completion_id}/messages": {"GET": stored.messages},
    "/tintype/cards": {"GET": models.cards},
    "/tintype/status": {"GET": status},
}
"""One route per path, so that 405 can name every method there is."""


def create_app() -> Starlette:
    """Make the application; its `state.provider` is still to be set."""
    app = Starlette(
        routes=[Route(path, _by_method(by), methods=list(by)) for path, by in _ROUTES.items()],
        exception_handlers={
            RefusalError: _refused,
            TintypeError: _failed,
            HTTPException: _unrouted,
            ClientDisconnect: _gave_up,
            OSError: _troubled,
            sqlite3.Error: _troubled,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return app


def _by_method(handlers: Mapping[str, Handler]) -> Handler:
    async def dispatch(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return dispatch


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return wire.refusal(error)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, TintypeError)
    _log.error("%s failed: %s", request.url.path, error)
    return wire.refusal(wire.failure(error))


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        message = f"Not allowed to {request.method} on {request.url.path}."
    else:
        message = f"Invalid URL ({request.method} {request.url.path})"
    code = "method_not_allowed" if error.status_code == 405 else None
    refusal = RefusalError(error.status_code, message, code=code)
    return wire.refusal(refusal, headers=error.headers)


async def _gave_up(request: Request, error: Exception) -> Response:
    return Response(status_code=_GAVE_UP)


async def _troubled(request: Request, error: Exception) -> Response:
    """The disk or the database does not do what it should: say so, and not to try again at once."""
    _log.error("%s failed.", request.url.path, exc_info=error)
    full = is_full(error)
    words = "has no space left" if full else "cannot read or write its files"
    refusal = RefusalError(
        507 if full else 500, f"The server {words}: {error}.", type="server_error", code="storage"
    )
    return wire.refusal(refusal, headers={"x-should-retry": "false"})


async def _broken(request: Request, error: Exception) -> Response:
    id = request.scope.get("state", {}).get("request_id", "")
    _log.error("Request %s failed because of a bug.", id)
    return wire.refusal(
        RefusalError(
            500,
            "The server had an error while processing your request. Its log says more, under "
            f"{id}.",
            type="server_error",
            code="server_error",
        )
    )
