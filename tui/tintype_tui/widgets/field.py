"""A line to type into that shows control characters harmlessly, and a tick box without colour."""

from typing import Any

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import Checkbox, Input

from tintype_tui.text import masked


class _Mask(Highlighter):
    """Looks at what is to be drawn only: the value stays as it is."""

    def highlight(self, text: Text) -> None:
        text.plain = masked(text.plain)


class Field(Input):
    """Textual's field draws what was put or pasted into it as it is, escape sequences too."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, highlighter=_Mask(), **options)


class Tick(Checkbox):
    """Textual draws an X in both states and tells them apart by colour alone."""

    BUTTON_INNER = " "

    def __init__(self, label: Any = "", value: bool = False, **options: Any) -> None:
        super().__init__(label, value, **options)
        self._mark(value)

    def watch_value(self) -> None:
        super().watch_value()
        self._mark(self.value)
        self.refresh()

    def _mark(self, value: bool) -> None:
        self.BUTTON_INNER = "X" if value else " "
