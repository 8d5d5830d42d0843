"""Answers side by side where there is room, else stacked, else all but one folded."""

from itertools import pairwise

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var

from tintype_tui.widgets.answer_column import AnswerColumn

NARROWEST = 36
"""Cells that an answer needs to be read with ease."""
LOWEST = 5
"""Lines, title included."""


class AnswerColumns(Container):
    """Up to four answers; the current one is never folded."""

    DEFAULT_CSS = """
    AnswerColumns { layout: vertical; }
    AnswerColumns.-beside { layout: horizontal; }
    """

    current: var[int] = var(0)
    """Index of the column that one looks at."""

    def compose(self) -> ComposeResult:
        yield AnswerColumn()  # of no model yet

    def columns(self) -> list[AnswerColumn]:
        """From left to right, or from top to bottom."""
        return list(self.query(AnswerColumn))

    async def show(self, models: tuple[str, ...]) -> None:
        """One column for each model; those that stay keep their answers."""
        wanted = models or ("",)
        kept = {column.model: column for column in self.columns()}
        for column in self.columns():
            if column.model not in wanted:
                await column.remove()
        for model in wanted:
            if model not in kept:
                column = AnswerColumn()
                column.model = model
                await self.mount(column)
                kept[model] = column
        for before, after in pairwise(wanted):
            self.move_child(kept[after], after=kept[before])
        self.fit()

    def watch_current(self) -> None:
        self.fit()

    def on_resize(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Find the arrangement that can be read."""
        columns, (width, height) = self.columns(), self.size
        beside = width // max(1, len(columns)) >= NARROWEST
        folded = not beside and height // max(1, len(columns)) < LOWEST
        self.set_class(beside, "-beside")
        for at, column in enumerate(columns):
            column.place = at + 1 if len(columns) > 1 else 0
            column.set_class(folded and at != self.current, "-folded")
