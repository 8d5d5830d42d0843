"""The layer that draws curves: of one job or several, in one chart or all at once."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from textual import getters, work
from textual.reactive import var

from tintype import jobs
from tintype.jobs import JobProgress
from tintype.metrics import Metrics, to_csv
from tintype.resources import Job
from tintype_tui.screens.jobs.following import FollowingPane, by_epochs
from tintype_tui.widgets.chart import (
    ChartGrid,
    Panel,
    Run,
    curves,
    free_slot,
    groups,
    pins,
    told_apart,
)

MOST_RUNS = 6
"""As many as there are looks."""


class CurvesPane(FollowingPane):
    """Charts of the job in hand, and of those held beside it."""

    metric_group: var[str] = var("loss")
    every_metric: var[bool] = var(False)
    """Whether all metrics are drawn at once."""
    overlaid: var[Mapping[str, Run]] = var({}, bindings=True)
    """The runs that are held in the chart, by job id."""

    charts = getters.query_one(ChartGrid)

    def provider_changed(self) -> None:
        self.overlaid = {}
        self.charts.panels = ()
        super().provider_changed()

    def begin(self, job_id: str) -> None:
        super().begin(job_id)
        if not self.overlaid:
            self.charts.forget_place()

    def runs(self) -> list[Run]:
        """What is drawn: what is held, and the job in hand."""
        found = dict(self.overlaid)
        if self.progress is not None and self.progress.job.id not in found:
            job = self.progress.job
            slot = free_slot(run.slot for run in found.values())
            found[job.id] = Run(job.id, _name(job), self.progress.metrics, slot)
        return told_apart(list(found.values()))

    def watch_progress(self, progress: JobProgress | None) -> None:
        super().watch_progress(progress)
        if progress is not None:
            self._know(progress.job.id, progress.metrics)
            self._draw()

    def _know(self, job_id: str, metrics: Metrics) -> None:
        """Take the news of a run that is held."""
        if (run := self.overlaid.get(job_id)) is not None and run.metrics is not metrics:
            news = {job_id: Run(run.id, run.name, metrics, run.slot)}
            self.overlaid = {**self.overlaid, **news}

    def _draw(self) -> None:
        if self.progress is None:
            return
        runs = self.runs()
        found = groups(runs)
        chosen = self._chosen(found)
        shown = list(found) if self.every_metric else [chosen]
        self.charts.pins = (
            pins(self.progress.metrics, self.progress.checkpoints) if len(runs) == 1 else ()
        )
        self.charts.first = list(found).index(chosen) if self.every_metric and found else 0
        self.charts.panels = [
            Panel(title, curves(runs, found[title]) if title in found else ()) for title in shown
        ]
        several = len(runs) > 1
        self.list_of_jobs.slots = {run.id: run.slot for run in runs} if several else {}
        job = self.progress.job
        bare = job.ended and not found
        self.set_class(bare, "-bare")
        self.set_class(self.every_metric, "-grid")

    def _chosen(self, found: Mapping[str, object]) -> str:
        """The title of the metric in hand, or what comes closest."""
        wanted = self.metric_group
        near = (title for title in found if wanted in title or title in wanted)
        return wanted if wanted in found else next(near, next(iter(found), wanted))

    def watch_metric_group(self) -> None:
        self._draw()

    def watch_every_metric(self) -> None:
        self._draw()

    def watch_overlaid(self) -> None:
        self._draw()

    def action_metric(self) -> None:
        if self.progress is not None and (found := list(groups(self.runs()))):
            at = found.index(self._chosen(dict.fromkeys(found)))
            self.metric_group = found[(at + 1) % len(found)]

    def action_grid(self) -> None:
        """All metrics at once, or one."""
        self.every_metric = not self.every_metric
        if self.every_metric:
            self.charts.leader.focus()

    def action_overlay(self) -> None:
        """Hold this job's curve in the chart, or take it away again."""
        if self.progress is None:
            return
        job = self.progress.job
        if job.id in self.overlaid:
            self.overlaid = {id: run for id, run in self.overlaid.items() if id != job.id}
            self.workers.cancel_group(self, f"beside-{job.id}")
        elif job.ended and not self.progress.metrics.series:
            self.say(f"{_name(job)} has no curve to hold.")
        elif len(self.overlaid) >= MOST_RUNS - 1:
            self.say(f"{MOST_RUNS - 1} runs are held: O on one of them takes it away.")
        else:
            slot = free_slot(run.slot for run in self.overlaid.values())
            run = Run(job.id, _name(job), self.progress.metrics, slot)
            self.overlaid = {**self.overlaid, job.id: run}
            self.say(f"{run.name} stays in the chart: go to another job; O here takes it away.")
            if not job.ended:
                self.run_worker(self._keep_up(job.id), group=f"beside-{job.id}", exclusive=True)

    async def _keep_up(self, job_id: str) -> None:
        """Follow a run that is held, whichever job is in hand."""
        with self.reporting("Cannot follow the job"):
            store = await self.desk.store()
            async for progress in jobs.follow(await self.desk.provider(), store, job_id):
                if job_id not in self.overlaid:
                    return
                if job_id != self.followed:
                    self._know(job_id, by_epochs(progress))

    def action_full(self) -> None:
        """What is looked at alone, a chart or what is below; Esc goes back."""
        focused = self.focused
        listing = focused is None or focused is self.list_of_jobs
        self.maximize(self.charts.leader if listing or focused is None else focused)

    @work
    async def action_export(self) -> None:
        """Write the numbers and the image into the folder the app was started in."""
        if self.progress is None:
            return
        from tintype_tui.widgets.chart.svg import to_svg

        job, chart = self.progress.job, self.charts.leader
        drawn = to_svg(chart.traces, heading=f"{_name(job)} · {chart.heading}")
        written = {".csv": to_csv(self.progress.metrics), ".svg": drawn}
        with self.reporting("Cannot export"):
            for ending, text in written.items():
                await asyncio.to_thread(_write, Path(f"{job.id}{ending}"), text)
            self.say(f"Written to {Path.cwd() / job.id}.csv and .svg")


def _name(job: Job) -> str:
    return job.suffix or job.id[-6:]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
