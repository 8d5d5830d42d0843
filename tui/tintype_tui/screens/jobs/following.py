"""The layer that follows one job: from the store at once, then as it goes on."""

import asyncio
from dataclasses import replace

from textual import getters, work
from textual.reactive import var

from tintype import jobs
from tintype.jobs import JobProgress
from tintype.metrics import Metrics, fold
from tintype.resources import Event, Job
from tintype.store import KeptJob
from tintype_tui import requests
from tintype_tui.screens.jobs.listing import ListingPane
from tintype_tui.standing import Standing
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_header import JobHeader


class FollowingPane(ListingPane):
    """One job in hand."""

    progress: var[JobProgress | None] = var(None, bindings=True)
    kept: var[KeptJob | None] = var(None)
    """What the store knows of the job besides: what it was made from."""
    diary: var[tuple[Event, ...]] = var(())
    """All but the metrics, oldest first."""
    header = getters.query_one(JobHeader)
    feed = getters.query_one(EventFeed)

    def __init__(self) -> None:
        super().__init__()
        self._under_way: set[str] = set()

    def watch_standing(self, standing: Standing) -> None:
        """Follow the job that was chosen, here or elsewhere."""
        if standing.job and standing.job != self.followed:
            self.follow(standing.job)

    def provider_changed(self) -> None:
        super().provider_changed()
        self.workers.cancel_group(self, "follow")
        self.followed, self.progress, self.kept = "", None, None
        self.looking = True
        self.hear(())
        self.list_jobs()

    def begin(self, job_id: str) -> None:
        """Make room for another job; layers above forget what they showed of the last one."""
        self.followed = job_id
        self.hear(())

    @work(exclusive=True, group="follow")
    async def follow(self, job_id: str) -> None:
        """Show a job from the store at once, then as it goes on."""
        if job_id != self.followed:
            self.begin(job_id)
        with self.reporting("Cannot follow the job"):
            store, name = await self.desk.store(), self.desk.profile.name
            if kept := store.jobs.find(name, job_id):
                self.kept = kept
                self._show(await self._remembered(kept.job))
            if not self.looking:
                return
            api = await self.desk.provider()
            events: dict[str, Event] = {}
            async for progress in jobs.follow(api, store, job_id):
                events |= {event.id: event for event in progress.events}
                if progress.events:
                    self.hear(sorted(events.values(), key=lambda event: event.created_at))
                self._show(progress)
            self.kept = store.jobs.find(name, job_id)

    async def _remembered(self, job: Job) -> JobProgress:
        store, name = await self.desk.store(), self.desk.profile.name
        events = await store.jobs.events(name, job.id)
        metrics = await asyncio.to_thread(fold, events)
        self.hear(events)
        return JobProgress(job, (), metrics, store.jobs.checkpoints(name, job.id), None)

    def hear(self, events: "list[Event] | tuple[()]") -> None:
        """Take what the job has said."""
        self.feed.events = tuple(events)
        self.diary = tuple(event for event in events if event.type != "metrics")

    def _show(self, progress: JobProgress) -> None:
        self.progress = replace(progress, metrics=by_epochs(progress))

    def watch_progress(self, progress: JobProgress | None) -> None:
        if progress is None:
            return
        job, metrics = progress.job, progress.metrics
        self._tell_the_end(job)
        self.update_job(job)
        percent = (
            round(100 * metrics.last_step / metrics.total_steps) if metrics.total_steps else None
        )
        self.post_message(
            requests.Reached(
                job_status=job.status, job_percent=percent, model=job.fine_tuned_model or ""
            )
        )

    def _tell_the_end(self, job: Job) -> None:
        """Ring when a job that was seen running has ended."""
        if job.ended and job.id in self._under_way:
            self._under_way.discard(job.id)
            self.app.bell()
            self.say(
                f"{job.suffix or job.id} has {_ENDS.get(job.status, job.status)}.", title="Job"
            )
        elif not job.ended:
            self._under_way.add(job.id)

    def action_look(self) -> None:
        """Ask the provider no more, neither for the job nor for the list; or again."""
        self.looking = not self.looking
        if self.looking:
            self.action_refresh()
        else:
            self.workers.cancel_group(self, "follow")
            self.workers.cancel_group(self, "list")

    def action_refresh(self) -> None:
        self.looking = True
        self.list_jobs()
        if self.followed:
            self.follow(self.followed)


_ENDS = {"cancelled": "been cancelled"}


def by_epochs(progress: JobProgress) -> Metrics:
    """The metrics of a job, which themselves do not know how many epochs there are to be."""
    epochs = progress.job.hyperparameters.n_epochs
    return replace(progress.metrics, n_epochs=epochs if isinstance(epochs, int) else None)
