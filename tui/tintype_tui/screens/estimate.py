"""Estimate: what training on the dataset in hand will take, changed live, and the launch."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import budget, rules
from tintype.connection import base_models
from tintype.dataset import open_dataset
from tintype.dataset.splits import siblings
from tintype.estimate import Counts, Estimate, Plan, count, estimate, gauges
from tintype.jobs import Order
from tintype.pricing import load_prices
from tintype.resources import Job
from tintype.tokens import model_tokens
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dearest import Dearest
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.launch import Launch
from tintype_tui.screens.offers import Offers
from tintype_tui.standing import Standing
from tintype_tui.text import count as counted
from tintype_tui.text import visible
from tintype_tui.widgets.cost_card import CostCard
from tintype_tui.widgets.plan_form import Choices, PlanForm, proposed
from tintype_tui.words.costs import cost_words
from tintype_tui.words.reports import as_text, estimate_report


class EstimatePane(Pane):
    """A plan on the left, what it takes on the right."""

    BINDING_GROUP_TITLE = "Estimate"
    CSS_PATH = "estimate.tcss"
    NEXT = ("launch",)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l,l", "launch", "Launch", id="estimate.launch", key_display="l"),
        Binding("plus,equals_sign", "epochs(1)", "Epochs", id="estimate.more", key_display="+-"),
        Binding("minus", "epochs(-1)", "Fewer epochs", id="estimate.fewer", show=False),
        Binding("D", "detail", "Detail", id="estimate.detail", tooltip="as is, low, high"),
        Binding("V", "validation", "Validation", id="estimate.validation", show=False),
        Binding("d", "dearest", "Dearest", id="estimate.dearest", tooltip="rows that cost most"),
        Binding("c", "compare", "Compare", id="estimate.compare", tooltip="every provider"),
        Binding("y", "copy", "Copy", id="estimate.copy", show=False, tooltip="as JSON"),
    ]

    counts: var[Counts | None] = var(None)
    estimate: var[Estimate | None] = var(None, bindings=True)
    summary: var[rules.Summary | None] = var(None)
    doing: var[str] = var("")

    form = getters.query_one(PlanForm)
    card = getters.query_one(CostCard)
    title_line = getters.query_one("#estimate-title", Static)

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._like: Job | None = None
        self._models: tuple[str, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(id="estimate-title", classes="title-line")
        with Horizontal(id="estimate-body"):
            with Vertical(id="plan"):
                yield PlanForm()
                yield Static(id="verdict")
            with VerticalScroll(id="cost", can_focus=True):
                yield CostCard().data_bind(EstimatePane.estimate)

    def on_mount(self) -> None:
        self.query_one("#cost").focus()
        self._draw_title()

    def provider_changed(self) -> None:
        super().provider_changed()
        if self._path is not None:
            self._begin(self._path)

    def watch_standing(self, standing: Standing) -> None:
        """Count what was chosen; a job to repeat brings its settings along."""
        if standing.dataset is None:
            return
        if standing.dataset != self._path or standing.like != self._like:
            self._path, self._like = standing.dataset, standing.like
            self._begin(standing.dataset)

    # ------------------------------------------------------------------ counting

    @work(exclusive=True, group="count")
    async def _begin(self, path: Path) -> None:
        """Propose a plan, then count."""
        with self.reporting("Cannot estimate"):
            profile = rules.rules_of(self.desk.profile.provider)
            splits = await asyncio.to_thread(siblings, path)
            validation = splits.valid if splits.valid != path else None
            self._models = await base_models(self.desk.profile)
            self.form.fill(proposed(path, profile.model, validation, like=self._like), self._models)
            await self._count(path)

    @work(exclusive=True, group="count")
    async def _recount(self) -> None:
        if self._path is not None:
            with self.reporting("Cannot estimate"):
                await self._count(self._path)

    async def _count(self, path: Path) -> None:
        """Check and count the whole file by the chosen model's rule; the sum grows as it goes."""
        profile = rules.rules_of(self.desk.profile.provider)
        model = self.form.choices.model
        rule = await asyncio.to_thread(model_tokens, model)
        counts = Counts(rule)
        self.summary = None
        async with open_dataset(path) as dataset:
            async for checked in rules.check(dataset, profile, model=model):
                counts += await asyncio.to_thread(_counted, checked.rows, counts)
                self.doing = f"counting {checked.bytes_done / max(1, checked.size_bytes):.0%}"
                self.counts = counts
                self.summary = checked.summary or self.summary
        self.doing = ""
        if self.summary is not None:
            self.post_message(requests.Reached(checked=self.summary.status))

    def watch_counts(self) -> None:
        self._reckon()

    def on_plan_form_changed(self, event: PlanForm.Changed) -> None:
        if self.counts is not None and event.choices.model != self.counts.rule.model:
            self._recount()
        else:
            self._reckon()

    @work(exclusive=True, group="reckon")
    async def _reckon(self) -> None:
        """Reckon the plan anew from what has been counted."""
        if self.counts is None:
            return
        choices = self.form.choices
        prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)
        plan = Plan(
            model=choices.model,
            provider=self.desk.profile.provider,
            epochs=choices.epochs,
            detail=choices.detail,
            validation=Counts(self.counts.rule) if choices.validate else None,
        )
        self.estimate = reckoned = estimate(
            self.counts, plan, prices, today=datetime.now(UTC).date()
        )
        self.card.gauges = gauges(self.counts, rules.rules_of(self.desk.profile.provider))
        self.form.expect(self.counts.rule.epochs.default(self.counts.trained), "by default")
        self._draw_title()
        self.post_message(requests.Reached(estimate=cost_words(reckoned)))

    # ------------------------------------------------------------------ words

    def watch_doing(self) -> None:
        self._draw_title()

    def watch_summary(self, summary: rules.Summary | None) -> None:
        if summary is None:
            return
        verdict = {
            "ok": Content.styled("✓ nothing against it", "$success"),
            "warning": Content.styled("! warnings, see 2 p", "$warning"),
            "skip": Content.styled("⊘ rows will be skipped, see 2 p", "$warning"),
            "error": Content.styled("✗ would be refused, see 2 p", "$error"),
        }[summary.status]
        self.query_one("#verdict", Static).update(verdict)

    def _draw_title(self) -> None:
        if self._path is None:
            self.title_line.update("No dataset yet: press 2 to choose one.")
            return
        words = [
            f"{self._path.parent.name}/{self._path.name}",
            f"at {self.desk.profile.name}",
            counted(self.counts.rows, "row") if self.counts else "",
            self.doing,
        ]
        self.title_line.update(Content(visible(" · ".join(filter(None, words)))))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "launch":
            return (self.estimate is not None and not self.desk.settings.read_only) or None
        if action in ("epochs", "detail", "dearest", "compare", "copy", "validation"):
            return self.estimate is not None or None
        return True

    def action_epochs(self, by: int) -> None:
        if self.estimate is not None:
            epochs = max(1, min(50, self.estimate.epochs + by))
            self._choose(replace(self.form.choices, epochs=epochs))

    def action_detail(self) -> None:
        order = ("as is", "low", "high")
        now = self.form.choices.detail
        following = order[(order.index(now) + 1) % len(order)]
        self._choose(replace(self.form.choices, detail=following))  # type: ignore[arg-type]

    def action_validation(self) -> None:
        self._choose(replace(self.form.choices, validate=not self.form.choices.validate))

    def _choose(self, choices: Choices) -> None:
        self.form.fill(choices, self._models)
        self._reckon()

    def action_dearest(self) -> None:
        def opened(row: int | None) -> None:
            if row is not None and self._path is not None:
                self.post_message(requests.OpenDataset(self._path, row))

        if self.estimate is not None:
            self.app.push_screen(Dearest(self.estimate), opened)

    def action_compare(self) -> None:
        if self._path is not None:
            chosen, prices = self.form.choices, self.desk.settings.prices
            self.app.push_screen(
                Offers(self._path, prices, epochs=chosen.epochs, detail=chosen.detail)
            )

    @work
    async def action_copy(self) -> None:
        if self.estimate is not None:
            await self.copy(as_text(estimate_report(self.estimate)))

    @work(exclusive=True, group="launch")
    async def action_launch(self) -> None:
        if self._path is None or self.estimate is None:
            return
        if self.doing:
            self.say("Still counting; launch when the sum is complete.", severity="warning")
            return
        if not await self._accepts_flaws():
            return
        choices = self.form.choices
        order = Order(
            self._path,
            choices.validation if choices.validate else None,
            choices.model,
            self.estimate,
            suffix=choices.suffix or None,
            seed=choices.seed,
            hyperparameters=choices.hyperparameters,
        )
        with self.reporting("Cannot launch"):
            api, store = await self.desk.provider(), await self.desk.store()
            settings = self.desk.settings
            limits, now = budget.Limits.of(settings), datetime.now().astimezone()
            wanted = budget.demand(store, order.expense(api.profile.name), limits=limits, now=now)
            spent = budget.spent_this_month(store, now)
            job = await self.app.push_screen_wait(Launch(order, api, store, limits, wanted, spent))
            if job is not None:
                self.post_message(requests.OpenJob(job.id))

    async def _accepts_flaws(self) -> bool:
        """Ask before sending what the rules say will be refused."""
        if self.summary is None or self.summary.status != "error":
            return True
        question = Confirm(
            "The provider would refuse this file",
            "The check found errors that stop the job (press 2, then p, to see them).",
            yes="Launch all the same",
            no="Mend it first",
        )
        accepted: bool = await self.app.push_screen_wait(question)
        return accepted


def _counted(judged: Sequence[rules.Judged], like: Counts) -> Counts:
    rows = (
        count(row.surveyed, like.rule, tokens=row.tokens, skipped=row.skipped) for row in judged
    )
    return sum(rows, start=Counts(like.rule))
