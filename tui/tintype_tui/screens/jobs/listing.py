"""The layer that lists jobs: kept ones at once, then the provider's, filtered, with their cost."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from textual import getters, on, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import jobs
from tintype.errors import ApiError, AuthenticationError, ForbiddenError
from tintype.pricing import Prices, load_prices
from tintype.resources import Job
from tintype.store import KeptJob, Store
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import money, visible
from tintype_tui.widgets.job_list import Beside, JobList
from tintype_tui.widgets.line_list import LineList

LIST_S = 10.0
"""How often the list is asked for while it is looked at."""
LOCAL_S = 2.0
"""How often the server on this machine is asked."""

NO_JOBS = "No jobs yet.\nPress 2 to choose a dataset, then e to estimate, l to launch."
NONE_FITS = "No job fits.\nEsc shows all, / looks for something else."

HINTS = (
    "Words that a job must have: state, name, model, data, day or id; empty: all.",
    "state:failed model:mini suffix:cards data:train made:2026-11 meta:team=a",
)


class ListingPane(Pane):
    """All jobs of the provider in use."""

    listed: var[Sequence[KeptJob]] = var(())
    """Every job, before the filter."""
    needle: var[str] = var("")
    looking: var[bool] = var(True)
    """Whether the provider is asked for news."""

    list_of_jobs = getters.query_one("#jobs", JobList)

    def __init__(self) -> None:
        super().__init__()
        self.followed = ""
        """Id of the job in hand."""
        self.prices: Prices | None = None

    def on_screen_resume(self) -> None:
        self.list_jobs()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "list")

    @work(exclusive=True, group="list")
    async def list_jobs(self) -> None:
        """What the store knows at once, then what the provider says, again and again."""
        with self.reporting("Cannot list the jobs"):
            store, name = await self.desk.store(), self.desk.profile.name
            self.listed = store.jobs.newest(profile=name)
            self.prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)
            pause_s = LOCAL_S if self.desk.profile.dialect == "embedded" else LIST_S
            told = ""
            while self.looking:
                told = await self._ask_for_list(store, told)
                self.listed = store.jobs.newest(profile=name)
                await asyncio.sleep(pause_s)

    async def _ask_for_list(self, store: Store, told: str) -> str:
        """Ask once. What goes wrong may pass: it is said, the same thing only once.

        Args:
            store: Where the jobs are kept.
            told: What went wrong the last time, empty if nothing.

        Returns:
            What went wrong this time.
        """
        try:
            async for _ in jobs.listed(await self.desk.provider(), store):
                pass
        except (AuthenticationError, ForbiddenError):
            raise
        except ApiError as error:
            if str(error) != told:
                self.say(str(error), title="Cannot list the jobs", severity="error")
            return str(error)
        return ""

    def watch_listed(self) -> None:
        """Show those that fit the filter; the cursor stays on its job."""
        shown = [kept for kept in self.listed if jobs.fits(kept, self.needle)]
        at = next((i for i, kept in enumerate(shown) if kept.job.id == self.followed), None)
        self.list_of_jobs.beside = self._beside(shown)
        self.list_of_jobs.jobs = [kept.job for kept in shown]
        self._say_filter(len(shown))
        if at is not None:
            self.list_of_jobs.cursor = at
        elif shown and not self.followed:
            self._choose(shown[0].job)

    def watch_needle(self) -> None:
        """Filter anew; if the job in hand is left out, take the first that is not."""
        self.watch_listed()
        shown = self.list_of_jobs.jobs
        if shown and all(job.id != self.followed for job in shown):
            self.list_of_jobs.cursor = 0
            self._choose(shown[0])

    def _say_filter(self, fitting: int) -> None:
        line = self.query_one("#jobs-filter", Static)
        line.display = bool(self.needle)
        words = f"{fitting} of {len(self.listed)} · {self.needle} · Esc: all"
        line.update(Content(visible(words)))
        self.list_of_jobs.empty_text = NONE_FITS if self.needle else NO_JOBS

    def update_job(self, job: Job) -> None:
        """Show a job in the list as it stands now."""
        if all(kept.job != job for kept in self.listed):
            self.listed = tuple(
                KeptJob(kept.profile, job, kept.seen_at, kept.settled, kept.made_from)
                if kept.job.id == job.id
                else kept
                for kept in self.listed
            )

    def _beside(self, shown: Sequence[KeptJob]) -> Mapping[str, Beside]:
        return {kept.job.id: Beside(jobs.data_of(kept), self._cost(kept)) for kept in shown}

    def _cost(self, kept: KeptJob) -> str:
        """What the provider billed, else `≈` what was estimated."""
        job = kept.job
        price = self.prices.training(self.desk.profile.provider, job.model) if self.prices else None
        if price is not None and job.trained_tokens is not None:
            return money(price.cost(job.trained_tokens))
        if job.status in ("failed", "cancelled"):
            return ""
        try:
            expected = Decimal(str(kept.made_from.estimate.get("cost_usd")))
        except InvalidOperation:
            return ""
        return money(expected) if expected == 0 else f"≈{money(expected)}"

    @on(LineList.Moved, "#jobs")
    def _job_moved(self, event: LineList.Moved) -> None:
        self._choose(self.list_of_jobs.jobs[event.index])

    def _choose(self, job: Job) -> None:
        if job.id != self.followed:
            self.post_message(requests.Reached(job=job.id))

    @work
    async def action_filter(self) -> None:
        text = await self.app.push_screen_wait(Ask("Jobs with", value=self.needle, hints=HINTS))
        if text is not None:
            self.needle = text.strip()
