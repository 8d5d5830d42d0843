"""The list of jobs as a part of the pane: shown, filtered, chosen from."""

from collections.abc import Mapping
from functools import partial

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import jobs
from tintype.errors import TintypeError
from tintype.jobs import JobLine
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.jobs.listing import NONE_FITS, Listing, listings
from tintype_tui.text import visible
from tintype_tui.widgets.job_list import Beside, JobList
from tintype_tui.words.jobs import heard_words
from tintype_tui.words.outcomes import cost_words, sorted_by_words


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

    _of = 0
    """Out of how many jobs those shown have been filtered."""

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
            async for listing in listings(self.session, lambda: self.needle):
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
            before, self.needle = self.needle, needle.strip()
            if self.looking and jobs.sorted_by(self.needle) != jobs.sorted_by(before):
                self.list_jobs()

    def watch_listing(self) -> None:
        """Show the jobs that fit the filter; the cursor stays on its job."""
        if not self.is_mounted:
            return
        listing, shown = self.listing, self.list_of_jobs
        fitting, of = listing.fitting(self.needle)
        shown.beside = {line.kept.job.id: self._beside(line) for line in fitting}
        shown.jobs = [line.kept.job for line in fitting]
        self._of = of
        self._say(len(fitting))
        at = next((i for i, one in enumerate(fitting) if one.kept.job.id == self.selected), None)
        if at is not None:
            shown.cursor = at
        elif fitting and (self.needle or not self.selected):
            shown.cursor = 0
            self.chosen = fitting[0].kept.job.id

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
        line.update(Content(visible(f"{fitting} of {self._of} · {self.needle} · Esc: all")))
        words = listing.words(self.size.width - 3, partial(with_keys, self))
        note.display = bool(words)
        note.set_class(listing.state == "failed", "-failed")
        note.update(Content("\n".join(words)))
        shown.empty_text = with_keys(self, NONE_FITS) if self.needle and listing.jobs else ""

    def _beside(self, line: JobLine) -> Beside:
        """What is known of a job besides itself; what the list is sorted by in the cost's place."""
        kept = line.kept
        shown = sorted_by_words(line, jobs.sorted_by(self.needle))
        if shown is None:
            prices, providers = self.listing.prices, self.listing.providers
            cost, estimated = jobs.cost_or_estimate(kept, prices, providers)
            shown = "" if cost is None else cost_words(cost, estimated)
        profile = "" if kept.profile == self.listing.profile else kept.profile
        data, labels = jobs.data_of(kept), line.labels
        return Beside(data, shown, profile, heard_words(kept), labels.pinned, labels.tags)

    def _moved(self, cursor: int) -> None:
        shown = self.list_of_jobs.jobs
        if cursor < len(shown) and shown[cursor].id != self.selected:
            self.chosen = shown[cursor].id
