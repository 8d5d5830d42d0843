"""The part that asks: the same question to every model, side by side, and keeps the answers."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.worker import WorkType

from tintype.api import ChatRequest
from tintype.budget import Confirmation, Limits
from tintype.errors import TintypeError
from tintype.model_names import parse_model_name
from tintype.pricing import load_prices
from tintype.prompting import (
    OpenQuestion,
    Reply,
    Subject,
    Teaching,
    ask,
    priced,
    remember,
    teaching_of,
)
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.playground.cost_part import CostPart
from tintype_tui.screens.playground.keeping_part import KeepingPart
from tintype_tui.screens.playground.subject_part import SubjectPart
from tintype_tui.screens.playground.turns_part import TurnsPart
from tintype_tui.widgets.answer_column import Answer
from tintype_tui.words.answers import taught_words

MOST_TIMES = 20
"""As often as an evaluation asks a question, at the most."""
AT_ONCE = 4
"""Further answers of one model under way."""
NOTHING: Mapping[str, Answer] = MappingProxyType({})


class AskingPart(Part):
    """Says above all what is asked and what it costs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,enter", "ask", "Ask", id="play.ask", key_display="a"),
        Binding("A", "several", "Ask N times", id="play.several", show=False,
                tooltip="and see how far the answers agree"),
        Binding("r", "again", "Ask again", id="play.again", show=False, tooltip="this model only"),
    ]  # fmt: skip

    question: var[OpenQuestion] = var(OpenQuestion())
    trained_system: var[str] = var("")
    """The system prompt of the first tuned model that is asked."""
    answers: var[Mapping[str, Answer]] = var(NOTHING)
    """To what was asked last about this subject, by the model's name."""
    sent: var[Mapping[str, ChatRequest]] = var(MappingProxyType({}), always_update=True)
    """What the answers are to, by the model's name; the same question again is another request."""

    cost = getters.query_one(CostPart)

    class Answered(Message):
        """Answers have begun, grown or ended: see `answers`."""

    class Wanted(Message):
        """There is no model to ask yet: one should be chosen."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._taught: dict[str, Teaching | None] = {}
        self._times = 5

    def compose(self) -> ComposeResult:
        yield CostPart(id="cost").data_bind(AskingPart.question)
        yield TurnsPart().data_bind(AskingPart.question, AskingPart.answers, AskingPart.sent)
        yield KeepingPart().data_bind(
            AskingPart.question, AskingPart.answers, AskingPart.sent, AskingPart.trained_system
        )

    def watch_question(self, before: OpenQuestion, question: OpenQuestion) -> None:
        """What is asked about something else, or of a model that is gone, need not go on."""
        turned = before.conversation.turns != question.conversation.turns
        if turned or before.subject is not question.subject:
            self.stop()
            self.sent, self.answers = MappingProxyType({}), NOTHING
        for model in set(self.sent) - set(question.models):
            self.workers.cancel_group(self, f"ask-{model}")
        if before.models != question.models:
            self._learn_system()

    def watch_answers(self) -> None:
        self.post_message(self.Answered())

    def watch_trained_system(self) -> None:
        self.post_message(self.Answered())

    @work(exclusive=True, group="teaching")
    async def _learn_system(self) -> None:
        with self.pane.reporting("Cannot read the training rows"):
            self.trained_system = await self._system(self.question.models)

    async def _system(self, models: Sequence[str]) -> str:
        found = [await self._teaching(model) for model in models]
        systems = [taught.systems[0] for taught in found if taught]
        return next(filter(None, systems), "")

    async def _teaching(self, model: str) -> Teaching | None:
        """What a model was trained with, as far as that is known here."""
        if model not in self._taught:
            store = await self.session.store()
            self._taught[model] = await teaching_of(store, self.session.profile.name, model)
        return self._taught[model]

    # ------------------------------------------------------------------ asking

    @opens(exclusive=True, group="prepare")
    async def action_ask(self) -> None:
        """Ask every model the same, side by side."""
        if self.question.models:
            await self._ask_all(self.question.models)
        else:
            self.post_message(self.Wanted())

    @opens(exclusive=True, group="prepare")
    async def action_again(self) -> None:
        """Ask the current model once more."""
        if self.question.current:
            await self._ask_all((self.question.current,))
        else:
            self.post_message(self.Wanted())

    @opens(exclusive=True, group="prepare")
    async def action_several(self) -> None:
        """Ask every model several times, to see how far it agrees with itself."""
        if not self.question.models:
            self.post_message(self.Wanted())
            return
        hints = [f"2 to {MOST_TIMES}, at once; each answer costs what one costs."]
        if self.question.prompt.parameters.temperature == 0:
            hints.append(
                with_keys(self, "Temperature 0: they are likely alike ({play.parameters}).")
            )
        typed = await self.app.push_screen_wait(
            Ask("How often is the question asked?", value=str(self._times), hints=hints)
        )
        if typed is None:
            return
        if not typed.strip().isdecimal() or not 2 <= int(typed) <= MOST_TIMES:
            words = f"{typed!r} is no whole number from 2 to {MOST_TIMES}."
            self.pane.say(words, severity="error")
            return
        self._times = int(typed)
        await self._ask_all(self.question.models, self._times)

    async def _ask_all(self, models: Sequence[str], times: int = 1) -> None:
        if not await self.pane.query_one(SubjectPart).awaited.settled():
            return
        with self.pane.reporting("Cannot ask"):
            system = await self._system(self.question.models)
            question = self.question  # as it stands by now: what is sent is what is noted
            asked = await question.requests(models, system)
            confirmation = await self.cost.may_ask(asked * times)
            if confirmation is None:
                return
            if self.question.subject is not question.subject:
                words = "Something else is asked about by now: {play.ask} asks."
                self.pane.say(with_keys(self, words), severity="warning")
                return
            for request in asked:
                taught = await self._teaching(request.model)
                words = taught_words(taught.differs(request.messages)) if taught else ""
                self.sent = MappingProxyType({**self.sent, request.model: request})
                note = with_keys(self, words)
                waiting = Answer(expected=question.expected, note=note, waiting=True, times=times)
                self._put(request, waiting)
                work: WorkType[None] = partial(
                    self._answers, request, question, confirmation, times
                )
                self.run_worker(work, exclusive=True, group=f"ask-{request.model}")

    def stop(self) -> None:
        """Stop answers under way; what has come stays."""
        for model in list(self.sent):
            self.workers.cancel_group(self, f"ask-{model}")

    async def _answers(
        self, request: ChatRequest, question: OpenQuestion, confirmation: Confirmation, times: int
    ) -> None:
        """One answer as it grows; further ones as they end."""
        at_once = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._answer(request, question, confirmation))
            for _ in range(times - 1):
                group.create_task(self._further(request, question, confirmation, at_once))

    async def _further(
        self,
        request: ChatRequest,
        question: OpenQuestion,
        confirmation: Confirmation,
        at_once: asyncio.Semaphore,
    ) -> None:
        """Add another answer to the same question."""
        async with at_once:
            asked_at, reply = datetime.now(UTC), None
            with suppress(TintypeError):  # what the first answer fails at is said there
                async for one in await self._growing(request, question, confirmation):
                    reply = one
            if reply is not None:
                await self._keep(request, reply, asked_at, question.subject)
            if self._is_current(request):
                now = self.answers[request.model]
                text = None if reply is None else reply.answer
                self._put(request, replace(now, further=(*now.further, text)))

    async def _growing(
        self, request: ChatRequest, question: OpenQuestion, confirmation: Confirmation
    ) -> AsyncGenerator[Reply, None]:
        return ask(
            await self.session.provider(),
            await self.session.store(),
            request,
            limits=Limits.of(self.session.settings),
            confirmation=confirmation,
            expected=question.expected,
            prices=await asyncio.to_thread(load_prices, self.session.settings.prices),
        )

    async def _answer(
        self, request: ChatRequest, question: OpenQuestion, confirmation: Confirmation
    ) -> None:
        asked_at, reply = datetime.now(UTC), None
        try:
            api = await self.session.provider()
            prices = await asyncio.to_thread(load_prices, self.session.settings.prices)
            async for reply in await self._growing(request, question, confirmation):
                self._show(request, reply)
        except TintypeError as error:
            self._show(request, reply, str(error))
        except asyncio.CancelledError:
            reply = priced(reply.stopped(), api, request, prices) if reply else None
            self._show(request, reply, "" if reply else "Stopped before the first words.")
            raise
        finally:
            if self._is_current(request):
                self._put(request, replace(self.answers[request.model], waiting=False))
            if reply is not None:
                await self._keep(request, reply, asked_at, question.subject)

    def _is_current(self, request: ChatRequest) -> bool:
        """Whether no other question has been asked of this model since."""
        return self.sent.get(request.model) is request and request.model in self.answers

    def _put(self, request: ChatRequest, answer: Answer) -> None:
        self.answers = MappingProxyType({**self.answers, request.model: answer})

    def _show(self, request: ChatRequest, reply: Reply | None, trouble: str = "") -> None:
        """Show an answer as far as it has come."""
        if self._is_current(request):
            now = self.answers[request.model]
            self._put(request, replace(now, reply=reply, trouble=trouble))

    async def _keep(
        self, request: ChatRequest, reply: Reply, asked_at: datetime, subject: Subject
    ) -> None:
        self.cost.add(reply)
        with self.pane.reporting("Cannot keep the answer"):
            store = await self.session.store()
            sources = [str(subject.origin) or subject.title]
            await remember(store, self.session.profile, request, reply, asked_at, sources)
        if parse_model_name(request.model).tuned:
            self.post_message(requests.Reached(lambda state: replace(state, tried=True)))
