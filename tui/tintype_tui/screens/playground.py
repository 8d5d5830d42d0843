"""Playground: several models on the same picture, their answers side by side."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input, Static

from tintype.api import ChatRequest
from tintype.dataset import Dataset, Example, open_dataset
from tintype.dataset.splits import siblings
from tintype.detection import parse_boxes, prompt_labels
from tintype.errors import DatasetError, TintypeError
from tintype.model_names import parse_model_name
from tintype.pricing import load_prices
from tintype.prompting import Reply, as_curl, ask, check_picture, question, remember
from tintype_tui import requests
from tintype_tui.screen import Pane
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask, Confirm
from tintype_tui.screens.open_path import OpenPath
from tintype_tui.screens.parameters import AskParameters, Parameters
from tintype_tui.standing import Standing
from tintype_tui.text import count, money, one_line, visible
from tintype_tui.widgets.answer_column import AnswerColumn, short_name
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.field import Field
from tintype_tui.widgets.picture import Picture

MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about."""

    title: str
    """Where the picture comes from, for a person."""
    data: bytes | None = None
    """The encoded picture, if there is one to show."""
    url: str = ""
    """The picture's address, where the provider is to fetch it itself."""
    expected: str = ""
    """The right answer, where a row has one."""
    system: str = ""
    question: str = ""
    """As the row has it; the same words send the row as it is."""
    messages: Sequence[Mapping[str, Any]] = ()
    """The row's own question, ready to send."""
    trouble: str = ""
    """Why there is no picture to show, or nothing to send, where there should be."""


class PlaygroundPane(Pane):
    """A picture, a question, and up to four models."""

    BINDING_GROUP_TITLE = "Playground"
    CSS_PATH = "playground.tcss"
    NEXT = ("row(1)", "attach")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,enter", "ask", "Ask", id="play.ask", key_display="a"),
        Binding("n", "row(1)", "Next row", id="play.row"),
        Binding("N,b", "row(-1)", "Last row", id="play.row_back", show=False),
        Binding("i", "edit", "Question", id="play.edit", tooltip="type another question"),
        Binding("o", "attach", "Picture", id="play.attach", tooltip="a file or an address"),
        Binding("m", "model", "Model", id="play.model", tooltip="of the column in hand"),
        Binding("plus,equals_sign", "add", "Add column", id="play.add", show=False),
        Binding("minus", "remove", "Remove column", id="play.remove", show=False),
        Binding("p", "parameters", "Parameters", id="play.parameters", show=False),
        Binding("H", "history", "History", id="play.history", show=False),
        Binding("y", "copy", "Copy the answer", id="play.copy", show=False),
        Binding("Y", "curl", "Copy as curl", id="play.curl", show=False),
        Binding("S", "system", "System prompt", id="play.system", show=False),
        Binding("f", "full", "Full picture", id="play.full", show=False),
        Binding("escape", "stop", "Stop", id="play.stop", show=False),
    ]

    subject: var[Subject | None] = var(None, bindings=True)
    models: var[tuple[str, ...]] = var(())
    parameters: var[Parameters] = var(Parameters())
    spent: var[Decimal] = var(Decimal(0))
    """In this session, as far as it is known."""

    picture = getters.query_one(Picture)
    composer = getters.query_one("#question", Input)
    title_line = getters.query_one("#play-title", Static)
    truth = getters.query_one("#truth", Static)

    def __init__(self) -> None:
        super().__init__()
        self._dataset: Dataset | None = None
        self._row = 0
        self._from: Path | None = None
        self._system: str | None = None
        self._asked: ChatRequest | None = None
        self._may_spend = Decimal(0)

    def body(self) -> ComposeResult:
        yield Static(id="play-title", classes="title-line")
        with Vertical(id="play-body"):
            with Horizontal(id="play-top"):
                yield Picture(id="picture")
                yield Static(id="truth")
            yield Horizontal(id="columns")
        yield Field(placeholder="i: type a question · Enter asks", id="question", compact=True)

    async def on_mount(self) -> None:
        await self._show_columns()
        self._draw_title()
        self.picture.focus()

    # ------------------------------------------------------------------ what is asked about

    def provider_changed(self) -> None:
        super().provider_changed()
        self.models = ()

    def watch_standing(self, standing: Standing) -> None:
        """Take the model and the dataset that were chosen elsewhere."""
        if standing.model and standing.model not in self.models:
            base = parse_model_name(standing.model).base
            self.models = tuple(dict.fromkeys([standing.model, base]))
        if standing.dataset is not None and standing.dataset != self._from:
            self._from = standing.dataset
            self._hold(standing.dataset)

    async def watch_models(self) -> None:
        if self.is_mounted:
            await self._show_columns()

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path) -> None:
        """Hold the test rows open: the tuned model has not seen them."""
        with self.reporting("Cannot open the dataset"):
            splits = await asyncio.to_thread(siblings, path)
            unseen = splits.test or splits.valid or path
            async with open_dataset(unseen) as dataset:
                self._dataset, self._row = dataset, 0
                self._take_row()
                async for _ in dataset.index():
                    pass
                self._draw_title()
                await asyncio.Event().wait()  # held open until another takes its place

    @work(exclusive=True, group="row")
    async def _take_row(self) -> None:
        if (dataset := self._dataset) is None:
            return
        with self.reporting("Cannot read the row"):
            example = await dataset.example(self._row)
            data, messages, trouble = None, [], ""
            try:
                messages = await dataset.messages(self._row)
                data = await dataset.picture(self._row, 0) if example.images else None
            except DatasetError as error:  # there is more to the row than its picture
                trouble = str(error)
            self.subject = Subject(
                title=f"{dataset.path.parent.name}/{dataset.path.name} row {self._row + 1}",
                data=data,
                expected=example.answer,
                system=_system_prompt(example),
                question=_question(example),
                messages=messages,
                trouble=trouble,
            )

    def watch_subject(self, subject: Subject | None) -> None:
        if subject is None:
            return
        self.picture.image = subject.data
        self.picture.truth = parse_boxes(subject.expected).boxes
        self.picture.predicted = ()
        self.composer.value = one_line(subject.question)
        expected = Content(visible(said(subject.expected))) if subject.expected else Content("–")
        trouble = f"{subject.trouble}\n\n" if subject.trouble else ""
        self.truth.update(
            Content.styled(visible(trouble), "$error")
            + Content.styled("expected\n", "dim")
            + expected
            + Content.styled("\n\nquestion\n", "dim")
            + Content(visible(_in_short(subject.question)) or "–")
        )
        for column in self._columns():
            column.reply, column.trouble, column.expected = None, "", subject.expected
        self._draw_title()

    def _draw_title(self) -> None:
        words = [
            self.subject.title if self.subject else "No picture yet: o takes one, 2 a dataset.",
            f"of {count(self._dataset.count, 'row')}" if self._dataset and self.subject else "",
            self.parameters.words(),
            f"{money(self.spent)} spent here" if self.spent else "",
        ]
        self.title_line.update(Content(visible(" · ".join(filter(None, words)))))

    # ------------------------------------------------------------------ the columns

    def _columns(self) -> list[AnswerColumn]:
        return list(self.query(AnswerColumn))

    async def _show_columns(self) -> None:
        """One column for each model; those that stay keep their answers."""
        holder = self.query_one("#columns")
        columns = self._columns()
        wanted = self.models or ("",)
        for column in columns[len(wanted) :]:
            await column.remove()
        for _ in range(len(wanted) - len(columns)):
            await holder.mount(AnswerColumn())
        for column, model in zip(self._columns(), wanted, strict=True):
            if column.model != model:
                column.model, column.reply, column.trouble = model, None, ""
            column.expected = self.subject.expected if self.subject else ""

    @property
    def _in_hand(self) -> AnswerColumn:
        """The column that was focused last; else the first."""
        columns = self._columns()
        focused = self.focused
        return focused if isinstance(focused, AnswerColumn) else columns[0]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Draw the boxes of the answer one looks at."""
        if isinstance(event.widget, AnswerColumn):
            self.picture.predicted = event.widget.boxes

    # ------------------------------------------------------------------ asking

    @work(exclusive=True, group="prepare")
    async def action_ask(self) -> None:
        """Ask every model the same, side by side."""
        if not self.models:
            await self._choose_model()
        if not self.models or self.subject is None or not await self._may_ask():
            return
        with self.reporting("Cannot ask"):
            messages = await self._messages(self.subject)
            for column in self._columns():
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
                if column is self._in_hand:
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
        self._draw_title()

    def action_stop(self) -> None:
        """Stop answers under way; what has come stays."""
        if self.focused is self.composer:
            self.picture.focus()
        for column in self._columns():
            self.workers.cancel_group(self, f"ask-{id(column)}")

    @on(Input.Submitted, "#question")
    def _submitted(self) -> None:
        self.picture.focus()
        self.action_ask()

    # ------------------------------------------------------------------ what else the person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "row":
            return self._dataset is not None or None
        if action in ("ask", "full"):
            return self.subject is not None or None
        return True

    def action_row(self, by: int) -> None:
        if self._dataset is not None and self._dataset.count:
            self._row = (self._row + by) % self._dataset.count
            self._take_row()

    def action_edit(self) -> None:
        self.composer.focus()

    def action_full(self) -> None:
        self.maximize(self.picture)

    @work
    async def action_attach(self) -> None:
        """Ask about a picture from a file, or from the web."""
        text = await self.app.push_screen_wait(
            Ask("A picture's address (https://…), or nothing to choose a file")
        )
        if text is None:
            return
        with self.reporting("Cannot take the picture"):
            if text.strip():
                self.subject = await self._from_web(text.strip())
                return
            endings = (".jpg", ".jpeg", ".png", ".webp", ".gif")
            path = await self.app.push_screen_wait(OpenPath("Choose a picture", endings=endings))
            if path is not None:
                data = await asyncio.to_thread(path.read_bytes)
                await asyncio.to_thread(check_picture, data, path.name)
                self.subject = Subject(title=path.name, data=data, question=self.composer.value)

    async def _from_web(self, url: str) -> Subject:
        from tintype.images.fetch import fetch

        data = await fetch(url, max_bytes=20_000_000, timeout_s=20)
        return Subject(title=url, data=data, url=url, question=self.composer.value)

    @work
    async def action_model(self) -> None:
        with self.reporting("Cannot list the models"):
            await self._choose_model()

    async def _choose_model(self) -> None:
        """Have the model of the column in hand chosen from all there are, checkpoints too."""
        api, store = await self.desk.provider(), await self.desk.store()
        names = [model.id for model in await api.models()]
        for kept in store.jobs.newest(profile=self.desk.profile.name):
            names += [c.model for c in store.jobs.checkpoints(kept.profile, kept.job.id)]
        names = sorted(dict.fromkeys(names), key=lambda name: (not name.startswith("ft:"), name))
        column = self._in_hand
        at = names.index(column.model) if column.model in names else 0
        chosen = await self.app.push_screen_wait(Choose("Ask which model?", names, at=at))
        if chosen is not None:
            place = self._columns().index(column)
            models = list(self.models or ("",))
            models[place] = names[chosen]
            self.models = tuple(models)

    @work
    async def action_add(self) -> None:
        """Another column, with a model to choose."""
        if len(self.models) < MOST_COLUMNS:
            self.models = (*self.models, "")
            self._columns()[-1].focus()
            with self.reporting("Cannot list the models"):
                await self._choose_model()

    def action_remove(self) -> None:
        if len(self.models) > 1:
            at = self._columns().index(self._in_hand)
            self.models = (*self.models[:at], *self.models[at + 1 :])

    @work
    async def action_parameters(self) -> None:
        chosen = await self.app.push_screen_wait(AskParameters(self.parameters))
        if chosen is not None:
            self.parameters = chosen
            self._draw_title()

    @work
    async def action_system(self) -> None:
        now = self._system if self._system is not None else (self.subject or Subject("")).system
        hints = ("The row's own is used until another is typed.",)
        text = await self.app.push_screen_wait(Ask("System prompt", value=now, hints=hints))
        if text is not None:
            self._system = None if self.subject and text == self.subject.system else text

    @work
    async def action_history(self) -> None:
        """Take up a question asked before."""
        kept = (await self.desk.store()).answers.newest(200)
        entries = [
            f"{answer.asked_at.astimezone():%d %b %H:%M} {short_name(answer.model)}: {answer.text}"
            for answer in kept
        ]
        chosen = await self.app.push_screen_wait(Choose("Answers so far", entries))
        if chosen is not None:
            self.composer.value = one_line(_words(kept[chosen].messages))

    @work
    async def action_copy(self) -> None:
        reply = self._in_hand.reply
        if reply is not None:
            await self.copy(reply.text)

    @work
    async def action_curl(self) -> None:
        if self._asked is not None:
            with self.reporting("Cannot copy"):
                api = await self.desk.provider()
                await self.copy(as_curl(self.desk.profile, api.base_url, self._asked))


def _system_prompt(example: Example) -> str:
    found = [message.text for message in example.messages if message.role == "system"]
    return found[0] if found else ""


def _question(example: Example) -> str:
    asked = [message.text for message in example.prompt if message.role == "user" and message.text]
    return asked[-1] if asked else ""


def _in_short(question: str) -> str:
    """A detection prompt names all labels there are; that many is what matters."""
    labels = prompt_labels(question)
    return f"detect {len(labels)} labels: {', '.join(labels)}" if len(labels) > 4 else question


def _words(messages: Sequence[Mapping[str, Any]]) -> str:
    """The last text in messages as they were sent."""
    for message in reversed(messages):
        content = message.get("content")
        if isinstance(content, str):
            return content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                return str(part["text"])
    return ""
