"""The layer that asks, keeps what was answered, and counts what it cost."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from textual import work
from textual.reactive import var

from tintype.api import ChatRequest
from tintype.errors import DatasetError, TintypeError
from tintype.model_names import parse_model_name
from tintype.pricing import load_prices
from tintype.prompting import Reply, ask, question, remember
from tintype_tui import requests
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.parameters import Parameters
from tintype_tui.screens.playground.lineup import LineupPane
from tintype_tui.screens.playground.subject import Subject
from tintype_tui.text import money, one_line
from tintype_tui.widgets.answer_column import AnswerColumn


class AskingPane(LineupPane):
    """The same question to every model, side by side."""

    parameters: var[Parameters] = var(Parameters())
    spent: var[Decimal] = var(Decimal(0))
    """In this session, as far as it is known."""

    def __init__(self) -> None:
        super().__init__()
        self._system: str | None = None
        self._asked: ChatRequest | None = None
        self._may_spend = Decimal(0)

    @work(exclusive=True, group="prepare")
    async def action_ask(self) -> None:
        """Ask every model the same, side by side."""
        if not self.models:
            await self.choose_model()
        if not self.models or self.subject is None or not await self._may_ask():
            return
        with self.reporting("Cannot ask"):
            messages = await self._messages(self.subject)
            for column in self.columns():
                self._ask(column, messages)

    async def _may_ask(self) -> bool:
        """Each time another limit's worth has been spent here, ask before going on."""
        limit = self.desk.settings.spend_confirm_usd
        if self.spent < self._may_spend + limit:
            return True
        words = f"{money(self.spent)} has been spent here in this session."
        if await self.app.push_screen_wait(Confirm("Go on asking?", words, yes="Go on", no="Stop")):
            self._may_spend = self.spent
            return True
        return False

    async def _messages(self, subject: Subject) -> Sequence[Mapping[str, Any]]:
        """The row as it is, or the question as typed over."""
        text = self.composer.value.strip()
        unchanged = text == one_line(subject.question).strip() and self._system is None
        if subject.messages and unchanged:
            return subject.messages
        if subject.trouble and unchanged:
            raise DatasetError(subject.trouble)
        pictures = [subject.url or subject.data] if subject.url or subject.data else []
        system = subject.system if self._system is None else self._system
        return await question(
            text, [one for one in pictures if one], system=system, detail=self.parameters.detail
        )

    def _ask(self, column: AnswerColumn, messages: Sequence[Mapping[str, Any]]) -> None:
        """Ask one model; another question to the same column ends this one."""
        self.run_worker(self._answer(column, messages), exclusive=True, group=f"ask-{id(column)}")

    async def _answer(self, column: AnswerColumn, messages: Sequence[Mapping[str, Any]]) -> None:
        chosen = self.parameters
        request = ChatRequest(
            model=column.model,
            messages=messages,
            temperature=chosen.temperature,
            top_p=chosen.top_p,
            max_tokens=chosen.max_tokens,
            seed=chosen.seed,
        )
        self._asked = request
        column.reply, column.trouble, column.waiting = None, "", True
        asked_at, reply = datetime.now(UTC), None
        try:
            prices = await asyncio.to_thread(load_prices, self.desk.settings.prices)
            async for reply in ask(await self.desk.provider(), request, prices=prices):
                column.reply = reply
                if column is self.in_hand:
                    self.picture.predicted = column.boxes
        except TintypeError as error:
            column.trouble = str(error)
        finally:
            column.waiting = False
            if reply is not None:
                await self._keep(request, reply, asked_at)

    async def _keep(self, request: ChatRequest, reply: Reply, asked_at: datetime) -> None:
        self.spent += reply.cost_usd or 0
        sources = [self.subject.title] if self.subject else []
        store = await self.desk.store()
        await remember(store, self.desk.profile, request, reply, asked_at, sources)
        if parse_model_name(request.model).tuned:
            self.post_message(requests.Reached(tried=True))
        self.draw_title()

    def action_stop(self) -> None:
        """Stop answers under way; what has come stays."""
        if self.focused is self.composer:
            self.picture.focus()
        for column in self.columns():
            self.workers.cancel_group(self, f"ask-{id(column)}")
