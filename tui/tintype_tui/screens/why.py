"""Why a row costs what it costs: the formula of each image and text, with its numbers."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tintype.assessment import Assessment
from tintype.dataset import open_dataset
from tintype.errors import TintypeError
from tintype.estimation import explained
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import visible
from tintype_tui.words.tokens import row_words


class Why(Dialog[None]):
    """The tokens of one row explained; left and right go to other rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,dollar_sign", "dismiss(None)", "Back", id="why.back"),
        Binding("right,n", "step(1)", "Next row", id="why.next"),
        Binding("left,p", "step(-1)", "Previous row", id="why.previous"),
    ]

    def __init__(self, found: Assessment, index: int) -> None:
        """Make ready.

        Args:
            found: The dataset, counted; while it is counted, the rows that are read can be shown.
            index: The row, from 0.
        """
        super().__init__()
        self._found, self._index = found, index

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(id="why-title", classes="dialog-title")
            with VerticalScroll():
                yield Static("Reading the row …", id="why")
            yield Static("← → other rows · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._explain()

    def action_step(self, by: int) -> None:
        rows = max(1, len(self._found.figures.tokens))
        self._index = max(0, min(self._index + by, rows - 1))
        self._explain()

    @work(exclusive=True)
    async def _explain(self) -> None:
        found, index = self._found, self._index
        title, shown = self.query_one("#why-title", Static), self.query_one("#why", Static)
        try:
            async with open_dataset(found.file.path) as dataset:
                if dataset.stamp != found.file:
                    shown.update("The dataset has changed since it was counted. Go back.")
                    return
                row = await explained(dataset, index, found.counts.rule, found.fetched)
                line = dataset.line_of(index)
        except TintypeError as error:
            shown.update(Content(visible(str(error))))
            return
        rows = len(found.figures.tokens)
        model = found.counts.rule.base
        title.update(Content(visible(f"Why so many tokens: line {line} of {rows:,}, {model}")))
        words = row_words(row, skipped=found.figures.skips(index))
        shown.update(Content(visible("\n".join(words))))
