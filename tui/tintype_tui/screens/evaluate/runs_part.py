"""Past runs, the newest first, opened offline; two of them beside each other."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import evaluation
from tintype.errors import TintypeError
from tintype.evaluation import EvaluationRun, Findings, UnreadableRun
from tintype.evaluation.comparing import across
from tintype.evaluation.sentences import comparison_words
from tintype_tui.keys import key_of
from tintype_tui.screen import Part
from tintype_tui.text import clip, one_line, pad, visible
from tintype_tui.widgets.line_list import Line, LineList, item_of
from tintype_tui.words.evaluating import run_words

MOST_SUMMED = 30
"""Runs whose headline is shown, the newest."""


class RunList(LineList):
    """The runs."""

    BINDING_GROUP_TITLE = "Evaluations"

    runs: var[tuple[EvaluationRun | UnreadableRun, ...]] = var(())
    headlines: var[Mapping[str, str]] = var({})
    """By a run's id."""
    held: var[str] = var("")
    """The id of the run that others are compared with."""

    def watch_runs(self, runs: tuple[EvaluationRun | UnreadableRun, ...]) -> None:
        self.total = len(runs)
        self.refresh()

    def watch_headlines(self) -> None:
        self.refresh()

    watch_held = watch_headlines

    @property
    def readable(self) -> tuple[EvaluationRun, ...]:
        """Those that can be opened."""
        return tuple(run for run in self.runs if isinstance(run, EvaluationRun))

    def item(self, index: int, width: int, style: Style) -> Line:
        run = self.runs[index]
        if isinstance(run, UnreadableRun):
            return [Segment(clip(one_line(f" {run.id}  ✗ {run.why}"), width), style)]
        when = f"{run.begun.astimezone():%d %b %H:%M}"
        mark = "=" if run.id == self.held else " "
        about = pad(one_line(run_words(run)), max(20, (width - 16) // 2))
        words = self.headlines.get(run.id, "…")
        return [
            Segment(f"{mark}{when}  ", style + Style(dim=not style.bold)),
            Segment(f"{about} ", style),
            Segment(clip(one_line(words), max(0, width - 17 - len(about))), style),
        ]


class RunsPart(Part):
    """The list, and what was found comparing two."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "hold", "Compare", id="evaluate.compare", tooltip="hold one, then another"),
    ]

    past = getters.query_one(RunList)
    beside = getters.query_one("#runs-beside", Static)

    class Opened(Message):
        """A run is to be opened."""

        def __init__(self, folder: Path) -> None:
            super().__init__()
            self.folder = folder

    def compose(self) -> ComposeResult:
        yield RunList(id="runs-list")
        yield Static(id="runs-beside")

    def on_mount(self) -> None:
        self.beside.display = False
        self.past.empty_text = "Reading the evaluations …"

    @work(exclusive=True, group="runs")
    async def read(self) -> None:
        """List the runs, then say what came of each."""
        with self.pane.reporting("Cannot list the evaluations"):
            home = evaluation.runs_folder(self.session.settings.folders.data)
            runs = await asyncio.to_thread(evaluation.listed, home)
            self.past.empty_text = "No evaluation yet.\nl in the set-up starts one."
            self.past.runs = runs
            for run in self.past.readable[:MOST_SUMMED]:
                if run.id not in self.past.headlines:
                    words = await asyncio.to_thread(_headline, run)
                    self.past.headlines = {**self.past.headlines, run.id: words}

    def forget(self, run_id: str) -> None:
        """A run has gone on: its headline is another."""
        self.past.headlines = {k: v for k, v in self.past.headlines.items() if k != run_id}

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        run = item_of(event, self.past.runs)
        if isinstance(run, UnreadableRun):
            self.pane.say(run.why)
        elif run is not None:
            self.post_message(self.Opened(run.folder))

    # ------------------------------------------------------------------ two beside each other

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "hold":
            return True
        return bool(self.display) and (len(self.past.readable) > 1 or None)

    def action_hold(self) -> None:
        """Hold the run under the cursor, or compare it with the one held."""
        run = self.past.runs[self.past.cursor]
        if isinstance(run, UnreadableRun):
            self.pane.say(run.why)
        elif not self.past.held or self.past.held == run.id:
            self.past.held = "" if self.past.held else run.id
            self.beside.display = False
            if self.past.held:
                key = key_of(self, "evaluate.compare")
                self.pane.say(f"Held. Go to another run and press {key} again to compare the two.")
        else:
            self._compare(self.past.held, run.id)

    @work(exclusive=True, group="compare")
    async def _compare(self, first: str, second: str) -> None:
        folders = {run.id: run.folder for run in self.past.readable}
        with self.pane.reporting("Cannot compare"):
            pair = [
                await asyncio.to_thread(evaluation.findings, folders[one])
                for one in (first, second)
            ]
            words = await asyncio.to_thread(compared_words, *pair)
            self.beside.update(Content(visible(words)))
            self.beside.display = True


def compared_words(first: Findings, second: Findings) -> str:
    """Two runs beside each other, or why they cannot be compared."""
    lines = []
    made = first.evaluation, second.evaluation
    for at, model in enumerate(made[1].models):
        other = next((n for n, one in enumerate(made[0].models) if one.id == model.id), 0)
        try:
            lines.append(f"{model.title}: {comparison_words(across(*made, models=(other, at)))}")
        except TintypeError as error:
            lines = [f"✗ {error}"]
    lines += [
        f"{one.evaluation.run.begun.astimezone():%d %b %H:%M}  {one.sentence}"
        for one in (first, second)
    ]
    return "\n".join(lines)


def _headline(run: EvaluationRun) -> str:
    try:
        return evaluation.headline_sentence(evaluation.open(run.folder))
    except TintypeError as error:
        return f"✗ {error}"
