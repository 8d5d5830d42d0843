"""What the plan takes: cost and time with their reasons, or why they are not known."""

import asyncio
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype.connection import forecast
from tintype.estimation import Estimate, Forecast, gauges
from tintype.pricing import load_prices
from tintype.quote import Outlook
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dearest import Dearest
from tintype_tui.screens.offers import Offers
from tintype_tui.screens.what_if import Decided, TryChanges
from tintype_tui.screens.why import Why
from tintype_tui.text import visible
from tintype_tui.widgets.cost_card import CostCard
from tintype_tui.widgets.plan_form import Choices
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
    ]

    outlook: var[Outlook] = var(Outlook(), bindings=True)
    choices: var[Choices] = var(Choices())
    forecast: var[Forecast | None] = var(None)
    """How long it takes; none where the provider is another than the embedded one."""

    card = getters.query_one(CostCard)
    words = getters.query_one("#cost-words", Static)

    class Taken(Message):
        """An offer of the comparison was taken."""

        def __init__(self, model: str, profile: str = "") -> None:
            super().__init__()
            self.model = model
            self.profile = profile
            """To work with from now on; empty for that in use."""

    class Settled(Message):
        """What was tried is to be true."""

        def __init__(self, decided: Decided) -> None:
            super().__init__()
            self.decided = decided

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="cost", can_focus=True):
            yield Static(id="cost-words")
            yield CostCard().data_bind(CostPart.forecast)

    def watch_outlook(self, outlook: Outlook) -> None:
        """Show the cost, or why there is none: each state looks another way."""
        self.card.estimate = outlook.estimate
        if outlook.found is not None:
            self.card.gauges = gauges(outlook.found.counts, outlook.found.rules)
        words = "" if outlook.estimate else with_keys(self, STATES[outlook.state])
        self.words.display = bool(words)
        if outlook.state == "failed":
            why = Content.styled(f"✗ Cannot estimate. {visible(outlook.why)}", "$error")
            self.words.update(why + Content(f"\n\n{words}"))
        else:
            self.words.update(Content(words))
        self._foretell(outlook.quote.estimate if outlook.quote else None)

    @work(exclusive=True, group="foretell")
    async def _foretell(self, estimate: Estimate | None) -> None:
        """Say how long it will take, where it runs on this machine."""
        self.forecast = None
        if estimate is not None:
            with self.pane.reporting("Cannot say how long it takes"):
                profile, batch = self.session.profile, self.choices.batch_size
                self.forecast = await forecast(await self.session.store(), profile, estimate, batch)

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.outlook.estimate is not None or None

    def action_dearest(self) -> None:
        found, estimate = self.outlook.found, self.outlook.estimate

        def opened(row: int | None) -> None:
            if row is not None and found is not None:
                self.post_message(requests.open_dataset(found.file.path, row))

        if estimate is not None and found is not None:
            self.app.push_screen(Dearest(estimate, found), opened)

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
            if decided is not None:
                self.post_message(self.Settled(decided))

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
            report = estimate_report(estimate) | {"forecast": forecast_report(self.forecast)}
            await self.pane.copy(as_text(report))
