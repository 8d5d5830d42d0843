"""What was said in this session: notifications come and go, this list stays."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tintype_tui.screens.dialogs import Dialog
from tintype_tui.session import Said
from tintype_tui.text import visible

COLORS = {"error": "$error", "warning": "$warning"}


class Messages(Dialog[None]):
    """The newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,exclamation_mark,q", "dismiss", "Back", id="messages.back"),
    ]

    def __init__(self, said: Iterable[Said]) -> None:
        super().__init__()
        self._said = list(said)[::-1]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Messages", classes="dialog-title")
            with VerticalScroll():
                yield Static(self._text())
            yield Static("Esc goes back", classes="hint")

    def _text(self) -> Content:
        if not self._said:
            return Content("Nothing has been said yet.")
        return Content("\n").join(
            Content.styled(f"{said.at.astimezone():%H:%M:%S} ", "dim")
            + Content.styled(visible(said.words), COLORS.get(said.severity, "$foreground"))
            for said in self._said
        )
