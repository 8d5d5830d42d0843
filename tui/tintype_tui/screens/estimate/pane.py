"""Estimate: what training on the current dataset will take, changed live, and the launch."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import var

from tintype import connection, prospects, rules
from tintype.dataset import FileStamp
from tintype.dataset.splits import siblings
from tintype.engines import extra_hyperparameters
from tintype.errors import DatasetError, TintypeError
from tintype.estimation import Estimate
from tintype.loop import LoopState
from tintype.pricing import load_prices
from tintype.quote import Outlook, Plans, Quote, outlook, validation_stamp
from tintype.resources import Job
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.estimate.cost_part import CostPart
from tintype_tui.screens.estimate.launch_line import LaunchLine
from tintype_tui.screens.estimate.plan_part import PlanPart, Replanned
from tintype_tui.widgets.choices import Choices, proposed, read_choices
from tintype_tui.widgets.loop_strip import LoopStrip, Serving
from tintype_tui.widgets.plan_form import PlanForm
from tintype_tui.words.costs import cost_words


class EstimatePane(Pane):
    """A plan on the left, what it takes on the right."""

    BINDING_GROUP_TITLE = "Estimate"
    CSS_PATH = "estimate.tcss"
    NEXT: ClassVar[Serving] = {"": ("launch",)}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "Again", id="estimate.again", show=False, tooltip="estimate again"),
    ]

    outlook: var[Outlook] = var(Outlook())
    choices: var[Choices] = var(Choices())
    """What the form says."""

    plan = getters.query_one(PlanPart)
    launch_line = getters.query_one(LaunchLine)

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._like: Job | None = None
        self._model = ""
        """The base model to begin with at the next provider; empty for its usual one."""
        self._choices: Choices | None = None
        self._copy_next: Path | None = None
        self._filled = False
        """Whether the form has been filled for the dataset."""
        self._plans: Plans | None = None
        """None until rules and prices have been read for the dataset and the provider in use."""
        self._trouble = ""
        self._launch_next: Path | None = None
        """The copy that is estimated to be launched."""

    def body(self) -> ComposeResult:
        yield LaunchLine(classes="title-line").data_bind(
            EstimatePane.loop_state, EstimatePane.outlook, EstimatePane.choices
        )
        with Horizontal(id="estimate-body"):
            yield PlanPart(id="plan").data_bind(EstimatePane.outlook)
            yield CostPart().data_bind(EstimatePane.outlook, EstimatePane.choices)

    def left_behind(self) -> dict[str, Any]:
        return {"path": str(self._path), "choices": self.choices.kept()} if self._filled else {}

    def on_mount(self) -> None:
        self.query_one("#cost").focus()

    @property
    def quote(self) -> Quote | None:
        """What can be launched: none while anything that it is made from is not known."""
        return self.outlook.quote

    @property
    def estimate(self) -> Estimate | None:
        """Of the quote; while the dataset is read, of the rows read so far."""
        return self.outlook.estimate

    def watch_profile_name(self, before: str, now: str) -> None:
        if before:
            self._begin()

    def watch_loop_state(self, state: LoopState) -> None:
        """Propose a plan for what was chosen; a job to repeat brings its settings along."""
        if (state.dataset, state.like) != (self._path, self._like):
            self._path, self._like = state.dataset, state.like
            self._begin()

    def watch_assessment(self) -> None:
        self._renew()

    def watch_check_trouble(self) -> None:
        self._renew()

    def on_screen_resume(self) -> None:
        """See whether files and prices are as they were."""
        if self._path is not None and (self._plans is not None or self._trouble):
            self._look_up(self._path)

    def _begin(self) -> None:
        self._plans, self._trouble, self._filled = None, "", False
        if self._path != self._copy_next:
            self._copy_next = self._launch_next = self._choices = None
        self._renew()
        if self._path is not None:
            self._look_up(self._path)

    @work(exclusive=True, group="plan")
    async def _look_up(self, path: Path) -> None:
        """Read rules and prices, fill the form for another dataset, have the dataset read."""
        try:
            if not self._filled:
                await self._propose(path)
            self._plans = await _plans(self)
        except TintypeError as error:
            self._trouble = str(error)
        else:
            self._trouble = ""
            self.post_message(requests.AssessDataset(self.plan.choices.model))
        self._renew()

    async def _propose(self, path: Path) -> None:
        models = await prospects.base_models(self.session.profile.provider)
        choices = self._choices or await _proposal(self, path, self._model, models)
        if self.session.profile.dialect == "embedded":
            self.plan.form.extras = await asyncio.to_thread(
                extra_hyperparameters, connection.server_folder()
            )
        self._model, self._choices, self._filled = "", None, True
        self.plan.form.clone = choices if self._like is not None else None
        self.plan.form.fill(choices, models)

    def on_plan_form_changed(self, event: PlanForm.Changed) -> None:
        if self.assessment is None:
            self.post_message(requests.AssessDataset(event.choices.model))
        self._renew()

    def _renew(self) -> None:
        """Make the quote from what is known, or let go of it; count for the plan's own model."""
        self.choices = self.plan.choices
        plans, trouble = _as_chosen(self._plans, self.choices), self._trouble or self.check_trouble
        today = datetime.now(UTC).date()
        self.outlook = outlook(self._path, plans, self.assessment, trouble=trouble, today=today)
        if plans and self.assessment and self.assessment.model != plans.model:
            self.post_message(requests.AssessDataset(plans.model))

    def watch_outlook(self, outlook: Outlook) -> None:
        words = cost_words(outlook.quote.estimate) if outlook.quote else ""
        self.post_message(requests.Reached(lambda state: replace(state, estimate=words)))
        self.query_one(LoopStrip).waiting = outlook.waiting
        made = outlook.quote
        if made is not None and made.training == self._launch_next and self.is_current:
            self._launch_next = None
            self.call_after_refresh(self.launch_line.action_launch)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (self.loop_state.dataset is not None or None) if action == "again" else True

    @on(CostPart.Taken)
    def _take(self, event: CostPart.Taken) -> None:
        """Train another model, at another provider if one is named."""
        if event.profile:
            self._model = event.model
            self.post_message(requests.UseProfile(event.profile))
        else:
            self.plan.fill(replace(self.plan.choices, model=event.model))

    def action_again(self) -> None:
        self.say("Looking at files, rules and prices again.")
        self._look_again()

    @on(LaunchLine.Changed)
    def _look_again(self) -> None:
        """Look at files, rules and prices again: there is no quote until they are known."""
        if self._path is not None:
            self._plans = None
            self._renew()
            self._look_up(self._path)

    def on_replanned(self, event: Replanned) -> None:
        if event.copy is None:
            self.plan.fill(event.choices)
            return
        self._choices, self._copy_next = event.choices, event.copy
        self._launch_next = event.copy if event.launch else None
        self.post_message(requests.estimate_dataset(path=event.copy))


def _as_chosen(plans: Plans | None, choices: Choices) -> Plans | None:
    """With what the form says."""
    if plans is None:
        return None
    return replace(
        plans,
        model=choices.model,
        epochs=choices.epochs,
        detail=choices.detail,
        validation=plans.validation if choices.validate else None,
    )


async def _proposal(pane: EstimatePane, path: Path, model: str, models: Sequence[str]) -> Choices:
    """What to begin with: a job's settings, the plan of a session that was cut off, or none."""
    splits, like = await asyncio.to_thread(siblings, path), pane.loop_state.like
    validation = splits.valid if splits.valid != path else None
    left = await pane.session.left_of(type(pane).__name__)
    model = model if model in models else models[0]
    choices = proposed(path, model, validation, like=like)
    same = like is None and left.get("path") == str(path)
    return read_choices(left.get("choices"), choices, models) if same else choices


async def _plans(pane: EstimatePane) -> Plans:
    """Rules and prices of the provider in use, for what the form says."""
    settings, provider, choices = (
        pane.session.settings,
        pane.session.profile.provider,
        pane.plan.choices,
    )
    return Plans(
        await asyncio.to_thread(load_prices, settings.prices),
        await asyncio.to_thread(rules.rules_of, provider),
        provider,
        choices.model,
        validation=await _stamp(choices.validation),
    )


async def _stamp(path: Path | None) -> FileStamp | None:
    """The validation file as it is, edits included; none if it has gone."""
    try:
        return await validation_stamp(path) if path is not None else None
    except DatasetError:
        return None
