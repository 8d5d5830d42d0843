"""What all panes work with: settings, the profile in use, the store and the provider.

Made once by the app. The store is opened when it is first needed, the provider connected when it is
first needed for each profile; both are closed when the app ends.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.reactive import var

from tintype.errors import TintypeError
from tintype.loop import LoopState
from tintype.settings import Settings
from tintype_tui.evaluating import Evaluating
from tintype_tui.held_keys import HoldingApp
from tintype_tui.seat import SESSION, Seat, take_seat
from tintype_tui.tasks import Tasks

if TYPE_CHECKING:
    from tintype.api import Api
    from tintype.assessment import Assessment
    from tintype.server.run import Running
    from tintype.store import Store

GOODBYE_S = 2.0
"""How long the server may take to say whether it is idle: the person waits for the shell."""

LASTING_S = 150.0
"""How long after its last mention a cause counts as the same trouble; longer than any retry."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was shown."""

    at: datetime
    severity: str
    words: str


class Session:
    """Settings, profile, store and provider of one run of the app, which closes it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.profile = settings.profile
        self._opening = asyncio.Lock()
        """The store; a server that starts takes seconds, and keeps nobody from it."""
        self._connecting = asyncio.Lock()
        self._kept = AsyncExitStack()
        self._connection = AsyncExitStack()
        self._store: Store | None = None
        self._api: Api | None = None
        self._starting: asyncio.Future[Running] | None = None
        self._started: Running | None = None
        self.seat = Seat(1, {})
        """Whose notes are this session's own, once the store is open."""
        self._stands: dict[str, Any] = {}
        self._noting: asyncio.Future[None] | None = None
        self.said: deque[Said] = deque(maxlen=500)
        """The messages so far, oldest first."""
        self.tasks = Tasks()
        self._causes: dict[str, float] = {}
        """Why something failed, and when that was met last, in seconds."""
        self.warn: Callable[[str], None] = lambda words: None
        """Shows what concerns no pane in particular; set by the app."""

    async def store(self) -> "Store":
        """The local store.

        Raises:
            StoreError: if it cannot be opened.
        """
        async with self._opening:
            if self._store is None:
                from tintype.store import open_store

                opened = open_store(self.settings.folders.store_file)
                self._store = await self._kept.enter_async_context(opened)
                self.seat = take_seat(self.settings.folders.state / "sessions", self._store)
                self._kept.callback(self.seat.leave)
            return self._store

    async def provider(self) -> "Api":
        """The provider of the profile in use; the embedded server is started if it must be.

        Raises:
            AuthenticationError: if there is no key.
            StoreError: if the embedded server does not start.
        """
        from tintype.connection import connected

        async with self._connecting:
            if self.profile.dialect == "embedded":
                await self._have_server()
            if self._api is None:
                opened = connected(self.settings, self.profile, self.say_wait)
                self._api = await self._connection.enter_async_context(opened)
                # What has been imported by now stays: a full collection would stop the app each
                # time, looking at it in vain.
                gc.freeze()
            return self._api

    async def connection(self, profile_name: str, lasting: AsyncExitStack) -> "Api":
        """A connection of its own to a profile's provider, for as long as `lasting`.

        Raises:
            SettingsError: if there is no such profile.
            AuthenticationError: if there is no key.
            StoreError: if the embedded server does not start.
        """
        from tintype.connection import chosen, connected

        profile = chosen(self.settings, profile_name)
        if profile.dialect == "embedded":
            async with self._connecting:
                await self._have_server()
        opened = connected(self.settings, profile, self.say_wait)
        return await lasting.enter_async_context(opened)

    async def _have_server(self) -> None:
        """Start the embedded server unless it runs; who stops waiting does not stop the start."""
        from tintype.connection import found, running

        if self._starting is None or self._starting.done():
            if found(self.settings) is not None:  # started again, it keeps its address
                return
            self._starting = asyncio.ensure_future(running(self.settings))
            self._starting.add_done_callback(self._have_started)
        await asyncio.shield(self._starting)

    def _have_started(self, starting: "asyncio.Future[Running]") -> None:
        if not starting.cancelled() and starting.exception() is None:
            self._started = starting.result()

    def say(self, words: str) -> None:
        """Say what concerns no pane in particular, and note it."""
        self.said.append(Said(datetime.now(UTC), "warning", words))
        self.warn(words)

    def say_wait(self, words: str) -> None:
        """Say why a request waits: of one cause once, and the other times in the messages only."""
        if self.is_news(words):
            self.say(words)
        else:
            self.said.append(Said(datetime.now(UTC), "warning", words))

    def is_news(self, words: str) -> bool:
        """Whether a failure is of another cause than those of late."""
        why, now = words.partition(" Trying again in ")[0], time.monotonic()
        cause = why.partition(": ")[2] if why.startswith("Could not ") else why
        cause = cause.partition(". ")[0].rstrip(".")  # without the advice
        news = now - self._causes.get(cause, -LASTING_S) >= LASTING_S
        self._causes[cause] = now
        return news

    def forget_causes(self) -> None:
        """Say again what was said: the person asks for it, or another provider is asked."""
        self._causes.clear()

    async def use(self, profile_name: str) -> None:
        """Work with another provider from now on."""
        async with self._connecting:
            await self._connection.aclose()
            self._api = None
            self.forget_causes()
            self.profile = self.settings.profiles[profile_name]

    def keep(self, state: LoopState, **more: Any) -> None:
        """Note how the session stands, for the next; as cut off, until it ends by itself.

        `more` is plain JSON: the `pane`, and what `panes` want to find again.
        """
        if self._has_changed(state, more):
            self._note()

    def keep_apart(self, state: LoopState, **more: Any) -> None:
        """Note it in a thread, unless one does: another process may hold the store for a while."""
        if (self._noting is None or self._noting.done()) and self._has_changed(state, more):
            self._noting = asyncio.get_running_loop().run_in_executor(None, self._note)

    def _has_changed(self, state: LoopState, more: dict[str, Any]) -> bool:
        before = self._stands
        stands = {**before, "cut": True, **state.kept(self.profile.name), **more}
        if self._store is None or stands == before:
            return False
        self._stands = stands
        return True

    def _note(self) -> None:
        now = datetime.now(UTC)
        if self._store is not None:
            with suppress(TintypeError):
                name = self.seat.named(SESSION)
                self._store.notes.write(name, {**self._stands, "at": now.timestamp()}, now)

    async def left_of(self, pane: str) -> dict[str, Any]:
        """What the session before left of a pane (its class): the first time, later nothing.

        Raises:
            StoreError: if the store cannot be opened.
        """
        await self.store()
        panes = self.seat.left.get("panes")
        left = panes.pop(pane, None) if isinstance(panes, dict) else None
        return left if isinstance(left, dict) else {}

    async def leave(self, state: LoopState, *, cut: bool) -> None:
        """Keep what has been chosen, stop a server that has nothing to do, close the rest."""
        if self._noting is not None:
            await self._noting
        self.keep(state, cut=cut)
        if self._starting is not None:
            self._starting.cancel()
        if self._started is not None and await self._is_idle():
            from tintype.server.run import stop

            with suppress(TintypeError):
                await stop(self._started)
        await self._connection.aclose()
        await self._kept.aclose()

    async def _is_idle(self) -> bool:
        """Whether the embedded server that was started here has no job under way."""
        if self._api is None or self.profile.dialect != "embedded":
            return False
        try:
            async with asyncio.timeout(GOODBYE_S):
                page = await self._api.jobs(limit=100)
        except (TintypeError, TimeoutError):
            return False
        return all(job.ended for job in page.items)


@runtime_checkable
class LeavesBehind(Protocol):
    """A pane that has something to find again when its session is taken up."""

    def left_behind(self) -> dict[str, Any]:
        """What that is, as plain JSON: see `Session.left_of`."""
        ...


class SessionApp(HoldingApp[int]):
    """An app with a session, as its panes know it."""

    session: Session

    loop_state: var[LoopState] = var(LoopState())
    assessment: var["Assessment | None"] = var(None)
    """What has been found in the current dataset; none until something is known of it as it is."""
    check_trouble: var[str] = var("")
    """Why the current dataset could not be read; empty if it could, or has not been tried."""
    profile_name: var[str] = var("")
    evaluating: var[Evaluating | None] = var(None)
    """The evaluation of this session, while it runs and after."""
    busy: var[int] = var(0)
    """How much has been under way for longer than a moment."""
    deadline: var[str] = var("")
    """What will be lost soon, in a sentence; empty if nothing will."""
