"""What is known of one job while it is watched, and how its event log is read without a gap.

A provider lists events newest first in pages, while new ones come in. A *sweep* reads pages until
it meets what an earlier sweep has read to the end; only then are its own events known to have no
gap below them. A sweep that breaks off goes on at its cursor, or is done again from the top by the
next run of the program. Pages may overlap, repeat or come shuffled: an event is known by its id.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from tintype.api import Api, Clock, one_line
from tintype.api.retrying import ONE_MORE_S, may_pass, trying_for
from tintype.errors import ApiError, NotFoundError, RateLimitError, UnreachableError
from tintype.jobs.billing import settle
from tintype.metrics import Metrics, fold
from tintype.resources import STATES, Checkpoint, Event, Job, Page
from tintype.store import Ranked, Store

T = TypeVar("T")

_PAGE = 100
_PAGES = 2_000
"""The most pages of one sweep: 200,000 events."""
BATCH = 1_000
_BATCH_S = 0.1


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job as it stands, and what is new since the last progress."""

    job: Job
    events: tuple[Event, ...]
    """New ones, oldest first. While a long event log is read for the first time, later batches are
    older than earlier ones."""
    metrics: Metrics
    """All so far."""
    checkpoints: tuple[Checkpoint, ...]
    """All so far, by step."""
    fresh_at: datetime | None
    """When the provider last told; none if it has not yet in this run."""
    trouble: str = ""
    """Why nothing newer is known, in a sentence; empty if all is well."""
    next_look_s: float | None = None
    """In trouble: seconds until the provider is asked again; none if it is not."""


@dataclass(slots=True)
class _Sweep:
    """One reading of the list of events, from its top down."""

    number: int
    after: str | None = None
    cursors: set[str] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)
    """Ids, and when they were in Unix seconds."""
    read: int = 0
    rising: bool = False
    """Whether the list turned out to begin with the oldest."""
    pages: int = 0


class Watch:
    """What is known of one job while it is followed."""

    def __init__(self, api: Api, store: Store, job_id: str, clock: Clock) -> None:
        self._api, self._store, self._id, self._clock = api, store, job_id, clock
        self._profile = api.profile.name
        self.job: Job | None = None
        self.settled = False
        self._metrics = Metrics()
        self._checkpoints: tuple[Checkpoint, ...] = ()
        self._fresh_at: datetime | None = None
        self._known: set[str] = set()
        self._complete: dict[str, float] = {}
        self._latest: set[str] = set()
        self._latest_at = 0.0
        self._sweep: _Sweep | None = None
        self._untold: list[Ranked] = []
        self._looked = self._half_way = False
        self._checkpoints_due = True
        self.answers = 0
        """How many requests have been answered."""
        self._note = ""

    @property
    def ended(self) -> bool:
        """Whether the job was last seen ended."""
        return self.job is not None and self.job.ended

    @property
    def status(self) -> str:
        """Its state as last seen; empty before that."""
        return self.job.status if self.job else ""

    def progress(
        self,
        events: Sequence[Event] = (),
        *,
        trouble: str = "",
        next_look_s: float | None = None,
    ) -> JobProgress:
        """Say how the job stands, and what is new."""
        assert self.job is not None
        return JobProgress(
            self.job,
            tuple(events),
            self._metrics,
            self._checkpoints,
            self._fresh_at,
            trouble or self._note or self._odd_state(),
            next_look_s,
        )

    def _odd_state(self) -> str:
        if self.status in STATES:
            return ""
        named = f"the state “{one_line(self.status, 40)}”, which is not known here"
        return f"The provider gives the job {named}: whether it has ended cannot be said."

    async def recall(self) -> AsyncGenerator[JobProgress, None]:
        """Tell what the store knows."""
        kept = self._store.jobs.find(self._profile, self._id)
        if kept is None:
            return
        self.job, self.settled, self._fresh_at = kept.job, kept.settled, kept.seen_at
        self._checkpoints = self._store.jobs.checkpoints(self._profile, self._id)
        yield self.progress()
        events = await self._store.jobs.events(self._profile, self._id)
        self._completed(await self._store.jobs.without_gaps(self._profile, self._id))
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            self._known.update(event.id for event in batch)
            self._metrics = await asyncio.to_thread(fold, batch, self._metrics)
            yield self.progress(batch)

    async def look(self) -> AsyncGenerator[JobProgress, None]:
        """Ask the provider once: the job, its new events, and checkpoints if there may be some.

        A look that failed half-way goes on with the request that failed.
        """
        if not self._half_way:
            self.job = await self._once(self._api.job(self._id))
            self._heard()
            self._checkpoints_due = not self._looked or self.job.ended
            self._looked = self._half_way = True
        began = self._clock.monotonic()
        async for page in self._read():
            self._heard()
            self._untold += page
            self._checkpoints_due = self._checkpoints_due or any(
                "heckpoint" in ranked.event.message for ranked in page
            )
            if len(self._untold) >= BATCH or self._clock.monotonic() - began >= _BATCH_S:
                yield self.progress(self._tell())
                began = self._clock.monotonic()
        if self._checkpoints_due:
            await self._look_at_checkpoints()
        self._half_way = False
        yield self.progress(self._tell())

    async def _once(self, asking: Awaitable[T]) -> T:
        """Wait for an answer with one more try only: what fails longer goes to `trouble`.

        Of a job that is not known yet nothing could be shown meanwhile: it is waited for as usual.
        """
        with trying_for(ONE_MORE_S) if self.job is not None else nullcontext():
            answer = await asking
        self.answers += 1
        return answer

    def _heard(self) -> None:
        assert self.job is not None
        self._fresh_at = self._clock.now()
        self._store.jobs.remember(self._profile, self.job, seen_at=self._fresh_at)
        settle(self._store, self._profile, self.job)

    def _tell(self) -> list[Event]:
        """Take what has not been passed on yet, in order."""
        self._untold.sort(key=lambda ranked: (ranked.event.created_at, ranked.place))
        events = [ranked.event for ranked in self._untold]
        self._untold = []
        self._metrics = fold(events, self._metrics)
        return events

    async def _read(self) -> AsyncGenerator[list[Ranked], None]:
        """Read pages down to what is complete; each yields what is new in it."""
        sweep = self._sweep = self._sweep or _Sweep(
            self._store.jobs.begin_sweep(self._profile, self._id)
        )
        while True:
            page = await self._page(sweep)
            sweep.pages += 1
            yield self._keep(page.items, sweep)
            sweep.after = page.after
            if page.after is None or self._has_met_the_known(page.items, sweep):
                break
            if page.after in sweep.cursors or sweep.pages >= _PAGES:
                self._note = "The provider repeats its list of events; some may be missing."
                break
            sweep.cursors.add(page.after)
        self._completed(sweep.seen)
        self._store.jobs.close_sweep(self._profile, self._id, sweep.number)
        self._sweep = None

    async def _page(self, sweep: _Sweep) -> Page[Event]:
        try:
            return await self._once(self._api.job_events(self._id, after=sweep.after, limit=_PAGE))
        except ApiError as error:
            if sweep.after is None and error.status == 404:
                return Page(())  # the job is there, its event log is not: some keep none
            if sweep.after is None or error.status not in (400, 404):
                raise
            self._sweep = None  # the cursor is not known any more: begin again at the top
            raise UnreachableError(
                f"{self._api.profile.title} lost its place in the list of events.", code="cursor"
            ) from error

    def _keep(self, items: tuple[Event, ...], sweep: _Sweep) -> list[Ranked]:
        """Store a page; within one second, an event's place in the list says when it was.

        What a sweep that broke off had brought already is placed again, among what this one brings.
        """
        if items and items[0].created_at < items[-1].created_at:
            sweep.rising = True
        placed: dict[str, Ranked] = {}
        for event in items:
            if event.id not in self._complete:
                place = sweep.read if sweep.rising else -sweep.read
                placed.setdefault(event.id, Ranked(event, place))
            sweep.read += 1
            sweep.seen[event.id] = event.created_at.timestamp()
        self._store.jobs.add_events(
            self._profile, self._id, list(placed.values()), sweep=sweep.number
        )
        new = [ranked for id, ranked in placed.items() if id not in self._known]
        self._known.update(placed)
        return new

    def _completed(self, events: Mapping[str, float]) -> None:
        """Note events below which none is missing."""
        self._complete.update(events)
        latest = max(events.values(), default=0.0)
        if latest >= self._latest_at:
            self._latest = {id for id, moment in events.items() if moment == latest}
            self._latest_at = latest

    def _has_met_the_known(self, items: tuple[Event, ...], sweep: _Sweep) -> bool:
        """Whether a sweep may stop: below this page everything is here.

        A list that begins with the newest has shown all events of the latest known second by now.
        One that has not is sorted the other way round, and has to be read to its end.
        """
        return (
            bool(items)
            and self._latest <= sweep.seen.keys()
            and all(event.id in self._complete for event in items)
        )

    async def _look_at_checkpoints(self) -> None:
        try:
            page = await self._once(self._api.job_checkpoints(self._id, limit=_PAGE))
        except NotFoundError:  # some providers have none
            return
        if page.items:
            self._store.jobs.add_checkpoints(self._profile, self._id, *page.items)
            self._checkpoints = self._store.jobs.checkpoints(self._profile, self._id)

    def trouble(self, error: ApiError, pause_s: float) -> JobProgress:
        """Tell of a failure, and of what was learnt before it; raise it if waiting is no help."""
        if self.job is None:
            raise error
        if isinstance(error, NotFoundError):
            gone = "The provider no longer has this job; what is shown was kept here."
            return self.progress(self._tell(), trouble=gone)
        if isinstance(error, UnreachableError | RateLimitError) or may_pass(error):
            # A provider that wants to be left alone for longer than that has its words repeated.
            why = str(error) if (error.retry_after_s or 0) > pause_s else error.message
            return self.progress(self._tell(), trouble=why, next_look_s=pause_s)
        raise error

    def settle(self) -> None:
        """Note that there is nothing left to ask for; what the job cost is known by now."""
        self.settled = True
        if self.job is not None and self._complete:
            settle(self._store, self._profile, self.job, trained=bool(self._metrics.series))
        self._store.jobs.settle(self._profile, self._id)
