"""The layer that asks, says the cost first, and keeps what was answered."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from textual import on, work
from textual.reactive import var
from textual.widgets import TextArea

from tintype import budget
from tintype.api import ChatRequest
from tintype.budget import NOTHING_CONFIRMED, UNKNOWN, Confirmation, Limits
from tintype.errors import TintypeError
from tintype.model_names import parse_model_name
from tintype.pricing import load_prices
from tintype.prompting import (
    Foreseen,
    Reply,
    Teaching,
    ask,
    foresee,
    priced,
    remember,
    teaching_of,
    total,
)
from tintype_tui import requests
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.parameters import Parameters
from tintype_tui.screens.playground.composing import ComposingPane
from tintype_tui.screens.playground.subject import Subject
from tintype_tui.text import count, money
from tintype_tui.widgets.answer_column import AnswerColumn
from tintype_tui.widgets.composer import Composer

_WAIT_S = 0.3
"""After a key, before the cost is reckoned anew."""


class AskingPane(ComposingPane):
    """The same question to every model, side by side."""

    parameters: var[Parameters] = var(Parameters())
    spent: var[Decimal] = var(Decimal(0))
    """In this session, as far as it is known."""
    foreseen: var[tuple[Foreseen, ...]] = var(())
    """What asking now would cost, for each model."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, ChatRequest] = {}
        self._taught: dict[str, Teaching | None] = {}
        self._may_spend = Decimal(0)
        self._agreed: set[str] = set()
        """Models without a known price that may be asked all the same."""
        self._unknown_costs = 0

    # ------------------------------------------------------------------ what it will cost

    def watch_parameters(self) -> None:
        self.reckon()

    def watch_subject(self, subject: Subject | None) -> None:
        """Answers to something else need not go on."""
        if self._asked:
            self.action_stop()
            self._asked.clear()
        super().watch_subject(subject)
        self.reckon()

    async def watch_models(self) -> None:
        """Models that are asked no longer need not go on."""
        if self.is_mounted:
            for model in set(self._asked) - set(self.models):
                self.workers.cancel_group(self, f"ask-{model}")
            await super().watch_models()
            self.reckon()

    @on(TextArea.Changed, "#question")
    def _typed_on(self) -> None:
        self.draw_title()
        self.reckon()

    @work(exclusive=True, group="reckon")
    async def reckon(self) -> None:
        """Foresee what asking now would cost."""
        await asyncio.sleep(_WAIT_S)
        if self.desk.profile.dialect == "embedded":
            self.foreseen = ()  # it costs nothing
        elif self.subject is not None and self.models:
            try:
                self.foreseen = await self._foresee(await self.requests(self.models))
            except TintypeError:  # said when it is asked
                self.foreseen = ()
        self.draw_title()

    async def _foresee(self, asked: Sequence[ChatRequest]) -> tuple[Foreseen, ...]:
        expected = self.subject.expected if self.subject else ""
        provider = self.desk.profile.provider
        prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)

        def each() -> tuple[Foreseen, ...]:
            return tuple(foresee(one, provider, prices, expected=expected) for one in asked)

        return await asyncio.to_thread(each)

    def cost_words(self) -> str:
        """What asking now would cost, and what was spent so far."""
        words = []
        if self.foreseen:
            likely, _, unknown = total(self.foreseen)
            known = f"asking: about {money(likely)}" if likely else ""
            blind = f"cost of {count(unknown, 'model')} unknown" if unknown else ""
            words += [known, blind]
        if self.spent:
            words.append(f"{money(self.spent)} spent")
        if self._unknown_costs:
            words.append(f"{count(self._unknown_costs, 'answer')} of unknown cost")
        return " · ".join(filter(None, words))

    async def _may_ask(self, asked: Sequence[ChatRequest]) -> Confirmation | None:
        """Ask before another limit's worth may be spent here, and before a price not known.

        What is unknown is not free; once for each model in a session is enough.
        """
        if self.desk.profile.dialect == "embedded":
            return NOTHING_CONFIRMED
        foreseen = await self._foresee(asked)
        wanted = budget.demand(
            await self.desk.store(),
            *(one.expense(self.desk.profile.name) for one in foreseen),
            limits=Limits.of(self.desk.settings),
            now=datetime.now(UTC),
        )
        agreed = Confirmation(wanted.typed if wanted else "")
        likely, most, unknown = total(foreseen)
        blind = {
            one.model for one, cost in zip(asked, foreseen, strict=True) if cost.likely_usd is None
        }
        limit = self._may_spend + self.desk.settings.spend_confirm_usd
        dear = self.spent + most >= limit and self.spent + most > 0
        if wanted is not None:
            dear = dear or wanted.typed != UNKNOWN or wanted.by_typing
        if blind <= self._agreed and not dear:
            return agreed
        if not most and unknown:
            words = "What this question costs is not known here: no price is known of "
            words += f"{count(unknown, 'model')}. `prices` in the configuration can name one."
        else:
            words = f"This question costs about {money(likely)}, at most {money(most)}"
            words += f", and what {count(unknown, 'model')} takes is unknown." if unknown else "."
        if wanted is not None and wanted.by_typing:
            words += f" {wanted.why}"
        if self.spent:
            words += f" {money(self.spent)} has been spent here in this session."
        if not await self.app.push_screen_wait(Confirm("Ask?", words, yes="Ask", no="Leave it")):
            return None
        self._may_spend = self.spent + most
        self._agreed |= blind
        return agreed

    # ------------------------------------------------------------------ asking

    async def requests(self, models: Sequence[str]) -> list[ChatRequest]:
        """What would be sent to each model.

        Raises:
            DatasetError: if there is nothing to send.
        """
        chosen, subject = self.parameters, self.subject or Subject("no image")
        system = self.system
        if system is None and not subject.system and not subject.is_row:
            system = await self._trained_system(models)
        messages = await subject.ask(self.composer.typed, system, chosen.detail)
        return [
            ChatRequest(
                model=model,
                messages=messages,
                temperature=chosen.temperature,
                top_p=chosen.top_p,
                max_tokens=chosen.max_tokens,
                seed=chosen.seed,
            )
            for model in models
        ]

    @work(exclusive=True, group="prepare")
    async def action_ask(self) -> None:
        """Ask every model the same, side by side."""
        await self._ask_all(self.models)

    @work(exclusive=True, group="prepare")
    async def action_again(self) -> None:
        """Ask the model in hand once more."""
        await self._ask_all((self.in_hand.model,) if self.models else ())

    @on(Composer.Asked)
    def _submitted(self) -> None:
        self.set_focus(self.in_hand)
        self.action_ask()

    async def _ask_all(self, models: Sequence[str]) -> None:
        with self.reporting("Cannot ask"):
            if not self.models:
                await self.choose_model(replacing=True)
                models = self.models
            if not models:
                return
            asked = await self.requests(models)
            confirmation = await self._may_ask(asked)
            if confirmation is None:
                return
            self.forget_wandering()
            subject = self.subject or Subject("no image")
            columns = {column.model: column for column in self.columns()}
            for request in asked:
                if (column := columns.get(request.model)) is not None:
                    column.note = await self._difference(request)
                    column.expected = subject.expected_of(self.composer.typed)
                    self._ask(column, request, subject, confirmation)

    def _ask(
        self,
        column: AnswerColumn,
        request: ChatRequest,
        subject: Subject,
        confirmation: Confirmation,
    ) -> None:
        """Ask one model; another question to the same model ends this one."""
        self._asked[request.model] = request
        column.reply, column.trouble, column.waiting = None, "", True
        work = self._answer(column, request, subject, confirmation)
        self.run_worker(work, exclusive=True, group=f"ask-{request.model}")

    async def _answer(
        self,
        column: AnswerColumn,
        request: ChatRequest,
        subject: Subject,
        confirmation: Confirmation,
    ) -> None:
        asked_at, reply = datetime.now(UTC), None
        try:
            prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)
            api = await self.desk.provider()
            growing = ask(
                api,
                await self.desk.store(),
                request,
                limits=Limits.of(self.desk.settings),
                confirmation=confirmation,
                expected=subject.expected,
                prices=prices,
            )
            async for reply in growing:
                self._show(column, request, reply)
        except TintypeError as error:
            self._show(column, request, reply, str(error))
        except asyncio.CancelledError:
            reply = priced(reply.stopped(), api, request, prices) if reply else None
            self._show(column, request, reply, "" if reply else "Stopped before the first words.")
            raise
        finally:
            if self._asked.get(request.model) is request:
                column.waiting = False
            if reply is not None:
                await self._keep(request, reply, asked_at, subject)

    def _show(
        self, column: AnswerColumn, request: ChatRequest, reply: Reply | None, trouble: str = ""
    ) -> None:
        """Show an answer as far as it has come, unless another question has been asked since."""
        if self._asked.get(request.model) is request and column.is_attached:
            column.reply, column.trouble = reply, trouble
            self.redraw_boxes()

    async def _keep(
        self, request: ChatRequest, reply: Reply, asked_at: datetime, subject: Subject
    ) -> None:
        self.spent += reply.cost_usd or 0
        self._unknown_costs += reply.cost_usd is None
        with self.reporting("Cannot keep the answer"):
            store = await self.desk.store()
            sources = [str(subject.origin) or subject.title]
            await remember(store, self.desk.profile, request, reply, asked_at, sources)
        if parse_model_name(request.model).tuned:
            self.post_message(requests.Reached(tried=True))
        self.draw_title()

    def action_stop(self) -> None:
        """Stop answers under way; what has come stays."""
        if self.focused is self.composer:
            self.set_focus(self.image)
        for model in list(self._asked):
            self.workers.cancel_group(self, f"ask-{model}")

    # ------------------------------------------------------------------ as it was trained

    async def _teaching(self, model: str) -> Teaching | None:
        if model not in self._taught:
            store = await self.desk.store()
            self._taught[model] = await teaching_of(store, self.desk.profile.name, model)
        return self._taught[model]

    async def _trained_system(self, models: Sequence[str]) -> str | None:
        """For an image of one's own: the system prompt that the first tuned model was given."""
        for model in models:
            if (taught := await self._teaching(model)) and taught.systems[0]:
                return taught.systems[0]
        return None

    async def _difference(self, request: ChatRequest) -> str:
        """Say it if a tuned model is asked under another system prompt than it was trained."""
        taught = await self._teaching(request.model)
        sent = _system_of(request.messages)
        if taught is None or sent in taught.systems:
            return ""
        if not sent:
            return "It was trained with a system prompt, and none is sent (S)."
        return "The system prompt is not the one it was trained with (S)."


def _system_of(messages: Sequence[Mapping[str, Any]]) -> str:
    for message in messages:
        if message.get("role") == "system":
            content = message.get("content")
            if isinstance(content, list):
                return "\n".join(str(part.get("text", "")) for part in content)
            return str(content or "")
    return ""
