"""What was said in this session, which stays when notifications go, and the ends of the logs."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tintype import paths
from tintype.errors import TintypeError
from tintype.settings import Folders
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.session import Said
from tintype_tui.text import count, visible

LINES = 100
"""Of each log that are shown."""
COLORS = {"error": "$error", "warning": "$warning"}


class Messages(Dialog[None]):
    """The newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,exclamation_mark,q", "dismiss", "Back", id="messages.back"),
    ]

    def __init__(self, said: Iterable[Said], folders: Folders) -> None:
        super().__init__()
        self._said = list(said)[::-1]
        self._logs = (folders.state / "crash.log", folders.data / "server" / "server.log")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Messages", classes="dialog-title")
            with VerticalScroll():
                yield Static(self._text())
                yield Static(id="logs")
            yield Static("Esc goes back", classes="hint")

    @work
    async def on_mount(self) -> None:
        """Show the ends of the logs below, once they are read."""
        read = [await asyncio.to_thread(_end_of, path) for path in self._logs]
        self.query_one("#logs", Static).update(Content("\n").join(filter(None, read)))

    def _text(self) -> Content:
        if not self._said:
            return Content("No messages yet.")
        return Content("\n").join(
            Content.styled(f"{said.at.astimezone():%H:%M:%S} ", "dim")
            + Content.styled(visible(said.words), COLORS.get(said.severity, "$foreground"))
            for said in self._said
        )


def _end_of(path: Path) -> Content:
    """The last lines of a log under its name; empty if there is none."""
    try:
        lines = paths.read_text(path, errors="replace").splitlines()[-LINES:]
    except TintypeError:
        return Content("")
    body = Content("\n".join(map(visible, lines)))
    head = f"\n{path.name}, the last {count(len(lines), 'line')} of {visible(str(path))}\n"
    return Content.styled(head, "bold") + body
