"""Where a question is typed: it grows with the text, and shows it as it is, obeying nothing."""

import re
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tintype_tui.text import masked

_IMAGE = re.compile(
    r"(?is)^(?:https?://\S+|(?:file://|/|~|\.{1,2}/)?[^\n]*\.(?:jpe?g|png|webp|gif))$"
)


def names_image(text: str) -> str:
    """The path or address that a pasted text seems to be; empty if it seems to be prose.

    Terminals paste a dropped file's name in quotes or with backslashes before its spaces.
    """
    name = text.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    elif not name.lower().startswith(("http://", "https://")):
        name = re.sub(r"\\(.)", r"\1", name)
    return name if _IMAGE.match(name) else ""


class Composer(TextArea):
    """One line until it is focused, then as many as there are, up to a limit."""

    BINDING_GROUP_TITLE = "Question"

    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 1;
        border: none;
        padding: 0 1;
        background: $panel;
        scrollbar-size-vertical: 1;
        &:focus { max-height: 8; background: $surface; border: none; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask", "Ask", id="composer.ask", key_display="Enter", priority=True),
        Binding(
            "ctrl+j,shift+enter,alt+enter",
            "newline",
            "New line",
            id="composer.newline",
            key_display="^j",
            priority=True,
        ),
        Binding("ctrl+g", "screen.editor", "Editor", id="composer.editor", key_display="^g"),
        Binding("escape", "screen.stop", "Leave", id="composer.leave", key_display="esc"),
        Binding("up", "line(-1)", "Earlier question", id="composer.up", show=False),
        Binding("down", "line(1)", "Later question", id="composer.down", show=False),
    ]

    class Asked(Message):
        """The question is to be asked."""

    class Pasted(Message):
        """What seems to be an image's name was pasted."""

        def __init__(self, text: str, name: str) -> None:
            super().__init__()
            self.text, self.name = text, name

    class Wandered(Message):
        """The cursor left the text upwards or downwards: an earlier or later question is wanted."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    _put = _shown = ""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: one harmless character for each."""
        return Text(masked(self.document.get_line(line_index)), end="", no_wrap=True)

    def put(self, text: str) -> None:
        """Show another text, from its beginning."""
        if text != self.typed:
            self.load_text(text)
        self._put, self._shown = text, self.text

    @property
    def typed(self) -> str:
        """What was typed; or what was put here, as it was, if nothing has been changed since.

        An editor knows but one kind of line end, a row may have had others.
        """
        return self._put if self.text == self._shown else self.text

    def action_ask(self) -> None:
        self.post_message(self.Asked())

    def action_newline(self) -> None:
        self.insert("\n")

    def action_line(self, by: int) -> None:
        """Go a line up or down; beyond the text are the questions asked before."""
        row = self.wrapped_document.location_to_offset(self.cursor_location).y
        edge = 0 if by < 0 else self.wrapped_document.height - 1
        if row == edge:
            self.post_message(self.Wandered(by))
        elif by < 0:
            self.action_cursor_up()
        else:
            self.action_cursor_down()

    def on_blur(self) -> None:
        """Show the beginning again."""
        self.move_cursor((0, 0))
        self.scroll_home(animate=False)

    async def on_paste(self, event: events.Paste) -> None:
        """Look at what is pasted first; what is prose is left to Textual, which is called, too."""
        if name := names_image(event.text):
            event.stop()
            event.prevent_default()
            self.post_message(self.Pasted(event.text, name))
