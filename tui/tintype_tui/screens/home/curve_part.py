"""How the training under the cursor went, or goes: its loss, where the terminal has room for it."""

from contextlib import aclosing, suppress

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tintype.errors import TintypeError
from tintype.resources import Job
from tintype_tui.screen import Part
from tintype_tui.screens.jobs.following import Known, follow
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.text import visible
from tintype_tui.widgets.chart import Chart, pins, traces


class CurvePart(Part):
    """A heading and a chart; of a job that runs, live. Its keys are in Jobs."""

    _job: Job | None = None
    _under_way: tuple[str, str] | None = None
    """Id and status of the job that is drawn; none once nobody is asked about it any more."""

    def compose(self) -> ComposeResult:
        yield Static(id="curve-heading", classes="heading")
        chart = Chart(id="curve")
        chart.can_focus = False
        letters = isinstance(self.app, TerminalApp) and self.app.capabilities.letters
        chart.marks = "ascii" if letters else chart.marks
        yield chart

    def show(self, job: Job | None) -> None:
        """Draw a job, unless that is under way."""
        doing = (job.id, job.status) if job else None
        if job is None or self._under_way != doing:
            another = job is None or self._job is None or job.id != self._job.id
            self._job, self._under_way = job, doing
            if another:
                self.query_one(Static).update("")
                self.query_one(Chart).traces = ()
            self._draw()

    def stop(self) -> None:
        """Ask nobody anything; what is drawn stays."""
        self.workers.cancel_group(self, "fill")
        self._under_way = None

    def on_resize(self) -> None:
        """Draw as soon as there is room."""
        if not self.query_one(Chart).traces:
            self._draw()

    @work(exclusive=True, group="fill")
    async def _draw(self) -> None:
        """Draw what is stored; of a job that runs, what the provider says of it."""
        job, chart = self._job, self.query_one(Chart)
        chart.empty_text = ""
        if job is None or not self.size.height:
            return
        with suppress(TintypeError):  # the lists say why
            async with aclosing(follow(self.session, job.id, ask=not job.ended)) as following:
                async for known in following:
                    self._show(known)
        chart.empty_text = "No metrics are stored; Jobs fetches them."

    def _show(self, known: Known) -> None:
        metrics, chart = known.progress.metrics, self.query_one(Chart)
        words = known.diagnosis.trend
        if known.diagnosis.warnings:
            words = f"! {known.diagnosis.warnings[0]}"
        name = Content.styled(visible(known.job.suffix or known.job.id), "b")
        self.query_one(Static).update(name + Content(f"  {visible(words)}"))
        chart.pins = pins(metrics, known.progress.checkpoints)
        chart.traces = traces(metrics)
