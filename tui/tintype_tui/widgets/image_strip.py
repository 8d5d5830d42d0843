"""The images of one row, small and in order, where there are several."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType

from tintype_tui.text import clip
from tintype_tui.widgets.line_list import Line
from tintype_tui.widgets.thumbnails import Thumbnails


class ImageStrip(Thumbnails, can_focus=False):
    """`[Image #N]` of a row; the one shown large has the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    ImageStrip { height: 5; display: none; }
    ImageStrip.-several { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(Thumbnails.step, 0)

    def caption(self, position: int, width: int, style: Style) -> Line:
        return [Segment(clip(f"#{position + 1}", width), style)]
