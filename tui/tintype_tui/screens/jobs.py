"""Jobs: the list, and of one job its curves, events, checkpoints and settings."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype import jobs
from tintype.jobs import JobProgress
from tintype.metrics import Metrics, fold, to_csv
from tintype.resources import Event, Job
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Ask, Confirm
from tintype_tui.standing import Standing
from tintype_tui.widgets.chart import ACCURACIES, LOSSES, Chart, pins, traces
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_details import JobDetails
from tintype_tui.widgets.job_header import JobHeader
from tintype_tui.widgets.job_list import JobList
from tintype_tui.widgets.line_list import LineList

LIST_S = 10.0
"""How often the list is asked for while it is looked at."""

LOWER = ("events", "checkpoints", "details")
"""What can be seen below the curves."""


class JobsPane(Pane):
    """All jobs of the provider in use; one of them followed."""

    BINDING_GROUP_TITLE = "Job"
    CSS_PATH = "jobs.tcss"
    NEXT = ("try",)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "try", "Try", id="jobs.try", tooltip="ask the tuned model about pictures"),
        Binding("w", "metric", "Metric", id="jobs.metric", tooltip="loss, accuracy, others"),
        Binding("right_square_bracket", "lower(1)", "Below", id="jobs.lower", key_display="]"),
        Binding("left_square_bracket", "lower(-1)", "Below", id="jobs.lower_back", show=False),
        Binding("space", "pause", "Pause", id="jobs.pause", key_display="space"),
        Binding("c", "cancel", "Cancel", id="jobs.cancel"),
        Binding("f", "full", "Full chart", id="jobs.full", show=False),
        Binding("O", "overlay", "Overlay", id="jobs.overlay", show=False, tooltip="compare runs"),
        Binding("y", "copy", "Copy the model's name", id="jobs.copy", show=False),
        Binding("X", "export", "Export", id="jobs.export", show=False, tooltip="CSV and SVG"),
        Binding("slash", "filter", "Filter", id="jobs.filter", show=False, key_display="/"),
        Binding("r", "refresh", "Refresh", id="jobs.refresh", show=False),
        Binding("e", "clone", "Clone", id="jobs.clone", show=False, tooltip="estimate it anew"),
    ]

    progress: var[JobProgress | None] = var(None, bindings=True)
    metric_group: var[str] = var("loss")
    listed: var[Sequence[Job]] = var(())
    """Every job, before the filter."""
    needle: var[str] = var("")

    list_of_jobs = getters.query_one("#jobs", JobList)
    header = getters.query_one(JobHeader)
    chart = getters.query_one(Chart)
    feed = getters.query_one(EventFeed)
    checkpoints = getters.query_one(CheckpointList)
    details = getters.query_one(JobDetails)
    lower = getters.query_one("#lower", ContentSwitcher)

    def __init__(self) -> None:
        super().__init__()
        self._followed = ""
        self._overlaid: dict[str, tuple[str, Metrics]] = {}
        self._under_way: set[str] = set()

    def body(self) -> ComposeResult:
        with Horizontal(id="jobs-body"):
            yield JobList(id="jobs")
            with Vertical(id="job"):
                yield JobHeader().data_bind(JobsPane.progress)
                yield Chart(id="curves")
                yield Static(id="lower-title")
                with ContentSwitcher(initial="events", id="lower"):
                    yield EventFeed(id="events")
                    yield CheckpointList(id="checkpoints")
                    yield JobDetails(id="details")

    def on_mount(self) -> None:
        self.list_of_jobs.empty_text = (
            "No jobs yet.\nPress 2 to choose a dataset, then e to estimate, l to launch."
        )
        self.feed.empty_text = "Nothing has been said yet."
        self.checkpoints.empty_text = "One appears after each epoch; the last three are kept."
        self.chart.as_table = self.desk.settings.screen_reader
        self.list_of_jobs.focus()
        self._draw_lower_title()

    def on_screen_resume(self) -> None:
        self._list()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "list")

    def provider_changed(self) -> None:
        super().provider_changed()
        self.workers.cancel_group(self, "follow")
        self._followed, self._overlaid, self.progress = "", {}, None
        self.chart.traces, self.feed.events = (), ()
        self._list()

    def watch_standing(self, standing: Standing) -> None:
        """Follow the job that was chosen, here or elsewhere."""
        if standing.job and standing.job != self._followed:
            self._follow(standing.job)

    # ------------------------------------------------------------------ the list

    @work(exclusive=True, group="list")
    async def _list(self) -> None:
        """What the store knows at once, then what the provider says, again and again."""
        with self.reporting("Cannot list the jobs"):
            store = await self.desk.store()
            kept = store.jobs.newest(profile=self.desk.profile.name)
            self.listed = tuple(one.job for one in kept)
            while True:
                async for _ in jobs.listed(await self.desk.provider(), store):
                    pass
                kept = store.jobs.newest(profile=self.desk.profile.name)
                self.listed = tuple(one.job for one in kept)
                await asyncio.sleep(LIST_S)

    def watch_listed(self) -> None:
        """Show those that fit the filter; the cursor stays on its job."""
        needle = self.needle.casefold()
        shown = [job for job in self.listed if needle in _searched(job)]
        at = next((i for i, job in enumerate(shown) if job.id == self._followed), None)
        self.list_of_jobs.jobs = shown
        if at is not None:
            self.list_of_jobs.cursor = at
        elif shown and not self._followed:
            self._choose(shown[0])

    def watch_needle(self) -> None:
        self.watch_listed()

    @on(LineList.Moved, "#jobs")
    def _job_moved(self, event: LineList.Moved) -> None:
        self._choose(self.list_of_jobs.jobs[event.index])

    def _choose(self, job: Job) -> None:
        if job.id != self._followed:
            self.post_message(requests.Reached(job=job.id))

    # ------------------------------------------------------------------ one job

    @work(exclusive=True, group="follow")
    async def _follow(self, job_id: str) -> None:
        """Show a job from the store at once, then as it goes on."""
        self._followed = job_id
        self.feed.events = ()
        self.chart.window = self.chart.cursor = self.chart.second = None
        with self.reporting("Cannot follow the job"):
            store = await self.desk.store()
            if kept := store.jobs.find(self.desk.profile.name, job_id):
                self.details.kept = kept
                self._show(await self._remembered(kept.job))
            api = await self.desk.provider()
            events: dict[str, Event] = {}
            async for progress in jobs.follow(api, store, job_id):
                events |= {event.id: event for event in progress.events}
                self._show(progress)
                if progress.events:
                    self.feed.events = tuple(
                        sorted(events.values(), key=lambda event: event.created_at)
                    )
            self.details.kept = store.jobs.find(self.desk.profile.name, job_id)

    async def _remembered(self, job: Job) -> JobProgress:
        store, name = await self.desk.store(), self.desk.profile.name
        events = await store.jobs.events(name, job.id)
        metrics = await asyncio.to_thread(fold, events)
        self.feed.events = tuple(events)
        return JobProgress(job, (), metrics, store.jobs.checkpoints(name, job.id), None)

    def _show(self, progress: JobProgress) -> None:
        epochs = progress.job.hyperparameters.n_epochs
        if isinstance(epochs, int):
            progress = replace(progress, metrics=replace(progress.metrics, n_epochs=epochs))
        self.progress = progress

    def watch_progress(self, progress: JobProgress | None) -> None:
        if progress is None:
            return
        job, metrics = progress.job, progress.metrics
        self._tell_the_end(job)
        self.listed = tuple(job if one.id == job.id else one for one in self.listed)
        self.checkpoints.checkpoints = progress.checkpoints
        self.details.job = job
        self._draw_chart()
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
            self.say(f"{job.suffix or job.id} has {job.status}.", title="Job")
        elif not job.ended:
            self._under_way.add(job.id)

    # ------------------------------------------------------------------ the curves

    def _groups(self) -> dict[str, tuple[str, ...]]:
        """What can be drawn together, of what there is."""
        assert self.progress is not None
        there = self.progress.metrics.series
        groups = {"loss": LOSSES, "accuracy": ACCURACIES}
        others = [name for name in there if not any(name in names for names in groups.values())]
        groups |= {name.replace("_", " "): (name,) for name in others}
        return {title: names for title, names in groups.items() if any(n in there for n in names)}

    def _draw_chart(self) -> None:
        if self.progress is None:
            return
        groups = self._groups()
        names = groups.get(self.metric_group) or next(iter(groups.values()), LOSSES)
        self.chart.heading = self.metric_group
        self.chart.pins = pins(self.progress.metrics, self.progress.checkpoints)
        drawn = traces(self.progress.metrics, names)
        for run, metrics in self._overlaid.values():
            drawn += tuple(
                replace(trace, slot=len(drawn) + at)
                for at, trace in enumerate(traces(metrics, names[:1], run))
            )
        self.chart.traces = drawn

    def watch_metric_group(self) -> None:
        self._draw_chart()

    def action_metric(self) -> None:
        if self.progress is not None and (groups := list(self._groups())):
            at = groups.index(self.metric_group) if self.metric_group in groups else -1
            self.metric_group = groups[(at + 1) % len(groups)]

    @work
    async def action_overlay(self) -> None:
        """Draw this job's curve behind those of other jobs, or take it away again."""
        if self.progress is None:
            return
        job = self.progress.job
        if job.id in self._overlaid:
            del self._overlaid[job.id]
        else:
            self._overlaid[job.id] = (job.suffix or job.id[-6:], self.progress.metrics)
            self.say(f"{job.suffix or job.id} stays in the chart; O on it takes it away.")
        self._draw_chart()

    def action_full(self) -> None:
        self.maximize(self.chart)

    @work
    async def action_export(self) -> None:
        """Write the numbers and the picture into the folder the app was started in."""
        if self.progress is None:
            return
        from tintype_tui.widgets.chart.svg import to_svg

        job = self.progress.job
        drawn = to_svg(self.chart.traces, heading=f"{job.suffix or job.id} · {self.metric_group}")
        written = {".csv": to_csv(self.progress.metrics), ".svg": drawn}
        with self.reporting("Cannot export"):
            for ending, text in written.items():
                await asyncio.to_thread(_write, Path(f"{job.id}{ending}"), text)
            self.say(f"Written to {Path.cwd() / job.id}.csv and .svg")

    # ------------------------------------------------------------------ below the curves

    def _draw_lower_title(self) -> None:
        here = self.lower.current
        parts = [
            Content.styled(f" {name} ", "bold reverse" if name == here else "dim") for name in LOWER
        ]
        self.query_one("#lower-title", Static).update(Content("").join(parts))

    def action_lower(self, by: int) -> None:
        here = LOWER.index(self.lower.current or "events")
        self.lower.current = LOWER[(here + by) % len(LOWER)]
        self._draw_lower_title()

    @on(LineList.Chosen, "#checkpoints")
    def _checkpoint_chosen(self, event: LineList.Chosen) -> None:
        model = self.checkpoints.checkpoints[event.index].model
        self.post_message(requests.TryModel(model))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        job = self.progress.job if self.progress else None
        if action in ("cancel", "pause"):
            return (job is not None and not job.ended and not self.desk.settings.read_only) or None
        if action in ("try", "copy"):
            return (job is not None and bool(job.fine_tuned_model)) or None
        if action in ("metric", "overlay", "full", "export", "clone"):
            return job is not None or None
        return True

    def action_try(self) -> None:
        if self.progress is not None and self.progress.job.fine_tuned_model:
            self.post_message(requests.TryModel(self.progress.job.fine_tuned_model))

    def action_refresh(self) -> None:
        self._list()
        if self._followed:
            self._follow(self._followed)

    @work
    async def action_filter(self) -> None:
        text = await self.app.push_screen_wait(
            Ask("Jobs with", value=self.needle, hints=("state, model, name or id; empty: all",))
        )
        if text is not None:
            self.needle = text.strip()

    @work
    async def action_cancel(self) -> None:
        assert self.progress is not None
        job = self.progress.job
        words = (
            f"{job.suffix or job.id} stops for good. Checkpoints made so far stay.\n"
            "What was trained until now is billed, where training is billed at all."
        )
        question = Confirm("Cancel this job?", words, yes="Cancel the job", no="Go on training")
        if await self.app.push_screen_wait(question):
            with self.reporting("Cannot cancel"):
                await jobs.cancel(await self.desk.provider(), await self.desk.store(), job.id)
                self._follow(job.id)

    @work
    async def action_pause(self) -> None:
        assert self.progress is not None
        job = self.progress.job
        order = jobs.resume if job.status == "paused" else jobs.pause
        with self.reporting("Cannot pause or resume"):
            await order(await self.desk.provider(), await self.desk.store(), job.id)
            self._follow(job.id)

    @work
    async def action_copy(self) -> None:
        assert self.progress is not None
        await self.copy(self.progress.job.fine_tuned_model or self.progress.job.id)

    def action_clone(self) -> None:
        assert self.progress is not None
        self.post_message(requests.EstimateDataset(like=self.progress.job))


def _searched(job: Job) -> str:
    return " ".join(
        [job.id, job.status, job.model, job.suffix or "", job.fine_tuned_model or ""]
    ).casefold()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
