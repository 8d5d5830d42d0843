"""Two rows side by side: image, boxes, problems, conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tintype.dataset import Example
from tintype.detection import Verdict
from tintype.rules import Problem
from tintype_tui.screens.dialogs import Once
from tintype_tui.text import visible
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.key_line import KeyLine
from tintype_tui.widgets.row_view import RowView, Shown


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRow:
    """What is shown of a row."""

    title: str
    example: Example
    shown: Shown
    boxes_in: Verdict | None
    cost: str
    problems: Sequence[Problem]
    marked: str
    """That it is marked, and why; empty if it is not."""


class CompareRows(Once, ModalScreen[None]):
    """Shows both; what they have in common is seen by whoever looks."""

    DEFAULT_CSS = """
    CompareRows {
        background: $background;
        Vertical { width: 1fr; height: 1fr; }
        .compared-title { height: 1; padding: 0 1; background: $surface; }
        RowView #strip.-several { display: none; }
    }
    """
    BINDING_GROUP_TITLE = "Two rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "dismiss", "Back", id="compare.back", key_display="Esc"),
        Binding("b", "boxes", "Boxes", id="compare.boxes"),
    ]

    def __init__(self, rows: Sequence[ComparedRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        with Horizontal():
            for row in self._rows:
                with Vertical():
                    yield Static(Content(visible(row.title)), classes="compared-title")
                    yield RowView()
        yield KeyLine()

    def on_mount(self) -> None:
        for view, row in zip(self.query(RowView), self._rows, strict=True):
            view.call_after_refresh(_show, view, row)

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have an image drawn in a thread."""
        event.have_drawn(self)

    def action_boxes(self) -> None:
        """Draw the answers' boxes, or leave them out."""
        for view in self.query(RowView):
            view.with_boxes = not view.with_boxes


def _show(view: RowView, row: ComparedRow) -> None:
    view.boxes_in, view.cost, view.marked = row.boxes_in, row.cost, row.marked
    view.example, view.problems = row.example, row.problems
    view.facts = {0: row.shown.facts} if row.shown.facts is not None else {}
    view.shown = row.shown
