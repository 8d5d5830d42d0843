"""A line to type into, in which nothing is obeyed: a file's name or a prompt may stand in it."""

from typing import Any

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import Input

from tintype_tui.text import masked


class _Mask(Highlighter):
    """Looks at what is to be drawn only: the value stays as it is."""

    def highlight(self, text: Text) -> None:
        text.plain = masked(text.plain)


class Field(Input):
    """Textual's field draws what was put or pasted into it as it is, escape sequences too."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, highlighter=_Mask(), **options)
