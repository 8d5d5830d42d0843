"""The part below the curves: events, checkpoints, details, trouble, comparison, one at a time."""

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype import jobs
from tintype.jobs import Blamed
from tintype.resources import Job
from tintype_tui import requests
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.jobs.following import Known
from tintype_tui.screens.jobs.listing import Listing
from tintype_tui.text import visible
from tintype_tui.widgets.chart import Run
from tintype_tui.widgets.checkpoint_list import CheckpointList
from tintype_tui.widgets.event_feed import EventFeed
from tintype_tui.widgets.job_comparison import Comparison
from tintype_tui.widgets.job_details import JobDetails
from tintype_tui.widgets.job_trouble import TroubleList
from tintype_tui.widgets.line_list import LineList, item_of
from tintype_tui.words.outcomes import setting_rows

VIEWS = ("events", "checkpoints", "details", "trouble", "compare")
"""What can be seen below the curves."""


def no_checkpoints(job: Job) -> str:
    """Why a job shows no checkpoints."""
    if job.status in ("failed", "cancelled"):
        return "The job ended before its first checkpoint."
    if job.ended:
        return "The provider lists no checkpoints of this job."
    return "None yet: one is made after each epoch, and appears here."


class JobViews(Vertical):
    """Views of the selected job."""

    known: var[Known | None] = var(None)
    runs: var[tuple[Run, ...]] = var(())
    """Those that are drawn, for the comparison."""
    listing: var[Listing] = var(Listing())

    feed = getters.query_one(EventFeed)
    checkpoints = getters.query_one(CheckpointList)
    details = getters.query_one(JobDetails)
    troubles = getters.query_one(TroubleList)
    comparison = getters.query_one(Comparison)
    switcher = getters.query_one("#lower", ContentSwitcher)

    class RowWanted(Message):
        """A row of the dataset is to be opened."""

        def __init__(self, row: Blamed) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._placed = ""
        self._trained_s: dict[str, float] = {}
        """How long the jobs that were selected trained, by id."""
        self._spans: list[tuple[int, str]] = []
        """Where the titles of the views end, in cells."""

    def compose(self) -> ComposeResult:
        yield Static(id="lower-title")
        with ContentSwitcher(initial="events", id="lower"):
            yield EventFeed(id="events")
            yield CheckpointList(id="checkpoints")
            yield JobDetails(id="details")
            yield TroubleList(id="trouble")
            yield Comparison(id="compare")

    def on_mount(self) -> None:
        self.troubles.empty_text = "No problems reported."
        self._title()

    # ------------------------------------------------------------------ which view

    @property
    def current(self) -> str:
        """The view that is shown."""
        return self.switcher.current or VIEWS[0]

    def show_view(self, name: str) -> None:
        """Show one of the views; what was focused below gives way to it."""
        focused = self.screen.focused
        inside = focused is not None and self.switcher in focused.ancestors
        self.switcher.current = name
        self._title()
        if inside:
            self.enter()

    def turn(self, by: int) -> None:
        """Show the next view, or the one before."""
        self.show_view(VIEWS[(VIEWS.index(self.current) + by) % len(VIEWS)])

    def enter(self) -> None:
        """Focus the view that is shown."""
        self.query_one(f"#{self.current}").focus()

    def on_click(self, event: events.Click) -> None:
        """A click on a title shows its view."""
        title = self.query_one("#lower-title").region
        if event.screen_y == title.y:
            x = event.screen_x - title.x
            name = next((name for end, name in self._spans if x < end), None)
            if name is not None:
                self.show_view(name)

    @on(EventFeed.Changed)
    def _title(self) -> None:
        """Name the views, how much is in each, and what is left out of the one shown."""
        trouble = self.known.trouble if self.known is not None else None
        numbers = {
            "events": len(self.known.log) if self.known is not None else 0,
            "checkpoints": self.checkpoints.total,
            "details": 0,
            "trouble": len(trouble.rows) if trouble else 0,
            "compare": len(self.runs) if len(self.runs) > 1 else 0,
        }
        filled = {name for name, number in numbers.items() if number}
        filled |= {"details"} if self.known is not None else set()
        filled |= {"trouble"} if trouble else set()
        parts, self._spans, end = [], [], 0
        for name in VIEWS:
            number = f" {numbers[name]}" if numbers[name] else ""
            empty = "" if name in filled else " –"
            words = f" {'!' if name == 'trouble' and trouble else ''}{name}{number}{empty} "
            look = "" if name in filled else "dim"
            if name == "trouble" and trouble:
                look = "bold $warning"
            parts.append(Content.styled(words, "bold reverse" if name == self.current else look))
            end += len(words)
            self._spans.append((end, name))
        if self.current == "events" and self.feed.summary:
            parts.append(Content.styled(f"  {visible(self.feed.summary)}", "italic"))
        title = self.query_one("#lower-title", Static)
        width = title.size.width
        line = Content("").join(parts)
        title.update(line.truncate(width, ellipsis=True) if width else line)

    # ------------------------------------------------------------------ what is shown

    def watch_known(self, before: Known | None, known: Known | None) -> None:
        if not self.is_mounted:
            return
        self.feed.events = known.events if known is not None else ()
        self.checkpoints.checkpoints = known.progress.checkpoints if known is not None else ()
        if known is not None and known.training_s is not None:
            self._trained_s[known.job.id] = known.training_s
        if known is not None:
            self.checkpoints.empty_text = no_checkpoints(known.job)
            self.details.kept, self.details.job = known.kept, known.job
            self.details.diagnosis, self.details.bill = known.diagnosis, known.bill
            self.troubles.trouble = known.trouble
            self._place(known)
        self._title()

    def _place(self, known: Known) -> None:
        """Once, show what went wrong with a job that failed."""
        if known.job.id == self._placed:
            return
        self._placed = known.job.id if known.job.ended else ""
        if known.job.status == "failed":
            self.show_view("trouble")
        elif self.current == "trouble" and not known.trouble:
            self.show_view("events")

    def watch_runs(self) -> None:
        """Say in what the runs that are drawn differ, and what came of them."""
        if not self.is_mounted:
            return
        listing = self.listing
        kept = {one.kept.job.id: one.kept for one in listing.lines}
        if self.known is not None and self.known.kept is not None:
            kept.setdefault(self.known.job.id, self.known.kept)
        runs = [run for run in self.runs if run.id in kept]
        self.comparison.show(
            runs,
            setting_rows([kept[run.id] for run in runs]),
            jobs.outcomes(
                [(kept[run.id], run.metrics) for run in runs],
                listing.prices,
                listing.providers,
                listing.scores or {},
                self._trained_s,
            ),
        )
        self._title()

    def watch_listing(self) -> None:
        self.watch_runs()

    # ------------------------------------------------------------------ what is chosen in them

    @on(EventFeed.Searching)
    def _search_events(self) -> None:
        hints = ("A word in them, in any case; empty shows all.",)
        ask = Ask("Events with", value=self.feed.needle, hints=hints)
        self.app.push_screen(ask, self._searched)

    def _searched(self, text: str | None) -> None:
        if text is not None:
            self.feed.needle = text.strip()

    @on(LineList.Chosen, "#events")
    def _event_chosen(self, event: LineList.Chosen) -> None:
        """An event that names rows leads to them."""
        said = self.feed.event_at(event.index)
        if said is None or self.known is None:
            return
        if rows := jobs.blamed(said, self.known.job):
            self.show_view("trouble")
            self.troubles.seek(rows[0])

    @on(LineList.Chosen, "#checkpoints")
    def _checkpoint_chosen(self, event: LineList.Chosen) -> None:
        if (checkpoint := item_of(event, self.checkpoints.checkpoints)) is not None:
            self.post_message(requests.try_model(checkpoint.model))

    @on(LineList.Chosen, "#trouble")
    def _row_chosen(self, event: LineList.Chosen) -> None:
        if (row := self.troubles.row_at(event.index)) is not None:
            self.post_message(self.RowWanted(row))

    def row(self) -> Blamed | None:
        """The row under the cursor, or the first one named."""
        row = self.troubles.row_at(self.troubles.cursor) if self.current == "trouble" else None
        rows = self.known.trouble.rows if self.known is not None else ()
        return row or (rows[0] if rows else None)
