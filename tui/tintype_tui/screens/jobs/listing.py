"""The list of jobs: what is known of it as a value, how it comes, and the part that shows it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from textwrap import wrap
from typing import Literal

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import jobs
from tintype.errors import ApiError, AuthenticationError, ForbiddenError, TintypeError
from tintype.pricing import Prices, load_prices
from tintype.resources import Job
from tintype.store import KeptJob
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.session import Session
from tintype_tui.text import duration, money, visible
from tintype_tui.widgets.job_list import Beside, JobList

LIST_S = 10.0
"""How often the list is asked for while it is looked at."""
LOCAL_S = 2.0
"""How often the server on this machine is asked."""
MOST = 100_000
"""Jobs that are listed the first time; later the newest thousand, which may have changed."""

NO_JOBS = (
    "No jobs yet.\nPress {go.datasets} to choose a dataset, "
    "then {data.estimate} to estimate, {estimate.launch} to launch."
)
NONE_FITS = "No job matches.\nEsc shows all, {jobs.filter} looks for something else."


@dataclass(frozen=True, slots=True)
class Listing:
    """The jobs of the provider in use, as far as they are known."""

    jobs: tuple[KeptJob, ...] = ()
    state: Literal["loading", "listed", "failed"] = "loading"
    why: str = ""
    """Why the list could not be had, and what to do."""
    again_s: float | None = None
    """How long the provider wants to be left alone, in seconds, if it says so."""
    lasting: bool = False
    """Whether it is not asked for again by itself."""
    prices: Prices | None = None
    provider: str = ""
    """Whose prices apply."""

    def with_job(self, job: Job) -> "Listing":
        """The list with a job as it stands now; itself if it stood there like that."""
        if all(kept.job.id != job.id or kept.job == job for kept in self.jobs):
            return self
        return replace(
            self,
            jobs=tuple(
                KeptJob(kept.profile, job, kept.seen_at, kept.settled, kept.made_from)
                if kept.job.id == job.id
                else kept
                for kept in self.jobs
            ),
        )

    def failed(self, why: str, *, lasting: bool, again_s: float | None = None) -> "Listing":
        """What is known, and that it is not up to date."""
        return replace(self, state="failed", why=why, lasting=lasting, again_s=again_s)

    def words(self, width: int, named: Callable[[str], str]) -> list[str]:
        """What to say in place of the list, or above it; nothing if all is well.

        Args:
            width: Cells of a line.
            named: Puts keys in place of their ids.
        """
        if self.state == "loading":
            return [] if self.jobs else ["Asking the provider for its jobs …"]
        if self.state == "failed":
            again = "It is asked again; {jobs.refresh} asks now."
            if self.lasting:
                again = "{jobs.refresh} asks again."
            if self.again_s is not None and self.again_s > LIST_S and not self.lasting:
                again = f"It is asked again in {duration(self.again_s)}; {{jobs.refresh}} asks now."
            kept = "Not up to date. " if self.jobs else "Cannot list the jobs. "
            return wrap(f"{kept}{visible(self.why)} {named(again)}", max(20, width))
        return [] if self.jobs else named(NO_JOBS).splitlines()


async def listings(session: Session) -> AsyncGenerator[Listing, None]:
    """Say what the store knows at once, then what the provider says, again and again.

    A refusal (401, 403) is the last one; any other failure may pass.

    Raises:
        TintypeError: if the store or the prices cannot be read, or there is no connection.
    """
    store, profile = await session.store(), session.profile
    found = Listing(store.jobs.newest(profile=profile.name), provider=profile.provider)
    yield found
    prices = await asyncio.to_thread(load_prices, session.settings.prices)
    found = replace(found, prices=prices)
    pause_s, most = LOCAL_S if profile.dialect == "embedded" else LIST_S, MOST
    while True:
        try:
            async with aclosing(jobs.listed(await session.provider(), store, most=most)) as batches:
                async for _ in batches:
                    pass
            most = 1_000
            found = replace(found, state="listed", why="", lasting=False)
        except (AuthenticationError, ForbiddenError) as error:
            found = found.failed(str(error), lasting=True)
        except ApiError as error:
            found = found.failed(str(error), lasting=False, again_s=error.retry_after_s)
        found = replace(found, jobs=store.jobs.newest(profile=profile.name))
        yield found
        if found.lasting:
            return
        left_alone_s = found.again_s if found.state == "failed" else None
        await asyncio.sleep(max(pause_s, left_alone_s or 0))


class JobsSide(Part):
    """The list, what it is filtered by, and what keeps it from being up to date."""

    listing: var[Listing] = var(Listing())
    selected: var[str] = var("")
    """Id of the job that is followed."""
    needle: var[str] = var("")
    """Words that the jobs shown have."""
    chosen: var[str] = var("", always_update=True)
    """Id of the job to be followed from now on. No message: the next key may be about it."""
    slots: var[Mapping[str, int]] = var({})
    looking: var[bool] = var(True)
    """Whether the provider is asked for news."""

    class Listed(Message):
        """The jobs of a profile's provider have been listed, or cannot be."""

        def __init__(self, profile: str, listing: Listing) -> None:
            super().__init__()
            self.profile = profile
            self.listing = listing

    def compose(self) -> ComposeResult:
        yield Static(id="jobs-filter")
        yield Static(id="jobs-note")
        yield JobList(id="jobs").data_bind(JobsSide.slots)

    @property
    def list_of_jobs(self) -> JobList:
        return self.query_one("#jobs", JobList)

    @work(exclusive=True, group="list")
    async def list_jobs(self) -> None:
        """List them now, and from time to time while the provider is asked for news."""
        profile = self.session.profile.name
        try:
            async for listing in listings(self.session):
                self.post_message(self.Listed(profile, listing))
                if not self.looking:
                    return
        except TintypeError as error:
            self.post_message(self.Listed(profile, self.listing.failed(str(error), lasting=True)))

    def stop_listing(self) -> None:
        """Ask no more."""
        self.workers.cancel_group(self, "list")

    def watch_looking(self, looking: bool) -> None:
        if looking and self.is_mounted:
            self.list_jobs()
        elif not looking:
            self.stop_listing()

    def filter(self, needle: str | None) -> None:
        """Show only jobs that have some words, or all; none leaves it as it is."""
        if needle is not None:
            self.needle = needle.strip()

    def watch_listing(self) -> None:
        """Show the jobs that fit the filter; the cursor stays on its job."""
        if not self.is_mounted:
            return
        listing, shown = self.listing, self.list_of_jobs
        fitting = [kept for kept in listing.jobs if jobs.fits(kept, self.needle)]
        shown.beside = {
            kept.job.id: Beside(jobs.data_of(kept), self._cost(kept)) for kept in fitting
        }
        shown.jobs = [kept.job for kept in fitting]
        self._say(len(fitting))
        at = next((i for i, kept in enumerate(fitting) if kept.job.id == self.selected), None)
        if at is not None:
            shown.cursor = at
        elif fitting and (self.needle or not self.selected):
            shown.cursor = 0
            self.chosen = fitting[0].job.id

    def watch_needle(self) -> None:
        self.watch_listing()

    def watch_selected(self) -> None:
        self.watch_listing()

    def on_mount(self) -> None:
        self.watch_listing()
        self.watch(self.list_of_jobs, "cursor", self._moved, init=False)

    def on_resize(self) -> None:
        self._say(self.list_of_jobs.total)

    def _say(self, fitting: int) -> None:
        listing, shown = self.listing, self.list_of_jobs
        line, note = self.query_one("#jobs-filter", Static), self.query_one("#jobs-note", Static)
        line.display = bool(self.needle)
        line.update(
            Content(visible(f"{fitting} of {len(listing.jobs)} · {self.needle} · Esc: all"))
        )
        words = listing.words(self.size.width - 3, partial(with_keys, self))
        note.display = bool(words)
        note.set_class(listing.state == "failed", "-failed")
        note.update(Content("\n".join(words)))
        shown.empty_text = with_keys(self, NONE_FITS) if self.needle and listing.jobs else ""

    def _cost(self, kept: KeptJob) -> str:
        """What the provider billed, else `≈` what was estimated."""
        billed = jobs.cost(kept.job, self.listing.prices, self.listing.provider)
        if billed is not None:
            return money(billed)
        if kept.job.status in ("failed", "cancelled"):
            return ""
        try:
            expected = Decimal(str(kept.made_from.estimate.get("cost_usd")))
        except InvalidOperation:
            return ""
        return money(expected) if expected == 0 else f"≈{money(expected)}"

    def _moved(self, cursor: int) -> None:
        shown = self.list_of_jobs.jobs
        if cursor < len(shown) and shown[cursor].id != self.selected:
            self.chosen = shown[cursor].id
