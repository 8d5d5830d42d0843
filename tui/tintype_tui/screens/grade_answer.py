"""Grading an answer: neither who gave it nor what the judge says of it is shown."""

from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tintype.evaluation import EvaluatedRow
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.text import visible
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.image import ImageView


class GradeAnswer(Dialog[str | None]):
    """Gives the grade that was chosen; neither the model nor the judge's grade is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "End", id="grade.end"),
        *(
            Binding(str(at), f"take({at})", f"Grade {at}", show=False, id=f"grade.{at}")
            for at in range(1, 10)
        ),
    ]

    grades = getters.query_one(OptionList)

    def __init__(
        self, title: str, row: EvaluatedRow, answer: str, data: bytes | None, grades: Sequence[str]
    ) -> None:
        super().__init__()
        self._title, self._row, self._answer, self._data = title, row, answer, data
        self._names = grades

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(visible(self._title)), classes="dialog-title")
            with Horizontal(id="grade-row"):
                if self._data is not None:
                    yield ImageView(id="grade-image")
                with VerticalScroll(id="grade-words"):
                    yield Static(self._words())
            options = [Option(Content(f"{at} {name}")) for at, name in enumerate(self._names, 1)]
            yield OptionList(*options, id="grades", markup=False)
            yield Static("↑ ↓ or a number · Enter gives it · Esc ends", classes="hint")

    def _words(self) -> Content:
        blocks = [
            Content.styled(f"{word}  ", "dim") + Content(visible(text))
            for word, text in (
                ("question", self._row.question),
                ("right is", " | ".join(map(said, self._row.truths))),
                ("the answer", said(self._answer)),
            )
        ]
        return Content("\n").join(blocks)

    def on_mount(self) -> None:
        for image in self.query(ImageView):
            image.can_focus = False
            image.data = self._data
        self.grades.focus()

    def action_take(self, at: int) -> None:
        """Give the grade with this number."""
        if at <= len(self._names):
            self.dismiss(self._names[at - 1])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])
