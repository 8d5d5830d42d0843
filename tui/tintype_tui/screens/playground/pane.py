"""Playground: several models on the same image, their answers side by side."""

from typing import ClassVar

from rich.cells import cell_len
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.parameters import AskParameters
from tintype_tui.screens.playground.asking import AskingPane
from tintype_tui.screens.playground.copying import answer_offers, request_offers
from tintype_tui.screens.playground.subject import Subject
from tintype_tui.text import number, one_line, visible
from tintype_tui.widgets.answer_columns import AnswerColumns
from tintype_tui.widgets.composer import Composer
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.loop_strip import LoopStrip

LEAST_TITLE = 16
"""Cells for what is asked about, whatever else there is to say."""
PLACEHOLDER = "i: type a question · Enter asks · Ctrl+J: new line"


class PlaygroundPane(AskingPane):
    """An image, a question, and up to four models."""

    BINDING_GROUP_TITLE = "Playground"
    CSS_PATH = "playground.tcss"
    NEXT = ("attach",)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,enter", "ask", "Ask", id="play.ask", key_display="a"),
        Binding("n", "row(1)", "Next row", id="play.row"),
        Binding(
            "right_square_bracket",
            "column(1)",
            "Next answer",
            id="play.next",
            key_display="]",
            tooltip="here; splits in Datasets, what is below in Jobs",
        ),
        Binding(
            "left_square_bracket",
            "column(-1)",
            "Previous answer",
            id="play.last",
            key_display="[",
            show=False,
        ),
        Binding("N", "row(-1)", "Previous row", id="play.row_back", show=False),
        Binding("i", "edit", "Question", id="play.edit", tooltip="type another question"),
        Binding("o", "attach", "Image", id="play.attach", tooltip="a file or an address"),
        Binding("m", "model", "Model", id="play.model", tooltip="of the column in hand"),
        Binding("b", "boxes", "Boxes", id="play.boxes", tooltip="whose are drawn: each, all, none"),
        Binding("M", "add", "Add model", id="play.add", tooltip="up to four, side by side"),
        Binding("x", "remove", "Remove model", id="play.remove", show=False),
        Binding("r", "again", "Ask again", id="play.again", show=False, tooltip="this model only"),
        Binding("v", "raw", "Raw answer", id="play.raw", show=False, tooltip="boxes as written"),
        Binding("H", "history", "History", id="play.history", show=False, tooltip="search answers"),
        Binding("E", "editor", "Editor", id="play.editor", show=False, tooltip="in $EDITOR"),
        Binding("u", "own", "Row's question", id="play.own", show=False, tooltip="undo typing"),
        Binding("p", "parameters", "Parameters", id="play.parameters", show=False),
        Binding("S", "system", "System prompt", id="play.system", show=False),
        Binding("y", "copy", "Copy the answer", id="play.copy", show=False),
        Binding(
            "Y", "copy_what", "Copy …", id="play.curl", show=False, tooltip="boxes, curl, Python"
        ),
        Binding("f", "full", "Full image", id="play.full", show=False),
        Binding("escape", "stop", "Stop", id="play.stop", show=False),
    ]

    title_line = getters.query_one("#play-title", Static)

    def body(self) -> ComposeResult:
        yield Static(id="play-title", classes="title-line")
        with Vertical(id="play-body"):
            with Horizontal(id="play-top"):
                yield ImageView(id="image")
                yield Static(id="truth")
            yield AnswerColumns(id="columns")
        yield Composer(
            placeholder=PLACEHOLDER, id="question", compact=True, highlight_cursor_line=False
        )

    async def on_mount(self) -> None:
        self.set_focus(self.image)
        await self.show_columns()
        self.draw_title()
        self.call_after_refresh(self.begin)  # by then it is known what was chosen elsewhere

    def draw_title(self) -> None:
        if not self.is_mounted:
            return
        is_row = self.subject is not None and self.subject.is_row
        ahead = ("row(1)", "attach") if self._asked else ("ask",)
        self.query_one(LoopStrip).next_actions = ahead if self.subject else self.NEXT
        words = [
            self.cost_words(),
            "your question (u: the row's)" if is_row and self.is_typed_over else "",
            "your system prompt" if self.system is not None else "",
            self.parameters.words(),
        ]
        rest = "".join(f" · {visible(part)}" for part in words if part)
        room = self.title_line.content_size.width - cell_len(rest)
        about = _tail(one_line(self._subject_words(is_row)), max(room, LEAST_TITLE))
        self.title_line.update(Content(about + rest))

    def on_resize(self) -> None:
        self.draw_title()

    def _subject_words(self, is_row: bool) -> str:
        if self.subject is None:
            return "No image yet: o takes one, 2 a dataset."
        of = f" of {number(self._dataset.count)}" if self._dataset and is_row else ""
        return self.subject.title + of

    def watch_system(self) -> None:
        self.draw_title()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "row":
            return self._dataset is not None or None
        if action == "column":
            return len(self.models) > 1 or None
        if action == "full":
            return self.subject is not None or None
        return True

    @work
    async def action_parameters(self) -> None:
        chosen = await self.app.push_screen_wait(AskParameters(self.parameters))
        if chosen is not None:
            self.parameters = chosen
            self.draw_title()

    @work
    async def action_system(self) -> None:
        subject = self.subject or Subject("")
        trained = "" if subject.system else await self._trained_system(self.models) or ""
        own = subject.system or trained
        hints = ("The row's own, or the training rows', is used until another is typed.",)
        value = own if self.system is None else self.system
        text = await self.app.push_screen_wait(Ask("System prompt", value=value, hints=hints))
        if text is not None:
            self.system = None if text == own else text

    @work
    async def action_copy(self) -> None:
        reply = self.in_hand.reply
        if reply is None:
            self.say("There is no answer to copy yet: a asks.")
        else:
            await self.copy(reply.text or reply.refusal)

    @work
    async def action_copy_what(self) -> None:
        """Copy the answer, its boxes, or the request."""
        with self.reporting("Cannot copy"):
            api = await self.desk.provider()
            model = self.in_hand.model
            request = self._asked.get(model)
            if request is None and model:
                request = (await self.requests([model]))[0]
            offers = answer_offers(self.in_hand.reply)
            offers += request_offers(request, self.desk.profile, api.base_url)
            if not offers:
                self.say("There is nothing to copy yet: m chooses a model.")
                return
            entries = [words for words, _ in offers]
            chosen = await self.app.push_screen_wait(Choose("Copy what?", entries))
            if chosen is not None:
                await self.copy(offers[chosen][1]())


def _tail(words: str, width: int) -> str:
    """The end of a title, where the row is told; the beginning is a folder's name."""
    if width <= 0 or cell_len(words) <= width:
        return words
    kept = ""
    for letter in reversed(words):
        if cell_len(letter + kept) >= width:
            break
        kept = letter + kept
    return f"…{kept}"
