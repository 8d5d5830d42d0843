"""Estimate: what training on the current dataset will take, changed live, and the launch."""

import asyncio
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
from tintype.assessment import Assessment
from tintype.connection import base_models
from tintype.dataset import FileStamp, open_dataset, stamp
from tintype.dataset.splits import siblings
from tintype.errors import DatasetError
from tintype.estimation import Estimate, estimate, gauges
from tintype.jobs import Order
from tintype.loop import LoopState
from tintype.pricing import Prices, load_prices
from tintype.quote import Quote, concerns, planned, quote
from tintype.resources import Job
from tintype.rules import ProviderRules, Summary
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.dearest import Dearest
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.launch import Launch
from tintype_tui.screens.offers import Offers
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
        Binding(
            "d", "dearest", "Dearest", id="estimate.dearest", tooltip="the most expensive rows"
        ),
        Binding("c", "compare", "Compare", id="estimate.compare", tooltip="every provider"),
        Binding("y", "copy", "Copy", id="estimate.copy", show=False, tooltip="as JSON"),
    ]

    quote: var[Quote | None] = var(None, bindings=True)
    """What can be launched: none while anything that it is made from is not known."""
    estimate: var[Estimate | None] = var(None, bindings=True)
    """Of the quote; while the dataset is read, of the rows read so far."""

    form = getters.query_one(PlanForm)
    card = getters.query_one(CostCard)
    title_line = getters.query_one("#estimate-title", Static)

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._like: Job | None = None
        self._models: tuple[str, ...] = ()
        self._model = ""
        """The base model to begin with at the next provider; empty for its usual one."""
        self._rules: ProviderRules | None = None
        self._prices: Prices | None = None
        """None until the form proposes a plan for the dataset and the provider in use."""
        self._validation: FileStamp | None = None

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
        self._draw_words()

    # ------------------------------------------------------------------ what the quote is made of

    def provider_changed(self) -> None:
        super().provider_changed()
        self._begin()

    def watch_loop_state(self, state: LoopState) -> None:
        """Propose a plan for what was chosen; a job to repeat brings its settings along."""
        if (state.dataset, state.like) != (self._path, self._like):
            self._path, self._like = state.dataset, state.like
            self._begin()

    def _begin(self) -> None:
        self._prices = None
        self._renew()
        if self._path is not None:
            self._propose(self._path)

    @work(exclusive=True, group="plan")
    async def _propose(self, path: Path) -> None:
        """Fill the form, then have the dataset read."""
        with self.reporting("Cannot estimate"):
            provider = self.session.profile.provider
            judged_by = self._rules = await asyncio.to_thread(rules.rules_of, provider)
            splits = await asyncio.to_thread(siblings, path)
            validation = splits.valid if splits.valid != path else None
            self._models = await base_models(self.session.profile.provider)
            model = self._model if self._model in self._models else judged_by.model
            self._model = ""
            self.form.fill(proposed(path, model, validation, like=self._like), self._models)
            await self._look_up()

    def on_screen_resume(self) -> None:
        """See whether files and prices are as they were."""
        if self._prices is not None:
            self._look_again()

    @work(exclusive=True, group="plan")
    async def _look_again(self) -> None:
        with self.reporting("Cannot estimate"):
            await self._look_up()

    async def _look_up(self) -> None:
        choices = self.form.choices
        self._validation = await asyncio.to_thread(_stamp, choices.validation)
        self._prices = await asyncio.to_thread(load_prices, self.session.settings.prices)
        self.post_message(requests.AssessDataset(choices.model))
        self._renew()

    def watch_assessment(self) -> None:
        self._renew()

    def on_plan_form_changed(self, event: PlanForm.Changed) -> None:
        if self.assessment is None or event.choices.model != self.assessment.model:
            self.post_message(requests.AssessDataset(event.choices.model))
        self._renew()

    def _renew(self) -> None:
        """Make the quote from what is known, or let go of it."""
        prices, found, choices = self._prices, self.assessment, self.form.choices
        if prices is None or found is None or not self._fits(found):
            self.quote = self.estimate = None
        else:
            today = datetime.now(UTC).date()
            provider, validation = self.session.profile.provider, self._validation
            validation = validation if choices.validate else None
            epochs, detail = choices.epochs, choices.detail
            if found.complete:
                self.quote = quote(
                    found,
                    prices,
                    provider=provider,
                    epochs=epochs,
                    detail=detail,
                    validation=validation,
                    today=today,
                )
                self.estimate = self.quote.estimate
            else:
                plan = planned(found, provider, epochs, detail, validated=validation is not None)
                self.quote, self.estimate = None, estimate(found.counts, plan, prices, today=today)
            self.card.gauges = gauges(found.counts, found.rules)
            self.form.expect(found.counts.rule.epochs.default(found.counts.trained), "by default")
        self._draw_words()

    def _fits(self, found: Assessment) -> bool:
        """Whether what was found is of the dataset, provider and model chosen here."""
        chosen = (self._path, self._rules, self.form.choices.model)
        counted = found.complete or found.counts.rows > 0  # nothing read yet is not nothing
        return counted and (found.file.path, found.rules, found.model) == chosen

    def watch_quote(self, made: Quote | None) -> None:
        words = cost_words(made.estimate) if made is not None else ""
        self.post_message(requests.Reached(estimate=words))

    # ------------------------------------------------------------------ words

    def _draw_words(self) -> None:
        """The title and the verdict."""
        found = self.assessment
        if self._path is None:
            self.title_line.update("No dataset yet: press 2 to choose one.")
            return
        words = [
            f"{self._path.parent.name}/{self._path.name}",
            f"at {self.session.profile.name}",
            counted(found.counts.rows, "row") if found else "",
            f"counting {found.share:.0%}" if found and not found.complete else "",
        ]
        self.title_line.update(Content(visible(" · ".join(filter(None, words)))))
        self.query_one("#verdict", Static).update(_verdict(found.summary if found else None))

    # ------------------------------------------------------------------ what the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "launch":
            return (self.estimate is not None and not self.session.settings.read_only) or None
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
        if self.form.choices.validation is None:
            self.say("There is no validation file beside this dataset.")
            return
        self._choose(replace(self.form.choices, validate=not self.form.choices.validate))

    def _choose(self, choices: Choices) -> None:
        self.form.fill(choices, self._models)
        self._renew()

    def action_dearest(self) -> None:
        def opened(row: int | None) -> None:
            if row is not None and self._path is not None:
                self.post_message(requests.OpenDataset(self._path, row))

        if self.estimate is not None:
            self.app.push_screen(Dearest(self.estimate), opened)

    @work
    async def action_compare(self) -> None:
        """Show every provider's offer, and work with the one that is taken."""
        if (found := self.assessment) is None:
            return
        prices, detail = self.session.settings.prices, self.form.choices.detail
        offer = await self.app.push_screen_wait(Offers(found, prices, detail=detail))
        if offer is None:
            return
        provider, profiles = offer.profile.provider, self.session.settings.profiles.values()
        name = next((one.name for one in profiles if one.provider == provider), "")
        if offer.profile == self._rules:
            self._choose(replace(self.form.choices, model=offer.estimate.plan.model))
            self.post_message(requests.AssessDataset(offer.estimate.plan.model))
        elif name:
            self._model = offer.estimate.plan.model
            self.post_message(requests.UseProfile(name))
        else:
            self.say(
                f"No profile of yours works with {offer.profile.title}. Add one to the "
                f'configuration: [profiles.{provider}] with provider = "{provider}".',
                severity="warning",
            )

    @work
    async def action_copy(self) -> None:
        if self.estimate is not None:
            await self.copy(as_text(estimate_report(self.estimate)))

    @work(exclusive=True, group="launch")
    async def action_launch(self) -> None:
        made, choices = self.quote, self.form.choices
        if made is None:
            self.say("Still counting; launch when the estimate is complete.", severity="warning")
            return
        with self.reporting("Cannot launch"):
            profile, settings = self.session.profile, self.session.settings
            prices = await asyncio.to_thread(load_prices, settings.prices)
            await asyncio.to_thread(made.require, provider=profile.provider, prices=prices)
            if not await self._agreed(made):
                return
            order = Order(
                made,
                suffix=choices.suffix or None,
                seed=choices.seed,
                batch_size=choices.batch_size or "auto",
                learning_rate_multiplier=choices.learning_rate_multiplier or "auto",
            )
            api, store = await self.session.provider(), await self.session.store()
            limits, now = budget.Limits.of(settings), datetime.now().astimezone()
            wanted = budget.demand(store, order.expense(api.profile.name), limits=limits, now=now)
            spent = budget.spent_this_month(store, now)
            job = await self.app.push_screen_wait(Launch(order, api, store, limits, wanted, spent))
            if job is not None:
                self.post_message(requests.OpenJob(job.id))
            return
        await self._look_up()  # something has changed: estimate again

    async def _agreed(self, made: Quote) -> bool:
        """Ask before sending what would be refused, or rows that are marked."""
        store = await self.session.store()
        async with open_dataset(made.training) as dataset:
            marked = store.marks.read(dataset.path, await dataset.fingerprint())
        for one in concerns(made, marked=len(marked)):
            question = Confirm(one.title, one.words, yes=one.go_on, no=one.go_back)
            if not await self.app.push_screen_wait(question):
                return False
        return True


def _stamp(path: Path | None) -> FileStamp | None:
    """The validation file as it is; none if it has gone."""
    try:
        return stamp(path) if path is not None else None
    except DatasetError:
        return None


def _verdict(summary: Summary | None) -> Content:
    """What the check found, in a line."""
    if summary is None:
        return Content("")
    return {
        "ok": Content.styled("✓ no problems found", "$success"),
        "warning": Content.styled("! warnings, see 2 p", "$warning"),
        "skip": Content.styled("⊘ rows will be skipped, see 2 p", "$warning"),
        "error": Content.styled("✗ would be rejected, see 2 p", "$error"),
    }[summary.status]
