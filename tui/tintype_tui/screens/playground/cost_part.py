"""The part that says what is asked about and how, and what asking costs, before it is asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.api import ChatRequest
from tintype.budget import NOTHING_CONFIRMED, Confirmation, Limits, demand
from tintype.errors import TintypeError
from tintype.pricing import load_prices
from tintype.prompting import Foreseen, OpenQuestion, Reply, SessionSpending, foresee
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask, ConfirmSum
from tintype_tui.text import count, money, number, one_line, visible
from tintype_tui.words.costs import asking_words, consent_words

LEAST_TITLE = 16
"""Cells for what is asked about, whatever else there is to say."""
_WAIT_S = 0.3
"""After a key, before the cost is estimated again."""


class CostPart(Part):
    """One line: image or row, cost, what was changed by hand, parameters."""

    question: var[OpenQuestion] = var(OpenQuestion())
    foreseen: var[tuple[Foreseen, ...]] = var(())
    """What asking now would cost, for each model."""
    spending: var[SessionSpending] = var(SessionSpending())

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("dollar_sign", "cap", "Session's cap", id="play.cap", show=False, key_display="$",
                tooltip="what answers may cost until the app is closed"),
    ]  # fmt: skip

    line = getters.query_one(Static)

    def compose(self) -> ComposeResult:
        yield Static(id="play-title", classes="title-line")

    def on_resize(self) -> None:
        self._draw()

    def watch_question(self) -> None:
        self._draw()
        self._foresee_soon()

    def watch_foreseen(self) -> None:
        self._draw()

    def watch_spending(self) -> None:
        self._draw()

    def add(self, reply: Reply) -> None:
        """Count what an answer cost."""
        self.spending = self.spending.answered(reply.cost_usd)

    @work(exclusive=True, group="cost")
    async def _foresee_soon(self) -> None:
        await asyncio.sleep(_WAIT_S)
        asked, found = self.question, tuple[Foreseen, ...]()
        if self.session.profile.dialect != "embedded" and asked.subject.title and asked.models:
            try:
                found = await self._foresee(await asked.requests(asked.models))
            except TintypeError:  # said when it is asked
                found = ()
        self.foreseen = found

    async def _foresee(self, requests: Sequence[ChatRequest]) -> tuple[Foreseen, ...]:
        expected = self.question.expected
        provider = self.session.profile.provider
        prices = await asyncio.to_thread(load_prices, self.session.settings.prices)

        def each() -> tuple[Foreseen, ...]:
            return tuple(foresee(one, provider, prices, expected=expected) for one in requests)

        return await asyncio.to_thread(each)

    async def may_ask(self, requests: Sequence[ChatRequest]) -> Confirmation | None:
        """Have the sum typed before what may cost much, and before an unknown price.

        None if the person does not agree.

        Raises:
            BudgetError: if a limit could be passed.
        """
        if self.session.profile.dialect == "embedded":
            return NOTHING_CONFIRMED
        foreseen, settings = await self._foresee(requests), self.session.settings
        self.spending.require(foreseen)
        wanted = demand(
            await self.session.store(),
            *(one.expense(self.session.profile.name) for one in foreseen),
            limits=Limits.of(settings),
            now=datetime.now(UTC),
        )
        agreed = Confirmation(wanted.typed if wanted else "")
        typed = self.spending.demanded(foreseen, settings.spend_confirm_usd, wanted)
        if typed is None:
            return agreed
        words = consent_words(foreseen, self.spending, typed)
        title = f"Ask {foreseen[0].model if len(foreseen) == 1 else f'{len(foreseen)} models'}"
        if not await self.app.push_screen_wait(ConfirmSum(title, words, typed, act="ask")):
            return None
        self.spending = self.spending.consented(foreseen)
        return agreed

    @opens(exclusive=True, group="cap")
    async def action_cap(self) -> None:
        """Say what answers may cost at most until the app is closed."""
        cap = self.spending.cap_usd
        spent = f"{money(self.spending.spent_usd)} spent so far. Empty: no cap."
        title, value = "What may answers cost in this session, in US dollars?", str(cap or "")
        typed = await self.app.push_screen_wait(Ask(title, value=value, hints=(spent,)))
        if typed is None:
            return
        try:
            wanted = Decimal(typed.strip().lstrip("$")) if typed.strip() else None
        except InvalidOperation:
            wanted = Decimal(-1)
        if wanted is not None and not 0 <= wanted < 1_000_000:
            self.pane.say(f"{typed!r} is no sum in US dollars.", severity="error")
            return
        self.spending = replace(self.spending, cap_usd=wanted)

    def _turn_words(self) -> str:
        """Which turn it is, and what of earlier ones is sent again."""
        talk = self.question.conversation
        if not talk.turns:
            return ""
        words = [f"turn {len(talk.turns) + 1}"]
        if talk.images:
            words.append(
                f"{count(talk.images, 'image')} sent again ({key_of(self, 'play.images')})"
            )
        return " · ".join(words)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        prompt = self.question.prompt
        words = [
            self._turn_words(),
            asking_words(self.foreseen, self.spending),
            with_keys(self, "your question ({play.own}: the row's)")
            if self.question.is_typed_over
            else "",
            "your system prompt" if prompt.system is not None else "",
            prompt.parameters.words(),
        ]
        rest = "".join(f" · {visible(part)}" for part in words if part)
        room = self.line.content_size.width - cell_len(rest)
        subject, rows = self.question.subject, self.question.rows
        if not subject.title:
            nothing = "No image yet: {play.attach} takes one, {go.datasets} a dataset."
            self.line.update(Content(with_keys(self, nothing)))
            return
        title = subject.title + (f" of {number(rows)}" if rows and subject.is_row else "")
        self.line.update(Content(_tail(one_line(title), max(room, LEAST_TITLE)) + rest))


def _tail(words: str, width: int) -> str:
    """The end of a title, where the row is named; the beginning is a folder's name."""
    if width <= 0 or cell_len(words) <= width:
        return words
    kept = ""
    for letter in reversed(words):
        if cell_len(letter + kept) >= width:
            break
        kept = letter + kept
    return f"…{kept}"
