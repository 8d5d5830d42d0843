"""Home: what is running, what was opened lately, and how long the provider will last."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import __version__
from tintype.errors import TintypeError
from tintype.loop import LoopState
from tintype.paths import exists, size, status
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.session import SESSION, Session
from tintype_tui.text import visible

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tintype.resources import Job
    from tintype.samples import SampleProgress
    from tintype.store import RecentDataset, Store
    from tintype_tui.widgets.dataset_list import DatasetList
    from tintype_tui.widgets.job_list import JobList
    from tintype_tui.widgets.line_list import LineList

    Maker = Callable[[Path], AsyncGenerator[SampleProgress, None]]

LOOK_S, LOOK_AGAIN_S = 5.0, 30.0
"""How often the provider is asked about jobs that run; after it could not be asked."""
FIRST_FRAME_S = 0.05
MOST_JOBS, MOST_DATASETS = 50, 50
LISTS = "#jobs, #recent, #jobs-heading, #recent-heading"
"""What those see who were here before; each says so when it is empty."""

WELCOME = f"[b $primary]Tintype {__version__}[/]  fine-tune vision models in a terminal"

START = """\
[b]Start here[/]
 [b $primary]s[/]  make two sample datasets:
    no key, no network, and
    a model that really trains
 [b $primary]o[/]  open a dataset of yours:
    JSONL, Pascal VOC or CSV
 [b $primary]?[/]  all keys
"""


class HomePane(Pane):
    """The first screen."""

    BINDING_GROUP_TITLE = "Home"
    CSS_PATH = "home.tcss"
    NEXT = ("begin", "sample")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "begin", "Data", id="home.begin", tooltip="open this dataset again"),
        Binding("s", "sample", "Samples", id="home.sample", tooltip="make the sample datasets"),
        Binding("o", "open", "Open", id="home.open", tooltip="open a dataset"),
        Binding("P", "profile", "Provider", id="home.profile", tooltip="choose another"),
    ]

    doing: var[str] = var("")
    """What is going on, in a line."""
    trouble: var[str] = var("")
    """Why what is shown of jobs may not be how they are."""

    provider_text = getters.query_one("#provider", Static)

    def body(self) -> ComposeResult:
        # The first frame is this line. Lists, store and dates have to be imported, and come after.
        yield Static(WELCOME, id="welcome")
        yield Container(id="home")

    def on_mount(self) -> None:
        # Textual holds its first refresh back while it starts; what is called after that refresh
        # would still come before the frame is seen.
        self.set_timer(FIRST_FRAME_S, self._settle_in)

    def on_screen_resume(self) -> None:
        if self.query("#recent"):
            self._fill()

    def on_screen_suspend(self) -> None:
        """Ask nobody anything while another pane is shown."""
        self.workers.cancel_group(self, "fill")

    def provider_changed(self) -> None:
        super().provider_changed()
        if self.is_current:
            self._fill()

    # ------------------------------------------------------------------ what is shown

    @work(group="settle")
    async def _settle_in(self) -> None:
        from tintype_tui.widgets.dataset_list import DatasetList
        from tintype_tui.widgets.job_list import JobList

        left = Vertical(
            Static("Reading the stored state of earlier sessions …", id="loading"),
            Static(START, id="start"),
            Static("Jobs", classes="heading", id="jobs-heading"),
            JobList(id="jobs"),
            Static(id="jobs-trouble", markup=False),
            Static("Recent datasets", classes="heading", id="recent-heading"),
            DatasetList(id="recent"),
            Static(id="doing", markup=False),
            id="home-left",
        )
        right = VerticalScroll(Static(id="provider"), id="home-right", can_focus=False)
        await self.query_one("#home").mount(left, right)
        self._show("#loading")
        self._fill()

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        """Show what the store knows; then, while jobs run, what the provider says of them."""
        self.trouble = ""
        try:
            store = await self.session.store()
            await self._restore(store)
            recent = store.datasets.newest(MOST_DATASETS)
            kept = store.jobs.newest(MOST_JOBS, profile=self.session.profile.name)
            known = bool(recent or kept or store.jobs.newest(1))
        except TintypeError as error:
            self.trouble = f"Cannot read the stored state of earlier sessions. {error}"
            self._show("")  # what is not known is neither empty nor new
            return
        known = known or await asyncio.to_thread(exists, samples_folder(self.session))
        jobs = [one.job for one in kept]
        await self._show_datasets(recent)
        self._show_jobs(jobs)
        self._show(LISTS if known else "#start")
        await self._show_provider(store)
        while any(not job.ended for job in jobs):
            jobs = await self._look(store, jobs)
            await asyncio.sleep(LOOK_S if not self.trouble else LOOK_AGAIN_S)

    async def _look(self, store: "Store", jobs: "list[Job]") -> "list[Job]":
        """What the provider says of jobs that run; what it cannot be asked stays as it was."""
        from tintype.jobs import listed

        try:
            async for batch in listed(await self.session.provider(), store, most=MOST_JOBS):
                known = {job.id: job for job in batch}
                jobs = [known.get(job.id, job) for job in jobs]
        except TintypeError as error:
            self.trouble = f"Not up to date: {error} Trying again every {LOOK_AGAIN_S:.0f} s."
        else:
            self.trouble = ""
        self._show_jobs(jobs)
        return jobs

    async def _restore(self, store: "Store") -> None:
        """Go on where the last session ended, unless something was chosen already."""
        if self.loop_state == LoopState():
            kept, profile = store.notes.read(SESSION), self.session.profile.name
            state = await asyncio.to_thread(LoopState.restored, kept, profile)
            self.post_message(requests.Restore(state))

    def _show(self, wanted: str) -> None:
        """One of: what loads, how to begin (to those who never have), and the lists."""
        for widget in self.query(f"#loading, #start, {LISTS}"):
            widget.display = False
        for widget in self.query(wanted) if wanted else ():
            widget.display = True

    def _show_jobs(self, jobs: "Sequence[Job]") -> None:
        shown = cast("JobList", self.query_one("#jobs"))
        shown.empty_text = f"No jobs from here at {self.session.profile.name} yet."
        shown.jobs = jobs
        shown.styles.height = max(2, len(jobs))

    async def _show_datasets(self, datasets: "Sequence[RecentDataset]") -> None:
        found = await asyncio.to_thread(lambda: [status(one.path) for one in datasets])
        recent = cast("DatasetList", self.query_one("#recent"))
        none = "None of your recent datasets exists any more."
        recent.empty_text = (
            f"{none if datasets else 'No dataset was opened yet.'}\ns makes samples, o opens one."
        )
        recent.unknown = {one.path: one.reason for one in found if one.kind == "unknown"}
        pairs = zip(datasets, found, strict=True)
        recent.datasets = [one for one, at in pairs if at.kind != "missing"]
        if recent.datasets and self.focused is None:
            recent.focus()
        self.refresh_bindings()

    async def _show_provider(self, store: "Store") -> None:
        from tintype.pricing import load_prices
        from tintype_tui.words.providers import about, dates, spent_lines

        settings, profile = self.session.settings, self.session.profile
        lines: list[str] = []
        ends: list[Content] = []
        try:
            lines, notice = await asyncio.to_thread(about, profile, settings.folders)
            if notice:
                self.say(notice, severity="warning")
            lines += spent_lines(store, settings.month_limit_usd)
            prices = await asyncio.to_thread(load_prices, settings.prices)
            ends = dates(prices, profile, datetime.now(UTC).date())
        except TintypeError as error:
            lines.append(f"✗ {error}")
        self.provider_text.update(
            Content.from_markup("[b]Provider[/]\n")
            + Content("\n".join(map(visible, lines)))
            + (Content.from_markup("\n\n[b]Dates[/]\n") if ends else Content(""))
            + Content("\n").join(ends)
        )

    def watch_trouble(self, trouble: str) -> None:
        for line in self.query("#jobs-trouble").results(Static):
            line.display = bool(trouble)
            line.update(Content(visible(f"✗ {trouble}" if trouble else "")))

    def watch_doing(self, doing: str) -> None:
        for line in self.query("#doing").results(Static):
            line.update(Content(visible(doing)))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "begin":
            return bool(self._last_dataset())
        return True

    def _last_dataset(self) -> Path | None:
        if self.loop_state.dataset is not None:
            return self.loop_state.dataset
        found = self.query("#recent")
        datasets = cast("DatasetList", found.first()).datasets if found else ()
        return datasets[0].path if datasets else None

    def action_begin(self) -> None:
        if (path := self._last_dataset()) is not None:
            self.post_message(requests.OpenDataset(path))

    @work(exclusive=True, group="sample")
    async def action_sample(self) -> None:
        """Make the samples, unless they are there; the playing cards open as soon as they are."""
        from tintype.samples import make_books, make_cards

        folder = samples_folder(self.session)
        with self.reporting("Cannot make the samples"):
            await self._sample("playing cards", make_cards, folder / "cards")
            self.post_message(requests.OpenDataset(folder / "cards" / "train.jsonl"))
            await self._sample("book covers", make_books, folder / "books")
        self.doing = ""

    async def _sample(self, title: str, make: "Maker", folder: Path) -> None:
        """Draw one of the samples, and list it."""
        train = folder / "train.jsonl"
        if not await asyncio.to_thread(exists, train):
            async for progress in make(folder):
                share = progress.done / max(1, progress.total)
                self.doing = f"drawing {title} … {share:.0%}"
        from tintype.store import RecentDataset

        store = await self.session.store()
        if all(one.path != train for one in store.datasets.newest(MOST_DATASETS)):
            size_bytes = await asyncio.to_thread(size, train)
            store.datasets.opened(RecentDataset(train, datetime.now(UTC), size_bytes))
            if self.is_current:
                self._fill()

    @work
    async def action_open(self) -> None:
        from tintype_tui.screens.open_path import choose_dataset

        path = await choose_dataset(self)
        if path is not None:
            self.post_message(requests.OpenDataset(path))

    @work
    async def action_profile(self) -> None:
        """Choose the provider to work with from now on."""
        from tintype_tui.screens.choosing import Choose

        profiles = list(self.session.settings.profiles.values())
        entries = [f"{one.name}  {one.base_url or 'on this machine, free'}" for one in profiles]
        at = profiles.index(self.session.profile)
        chosen = await self.app.push_screen_wait(
            Choose("Work with which provider?", entries, at=at)
        )
        if chosen is not None and profiles[chosen] != self.session.profile:
            self.post_message(requests.UseProfile(profiles[chosen].name))

    def on_line_list_chosen(self, event: "LineList.Chosen") -> None:
        """Open the dataset or the job under the cursor."""
        if event.list.id == "recent":
            dataset = cast("DatasetList", event.list).datasets[event.index]
            self.post_message(requests.OpenDataset(dataset.path))
        else:
            job = cast("JobList", event.list).jobs[event.index]
            self.post_message(requests.OpenJob(job.id))


def samples_folder(session: Session) -> Path:
    """Return the folder that the samples are drawn into."""
    return session.settings.folders.data / "samples"
