"""Jobs: the list, and of one job its curves and what is below them; what the person does."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Static

from tintype import jobs
from tintype_tui import requests
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.jobs.below import LowerPane
from tintype_tui.terminal import Capabilities
from tintype_tui.widgets.chart import Chart, ChartGrid
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_comparison import Comparison
from tintype_tui.widgets.job_details import JobDetails
from tintype_tui.widgets.job_header import JobHeader
from tintype_tui.widgets.job_list import JobList
from tintype_tui.widgets.job_trouble import TroubleList

STEERED = frozenset({"cancel", "pause"})
"""What changes something at the provider: not there at all when it may only be read."""
OF_A_JOB = frozenset({"metric", "grid", "overlay", "full", "export", "clone"})


class JobsPane(LowerPane):
    """All jobs of the provider in use; one of them followed."""

    BINDING_GROUP_TITLE = "Job"
    CSS_PATH = "jobs.tcss"
    NEXT = ("try",)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012 – as below
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 – Textual declares it without ClassVar
        (0, "-narrow"),
        (76, "-usual"),
        (120, "-wide"),
        (170, "-vast"),
    ]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "try", "Try", id="jobs.try", tooltip="ask the tuned model about images"),
        Binding("d", "row", "Open row", id="jobs.row", tooltip="blamed, in its dataset"),
        Binding("w", "metric", "Metric", id="jobs.metric", tooltip="loss, accuracy, others"),
        Binding(
            "right_square_bracket",
            "lower(1)",
            "Below",
            id="jobs.lower",
            key_display="]",
            tooltip="events, checkpoints, details, trouble, comparison",
        ),
        Binding(
            "left_square_bracket",
            "lower(-1)",
            "Below, back",
            id="jobs.lower_back",
            key_display="[",
            show=False,
        ),
        Binding(
            "space",
            "pause",
            "Pause",
            id="jobs.pause",
            key_display="space",
            tooltip="stop for now, or go on",
        ),
        Binding("c", "cancel", "Cancel", id="jobs.cancel", tooltip="stop for good"),
        Binding("W", "grid", "All metrics", id="jobs.grid", tooltip="every metric at once, or one"),
        Binding("O", "overlay", "Overlay", id="jobs.overlay", tooltip="compare runs"),
        Binding("f", "full", "Full", id="jobs.full", show=False, tooltip="what is focused, alone"),
        Binding("p", "look", "Stop asking", id="jobs.look", show=False, tooltip="or go on"),
        Binding("y", "copy", "Copy the model's name", id="jobs.copy", show=False),
        Binding("X", "export", "Export", id="jobs.export", show=False, tooltip="CSV and SVG"),
        Binding("slash", "filter", "Filter", id="jobs.filter", show=False, key_display="/"),
        Binding("r", "refresh", "Refresh", id="jobs.refresh", show=False),
        Binding("e", "clone", "Clone", id="jobs.clone", show=False, tooltip="estimate it anew"),
        Binding("escape", "back", "Back", id="jobs.back", show=False, tooltip="to the list"),
    ]

    def body(self) -> ComposeResult:
        with Horizontal(id="jobs-body"):
            with Vertical(id="jobs-side"):
                yield Static(id="jobs-filter")
                yield JobList(id="jobs")
            with Vertical(id="job"):
                yield JobHeader().data_bind(
                    LowerPane.progress, LowerPane.looking, LowerPane.diagnosis
                )
                yield ChartGrid(id="curves")
                yield Static(id="lower-title")
                with ContentSwitcher(initial="events", id="lower"):
                    yield EventFeed(id="events")
                    yield CheckpointList(id="checkpoints")
                    yield JobDetails(id="details")
                    yield TroubleList(id="trouble")
                    yield Comparison(id="compare")

    def on_mount(self) -> None:
        self.checkpoints.empty_text = "One appears after each epoch; the last three are kept."
        self.troubles.empty_text = "Nothing went wrong, as far as the provider says."
        self.comparison.empty_text = (
            "Press O on a job to hold its curve, then go to another:\n"
            "here is in which settings they differ."
        )
        self.charts.leader.as_table = self.desk.settings.screen_reader
        self.watch(self.app, "capabilities", self._terminal_known)
        self.list_of_jobs.focus()
        self.draw_titles()

    def _terminal_known(self, capabilities: Capabilities) -> None:
        if capabilities.letters:
            self.charts.leader.marks = "ascii"

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        job = self.progress.job if self.progress else None
        if action in STEERED:
            if self.desk.settings.read_only:
                return False
            return (job is not None and not job.ended) or None
        if action == "row":
            return bool(self.trouble.rows)
        if action in ("try", "copy"):
            return (job is not None and bool(job.fine_tuned_model)) or None
        if action in OF_A_JOB:
            return job is not None or None
        return True

    def action_try(self) -> None:
        if self.progress is not None and self.progress.job.fine_tuned_model:
            self.post_message(requests.TryModel(self.progress.job.fine_tuned_model))

    def action_back(self) -> None:
        """From all metrics to one, from below to the list."""
        if self.maximized is not None:
            self.minimize()
        elif self.every_metric:
            self.every_metric = False
        elif isinstance(self.focused, EventFeed) and self.feed.needle:
            self.feed.needle = ""
        elif self.focused is self.list_of_jobs:
            self.needle = ""
        elif not isinstance(self.focused, Chart) or self.focused.cursor is None:
            self.list_of_jobs.focus()

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
                self.follow(job.id)

    @work
    async def action_pause(self) -> None:
        assert self.progress is not None
        job = self.progress.job
        order = jobs.resume if job.status == "paused" else jobs.pause
        with self.reporting("Cannot pause or resume"):
            await order(await self.desk.provider(), await self.desk.store(), job.id)
            self.follow(job.id)

    @work
    async def action_copy(self) -> None:
        assert self.progress is not None
        await self.copy(self.progress.job.fine_tuned_model or self.progress.job.id)

    def action_clone(self) -> None:
        assert self.progress is not None
        self.post_message(requests.EstimateDataset(like=self.progress.job))
