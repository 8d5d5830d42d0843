"""A row's texts edited in place."""

from typing import Any, ClassVar

from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from tintype.dataset.row_text import read_back, written
from tintype.errors import DatasetError
from tintype_tui.own_editor import edited_outside
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import masked, visible


class RowText(TextArea):
    """A text that is drawn as it is, obeying nothing."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: one harmless character for each."""
        return Text(masked(self.document.get_line(line_index)), end="", no_wrap=True)


class EditRow(Dialog[Any]):
    """Gives the row as it was edited; none if it stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="edit.save"),
        Binding("ctrl+g", "editor", "Editor", id="edit.editor"),
        Binding("escape", "leave", "Back", id="edit.back"),
    ]
    DEFAULT_CSS = """
    EditRow RowText { height: 1fr; padding: 0; border: none; &:focus { border: none; } }
    """

    area = getters.query_one(RowText)
    warning = getters.query_one("#edit-warning", Static)

    def __init__(self, title: str, value: Any) -> None:
        """Make ready.

        Args:
            title: Which row it is.
            value: The row's JSON, with marks for its images.
        """
        super().__init__()
        self._title, self._value = title, value
        self._text = written(value).removesuffix("\n")
        self._leaving = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            yield RowText(self._text, soft_wrap=True, tab_behavior="focus")
            yield Static(id="edit-warning", classes="hint")
            yield Static("^s saves · ^g opens $EDITOR · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.warning.display = False
        self.area.move_cursor(self.area.document.end)  # where the answer is
        self.area.focus()

    def action_save(self) -> None:
        """Give the row, or say why the text is none."""
        try:
            value = read_back(self.area.text, self._value)
        except DatasetError as error:
            self._warn(str(error))
        else:
            self.dismiss(None if value == self._value else value)

    def action_editor(self) -> None:
        """Go on in an editor of one's own."""
        text, trouble = edited_outside(self.app, self.area.text, "row")
        if trouble:
            self._warn(trouble)
        elif text is not None:
            self.area.load_text(text)

    def action_leave(self) -> None:
        """Leave; what was changed is not lost at the first key."""
        if self.area.text == self._text or self._leaving:
            self.dismiss(None)
        else:
            self._leaving = True
            self._warn("What you changed is not saved: ^s saves it, Esc again throws it away.")

    def _warn(self, words: str) -> None:
        self.warning.display = True
        self.warning.update(Content.styled(visible(f"! {words}"), "bold $warning"))
