"""The part about one job: its header, its curves beside those of held runs, what is below them."""

import asyncio
from collections.abc import Mapping
from functools import partial

from textual import getters, on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import var
from textual.worker import WorkType

from tintype import jobs
from tintype.errors import TintypeError
from tintype.jobs import Blamed
from tintype.metrics import Metrics
from tintype.resources import Job
from tintype_tui import requests
from tintype_tui.evaluating import Evaluating
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of
from tintype_tui.screen import Part
from tintype_tui.screens.jobs import acting, following
from tintype_tui.screens.jobs.curves import MOST_RUNS, Curves, drawn
from tintype_tui.screens.jobs.following import Known, by_epochs
from tintype_tui.screens.jobs.listing import Listing
from tintype_tui.screens.jobs.views import JobViews
from tintype_tui.widgets.chart import Run, free_slot
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.job_header import JobHeader
from tintype_tui.words.jobs import end_words, name_of, pause_words


class JobPart(Part):
    """Follows the selected job, and the runs that are held beside it."""

    selected: var[str] = var("")
    """Id of the job to follow; empty for none."""
    looking: var[bool] = var(True)
    """Whether the provider is asked for news."""
    listing: var[Listing] = var(Listing())
    known: var[Known | None] = var(None)
    held: var[Mapping[str, Run]] = var({})
    """The runs that stay in the chart, by job id."""
    runs: var[tuple[Run, ...]] = var(())
    """What is drawn: the runs that are held, and the selected job."""

    charts = getters.query_one(Curves)
    views = getters.query_one(JobViews)

    class Changed(Message):
        """More is known, or other runs are drawn."""

        def __init__(self, part: "JobPart") -> None:
            super().__init__()
            self.known, self.runs = part.known, part.runs

    class Failed(Message):
        """A job cannot be followed any more."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._under_way: set[str] = set()
        self._loaded = asyncio.Event()
        """Set once something is known of the selected job, or it is known why not."""

    def compose(self) -> ComposeResult:
        yield JobHeader().data_bind(JobPart.looking)
        yield Curves(id="curves").data_bind(JobPart.runs)
        yield JobViews(id="views").data_bind(JobPart.known, JobPart.runs, JobPart.listing)

    def on_mount(self) -> None:
        self.watch(self.app, "evaluating", self._evaluated, init=False)

    def _evaluated(self, run: Evaluating | None) -> None:
        if run is not None and run.ended and self.selected:
            self.follow()  # from the store, and with what its models score now

    def watch_selected(self, job_id: str) -> None:
        """Follow another job; without any, let go of all runs."""
        self.known = None
        self._loaded.clear()
        if not job_id:
            self._loaded.set()
            self.held = {}
            self.workers.cancel_node(self)
        else:
            if not self.held and self.is_mounted:
                self.charts.forget_place()
            self.follow()

    def watch_looking(self, looking: bool) -> None:
        if not looking:
            self.workers.cancel_group(self, "follow")
        elif self.selected and self.is_mounted:
            self.follow()

    @work(exclusive=True, group="follow")
    async def follow(self) -> None:
        """Show the job from the store at once, then as it goes on."""
        try:
            async for known in following.follow(self.session, self.selected, ask=self.looking):
                self.known = known
        except TintypeError as error:
            self.known = self.known and self.known.stop(str(error))
            self.post_message(self.Failed(str(error)))
        self._loaded.set()

    def watch_known(self, known: Known | None) -> None:
        if not self.is_mounted:
            return
        header = self.query_one(JobHeader)
        header.progress = known.progress if known is not None else None
        if known is not None:
            self._loaded.set()
            header.diagnosis, header.stopped = known.diagnosis, known.stopped
            header.training_s, header.origin = known.training_s, known.origin
            self._say_the_end(known.job)
            self._learn(known.job.id, known.progress.metrics)
        self._draw()

    def _say_the_end(self, job: Job) -> None:
        """Ring when a job that was seen running has ended."""
        if job.ended and job.id in self._under_way:
            self._under_way.discard(job.id)
            self.app.bell()
            self.pane.say(end_words(job), title="Job")
        elif not job.ended:
            self._under_way.add(job.id)

    def hold(self) -> str:
        """Keep the selected job's curve in the chart, or take it away again; what to say of it."""
        if (known := self.known) is None:
            return ""
        job, name, key = known.job, name_of(known.job), key_of(self, "jobs.overlay")
        if job.id in self.held:
            self.held = {id: run for id, run in self.held.items() if id != job.id}
            self.workers.cancel_group(self, f"beside-{job.id}")
            return f"{name} is drawn only while it is selected."
        if job.ended and not known.progress.metrics.series:
            return f"{name} has no curve to hold."
        if len(self.held) >= MOST_RUNS - 1:
            return f"{MOST_RUNS - 1} runs are held: {key} on one of them takes it away."
        slot = free_slot(run.slot for run in self.held.values())
        self.held = {**self.held, job.id: Run(job.id, name, known.progress.metrics, slot)}
        if not job.ended:
            work: WorkType[None] = partial(self._keep_up, job.id)
            self.run_worker(work, group=f"beside-{job.id}", exclusive=True)
        return f"{name} stays in the chart: go to another job; {key} here takes it away."

    async def _keep_up(self, job_id: str) -> None:
        """Follow a run that is held, whichever job is selected."""
        try:
            store = await self.session.store()
            async for progress in following.news(self.session, store, job_id):
                if job_id != self.selected:
                    self._learn(job_id, by_epochs(progress))
        except TintypeError as error:
            self.post_message(self.Failed(str(error)))

    def _learn(self, job_id: str, metrics: Metrics) -> None:
        """Take the news of a run that is held."""
        run = self.held.get(job_id)
        if run is not None and run.metrics is not metrics:
            self.held = {**self.held, job_id: Run(run.id, run.name, metrics, run.slot)}

    def watch_held(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        known = self.known
        self.charts.checkpoints = known.progress.checkpoints if known is not None else ()
        self.runs = drawn(self.held, known)
        self.charts.display = bool(self.runs) and not (known is not None and known.is_bare)
        self.post_message(self.Changed(self))

    # ------------------------------------------------------------------ doing something with a job

    @property
    def being_read(self) -> bool:
        """Whether the selected job is being read: what is done with it waits for that."""
        return not self._loaded.is_set() and bool(self.selected)

    def act(self, name: str) -> None:
        """Do one of `acting.ACTS` with the selected job, once it is known."""
        if self.known is not None:
            self._do(name, self.known)
        elif self.being_read:
            self._do_when_loaded(name, self.selected)

    @opens(group="act")
    async def _do_when_loaded(self, name: str, job_id: str) -> None:
        await self._loaded.wait()
        known = self.known
        same = known is not None and known.job.id == job_id
        if known is not None and same and acting.can(name, known, self.session):
            self._do(name, known)

    def _do(self, name: str, known: Known) -> None:
        if name == "overlay":
            if words := self.hold():
                self.pane.say(words)
        elif name == "row":
            if (row := self.views.row()) is not None:
                self._open_row(row, known)
        elif name == "cancel":
            self._cancel(known)
        else:
            self._act(name, known)

    @work(group="act")
    async def _act(self, name: str, known: Known) -> None:
        model, pane = known.job.fine_tuned_model, self.pane
        with pane.reporting(f"Cannot {name}"):
            if name == "clone":
                if known.kept is None or known.kept.made_from.training is None:
                    pane.say("Which dataset this job has is not known here: choose it.")
                self.post_message(await asyncio.to_thread(acting.cloning, known))
            elif name == "export":
                table, drawing = await acting.exported(known, self.charts.leader)
                pane.say(f"Written to {table} and {drawing.name}.")
            elif name == "pause":
                order = jobs.resume if known.job.status == "paused" else jobs.pause
                job = await self._steer(order, known)
                pane.say(pause_words(job, self.session.profile.provider))
            elif name in acting.ELSEWHERE and model:
                self.post_message(acting.elsewhere(name, known, model, self.views.current))
            elif name == "copy" and model:
                await pane.copy(model)

    @opens(group="act")
    async def _cancel(self, known: Known) -> None:
        with self.pane.reporting("Cannot cancel"):
            asked = acting.cancelling(known.job, self.session.profile.provider)
            if await self.app.push_screen_wait(asked):
                await self._steer(jobs.cancel, known)

    async def _steer(self, order: acting.Order, known: Known) -> Job:
        job = await order(await self.session.provider(), await self.session.store(), known.job.id)
        if known.job.id == self.selected:
            self.follow()
        return job

    @on(CheckpointList.Wanted)
    @work
    async def _checkpoint_wanted(self, event: CheckpointList.Wanted) -> None:
        await self.pane.copy(event.checkpoint.model)

    @on(JobViews.RowWanted)
    def _row_wanted(self, event: JobViews.RowWanted) -> None:
        if self.known is not None:
            self._open_row(event.row, self.known)

    @work(exclusive=True, group="row")
    async def _open_row(self, row: Blamed, known: Known) -> None:
        """Open the dataset at the row that the provider complained about."""
        with self.pane.reporting("Cannot open the row"):
            if (found := await acting.blamed_row_of(self.pane, row, known)) is not None:
                self.post_message(requests.open_dataset(found.path, found.index))
