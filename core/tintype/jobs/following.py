"""Following a job: everything it says, once, whatever the network and the provider do.

How its event log is read without losing or doubling an event is in `watching`; here is when to ask,
and what to do about a failure.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tintype.api import SYSTEM, Api, Clock
from tintype.api.retrying import back_off, with_jitter
from tintype.errors import ApiError
from tintype.jobs.watching import JobProgress, Watch
from tintype.resources import Event
from tintype.settings import Profile
from tintype.store import KeptJob, Store


@dataclass(frozen=True, slots=True)
class Pace:
    """The rhythm of asking, in seconds."""

    fastest_s: float
    """While something happens."""
    slowest_s: float
    """When nothing has happened for long."""
    quiet_rounds: int
    """How often an ended job is asked for events that came late."""

    def after(self, wait_s: float, *, news: bool) -> float:
        """The wait that follows a wait: back to the fastest on news, else a half longer."""
        return self.fastest_s if news else min(self.slowest_s, wait_s * 1.5)


LOCAL = Pace(0.5, 5.0, 1)
REMOTE = Pace(5.0, 60.0, 2)
"""No limit on reading events is documented; the SDK's own helper asks every 5 s."""


def pace_for(profile: Profile) -> Pace:
    """Return the rhythm for a provider: one on this machine is asked often, and at no cost."""
    host = urlsplit(profile.base_url).hostname or ""
    here = host in ("localhost", "::1") or host.startswith("127.")
    return LOCAL if here or profile.dialect == "embedded" else REMOTE


LONGEST_S = 600.0
"""The longest wait after a failure, whatever the provider says: the job may have ended."""


async def follow(
    api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM, pace: Pace | None = None
) -> AsyncGenerator[JobProgress, None]:
    """Follow a job until it has ended and all its events are here.

    What the store has comes first and at once, without the network. A provider that is away, slow
    or limiting is a progress with `trouble`; following goes on by itself.

    Raises:
        ApiError: if the provider refuses (401, 403), or if it cannot be reached or does not know
            the job and the store does not know it either.
        StoreError: if the store cannot be read or written.
    """
    watch = Watch(api, store, job_id, clock)
    pace = pace or pace_for(api.profile)
    async for progress in watch.recall():
        yield progress
    wait_s, failures, quiet = pace.fastest_s, 0, 0
    while not watch.settled:
        before, answers = watch.job, watch.answers
        try:
            news = False
            async for progress in watch.look():
                news = news or bool(progress.events)
                yield progress
            failures = 0
            quiet = quiet + 1 if watch.ended and not news else 0
            if quiet >= pace.quiet_rounds:
                watch.settle()
                return
            status = before.status if before else ""
            wait_s = pace.after(wait_s, news=news or watch.status != status)
            pause_s = with_jitter(pace.fastest_s if watch.ended else wait_s)
        except ApiError as error:
            failures = 1 if watch.answers > answers else failures + 1
            pause_s = min(back_off(error, failures), LONGEST_S)
            progress = watch.trouble(error, pause_s)
            yield progress
            if progress.next_look_s is None:
                return
        await clock.sleep(pause_s)


async def look_at(
    api: Api, store: Store, job_id: str, *, clock: Clock = SYSTEM
) -> tuple[KeptJob, list[Event]]:
    """Ask once for a job and all it has said so far; what the store has is not asked for again.

    Raises:
        ApiError: if the provider refuses or cannot be reached, and the store does not know the job.
        StoreError: if the store cannot be read or written.
    """
    watch, name = Watch(api, store, job_id, clock), api.profile.name
    async for _ in watch.recall():
        pass
    if not watch.settled:
        try:
            async for _ in watch.look():
                pass
        except ApiError as error:
            watch.trouble(error, 0.0)
    kept = store.jobs.find(name, job_id)
    assert kept is not None  # it was recalled, or kept by the look
    return kept, await store.jobs.events(name, job_id)
