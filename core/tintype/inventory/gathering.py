"""Asking every profile's provider what it has, at the same time, each for itself.

What is listed is kept in the store as it comes, with the moment at which each list was read to its
end. A profile that cannot be asked is a sentence there, and what was known of it stays.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from tintype import jobs
from tintype.api import SYSTEM, Api, Clock, pages
from tintype.api.retrying import A_MOMENT_S, trying_for
from tintype.errors import ApiError, NotFoundError, TintypeError
from tintype.resources import Job, RemoteFile
from tintype.store import Store
from tintype.store.inventory import Part

MOST = 10_000
"""Of files, and of jobs, at one profile; what is beyond is said to be missing from the list."""
AT_ONCE = 4
"""Profiles that are asked at the same time, and jobs of one profile whose checkpoints are."""
PROFILE_S = 180.0
"""A profile that takes longer is left: what has come by then is kept."""

PARTS: tuple[Part, ...] = ("models", "files", "jobs", "checkpoints")

Connect = Callable[[str], Awaitable[Api]]
"""Gives the connection to a profile, by its name: `connection.Connections.at`."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What has been asked so far."""

    found: int
    """Files, jobs, checkpoints and models that were listed."""
    under_way: tuple[str, ...]
    """Profiles that are still being asked."""
    troubles: Mapping[str, str]
    """By profile: why its lists could not all be read, in sentences."""


async def gather(
    profiles: Sequence[str], connect: Connect, store: Store, *, clock: Clock = SYSTEM
) -> AsyncGenerator[Gathered, None]:
    """Ask providers for files, jobs, checkpoints and models, and keep what they list.

    Leaving the generator stops asking; what has come is kept.

    Args:
        profiles: Names of those to ask.
        connect: Gives a connection to one of them; what it raises is that profile's trouble.
        store: Where everything is kept.
        clock: The time.

    Raises:
        StoreError: if the store cannot be written.
    """
    round = _Round(store, clock)
    waiting = asyncio.Semaphore(AT_ONCE)
    under_way = {
        asyncio.create_task(round.ask(name, connect, waiting)): name
        for name in dict.fromkeys(profiles)
    }
    try:
        while under_way:
            done, _ = await asyncio.wait(
                under_way, timeout=0.1, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                under_way.pop(task)
                task.result()
            yield Gathered(round.found, tuple(under_way.values()), dict(round.troubles))
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


class _Round:
    """One time that everybody is asked."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.found = 0
        self.troubles: dict[str, str] = {}
        self._looked_at: set[tuple[str, Part]] = set()
        """Lists that were read, or could not be, each by itself."""

    async def ask(self, profile: str, connect: Connect, waiting: asyncio.Semaphore) -> None:
        """Ask one profile for everything."""
        async with waiting:
            try:
                async with asyncio.timeout(PROFILE_S):
                    api = await connect(profile)
                    with trying_for(A_MOMENT_S):
                        await self._lists(api)
            except TimeoutError:
                why = f"{profile} took longer than {PROFILE_S:.0f} s; the rest was not asked for."
                self._failed(profile, why)
            except TintypeError as error:  # of the connection, or of the store
                self._failed(profile, str(error))

    def _failed(self, profile: str, why: str, *parts: Part) -> None:
        """Note why lists of a profile could not be read: some, or all that have not been."""
        self.troubles[profile] = why
        for part in parts or (part for part in PARTS if (profile, part) not in self._looked_at):
            self._store.inventory.failed(profile, part, why)

    async def _lists(self, api: Api) -> None:
        """Read the lists one after the other; one that fails leaves the others."""
        reads = self._models, self._files, self._jobs, self._checkpoints
        for part, read in zip(PARTS, reads, strict=True):
            began = self._clock.now()
            try:
                await read(api)
            except ApiError as error:
                self._failed(api.profile.name, str(error), part)
            else:
                self._store.inventory.has_read(api.profile.name, part, began)
            self._looked_at.add((api.profile.name, part))

    async def _models(self, api: Api) -> None:
        found = await api.models()
        self._store.inventory.keep(api.profile.name, found, self._clock.now())
        self.found += len(found)

    async def _files(self, api: Api) -> None:
        count = 0
        async with aclosing(pages(lambda after: api.files(after=after))) as listing:
            async for batch in listing:
                self._keep_files(api, batch)
                count += len(batch)
                _require_end(count, "files")

    def _keep_files(self, api: Api, batch: Sequence[RemoteFile]) -> None:
        self._store.inventory.keep(api.profile.name, batch, self._clock.now())
        self.found += len(batch)

    async def _jobs(self, api: Api) -> None:
        count = 0
        listing = jobs.listed(api, self._store, clock=self._clock, most=MOST + 1)
        async with aclosing(listing):
            async for batch in listing:
                count += len(batch)
                self.found += len(batch)
                _require_end(count, "jobs")

    async def _checkpoints(self, api: Api) -> None:
        """Of jobs that have ended once, of those that run each time."""
        here = api.profile.name
        read = self._store.inventory.listings()
        known = {profile_job[1] for profile_job in read if profile_job[0] == here}
        due = [
            kept.job
            for kept in self._store.jobs.newest(MOST, profile=here)
            if kept.job.status not in ("failed", "cancelled")
            and not (kept.job.ended and f"checkpoints/{kept.job.id}" in known)
        ]
        turns, errors = asyncio.Semaphore(AT_ONCE), list[TintypeError]()
        async with asyncio.TaskGroup() as group:
            for job in due:
                group.create_task(self._checkpoints_of(api, job, turns, errors))
        if errors:
            raise errors[0]

    async def _checkpoints_of(
        self, api: Api, job: Job, turns: asyncio.Semaphore, errors: list[TintypeError]
    ) -> None:
        async with turns:
            if errors:
                return
            began = self._clock.now()
            try:
                with suppress(NotFoundError):  # some providers have none
                    page = await api.job_checkpoints(job.id)
                    self._store.jobs.add_checkpoints(api.profile.name, job.id, *page.items)
                    self.found += len(page.items)
            except TintypeError as error:
                errors.append(error)
            else:
                self._store.inventory.has_read(api.profile.name, f"checkpoints/{job.id}", began)


def _require_end(count: int, what: str) -> None:
    if count > MOST:
        raise ApiError(
            f"There are more than {MOST:,} {what}; the rest is not listed.",
            advice="What was listed is kept.",
        )
