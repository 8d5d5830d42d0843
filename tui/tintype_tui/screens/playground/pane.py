"""Playground: several models on the same picture, their answers side by side."""

from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tintype.prompting import as_curl
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.parameters import AskParameters
from tintype_tui.screens.playground.asking import AskingPane
from tintype_tui.screens.playground.subject import Subject, words_of
from tintype_tui.text import count, money, one_line, visible
from tintype_tui.widgets.answer_column import short_name
from tintype_tui.widgets.field import Field
from tintype_tui.widgets.picture import Picture


class PlaygroundPane(AskingPane):
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

    title_line = getters.query_one("#play-title", Static)

    def body(self) -> ComposeResult:
        yield Static(id="play-title", classes="title-line")
        with Vertical(id="play-body"):
            with Horizontal(id="play-top"):
                yield Picture(id="picture")
                yield Static(id="truth")
            yield Horizontal(id="columns")
        yield Field(placeholder="i: type a question · Enter asks", id="question", compact=True)

    async def on_mount(self) -> None:
        await self.show_columns()
        self.draw_title()
        self.picture.focus()

    def draw_title(self) -> None:
        words = [
            self.subject.title if self.subject else "No picture yet: o takes one, 2 a dataset.",
            f"of {count(self._dataset.count, 'row')}" if self._dataset and self.subject else "",
            self.parameters.words(),
            f"{money(self.spent)} spent here" if self.spent else "",
        ]
        self.title_line.update(Content(visible(" · ".join(filter(None, words)))))

    @on(Input.Submitted, "#question")
    def _submitted(self) -> None:
        self.picture.focus()
        self.action_ask()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "row":
            return self._dataset is not None or None
        if action in ("ask", "full"):
            return self.subject is not None or None
        return True

    def action_edit(self) -> None:
        self.composer.focus()

    @work
    async def action_parameters(self) -> None:
        chosen = await self.app.push_screen_wait(AskParameters(self.parameters))
        if chosen is not None:
            self.parameters = chosen
            self.draw_title()

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
            self.composer.value = one_line(words_of(kept[chosen].messages))

    @work
    async def action_copy(self) -> None:
        reply = self.in_hand.reply
        if reply is not None:
            await self.copy(reply.text)

    @work
    async def action_curl(self) -> None:
        if self._asked is not None:
            with self.reporting("Cannot copy"):
                api = await self.desk.provider()
                await self.copy(as_curl(self.desk.profile, api.base_url, self._asked))
