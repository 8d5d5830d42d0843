"""A query typed, completed with what the dataset holds, and saved under a name."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input, Static

from tintype.errors import DatasetError, StoreError
from tintype.selection import NAME, QueryError, expanded, is_selection, parse_selection
from tintype.selection.columns import FieldColumns
from tintype.selection.completing import QueryCompletion, completions
from tintype_tui.held_keys import opens
from tintype_tui.screens.dialogs import Ask, Dialog, Listed
from tintype_tui.session import SessionApp
from tintype_tui.text import one_line, pad, visible
from tintype_tui.widgets.field import Field
from tintype_tui.widgets.line_list import Line, LineList

KEYS = "Tab takes · ↑ ↓ choose · Enter searches · ^s saves · ^g deletes what was saved"


class CompletionList(LineList, can_focus=False):
    """What can come next, a line each."""

    found: var[Sequence[QueryCompletion]] = var(())

    def watch_found(self) -> None:
        self.total, self.cursor = len(self.found), 0
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        one = self.found[index]
        name = max(12, min(40, width // 2))
        return [
            Segment(pad(one_line(one.shown), name), style + Style(bold=True)),
            Segment(pad(f" {one_line(one.about)}", width - name), style),
        ]


class SearchRows(Dialog[str | None]):
    """Gives what is to be searched for, as it was typed."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "Complete", id="search.take", show=False, priority=True),
        Binding("down", "move(1)", "Down", id="search.down", show=False),
        Binding("up", "move(-1)", "Up", id="search.up", show=False),
        Binding("ctrl+s", "save", "Save", id="search.save"),
        Binding("ctrl+g", "forget", "Delete", id="search.forget"),
        Binding("escape", "dismiss(None)", "Back", id="search.back"),
    ]
    DEFAULT_CSS = """
    SearchRows .dialog { width: 84; padding: 0 2; }
    SearchRows CompletionList { height: 8; }
    SearchRows .dialog Input { margin-top: 0; }
    """

    columns: var[FieldColumns | None] = var(None)
    """What the rows say; none until it is known."""
    saved: var[Mapping[str, str]] = var({})

    field = getters.query_one("#answer", Field)
    list = getters.query_one(CompletionList)

    def __init__(self, value: str, hints: Sequence[str]) -> None:
        super().__init__()
        self._value, self._hints = value, hints
        self._found_of = Listed()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Search the rows", classes="dialog-title")
            yield Field(value=self._value, id="answer")
            yield CompletionList()
            yield Static(id="search-line", classes="hint")
            for hint in self._hints:
                yield Static(Content(visible(hint)), classes="hint")

    def on_mount(self) -> None:
        self.say(KEYS)
        self._complete()
        self._recall()

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Say something below what can come next."""
        for line in self.query("#search-line").results(Static):  # none once it was left
            line.update(Content.styled(visible(words), "bold $warning" if wrong else ""))
        self.query(Field).set_class(wrong, "-wrong")

    # ------------------------------------------------------------------ completing

    def watch_columns(self) -> None:
        if self.query(Field):  # none before it is composed, nor once it was left
            self._complete()

    watch_saved = watch_columns

    def on_input_changed(self) -> None:
        self.say(KEYS)
        self._complete()

    @work(exclusive=True, group="complete")
    async def _complete(self) -> None:
        if not self.query(Field):
            return
        columns, value = self.columns or FieldColumns(), self.field.value
        typed = value[: self.field.cursor_position]
        found = await asyncio.to_thread(completions, typed, columns, self.saved)
        for one in self.query(CompletionList):  # none once it was left
            one.empty_text = "" if self.columns else "Counting what the rows say…"
            one.found = found
            self._found_of.now(value)

    @on(LineList.Chosen)
    @opens(group="keys")
    async def action_take(self) -> None:
        """Put what is under the cursor into the field."""
        await self._found_of.until(lambda: self.field.value)
        if self.list.found:
            chosen = self.list.found[self.list.cursor].text
            rest = self.field.value[self.field.cursor_position :]
            self.field.value = chosen + rest.lstrip()
            self.field.cursor_position = len(chosen)
        self.field.focus()

    def action_move(self, by: int) -> None:
        """Go through what can come next."""
        self.list.cursor += by

    # ------------------------------------------------------------------ answering

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, unless it cannot be meant: then say where, and stay."""
        if self._understood() is not None:
            self.dismiss(event.value)

    def _understood(self) -> str | None:
        """The query in full, or the words that are searched for; none if it cannot be meant."""
        typed = self.field.value
        if not is_selection(typed, self.saved):
            return typed
        try:
            full = expanded(typed, self.saved)
            parse_selection(full)
        except DatasetError as error:
            self.say(str(error), wrong=True)
            if isinstance(error, QueryError):
                self.field.cursor_position = error.end
            return None
        return full

    # ------------------------------------------------------------------ saving

    @work(group="saved")
    async def _recall(self) -> None:
        try:
            self.saved = (await self.app.session.store()).queries.read()
        except StoreError as error:
            self.say(str(error), wrong=True)

    @opens()
    async def action_save(self) -> None:
        """Save what is in the field under a name."""
        full = self._understood()
        if full is None or not is_selection(full):
            self.say("Conditions can be saved, such as label:cat images>1.", wrong=True)
            return
        name = await self.app.push_screen_wait(Ask("Save the query as", hints=[full]))
        name = (name or "").strip().removeprefix("@")
        if not NAME.fullmatch(name):
            if name:
                self.say("A name is made of letters, digits, dots and dashes.", wrong=True)
            return
        await self._keep(name, full)
        self.say(f"Saved: @{name} stands for it.")

    @opens()
    async def action_forget(self) -> None:
        """Delete the saved query that is under the cursor."""
        found, at = self.list.found, self.list.cursor
        name = found[at].shown.removeprefix("@") if found else ""
        if not (found and found[at].shown.startswith("@")):
            self.say("Type @ and choose one that was saved.", wrong=True)
            return
        await self._keep(name, None)
        self.say(f"@{name} is deleted.")

    async def _keep(self, name: str, query: str | None) -> None:
        try:
            queries = (await self.app.session.store()).queries
            if query is None:
                queries.forget(name)
            else:
                queries.save(name, query, datetime.now(UTC))
            self.saved = queries.read()
        except StoreError as error:
            self.say(str(error), wrong=True)
