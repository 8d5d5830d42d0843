"""One row of an evaluation looked at closely: image and boxes, every answer, your own score."""

import asyncio
from contextlib import suppress
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import evaluation
from tintype.dataset import Dataset, open_dataset
from tintype.errors import TintypeError
from tintype.evaluation import AnswerOfRow, EvaluatedRow, Findings
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.evaluate import sending
from tintype_tui.screens.evaluate.looked_at import Looked, answer_boxes, looked_words, truth_boxes
from tintype_tui.widgets.image import ImageView

OWN_SCORES: tuple[tuple[str, float | None], ...] = (
    ("Right: 1", 1.0),
    ("Wrong: 0", 0.0),
    ("Half right: 0.5", 0.5),
    ("Take your score back", None),
)


class RowPart(Part):
    """An image beside words."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("O", "override", "Override", id="evaluate.override", show=False,
                tooltip="your own score of the answer"),
        Binding("d", "open", "Open row", id="evaluate.open", tooltip="in Datasets"),
    ]  # fmt: skip

    findings: var[Findings | None] = var(None)
    position: var[int | None] = var(None)
    """Of the row in the evaluation; none for none."""
    model: var[int] = var(0)
    """The place of the model whose boxes are drawn."""
    looked: var[Looked | None] = var(None, bindings=True)

    image = getters.query_one(ImageView)
    words = getters.query_one("#row-words", Static)

    class Marks(Message):
        """It is known which rows of the dataset are marked."""

        def __init__(self, rows: frozenset[int]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._dataset: Dataset | None = None

    def compose(self) -> ComposeResult:
        yield ImageView(id="row-image")
        with VerticalScroll(id="row-answers"):
            yield Static(id="row-words")

    # ------------------------------------------------------------------ what is shown

    def watch_findings(self, before: Findings | None, found: Findings | None) -> None:
        if not (before and found and before.evaluation.folder == found.evaluation.folder):
            self.looked = None
            self._hold()
        self._look()

    @work(exclusive=True, group="hold")
    async def _hold(self) -> None:
        """Keep the dataset open for its images, and know its marks; it may be gone by now."""
        found, self._dataset = self.findings, None
        if found is None:
            return
        with suppress(TintypeError):
            async with open_dataset(found.evaluation.run.plan.dataset) as dataset:
                self._dataset = dataset
                self._look()
                marked = await sending.marked(await self.session.store(), dataset)
                self.post_message(self.Marks(marked))
                await asyncio.Event().wait()  # held open until another run takes its place

    def watch_position(self) -> None:
        self.display = self.position is not None
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Read the row, with its answers and its image."""
        found, at = self.findings, self.position
        if found is None or at is None:
            self.looked = None
            return
        with self.pane.reporting("Cannot read the row"):
            row, answers = await asyncio.to_thread(evaluation.look_at, found.evaluation, at)
            data, why = await self._image(row)
            self.looked = Looked(at, row, answers, data, why)

    async def _image(self, row: EvaluatedRow) -> tuple[bytes | None, str]:
        if not row.image:
            return None, "no image"
        if self._dataset is None:
            return None, "The dataset cannot be read."
        try:
            return await self._dataset.image(row.index, 0), ""
        except TintypeError as error:
            return None, str(error)

    def watch_looked(self, looked: Looked | None) -> None:
        if not self.is_mounted:
            return
        if looked is None:
            self.image.data = None
            self.words.update("")
            return
        answer = self._answer
        self.image.data, self.image.note = looked.data, looked.why
        self.image.truth = truth_boxes(looked.row)
        self.image.predicted = answer_boxes(answer, looked.row) if answer else ()
        self.words.update(looked_words(looked, self.model))

    def watch_model(self) -> None:
        self.watch_looked(self.looked)

    @property
    def is_shown(self) -> bool:
        """Whether the view that it is in is the one seen."""
        return all(node.display for node in self.ancestors_with_self if node is not self.screen)

    @property
    def _answer(self) -> AnswerOfRow | None:
        answers = self.looked.answers if self.looked is not None else ()
        return answers[self.model] if self.model < len(answers) else None

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("override", "open"):
            return True
        if not self.is_shown:
            return False
        return self.looked is not None or None

    @opens(exclusive=True, group="override")
    async def action_override(self) -> None:
        """Give the answer a score of one's own, beside the machine's."""
        looked, found, answer = self.looked, self.findings, self._answer
        if looked is None or found is None or answer is None:
            return
        title = f"Row {looked.row.line:,}, {answer.model.title}"
        chosen = await self.app.push_screen_wait(Choose(title, [words for words, _ in OWN_SCORES]))
        if chosen is None:
            return
        score, comment = OWN_SCORES[chosen][1], await self._comment(OWN_SCORES[chosen][1])
        if comment is None:
            return
        with self.pane.reporting("Cannot keep your score"):
            folder, model = found.evaluation.folder, answer.model.id
            await asyncio.to_thread(
                evaluation.override, folder, looked.position, model, score, comment
            )
            self._look()

    async def _comment(self, score: float | None) -> str | None:
        """Why a person scores it so; none if it is not to be scored after all."""
        if score is None:
            return ""
        answer: str | None = await self.app.push_screen_wait(
            Ask("Why?", hints=("It may stay empty.",))
        )
        return answer

    def action_open(self) -> None:
        """Open the row in Datasets."""
        if self.looked is not None and self.findings is not None:
            path = self.findings.evaluation.run.plan.dataset
            self.post_message(requests.open_dataset(path, self.looked.row.index))
