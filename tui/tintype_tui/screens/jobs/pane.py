"""The jobs pane: the list on one side, one job on the other; what the person does with it."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.reactive import var

from tintype.errors import TintypeError
from tintype.loop import LoopState
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.jobs import acting
from tintype_tui.screens.jobs.curves import Curves
from tintype_tui.screens.jobs.following import Known
from tintype_tui.screens.jobs.grid_part import GridPart
from tintype_tui.screens.jobs.job import JobPart
from tintype_tui.screens.jobs.keys import KEYS
from tintype_tui.screens.jobs.labels_part import LabelsPart
from tintype_tui.screens.jobs.listing import Listing
from tintype_tui.screens.jobs.side import JobsSide
from tintype_tui.screens.jobs.views import JobViews
from tintype_tui.widgets.chart import Chart
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_list import JobList
from tintype_tui.widgets.line_list import LineList
from tintype_tui.widgets.loop_strip import Serving

WIDTHS = [(0, "-narrow"), (76, "-usual"), (120, "-wide"), (170, "-vast")]


class JobsPane(Pane):
    """All jobs of the provider in use; one of them followed."""

    BINDING_GROUP_TITLE = "Job"
    CSS_PATH = "jobs.tcss"
    NEXT: ClassVar[Serving] = {
        "try": ("act('try')",),
        "evaluate": ("act('evaluate')",),
        "job trouble": ("act('row')", "act('clone')"),
    }
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012 – as Textual declares it
    HORIZONTAL_BREAKPOINTS = WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    listing: var[Listing] = var(Listing())
    followed: var[str] = var("")
    """Id of the selected job."""
    looking: var[bool] = var(True)
    """Whether the provider is asked for news."""

    side = getters.query_one(JobsSide)
    list_of_jobs = getters.query_one("#jobs", JobList)
    job = getters.query_one(JobPart)
    charts = getters.query_one(Curves)
    views = getters.query_one(JobViews)
    feed = getters.query_one(EventFeed)

    def body(self) -> ComposeResult:
        with Horizontal(id="jobs-body"):
            for part in (JobsSide(id="jobs-side"), JobPart(id="job")):
                yield part.data_bind(JobsPane.listing, JobsPane.looking, selected=JobsPane.followed)
        yield from (GridPart(), LabelsPart().data_bind(selected=JobsPane.followed))

    async def on_mount(self) -> None:
        self.charts.leader.as_table = self.session.settings.screen_reader
        self.list_of_jobs.focus()
        self.watch(self.side, "chosen", self._job_chosen, init=False)
        with suppress(TintypeError):  # listing the jobs says why
            self.charts.left = await self.session.left_of(type(self).__name__)

    def left_behind(self) -> dict[str, Any]:
        charts = self.query(Curves)  # none while the pane is being made, or the app ends
        return {"job": self.followed, **(charts.first().seen() if charts else {})}

    def on_screen_resume(self) -> None:
        self.side.list_jobs()

    def on_screen_suspend(self) -> None:
        self.side.stop_listing()

    @property
    def known(self) -> Known | None:
        """What is known of the selected job."""
        return self.job.known

    def watch_loop_state(self, before: LoopState, now: LoopState) -> None:
        """Follow the job that was chosen elsewhere."""
        if now.job and now.job != before.job:
            self.followed = now.job

    def _job_chosen(self, job_id: str) -> None:
        self.followed = job_id
        # By then another may be followed: the latest is meant.
        self.post_message(requests.Reached(lambda state: replace(state, job=self.followed)))

    def watch_profile_name(self, before: str, now: str) -> None:
        if before:
            self.followed, self.looking, self.listing = "", True, Listing()
            self.side.list_jobs()

    @on(JobsSide.Listed)
    def _listed(self, event: JobsSide.Listed) -> None:
        if event.profile == self.session.profile.name:  # not of the provider before
            self.listing = event.listing

    def watch_listing(self, listing: Listing) -> None:
        if listing.state == "failed":
            self._say_once(listing.why, "Cannot list the jobs")
        alone = len(listing.lines) == 1 and listing.state != "failed"
        self.set_class(alone, "-alone")
        if alone and self.focused is self.list_of_jobs:
            self.set_focus(None)

    @on(JobPart.Failed)
    def _not_followed(self, event: JobPart.Failed) -> None:
        self._say_once(event.why, "Cannot follow the job")

    def _say_once(self, words: str, title: str) -> None:
        """Say what went wrong, but not again while it is the same cause."""
        if self.session.is_news(words):
            self.say(words, title=title, severity="error")

    @on(JobPart.Changed)
    def _job_changed(self, event: JobPart.Changed) -> None:
        self.side.slots = {run.id: run.slot for run in event.runs} if len(event.runs) > 1 else {}
        self.refresh_bindings()
        if (known := event.known) is not None and known.job.id == self.followed:
            job, percent = known.job, known.percent
            self.listing = self.listing.with_job(job)
            self.post_message(requests.Reached(lambda state: state.following(job, percent)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        name, job = str(parameters[0]) if action == "act" else action, self.query(JobPart)
        known, loading = (job[0].known, job[0].being_read) if job else (None, False)
        return acting.can(name, known, self.session, loading=loading)

    @on(LineList.Chosen, "#jobs")
    def action_enter(self) -> None:
        self.views.enter()

    def action_lower(self, by: int) -> None:
        self.views.turn(by)

    def action_metric(self) -> None:
        if not self.charts.next_metric():
            self.say("All metrics so far are drawn.")

    def action_grid(self) -> None:
        """All metrics at once, or one."""
        self.charts.every_metric = not self.charts.every_metric
        self.set_class(self.charts.every_metric, "-grid")
        if self.charts.every_metric:
            self.charts.leader.focus()

    def action_full(self) -> None:
        """What is looked at alone, a chart or what is below; once more or Esc goes back."""
        if self.maximized is not None:
            self.minimize()
            return
        focused = self.focused
        listing = focused is None or focused is self.list_of_jobs
        self.maximize(self.charts.leader if listing or focused is None else focused)

    def action_back(self) -> None:
        """From all metrics to one, from below to the list."""
        if self.maximized is not None:
            self.minimize()
        elif self.charts.every_metric:
            self.action_grid()
        elif isinstance(self.focused, EventFeed) and self.feed.needle:
            self.feed.needle = ""
        elif self.focused in (self.list_of_jobs, None):
            self.side.needle = ""
        elif not isinstance(self.focused, Chart) or self.focused.cursor is None:
            self.set_focus(None if self.has_class("-alone") else self.list_of_jobs)

    def action_filter(self) -> None:
        ask = Ask("Jobs with", value=self.side.needle, hints=acting.HINTS)
        self.app.push_screen(ask, self.side.filter)

    def action_look(self) -> None:
        """Ask the provider no more, neither for the job nor for the list; or again."""
        self.looking = not self.looking
        if self.known is None:  # else its header says so
            self.say(f"The provider is asked for {'' if self.looking else 'no '}news.")

    def action_refresh(self) -> None:
        self.looking = True
        self.session.forget_causes()
        self.side.list_jobs()
        if self.followed:
            self.job.follow()

    def action_act(self, name: str) -> None:
        """Do something with the selected job."""
        self.job.act(name)
