"""The part that draws curves: of one job or several, one metric or all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from textual.reactive import var

from tintype.metrics import Metrics, Series
from tintype.resources import Checkpoint
from tintype_tui.screens.jobs.following import Known
from tintype_tui.terminal import Capabilities
from tintype_tui.terminal.app import TerminalApp
from tintype_tui.widgets.chart import (
    SCORE,
    ChartGrid,
    Panel,
    Run,
    curves,
    free_slot,
    groups,
    pins,
    told_apart,
    with_scores,
)
from tintype_tui.widgets.chart.navigation import kept_up, read_sight
from tintype_tui.words.jobs import name_of

MOST_RUNS = 6
"""As many as there are looks."""


def drawn(held: Mapping[str, Run], known: Known | None) -> tuple[Run, ...]:
    """The runs to draw: those that are held, and the selected job."""
    found = dict(held)
    if known is not None and known.job.id not in found:
        slot = free_slot(run.slot for run in found.values())
        found[known.job.id] = Run(known.job.id, name_of(known.job), _scored(known), slot)
    return tuple(told_apart(list(found.values())))


def _scored(known: Known) -> Metrics:
    """The metrics of a job, with what its models score as one of them."""
    metrics = known.progress.metrics
    if known.scores is None:
        return metrics
    points = [(step, found.value) for step, found in known.scores.points]
    return replace(metrics, series={**metrics.series, SCORE: Series(SCORE, points)})


class Curves(ChartGrid):
    """Charts of the runs that are drawn."""

    runs: var[tuple[Run, ...]] = var(())
    checkpoints: var[Sequence[Checkpoint]] = var(())
    """Those of the selected job."""
    metric: var[str] = var("loss")
    every_metric: var[bool] = var(False)
    """Whether all metrics are drawn at once."""

    left: var[Mapping[str, Any]] = var(MappingProxyType({}))
    """What a session that was cut off looked at, of which job, until it is looked at again."""

    def on_mount(self) -> None:
        """Letters only, where the terminal has little else."""
        if isinstance(self.app, TerminalApp):
            self.watch(self.app, "capabilities", self._terminal_answered)

    def _terminal_answered(self, capabilities: Capabilities) -> None:
        if capabilities.letters:
            self.leader.marks = "ascii"

    def watch_runs(self) -> None:
        found = groups(self.runs)
        chosen = self._chosen(found)
        shown = list(found) if self.every_metric else [chosen]
        one = self.runs[0] if len(self.runs) == 1 else None
        self.pins = pins(one.metrics, self.checkpoints) if one is not None else ()
        if one is not None and (scores := one.metrics.series.get(SCORE)) is not None:
            self.pins = with_scores(self.pins, scores)
        self.first = list(found).index(chosen) if self.every_metric and found else 0
        self.panels = [
            Panel(title, curves(self.runs, found[title]) if title in found else ())
            for title in shown
        ]

        self.watch_left()

    def watch_left(self) -> None:
        """Look at it again as soon as the job is drawn."""
        if any(run.id == self.left.get("job") and run.metrics.series for run in self.runs):
            self.call_after_refresh(self._look_again)

    def seen(self) -> dict[str, Any]:
        """What of the curves is looked at, as plain JSON."""
        return {"axis": self.leader.axis, "sight": self.leader.sight.kept()}

    def _look_again(self) -> None:
        leader, left = self.leader, self.left
        if left and leader.with_points:
            self.left = {}
            leader.axis = left["axis"] if left.get("axis") in leader.axes else leader.axis
            leader.look_at(kept_up(read_sight(left.get("sight")), leader.extent))

    def watch_checkpoints(self) -> None:
        self.watch_runs()

    def watch_metric(self) -> None:
        self.watch_runs()

    def watch_every_metric(self) -> None:
        self.watch_runs()

    def next_metric(self) -> bool:
        """Draw another metric, or begin with another where all are drawn; whether that is seen."""
        found = list(groups(self.runs))
        if len(found) <= sum(chart.display for chart in self._charts):
            return False
        at = found.index(self._chosen(dict.fromkeys(found)))
        self.metric = found[(at + 1) % len(found)]
        return True

    def _chosen(self, found: Mapping[str, object]) -> str:
        """The title of the chosen metric, or what comes closest."""
        near = (title for title in found if self.metric in title or title in self.metric)
        return self.metric if self.metric in found else next(near, next(iter(found), self.metric))
