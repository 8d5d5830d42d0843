"""Two rows side by side: one is held, and then another shown beside it."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype.assessment import RowFigures
from tintype.dataset import Dataset
from tintype.dataset.base64_text import displayed
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screens.compare_rows import ComparedRow, CompareRows
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.datasets.row_part import cost_words
from tintype_tui.screens.datasets.shown import image_shown
from tintype_tui.widgets.row_view import Shown


class CompareLine(Words):
    """`· line 3 held`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "K",
            "compare",
            "Compare two rows",
            id="data.compare",
            show=False,
            tooltip="holds this row; again, on another: both side by side",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._held: int | None = None
        """The row that is to be compared with another."""

    def words(self) -> str:
        if self.dataset is None or self._held is None:
            return ""
        return f"· line {self.dataset.line_of(self._held):,} held"

    def begun(self) -> None:
        self._hold(None)

    def _hold(self, index: int | None) -> None:
        self._held = index
        self.say()

    @opens(exclusive=True, group="compare")
    async def action_compare(self) -> None:
        """Hold this row, or show the one that is held and this side by side."""
        dataset, held = self.dataset, self._held
        if dataset is None or not dataset.count:
            return
        if held is None or held == self.index:
            self._hold(self.index if held is None else None)
            line = f"Line {dataset.line_of(self.index):,}"
            again = with_keys(self, "{data.compare} on another row shows both side by side.")
            self.pane.say(f"{line} is held: {again}" if held is None else f"{line} is let go.")
            return
        with self.pane.reporting("Cannot compare the rows"):
            rows = [await self._compared(dataset, index) for index in (held, self.index)]
            self._hold(None)
            await self.app.push_screen_wait(CompareRows(rows))

    async def _compared(self, dataset: Dataset, index: int) -> ComparedRow:
        """A row as it is shown beside another."""
        figures = self.assessed.figures if self.assessed else RowFigures()
        example, why = displayed(await dataset.example(index)), self.marks.reasons.get(index)
        none = Shown(why="no image in this row")
        return ComparedRow(
            f"line {dataset.line_of(index):,}",
            example,
            await image_shown(dataset, index, 0) if example.images else none,
            self.opened.boxes if self.opened else None,
            cost_words(figures, index),
            figures.problems.get(index, ()),
            "" if why is None else f"marked {why}".rstrip(),
        )
