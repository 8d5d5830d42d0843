"""The layer below the curves: events, checkpoints, details, trouble, comparison."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from textual import getters, on, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype import jobs
from tintype.jobs import Blamed, JobProgress, Trouble, trouble_of
from tintype.metrics import Diagnosis, diagnose
from tintype.pricing import load_prices
from tintype.resources import Event
from tintype.store import KeptJob
from tintype_tui import requests
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.jobs.curves import CurvesPane
from tintype_tui.text import visible
from tintype_tui.widgets.chart import Run
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_comparison import Comparison
from tintype_tui.widgets.job_details import JobDetails
from tintype_tui.widgets.job_trouble import TroubleList
from tintype_tui.widgets.line_list import LineList

VIEWS = ("events", "checkpoints", "details", "trouble", "compare")
"""What can be seen below the curves."""


class LowerPane(CurvesPane):
    """Views of the job in hand, one at a time."""

    diagnosis: var[Diagnosis] = var(Diagnosis())
    """What there is to make of the curves."""
    trouble: var[Trouble] = var(Trouble(), bindings=True)

    checkpoints = getters.query_one(CheckpointList)
    details = getters.query_one(JobDetails)
    troubles = getters.query_one(TroubleList)
    comparison = getters.query_one(Comparison)
    lower = getters.query_one("#lower", ContentSwitcher)

    def __init__(self) -> None:
        super().__init__()
        self._placed = ""
        self._judging = False

    def show_view(self, name: str) -> None:
        """Show one of the views; what was focused below gives way to it."""
        inside = self.focused is not None and self.lower in self.focused.ancestors
        self.lower.current = name
        self.draw_titles()
        if inside:
            self.query_one(f"#{name}").focus()

    def action_lower(self, by: int) -> None:
        at = VIEWS.index(self.lower.current or "events")
        self.show_view(VIEWS[(at + by) % len(VIEWS)])

    @on(LineList.Chosen, "#jobs")
    def _job_chosen(self) -> None:
        """Enter on a job goes into it."""
        if self.lower.current is not None:
            self.query_one(f"#{self.lower.current}").focus()

    def draw_titles(self) -> None:
        """Name the views, how much is in each, and what is left out of the one shown."""
        numbers = {
            "events": len(self.diary),
            "checkpoints": self.checkpoints.total,
            "trouble": len(self.trouble.rows),
            "compare": len(self.overlaid),
        }
        parts = []
        for name in VIEWS:
            number = numbers.get(name, 0)
            alarm = "!" if name == "trouble" and self.trouble else ""
            words = f" {alarm}{name}{f' {number}' if number else ''} "
            look = "bold reverse" if name == self.lower.current else "dim"
            parts.append(
                Content.styled(words, "bold $warning" if alarm and "dim" in look else look)
            )
        if self.lower.current == "events" and self.feed.summary:
            parts.append(Content.styled(f"  {visible(self.feed.summary)}", "italic"))
        title = self.query_one("#lower-title", Static)
        width = title.size.width
        line = Content("").join(parts)
        title.update(line.truncate(width, ellipsis=True) if width else line)

    # ------------------------------------------------------------------ what is shown

    def begin(self, job_id: str) -> None:
        super().begin(job_id)
        self.details.bill = None
        self.diagnosis = Diagnosis()

    def watch_progress(self, progress: JobProgress | None) -> None:
        super().watch_progress(progress)
        if progress is None:
            return
        job = progress.job
        self.checkpoints.checkpoints = progress.checkpoints
        self.details.job = job
        self._judge()
        self.trouble = trouble_of(job, self.diary)
        if job.ended and self.details.bill is None:
            self._reckon()
        if job.id != self._placed:
            self._placed = job.id if job.ended else ""
            if job.status == "failed":
                self.show_view("trouble")
            elif self.lower.current == "trouble" and not self.trouble:
                self.show_view("events")
        self.draw_titles()

    def watch_kept(self, kept: KeptJob | None) -> None:
        self.details.kept = kept
        if kept is not None and kept.job.ended:
            self._reckon()

    def watch_trouble(self, trouble: Trouble) -> None:
        self.troubles.trouble = trouble

    def watch_overlaid(self) -> None:
        super().watch_overlaid()
        self._compare()

    @work(group="judge")
    async def _judge(self) -> None:
        """Read the curves, in a thread; what comes meanwhile is read afterwards, once."""
        if self._judging:
            return
        self._judging, read = True, None
        try:
            while self.progress is not None and self.progress.metrics is not read:
                read = self.progress.metrics
                self.diagnosis = await asyncio.to_thread(diagnose, read)
        finally:
            self._judging = False

    def watch_diagnosis(self, diagnosis: Diagnosis) -> None:
        self.details.diagnosis = diagnosis

    @work(exclusive=True, group="reckon")
    async def _reckon(self) -> None:
        """Set what was billed beside what was expected."""
        prices = self.prices
        if prices is None:
            prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)
        store, profile = await self.desk.store(), self.desk.profile
        kept = store.jobs.find(profile.name, self.followed)
        if kept is not None:
            self.details.bill = jobs.bill(kept, self.diary, prices, profile.provider)

    def _compare(self) -> None:
        """Say in what the runs that are drawn differ."""
        known = {kept.job.id: kept for kept in self.listed}
        runs: Mapping[str, Run] = {run.id: run for run in self.runs() if run.id in known}
        self.comparison.runs = tuple(runs.values())
        self.comparison.differences = jobs.differences([known[id] for id in runs])

    def watch_listed(self) -> None:
        super().watch_listed()
        self._compare()

    # ------------------------------------------------------------------ events

    @on(EventFeed.Changed)
    def _feed_changed(self) -> None:
        self.draw_titles()

    @on(EventFeed.Searching)
    @work
    async def _search_events(self) -> None:
        hints = ("a word in them, whatever the case; empty: all",)
        text = await self.app.push_screen_wait(
            Ask("Events with", value=self.feed.needle, hints=hints)
        )
        if text is not None:
            self.feed.needle = text.strip()

    @on(LineList.Chosen, "#events")
    def _event_chosen(self, event: LineList.Chosen) -> None:
        """An event that names rows leads to them."""
        said = self.feed.event_at(event.index)
        if said is not None and (rows := self._named_by(said)):
            self.show_view("trouble")
            self.troubles.seek(rows[0])

    def _named_by(self, event: Event) -> tuple[Blamed, ...]:
        return jobs.blamed(event, self.progress.job) if self.progress is not None else ()

    # ------------------------------------------------------------------ checkpoints and rows

    @on(LineList.Chosen, "#checkpoints")
    def _checkpoint_chosen(self, event: LineList.Chosen) -> None:
        self.post_message(requests.TryModel(self.checkpoints.checkpoints[event.index].model))

    @on(CheckpointList.Wanted)
    @work
    async def _checkpoint_wanted(self, event: CheckpointList.Wanted) -> None:
        await self.copy(event.checkpoint.model)

    @on(LineList.Chosen, "#trouble")
    def _row_chosen(self, event: LineList.Chosen) -> None:
        if (row := self.troubles.row_at(event.index)) is not None:
            self._open_row(row)

    def action_row(self) -> None:
        """Open the dataset at the row under the cursor, or the first one blamed."""
        row = None
        if self.lower.current == "trouble":
            row = self.troubles.row_at(self.troubles.cursor)
        self._open_row(row or self.trouble.rows[0])

    @work(exclusive=True, group="row")
    async def _open_row(self, row: Blamed) -> None:
        """Open the dataset at the row that the provider complained about."""
        if (kept := self.kept) is None:
            return
        with self.reporting("Cannot open the row"):
            source = jobs.source_of(row, kept.job, kept.made_from)
            large = source is not None and await asyncio.to_thread(_is_large, Path(source.path))
            if source is not None and large:
                self.say(f"Comparing {Path(source.path).name} with what was trained on …")
            found = await jobs.find(row, kept.job, kept.made_from)
            if found.changed:
                self.say(
                    f"{found.path.name} has changed since the job was launched: "
                    f"{row.place} may be another row now.",
                    title="Careful:",
                    severity="warning",
                )
            self.post_message(requests.OpenDataset(found.path, found.index))


def _is_large(path: Path) -> bool:
    """Whether reading a file takes a noticeable time."""
    return path.is_file() and path.stat().st_size > 200_000_000
