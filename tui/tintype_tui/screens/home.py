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
from tintype_tui import requests
from tintype_tui.desk import SESSION
from tintype_tui.screen import Pane
from tintype_tui.standing import Standing
from tintype_tui.text import visible

if TYPE_CHECKING:
    from tintype.resources import Job
    from tintype.store import RecentDataset, Store
    from tintype_tui.widgets.dataset_list import DatasetList
    from tintype_tui.widgets.job_list import JobList
    from tintype_tui.widgets.line_list import LineList

LOOK_S = 5.0
"""How often the provider is asked after jobs that run."""
FIRST_FRAME_S = 0.05
MOST_JOBS, MOST_DATASETS = 50, 50

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
        Binding("d", "begin", "Data", id="home.begin", tooltip="go on with a dataset"),
        Binding("s", "sample", "Samples", id="home.sample", tooltip="make the sample datasets"),
        Binding("o", "open", "Open", id="home.open", tooltip="open a dataset"),
        Binding("P", "profile", "Provider", id="home.profile", tooltip="choose another"),
    ]

    doing: var[str] = var("")
    """What is going on, in a line."""

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

    def provider_changed(self) -> None:
        super().provider_changed()
        self._fill()

    # ------------------------------------------------------------------ what is shown

    @work(group="settle")
    async def _settle_in(self) -> None:
        from tintype_tui.widgets.dataset_list import DatasetList
        from tintype_tui.widgets.job_list import JobList

        jobs, recent = JobList(id="jobs"), DatasetList(id="recent")
        jobs.display = recent.display = False
        left = Vertical(
            Static(START, id="start"),
            Static("Jobs", classes="heading", id="jobs-heading"),
            jobs,
            Static("Recent datasets", classes="heading", id="recent-heading"),
            recent,
            Static(id="doing"),
            id="home-left",
        )
        right = VerticalScroll(Static(id="provider"), id="home-right", can_focus=False)
        await self.query_one("#home").mount(left, right)
        self._fill()

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        """Show what the store knows; then, while jobs run, what the provider says of them."""
        with self.reporting("Home"):
            store = await self.desk.store()
            await self._restore(store)
            self._show_datasets(store.datasets.newest(MOST_DATASETS))
            kept = store.jobs.newest(MOST_JOBS, profile=self.desk.profile.name)
            jobs = [one.job for one in kept]
            self._show_jobs(jobs)
            await self._show_provider()
            while any(not job.ended for job in jobs):
                from tintype.jobs import listed

                async for batch in listed(await self.desk.provider(), store, most=MOST_JOBS):
                    known = {job.id: job for job in batch}
                    jobs = [known.get(job.id, job) for job in jobs]
                self._show_jobs(jobs)
                await asyncio.sleep(LOOK_S)

    async def _restore(self, store: "Store") -> None:
        """Stand where the last session ended, unless something was chosen already."""
        if self.standing != Standing():
            return
        last = await asyncio.to_thread(Standing.again, store.notes.read(SESSION))
        if last != Standing():
            self.post_message(
                requests.Reached(dataset=last.dataset, row=last.row, job=last.job, model=last.model)
            )

    def _show_jobs(self, jobs: "Sequence[Job]") -> None:
        shown = cast("JobList", self.query_one("#jobs"))
        shown.jobs = jobs
        shown.display = self.query_one("#jobs-heading").display = bool(jobs)

    def _show_datasets(self, datasets: "Sequence[RecentDataset]") -> None:
        recent = cast("DatasetList", self.query_one("#recent"))
        recent.datasets = [dataset for dataset in datasets if dataset.path.exists()]
        some = bool(recent.datasets)
        recent.display = self.query_one("#recent-heading").display = some
        self.query_one("#start").display = not some
        if some and self.focused is None:
            recent.focus()
        self.refresh_bindings()

    async def _show_provider(self) -> None:
        from tintype.pricing import load_prices
        from tintype_tui.words.providers import about, dates, spent_lines

        settings, profile = self.desk.settings, self.desk.profile
        prices = await asyncio.to_thread(load_prices, settings.prices)
        today = datetime.now(UTC).date()
        lines, notice = await asyncio.to_thread(about, profile, settings.folders)
        if notice:
            self.say(notice, severity="warning")
        lines += spent_lines(await self.desk.store(), settings.month_limit_usd)
        self.provider_text.update(
            Content.from_markup("[b]Provider[/]\n")
            + Content("\n".join(lines))
            + Content.from_markup("\n\n[b]Dates[/]\n")
            + Content("\n").join(dates(prices, profile, today))
        )

    def watch_doing(self, doing: str) -> None:
        for line in self.query("#doing").results(Static):
            line.update(Content(visible(doing)))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "begin":
            return bool(self._last_dataset())
        return True

    def _last_dataset(self) -> Path | None:
        if self.standing.dataset is not None:
            return self.standing.dataset
        found = self.query("#recent")
        datasets = cast("DatasetList", found.first()).datasets if found else ()
        return datasets[0].path if datasets else None

    def action_begin(self) -> None:
        if (path := self._last_dataset()) is not None:
            self.post_message(requests.OpenDataset(path))

    @work(exclusive=True, group="sample")
    async def action_sample(self) -> None:
        """Make the samples, unless they are there, and open the playing cards."""
        from tintype.samples import make_books, make_cards

        folder = self.desk.settings.folders.data / "samples"
        cards = folder / "cards" / "train.jsonl"
        with self.reporting("Cannot make the samples"):
            for title, make in (("playing cards", make_cards), ("book covers", make_books)):
                target = folder / ("cards" if make is make_cards else "books")
                if (target / "train.jsonl").exists():
                    continue
                async for progress in make(target):
                    share = progress.done / max(1, progress.total)
                    self.doing = f"drawing {title} … {share:.0%}"
            self.doing = ""
            self.post_message(requests.OpenDataset(cards))
        self.doing = ""

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

        profiles = list(self.desk.settings.profiles.values())
        entries = [f"{one.name}  {one.base_url or 'on this machine, free'}" for one in profiles]
        at = profiles.index(self.desk.profile)
        chosen = await self.app.push_screen_wait(
            Choose("Work with which provider?", entries, at=at)
        )
        if chosen is not None and profiles[chosen] != self.desk.profile:
            self.post_message(requests.UseProfile(profiles[chosen].name))

    def on_line_list_chosen(self, event: "LineList.Chosen") -> None:
        """Open the dataset or the job under the cursor."""
        if event.list.id == "recent":
            dataset = cast("DatasetList", event.list).datasets[event.index]
            self.post_message(requests.OpenDataset(dataset.path))
        else:
            job = cast("JobList", event.list).jobs[event.index]
            self.post_message(requests.OpenJob(job.id))
