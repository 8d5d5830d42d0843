"""Launching a job: the sum and the exact request first, then upload and creation, cancellable."""

import json
from pathlib import Path
from typing import ClassVar, Literal

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, ProgressBar, Static

from tintype import jobs
from tintype.api import Api
from tintype.budget import NOTHING_CONFIRMED, Confirmation, Demand, Limits
from tintype.errors import TintypeError
from tintype.estimation import Forecast
from tintype.resources import Job
from tintype.store import Spent, Store
from tintype_tui.screens.dialogs import Dialog, TypedSum
from tintype_tui.session import SessionApp
from tintype_tui.text import count, number, size, visible, within
from tintype_tui.words.costs import cost_words, launch_words, spent_words, time_words

Answer = Literal["back", "all", "without"]


class Marked(Dialog[Answer]):
    """Rows are marked: launch without them, with them, or not at all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer('back')", "Back", id="marked.back"),
        Binding("a", "answer('all')", "Launch all rows", id="marked.all"),
        Binding("y", "answer('without')", "Leave out", id="marked.without"),
        Binding("left", "app.focus_previous", "Move", show=False),
        Binding("right", "app.focus_next", "Move", show=False),
    ]

    def __init__(self, marked: int, rows: int, copy: Path) -> None:
        """Make ready.

        Args:
            marked: How many rows are marked.
            rows: How many there are in all.
            copy: The file to write without them.
        """
        super().__init__()
        self._marked, self._rows, self._copy = marked, rows, copy

    def compose(self) -> ComposeResult:
        are = "row is marked" if self._marked == 1 else "rows are marked"
        with Vertical(classes="dialog"):
            yield Static(Content(f"{self._marked:,} {are}: leave out?"), classes="dialog-title")
            yield Static(
                Content(
                    "Marks alone leave nothing out of a training. Leaving out writes "
                    f"{visible(self._copy.name)} beside the dataset, with the other rows, "
                    "estimates that copy and goes on to its launch. The dataset stays as it is."
                )
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button("Back (n)", id="back")
                yield Button(f"Launch all {self._rows:,} (a)", id="all")
                yield Button(f"Leave out {self._marked:,} (y)", id="without", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#back", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id)  # type: ignore[arg-type]

    def action_answer(self, answer: Answer) -> None:
        """Close with what was chosen."""
        self.dismiss(answer)


class Launch(Dialog[Job | None]):
    """Shows the order; Enter, or typing the sum, carries it out; Esc stops at any point."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="launch.back"),
        Binding("enter", "go", "Launch", id="launch.go", key_display="Enter"),
    ]

    words = getters.query_one("#launch-words", Static)
    bar = getters.query_one(ProgressBar)

    def __init__(
        self,
        order: jobs.Order,
        api: Api,
        store: Store,
        limits: Limits,
        demand: Demand | None,
        spent: Spent,
        forecast: Forecast | None = None,
    ) -> None:
        """Make ready.

        Args:
            order: What to train.
            api: Where.
            store: Where what is learnt of the job is kept.
            limits: What may be spent.
            demand: What has to be typed; none if nothing has to be.
            spent: This month so far.
            forecast: How long it takes; none if that is not known of this provider.
        """
        super().__init__()
        self._forecast = forecast
        self._order, self._api, self._store, self._spent = order, api, store, spent
        self._limits, self._demand = limits, demand
        self._started = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -order"):
            yield Static(
                Content(visible(f"Launch at {within(self._api.profile.title)}")),
                classes="dialog-title",
            )
            yield Static(self._sentence())
            with VerticalScroll():  # gives way to what is below it, however small the terminal
                yield Static(Content(visible(json.dumps(self._order.body(), indent=2))))
            yield ProgressBar(id="launch-progress", show_eta=True)
            yield Static(id="launch-words", markup=False)
            if self._demand is not None:
                yield TypedSum(self._demand, "launch")
            yield Static(self._hint(), classes="hint")

    def _hint(self) -> str:
        return "Esc goes back" if self._demand else "Enter launches · Esc goes back"

    def _sentence(self) -> Content:
        estimate = self._order.estimate
        why = f" {self._demand.why}" if self._demand and self._demand.by_typing else ""
        sum_in_words = cost_words(estimate)
        if estimate.cost_usd is None:
            what = "The cost is unknown."
        elif estimate.cost_usd.high == 0:
            what = f"This costs nothing: it runs on your machine{self._time()}."
        else:
            what = f"This will cost about {sum_in_words}."
        tokens = number(estimate.billed_tokens.likely)
        return Content.styled(what, "bold $primary") + Content(
            f" {tokens} tokens, {count(estimate.epochs, 'epoch')}, "
            f"{size(estimate.upload_bytes)} to upload.{self._so_far()}{why}\n"
        )

    def _time(self) -> str:
        if self._forecast is None:
            return ""
        if self._forecast.likely_s is None:
            return ", for how long is not known before the first training here"
        return f", for {time_words(self._forecast)}"

    def _so_far(self) -> str:
        if not self._spent.known_usd and not self._spent.unknown:
            return ""
        return f" This month so far: {spent_words(self._spent)}."

    def on_mount(self) -> None:
        self.bar.display = False

    def on_typed_sum_met(self) -> None:
        """Launch: the sum has been typed."""
        if self._demand is not None:
            self._launch(Confirmation(self._demand.typed))

    def action_go(self) -> None:
        if self._demand is None:
            self._launch(NOTHING_CONFIRMED)

    def action_back(self) -> None:
        """Go back; an upload under way stops, and goes on from there the next time."""
        self.workers.cancel_node(self)
        self.dismiss(None)

    @work  # not exclusively: Enter again would stop what is being launched
    async def _launch(self, confirmation: Confirmation) -> None:
        if self._started:
            return
        self._started = True
        self.bar.display = True
        try:
            job = await self._carry_out(confirmation)
        except TintypeError as error:
            self.words.update(visible(str(error)))
            self.bar.display = self._started = False
        else:
            self.dismiss(job)

    async def _carry_out(self, confirmation: Confirmation) -> Job:
        launching = jobs.launch(
            self._api, self._store, self._order, limits=self._limits, confirmation=confirmation
        )
        with self.app.session.tasks.begin("Launch a job", self.action_back) as task:
            async for step in launching:
                task.words = launch_words(step)
                self.words.update(visible(task.words))
                if step.upload is not None:
                    self.bar.update(total=step.upload.size_bytes, progress=step.upload.sent_bytes)
                if step.job is not None:
                    return step.job
        raise AssertionError("a launch ends with a job")
