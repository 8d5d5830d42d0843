"""What the plan takes: cost and time with their reasons, or why they are not known."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.dataset import FileStamp
from tintype.estimation import gauges
from tintype.estimation.usage import Request
from tintype.jobs import Prospects
from tintype.pricing import load_prices
from tintype.prospects import prospects, usual_request
from tintype.providers.token_rules import TokenRule
from tintype.quote import Outlook, Quote
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dearest import Dearest
from tintype_tui.screens.estimate.plan_part import Replanned
from tintype_tui.screens.offers import Offers
from tintype_tui.screens.what_if import TryChanges
from tintype_tui.screens.why import Why
from tintype_tui.text import visible
from tintype_tui.widgets.choices import Choices
from tintype_tui.widgets.cost_card import CostCard
from tintype_tui.words.estimate_markdown import estimate_markdown
from tintype_tui.words.reports import as_text, estimate_report, forecast_report

STATES = {
    "empty": "No dataset yet: press {go.datasets} to choose one.",
    "loading": "Reading the dataset …",
    "counting": "Reading the dataset …",
    "failed": "{estimate.again} tries again.",
}
"""What stands where the cost would, by the outlook's state."""


class CostPart(Part):
    """The cost card, or a sentence in its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d", "dearest", "Dearest", id="estimate.dearest", tooltip="the most expensive rows"
        ),
        Binding(
            "dollar_sign",
            "why",
            "Why",
            id="estimate.why",
            key_display="$",
            tooltip="how the tokens of the row chosen in Datasets come about",
        ),
        Binding(
            "w", "what_if", "What if", id="estimate.what_if", tooltip="smaller images, fewer rows …"
        ),
        Binding("c", "compare", "Compare", id="estimate.compare", tooltip="every provider"),
        Binding("y", "copy", "Copy", id="estimate.copy", show=False, tooltip="as JSON"),
        Binding(
            "Y",
            "copy_markdown",
            "Copy a page",
            id="estimate.copy_markdown",
            show=False,
            tooltip="Markdown, to be signed off",
        ),
    ]

    outlook: var[Outlook] = var(Outlook(), bindings=True)
    choices: var[Choices] = var(Choices())
    prospects: var[Prospects | None] = var(None)
    """What is expected beside the bill; none until that is known of the quote."""

    card = getters.query_one(CostCard)
    words = getters.query_one("#cost-words", Static)

    class Taken(Message):
        """An offer of the comparison was taken."""

        def __init__(self, model: str, profile: str = "") -> None:
            super().__init__()
            self.model = model
            self.profile = profile
            """To work with from now on; empty for that in use."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._usual: tuple[tuple[FileStamp, TokenRule], Request | None] | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="cost", can_focus=True):
            yield Static(id="cost-words")
            yield CostCard().data_bind(CostPart.prospects)

    def watch_outlook(self, outlook: Outlook) -> None:
        """Show the cost, or why there is none: each state looks another way."""
        self.card.estimate, self.card.so_far = outlook.estimate, outlook.state == "counting"
        if outlook.found is not None:
            self.card.gauges = gauges(outlook.found.counts, outlook.found.rules)
        words = "" if outlook.estimate else with_keys(self, STATES[outlook.state])
        self.words.display = bool(words)
        if outlook.state == "failed":
            why = Content.styled(f"✗ Cannot estimate. {visible(outlook.why)}", "$error")
            self.words.update(why + Content(f"\n\n{words}"))
        else:
            self.words.update(Content(words))
        self._foretell(outlook.quote)

    @work(exclusive=True, group="foretell")
    async def _foretell(self, made: Quote | None) -> None:
        """Say what is to be expected of what is quoted."""
        self.prospects = None
        if made is not None:
            with self.pane.reporting("Cannot say what is to be expected"):
                profile, settings = self.session.profile, self.session.settings
                prices = await asyncio.to_thread(load_prices, settings.prices)
                store = await self.session.store()
                request = await self._request(made.assessment)
                self.prospects = await prospects(
                    store,
                    profile,
                    made,
                    prices,
                    request,
                    self.choices.batch_size,
                    settings,
                )

    async def _request(self, found: Assessment) -> Request | None:
        """What a request is likely to be: of the file, so it stays while the plan changes."""
        key = found.file, found.counts.rule
        if self._usual is None or self._usual[0] != key:
            self._usual = key, await usual_request(found)
        return self._usual[1]

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.outlook.estimate is not None or None

    @opens()
    async def action_dearest(self) -> None:
        """Show the most expensive rows, to be shrunk or left out."""
        found, estimate = self.outlook.found, self.outlook.estimate
        if found is None or estimate is None:
            return
        with self.pane.reporting("Cannot read the prices"):
            prices = await asyncio.to_thread(load_prices, self.session.settings.prices)
            dialog = Dearest(estimate, found, prices)
            row = await self.app.push_screen_wait(dialog)
            if dialog.edited:
                self.post_message(requests.AssessDataset(estimate.plan.model, again=True))
            if row is not None:
                self.post_message(requests.open_dataset(found.file.path, row))

    def action_why(self) -> None:
        if (found := self.outlook.found) is not None:
            row = self.pane.loop_state.row or 0
            self.app.push_screen(Why(found, min(row, len(found.figures.tokens) - 1)))

    @opens()
    async def action_what_if(self) -> None:
        """Try changes of the dataset and the plan, with the cost moving."""
        found, made = self.outlook.found, self.outlook.quote
        if found is None or made is None:
            self.pane.say("Every row has to be counted first.")
            return
        with self.pane.reporting("Cannot read the prices"):
            prices = await asyncio.to_thread(load_prices, self.session.settings.prices)
            decided = await self.app.push_screen_wait(TryChanges(found, made.plan, prices))
            if decided is None:
                return
            choices = replace(self.choices, epochs=decided.epochs or self.choices.epochs)
            if decided.copy is not None:
                choices = replace(choices, detail="as is")
                self.pane.say(f"{decided.copy.name} is written, and estimated now.")
            self.post_message(Replanned(choices, decided.copy))

    @opens()
    async def action_compare(self) -> None:
        """Show every provider's offer."""
        found, estimate = self.outlook.found, self.outlook.estimate
        if found is None or estimate is None:
            return
        dialog = Offers(found, self.session.settings.prices, detail=estimate.plan.detail)
        if (offer := await self.app.push_screen_wait(dialog)) is None:
            return
        provider, profiles = offer.profile.provider, self.session.settings.profiles.values()
        name = next((one.name for one in profiles if one.provider == provider), "")
        if offer.profile == found.rules:
            self.post_message(self.Taken(offer.estimate.plan.model))
        elif name:
            self.post_message(self.Taken(offer.estimate.plan.model, name))
        else:
            self.pane.say(
                f"No profile of yours works with {offer.profile.title}. Add one to the "
                f'configuration: [profiles.{provider}] with provider = "{provider}".',
                severity="warning",
            )

    @work
    async def action_copy(self) -> None:
        if (estimate := self.outlook.estimate) is not None:
            known = self.prospects or Prospects()
            report = estimate_report(estimate) | {"forecast": forecast_report(known.forecast)}
            await self.pane.copy(as_text(report))

    @work
    async def action_copy_markdown(self) -> None:
        if (made := self.outlook.quote) is None:
            self.pane.say("Every row has to be counted first.")
            return
        today = datetime.now(UTC).date()
        await self.pane.copy(estimate_markdown(made, self.prospects or Prospects(), today))
