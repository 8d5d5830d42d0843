"""What the parts of a running server share."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from tintype.engines.base import Engine
from tintype.errors import RefusalError
from tintype.server.answering import Answers
from tintype.server.queue import Queue
from tintype.server.state import State
from tintype.server.vllm import Handover


@dataclass(slots=True)
class Activity:
    """When the server was last asked for anything, so that an idle one can end itself."""

    open_requests: int = 0
    last_s: float = field(default_factory=time.monotonic)

    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is open."""
        return 0.0 if self.open_requests else time.monotonic() - self.last_s


@dataclass(frozen=True, slots=True)
class ServerHandles:
    """The handles a request works with."""

    state: State
    engines: Mapping[str, Engine]
    queue: Queue
    answers: Answers
    activity: Activity = field(default_factory=Activity)
    handover: Handover | None = None
    """A vLLM server that answers for tuned open models; none: they are answered here."""
    completing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while an upload is put together: one at a time."""
    decoding: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while an image of a question is decoded."""


def provider(request: Request) -> ServerHandles:
    """The provider that answers this request."""
    found: ServerHandles = request.app.state.provider
    return found


def unknown_model(model: str) -> RefusalError:
    """404 for a model that is not there, or not any more."""
    return RefusalError(
        404,
        f"The model '{model}' does not exist or you do not have access to it.",
        param="model",
        code="model_not_found",
    )
