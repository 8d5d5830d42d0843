"""Choosing one of many: a filter field above a list."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import clip, one_line, visible
from tintype_tui.widgets.field import Field

LONGEST = 240
"""Cells of an entry: three lines or so, and no answer of thousands."""


class Choose(Dialog[int | None]):
    """Gives the number of the chosen entry."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="choose.back"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="choose.down"),
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="choose.up"),
    ]

    def __init__(self, title: str, entries: Sequence[str], *, at: int = 0) -> None:
        super().__init__()
        self._title, self._entries, self._at = title, entries, at
        self._shown: list[int] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            yield Field(placeholder="type to filter", id="needle")
            yield OptionList(id="entries", markup=False)
            yield Static("↑ ↓ choose · Enter takes it · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value.casefold())

    def _fill(self, needle: str) -> None:
        self._shown = [
            number for number, entry in enumerate(self._entries) if needle in entry.casefold()
        ]
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(
            Option(clip(one_line(self._entries[number]), LONGEST)) for number in self._shown
        )
        if self._shown:
            found.highlighted = self._shown.index(self._at) if self._at in self._shown else 0

    def action_move(self, by: int) -> None:
        found = self.query_one(OptionList)
        if found.option_count:
            found.highlighted = ((found.highlighted or 0) + by) % found.option_count

    @on(Input.Submitted)
    def _submitted(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._shown[at])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])
