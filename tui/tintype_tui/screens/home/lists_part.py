"""What was done here: jobs, with news of those that run, and the datasets opened lately."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.errors import ApiError, TintypeError
from tintype.jobs import listed
from tintype.paths import exists, status
from tintype.resources import Job
from tintype.store import RecentDataset, Store
from tintype_tui import requests
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.home.curve_part import CurvePart
from tintype_tui.screens.home.samples_part import samples_folder
from tintype_tui.session import Session
from tintype_tui.text import duration, visible
from tintype_tui.widgets.dataset_list import DatasetList
from tintype_tui.widgets.job_list import JobList
from tintype_tui.widgets.line_list import LineList, item_of

LOOK_S, LOOK_AGAIN_S = 5.0, 30.0
"""How often the provider is asked about jobs that run; after it could not be asked."""
MOST_JOBS, MOST_DATASETS = 50, 50
LISTS = "#jobs, #recent, #jobs-heading, #recent-heading"
"""What those see who were here before; each says so when it is empty."""

START = """\
[b]Start here[/]
 [b $primary]s[/]  make two sample datasets:
    no key, no network, and
    a model that really trains
 [b $primary]o[/]  open a dataset of yours:
    JSONL, COCO, YOLO, CSV …
 [b $primary]?[/]  all keys
"""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What the store has for Home."""

    jobs: Sequence[Job] = ()
    """At the provider in use, newest first."""
    datasets: Sequence[RecentDataset] = ()
    """Those that are there, or of which that is not known, newest first."""
    unknown: Mapping[Path, str] = field(default_factory=dict)
    """Why it is not known, by file."""
    missing: int = 0
    """Recent datasets that are not there."""
    returning: bool = False
    """Whether anything was ever done here."""
    trouble: str = ""
    """Why nothing is known: a sentence."""


async def kept(store: Store, session: Session) -> Kept:
    """Read what the store has.

    Raises:
        StoreError: if it cannot be read.
    """
    recent = store.datasets.newest(MOST_DATASETS)
    jobs = [one.job for one in store.jobs.newest(MOST_JOBS, profile=session.profile.name)]
    found = await asyncio.to_thread(lambda: [status(one.path) for one in recent])
    there = [one for one, at in zip(recent, found, strict=True) if at.kind != "missing"]
    unknown = {one.path: one.reason for one in found if one.kind == "unknown"}
    known = bool(recent or jobs or store.jobs.newest(1))
    known = known or await asyncio.to_thread(exists, samples_folder(session))
    return Kept(jobs, there, unknown, missing=len(recent) - len(there), returning=known)


class ListsPart(Part):
    """Two lists, or to those who are new here, how to begin."""

    kept: var[Kept | None] = var(None)
    """None until the store has been read."""
    trouble: var[str] = var("")
    """Why what is shown of jobs may not be how they are."""

    _again_s = LOOK_AGAIN_S

    jobs = getters.query_one(JobList)
    recent = getters.query_one(DatasetList)

    def compose(self) -> ComposeResult:
        yield Static("Reading the stored state of earlier sessions …", id="loading")
        yield Static(START, id="start")
        yield Static("Jobs", classes="heading", id="jobs-heading")
        yield JobList(id="jobs")
        yield Static(id="jobs-trouble", markup=False)
        yield Static("Recent datasets", classes="heading", id="recent-heading")
        yield DatasetList(id="recent")
        yield CurvePart(id="curve-part")

    def watch_kept(self, kept: Kept | None) -> None:
        self.stop()
        if kept is None:
            self._show("#loading")
            return
        self.trouble = kept.trouble
        # What is not known is neither empty nor new.
        self._show("" if kept.trouble else LISTS if kept.returning else "#start")
        none = "None of your recent datasets exists any more."
        self.recent.empty_text = (
            f"{none if kept.missing else 'No dataset was opened yet.'}\n"
            + with_keys(self, "{home.sample} makes samples, {home.open} opens one.")
        )
        self.recent.unknown = kept.unknown
        self.recent.datasets = kept.datasets
        if kept.datasets and self.pane.focused is None:
            self.recent.focus()
        self._show_jobs(kept.jobs)
        self._follow(kept.jobs)

    def _show(self, wanted: str) -> None:
        """One of: what loads, how to begin (to those who never have), and the lists."""
        for widget in self.query(f"#loading, #start, {LISTS}"):
            widget.display = False
        for widget in self.query(wanted) if wanted else ():
            widget.display = True

    def watch_trouble(self, trouble: str) -> None:
        line = self.query_one("#jobs-trouble", Static)
        line.display = bool(trouble)
        line.update(Content(visible(f"✗ {trouble}" if trouble else "")))

    def _show_jobs(self, jobs: Sequence[Job]) -> None:
        self.jobs.empty_text = f"No jobs from here at {self.session.profile.name} yet."
        self.jobs.jobs = jobs
        self.jobs.styles.height = max(2, len(jobs))
        self.screen.set_class(bool(jobs), "-with-jobs")
        self._draw()

    @on(LineList.Moved, "#jobs")
    def _draw(self) -> None:
        jobs = self.jobs.jobs
        self.query_one(CurvePart).show(jobs[self.jobs.cursor] if jobs else None)

    # ------------------------------------------------------------------ news of jobs that run

    def stop(self) -> None:
        """Ask nobody anything."""
        self.workers.cancel_group(self, "fill")
        self.query_one(CurvePart).stop()

    @work(exclusive=True, group="fill")
    async def _follow(self, jobs: Sequence[Job]) -> None:
        """While jobs run, show what the provider says of them."""
        while any(not job.ended for job in jobs):
            jobs = await self._look(jobs)
            await asyncio.sleep(LOOK_S if not self.trouble else self._again_s)

    async def _look(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """What the provider says of jobs that run; what it cannot be asked stays as it was."""
        try:
            store = await self.session.store()
            async for batch in listed(await self.session.provider(), store, most=MOST_JOBS):
                known = {job.id: job for job in batch}
                jobs = [known.get(job.id, job) for job in jobs]
        except TintypeError as error:
            asked_s = error.retry_after_s if isinstance(error, ApiError) else None
            self._again_s = max(LOOK_AGAIN_S, asked_s or 0.0)
            self.trouble = f"Not up to date: {error} Trying again in {duration(self._again_s)}."
        else:
            self.trouble = ""
        self._show_jobs(jobs)
        return jobs

    # ------------------------------------------------------------------ what the person does

    @on(LineList.Chosen, "#recent")
    def _open_dataset(self, event: LineList.Chosen) -> None:
        if (dataset := item_of(event, self.recent.datasets)) is not None:
            self.post_message(requests.open_dataset(dataset.path))

    @on(LineList.Chosen, "#jobs")
    def _open_job(self, event: LineList.Chosen) -> None:
        if (job := item_of(event, self.jobs.jobs)) is not None:
            self.post_message(requests.open_job(job.id))
