"""Which columns a list of rows shows, and by which it is sorted."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import Static

from tintype.selection import FIELDS
from tintype.selection.columns import LISTED
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import pad
from tintype_tui.widgets.line_list import Line, LineList

CHOICES: Sequence[str] = sorted(
    (name for name in LISTED if name != "place"), key=lambda name: FIELDS[name].kind != "number"
)
"""Fields of which a row has one value to show, numbers first."""


class ChosenColumns(NamedTuple):
    """What was chosen."""

    shown: tuple[str, ...]
    order: str | None = None
    """The field to sort by; none if the order stays."""


class FieldList(LineList):
    """Fields, ticked or not."""

    BINDING_GROUP_TITLE = "Columns"

    shown: var[tuple[str, ...]] = var(())
    order: var[str] = var("")

    def on_mount(self) -> None:
        self.total = len(CHOICES)

    def watch_shown(self) -> None:
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        name = CHOICES[index]
        tick, sorted_by = "[x]" if name in self.shown else "[ ]", "sorted" * (name == self.order)
        words = f" {tick} {pad(name, 10)}{pad(sorted_by, 8)}{FIELDS[name].about}"
        return [Segment(pad(words, width), style)]


class ChooseColumns(Dialog[ChosenColumns]):
    """Gives the columns in the order in which they were chosen, and the order of the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Show", id="columns.tick"),
        Binding("escape", "leave", "Back", id="columns.back"),
    ]

    list = getters.query_one(FieldList)

    def __init__(self, shown: tuple[str, ...], order: str) -> None:
        super().__init__()
        self._shown, self._order = shown, order

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Columns of the rows", classes="dialog-title")
            yield FieldList()
            yield Static(
                "Space shows or hides a column · Enter sorts by it, again turns it round · Esc",
                classes="hint",
            )

    def on_mount(self) -> None:
        self.list.shown, self.list.order = self._shown, self._order
        self.list.focus()

    def action_tick(self) -> None:
        """Show or hide the field under the cursor."""
        name, shown = CHOICES[self.list.cursor], self.list.shown
        less = tuple(one for one in shown if one != name)
        self.list.shown = less if name in shown else (*shown, name)

    def action_leave(self) -> None:
        """Leave the order as it is."""
        self.dismiss(ChosenColumns(self.list.shown))

    @on(LineList.Chosen)
    def _sort(self) -> None:
        self.dismiss(ChosenColumns(self.list.shown, CHOICES[self.list.cursor]))
