"""Choosing one of many: a filter field above a list, which may have headings."""

from collections.abc import Mapping, Sequence
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

    def __init__(
        self,
        title: str,
        entries: Sequence[str],
        *,
        at: int = 0,
        headings: Mapping[int, str] | None = None,
    ) -> None:
        """Make ready.

        Args:
            title: What is chosen.
            entries: In order; what is typed is looked for in all of their text.
            at: The one to begin with.
            headings: Words to stand above an entry, by its number.
        """
        super().__init__()
        self._title, self._entries, self._at = title, entries, at
        self._headings = headings or {}
        self._shown: list[int | None] = []

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
        """Show what has the needle in it, under its heading."""
        self._shown, options, heading = [], [], ""
        for number, entry in enumerate(self._entries):
            heading = self._headings.get(number, heading)
            if needle not in entry.casefold():
                continue
            if heading:
                words = Content.styled(visible(heading), "bold $secondary")
                options.append(Option(words, disabled=True))
                self._shown.append(None)
                heading = ""
            options.append(Option(clip(one_line(entry), LONGEST)))
            self._shown.append(number)
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(options)
        numbers = [number for number in self._shown if number is not None]
        if not numbers:
            nothing = f"Nothing has “{visible(needle)}” in it." if needle else "There is nothing."
            found.add_option(Option(Content(nothing), disabled=True))
            self._shown.append(None)
        else:
            first = self._at if self._at in numbers else numbers[0]
            found.highlighted = self._shown.index(first)

    def action_move(self, by: int) -> None:
        found = self.query_one(OptionList)
        (found.action_cursor_down if by > 0 else found.action_cursor_up)()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._take(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)

    def _take(self, at: int | None) -> None:
        if at is not None and self._shown[at] is not None:
            self.dismiss(self._shown[at])
