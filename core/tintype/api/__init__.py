"""The wire protocol, spoken to any provider.

`connect` gives an `Api`; `base` says what it can be asked, `endpoints` is the driver and `wire`
the requests below it. These two are imported in a thread on the first connection: a tenth of a
second that would otherwise come before the app's first frame.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.api.base import (
    SYSTEM,
    Api,
    ChatPiece,
    ChatRequest,
    Clock,
    Patience,
    Sent,
    Upload,
    Usage,
    pages,
    unheard,
)
from tintype.api.redaction import one_line, redact
from tintype.errors import AuthenticationError, UnreachableError
from tintype.settings import Profile, Secret

if TYPE_CHECKING:
    from tintype.api.endpoints import OpenAIApi

__all__ = [
    "SYSTEM",
    "Api",
    "ChatPiece",
    "ChatRequest",
    "Clock",
    "Patience",
    "Sent",
    "Upload",
    "Usage",
    "connect",
    "one_line",
    "pages",
    "redact",
    "unheard",
]


@asynccontextmanager
async def connect(
    profile: Profile,
    key: Secret,
    base_url: str | None = None,
    *,
    read_only: bool = False,
    patience: Patience | None = None,
    clock: Clock = SYSTEM,
    notify: Callable[[str], None] = lambda words: None,
    revive: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[Api]:
    """Connect to a provider; nothing is sent before the first call.

    `base_url` is for the embedded provider, whose address is known only once it runs. `notify` is
    told, in a sentence, why a request waits, for how long, and how long it will be tried. `revive`
    starts a server again where nobody listens any more, and says whether one runs now.

    Raises:
        AuthenticationError: if OpenAI is to be asked without a key.
        UnreachableError: if no address is known.
        SettingsError: if the proxy or certificate settings cannot be used.
    """
    address = (base_url or profile.base_url).rstrip("/")
    if not address:
        raise UnreachableError(
            f"{profile.title} is not running.", advice="Start it with `tintype serve`."
        )
    if profile.dialect == "openai" and not key:
        raise AuthenticationError(
            f"There is no key for profile {profile.name}.",
            advice=f"Set {profile.key_env}, or save one with `tintype config key {profile.name}`.",
        )

    def opened() -> "OpenAIApi":
        from tintype.api.endpoints import OpenAIApi
        from tintype.api.wire import Wire

        return OpenAIApi(
            Wire(
                profile,
                key,
                address,
                patience=patience or _usual(profile),
                clock=clock,
                read_only=read_only,
                notify=notify,
                revive=revive,
            )
        )

    api = await asyncio.to_thread(opened)  # imports, and some 50 ms of certificates
    try:
        yield api
    finally:
        await api.aclose()


def _usual(profile: Profile) -> Patience:
    """Return how long to wait for a provider where nothing else is said."""
    usual, signs_s = Patience(), profile.timeout_s
    if signs_s is None:
        return usual
    whole_s = max(usual.whole_answer_s, signs_s)
    return replace(usual, answer_s=signs_s, stream_s=signs_s, whole_answer_s=whole_s)
