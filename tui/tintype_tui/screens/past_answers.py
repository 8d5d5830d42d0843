"""Everything asked so far, searched as one types; the chosen answer is taken up again."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tintype.store import KeptAnswer
from tintype_tui.held_keys import opens
from tintype_tui.screens.dialogs import Dialog, Listed
from tintype_tui.text import clip, count, one_line
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.field import Field
from tintype_tui.words.answers import short_name

Search = Callable[[str], Awaitable[Sequence[KeptAnswer]]]


class PastAnswers(Dialog[KeptAnswer | None]):
    """The newest first; what is typed is looked for in questions, answers and models' names."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="past.back"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="past.down"),
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="past.up"),
    ]

    def __init__(self, search: Search) -> None:
        super().__init__()
        self._search = search
        self._found: Sequence[KeptAnswer] = ()
        self._found_of = Listed()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Answers so far", classes="dialog-title")
            yield Field(placeholder="type to search questions, answers and models", id="needle")
            yield OptionList(id="entries", markup=False)
            yield Static(id="past-count", classes="hint")
            yield Static(
                "↑ ↓ choose · Enter takes up question and image · Esc goes back",
                classes="hint",
            )

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.call_after_refresh(self._fill, "")  # once it is known how wide it is

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @work(exclusive=True)
    async def _fill(self, needle: str) -> None:
        self._found = await self._search(needle.strip())
        entries = self.query_one(OptionList)
        entries.clear_options()
        width = max(20, self.query_one(Input).size.width - 6)
        entries.add_options(Option(_entry(answer, width)) for answer in self._found)
        if self._found:
            entries.highlighted = 0
        words = count(len(self._found), "answer") if self._found else _nothing(needle)
        self.query_one("#past-count", Static).update(words)
        self._found_of.now(needle)

    @opens(group="keys")
    async def action_move(self, by: int) -> None:
        await self._found_of.until(lambda: self.query_one(Input).value)
        entries = self.query_one(OptionList)
        (entries.action_cursor_down if by > 0 else entries.action_cursor_up)()

    @on(Input.Submitted)
    @opens(group="keys")
    async def _submitted(self) -> None:
        await self._found_of.until(lambda: self.query_one(Input).value)
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._found[at])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_index < len(self._found):  # else others have been found since
            self.dismiss(self._found[event.option_index])


def _nothing(needle: str) -> str:
    return "Nothing has these words." if needle.strip() else "Nothing has been asked yet."


def _entry(answer: KeptAnswer, width: int) -> Content:
    """Three lines: when, whom and about what; the question; the answer."""
    when = f"{answer.asked_at.astimezone():%d %b %H:%M}"
    about = one_line(", ".join(answer.sources)).rsplit("/", 1)[-1]
    head = " · ".join(filter(None, (when, one_line(short_name(answer.model)), about)))
    return Content("\n").join(
        [
            Content.styled(clip(head, width), "bold"),
            Content(clip(f"? {one_line(question_text(answer))}", width)),
            Content.styled(clip(f"  {said(answer.text) or answer.trouble or '–'}", width), "dim"),
        ]
    )


def question_text(answer: KeptAnswer) -> str:
    """The text of the last message that was sent."""
    for message in reversed(answer.messages):
        content = message.get("content")
        if isinstance(content, str):
            return content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                return str(part["text"])
    return ""
