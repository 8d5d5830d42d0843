"""The most expensive rows, to be looked at or left out."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.estimation import Dear, Estimate
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.screens.why import Why
from tintype_tui.text import number
from tintype_tui.widgets.line_list import Line, LineList


class DearestList(LineList):
    """Rows by cost."""

    def __init__(self, rows: tuple[Dear, ...], epoch_tokens: int) -> None:
        super().__init__()
        self._rows, self._epoch_tokens = rows, max(1, epoch_tokens)

    def on_mount(self) -> None:
        self.total = len(self._rows)

    def item(self, index: int, width: int, style: Style) -> Line:
        row = self._rows[index]
        share = row.tokens / self._epoch_tokens
        images = row.image_tokens / max(1, row.tokens)
        return [
            Segment(
                f" line {row.line:>6}  {number(row.tokens):>9} tokens  {share:>6.1%} of an epoch"
                f"  {images:>4.0%} images",
                style,
            )
        ]


class Dearest(Dialog[int | None]):
    """The ten dearest rows; Enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="dearest.back"),
        Binding("dollar_sign", "why", "Why", id="dearest.why", key_display="$"),
    ]

    def __init__(self, estimate: Estimate, found: Assessment) -> None:
        super().__init__()
        self._estimate, self._found = estimate, found

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("The most expensive rows", classes="dialog-title")
            yield DearestList(self._estimate.dearest, self._estimate.tokens_per_epoch.likely)
            yield Static("Enter opens the row · $ why · Esc goes back", classes="hint")

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        self.dismiss(self._estimate.dearest[event.index].index)

    def action_why(self) -> None:
        rows = self._estimate.dearest
        if rows:
            self.app.push_screen(Why(self._found, rows[self.query_one(DearestList).cursor].index))
