"""The part that shows what is asked about: rows of a dataset, or an image of one's own."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.splits import siblings
from tintype.detection import Box, parse_boxes
from tintype.errors import FileError
from tintype.loop import LoopState
from tintype.paths import is_file, typed_path
from tintype.prompting import (
    QuestionOrigin,
    Subject,
    file_subject,
    in_short,
    is_same_image,
    origin,
    row_subject,
    web_subject,
)
from tintype.store import KeptAnswer
from tintype_tui.held_keys import HoldingApp, opens
from tintype_tui.screen import Part
from tintype_tui.screens.open_image import OpenImage
from tintype_tui.screens.past_answers import question_text
from tintype_tui.screens.playground.coming import Awaited, Coming
from tintype_tui.text import visible
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.image import ImageView
from tintype_tui.words.answers import legend


@dataclass(frozen=True, slots=True)
class Drawn:
    """Predicted boxes over the image, and whose they are."""

    boxes: tuple[Box, ...] = ()
    words: str = ""


class SubjectPart(Part):
    """An image, and the right answer where it is known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "row(1)", "Next row", id="play.row"),
        Binding("N", "row(-1)", "Previous row", id="play.row_back", show=False),
        Binding("o", "attach", "Image", id="play.attach", tooltip="a file or an address"),
        Binding("f", "full", "Full image", id="play.full", show=False),
    ]

    loop_state: var[LoopState] = var(LoopState())
    subject: var[Subject | None] = var(None, bindings=True)
    typed: var[str] = var("")
    """The question as it stands; it stays when another row or image is taken."""
    drawn: var[Drawn] = var(Drawn())

    image = getters.query_one(ImageView)

    class Taken(Message):
        """Something else is asked about."""

        def __init__(self, subject: Subject, question: str | None, coming: Coming) -> None:
            super().__init__()
            self.subject, self.question = subject, question
            """None for the subject's own question."""
            self.coming = coming
            """Ended by whoever takes the subject."""

    class Counted(Message):
        """It is known how many rows the dataset has."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._dataset: Dataset | None = None
        self._path: Path | None = None
        self._row = 0
        self.awaited = Awaited()

    def compose(self) -> ComposeResult:
        yield ImageView(id="image")
        yield Static(id="truth")

    def on_mount(self) -> None:
        """Keys pressed before there is a row are for it."""
        if self.loop_state.dataset is not None and isinstance(app := self.app, HoldingApp):
            app.held.hold_until(lambda: self.subject is not None)

    def begin(self, dataset: Path | None) -> None:
        """Note which dataset was chosen elsewhere before anything is taken."""
        self._path = dataset

    def watch_loop_state(self, state: LoopState) -> None:
        """Take the dataset that was chosen elsewhere."""
        if state.dataset is not None and state.dataset != self._path and self.is_mounted:
            self._path = state.dataset
            self.hold(state.dataset)

    def drop(self) -> None:
        """Take nothing of what is being read."""
        self.workers.cancel_node(self)
        self.awaited.last.end()

    def hold(self, path: Path, line: int = 0, question: str | None = None) -> None:
        """Hold a dataset open, and take a row of it.

        Args:
            path: One of its files. Without a line, the test rows are taken: the tuned model has not
                seen them.
            line: The row at this 1-based line of this very file.
            question: What to ask in place of the row's own question.
        """
        self._hold(self.awaited.expect(), path, line, question)

    @work(exclusive=True, group="dataset")
    async def _hold(self, coming: Coming, path: Path, line: int, question: str | None) -> None:
        with self.pane.reporting("Cannot open the dataset"), coming:
            if not line:
                splits = await asyncio.to_thread(siblings, path)
                path = splits.test or splits.valid or path
            async with open_dataset(path) as dataset:
                self._dataset = dataset
                self._row = await dataset.find_line(line) if line else 0
                if coming is self.awaited.last:
                    self._take_row(dataset, coming, question)
                async for _ in dataset.index():
                    pass
                self.post_message(self.Counted(dataset.count))
                self.refresh_bindings()
                await asyncio.Event().wait()  # held open until another takes its place

    @work(exclusive=True, group="row")
    async def _take_row(self, dataset: Dataset, coming: Coming, question: str | None) -> None:
        with self.pane.reporting("Cannot read the row"), coming:
            self._take(coming, await row_subject(dataset, self._row), question)

    def _take(self, coming: Coming, subject: Subject, question: str | None = None) -> None:
        if coming is self.awaited.last:
            self.post_message(self.Taken(subject, question, coming))

    def watch_subject(self, subject: Subject | None) -> None:
        if subject is not None:
            self.image.data = subject.data
            self.image.truth = parse_boxes(subject.expected).boxes
            self._describe()

    def watch_drawn(self, drawn: Drawn) -> None:
        self.image.predicted = drawn.boxes
        self._describe()

    def _describe(self) -> None:
        """Say what is right, whose boxes are drawn, and what the row asks."""
        if (subject := self.subject) is None:
            return
        boxes = parse_boxes(subject.expected).boxes
        classes = {box.label for box in boxes}
        words = visible(said(subject.expected)) if subject.expected else "–"
        expected = legend(boxes) if 1 <= len(classes) == len(boxes) else Content(words)
        blocks = [Content.styled(visible(subject.trouble), "$error")] if subject.trouble else []
        blocks.append(Content.styled("expected\n", "dim") + expected)
        if self.drawn.words:
            blocks.append(Content.styled(visible(self.drawn.words), "dim"))
        asked = Content(visible(in_short(subject.question)) or "–")
        blocks.append(Content.styled("question\n", "dim") + asked)
        truth, whole = self.query_one("#truth", Static), Content("\n\n").join(blocks)
        height, lines = truth.styles.height, whole.wrap(max(1, truth.content_size.width))
        if height is not None and not height.is_auto and len(lines) > truth.content_size.height:
            kept = lines[: max(0, truth.content_size.height - 1)]
            whole = Content("\n").join([*kept, Content.styled("…", "dim")])
        truth.update(whole)

    def on_resize(self) -> None:
        self.call_after_refresh(self._describe)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "row":
            return self._dataset is not None or None
        if action == "full":
            return self.subject is not None or None
        return True

    def action_row(self, by: int) -> None:
        """Go on to another row; a question that was typed over goes along."""
        if (dataset := self._dataset) is not None and dataset.count:
            subject = self.subject
            on_a_row = subject is not None and subject.is_row
            self._row = (self._row + (by if on_a_row else 0)) % dataset.count
            keeps = on_a_row and subject is not None and not subject.is_own(self.typed)
            self._take_row(dataset, self.awaited.expect(), self.typed if keeps else None)

    def action_full(self) -> None:
        """Show the image alone, or all again."""
        if self.screen.maximized is None:
            self.screen.maximize(self.image)
        else:
            self.screen.minimize()

    @opens()
    async def action_attach(self) -> None:
        """Ask about an image from a file, or from the web."""
        name = await self.app.push_screen_wait(OpenImage())
        if name is not None:
            await self.attach(name)

    async def attach(self, name: str, question: str | None = None) -> Subject | None:
        """Take an image by path or address; what it cannot be taken for is said.

        Args:
            name: Its path or address.
            question: What to ask about it; none for the question that stands there.
        """
        words = self.typed if question is None else question
        coming = self.awaited.expect()
        with self.pane.reporting("Cannot take the image"), coming:
            if name.lower().startswith(("http://", "https://")):
                self.pane.say("Fetching the image …")
                subject = await web_subject(name, words)
            else:
                subject = await file_subject(Path(name.removeprefix("file://")), words)
            self._take(coming, subject)
            return subject
        return None

    async def find_again(self, place: QuestionOrigin, question: str) -> Subject | bool:
        """Take up what an earlier question was about, if it is still there."""
        if place.url:
            return await self.attach(place.url, question) or False
        coming = self.awaited.last
        if place.path is None or not await asyncio.to_thread(_is_file, str(place.path)):
            return coming is not self.awaited.last  # something else has been asked for since
        if place.line:
            self.hold(place.path, place.line, question)
            return True
        return await self.attach(str(place.path), question) or False

    async def take_up(self, answer: KeptAnswer) -> None:
        """Take up what an earlier answer was about, and say it if that has changed."""
        place = origin(answer.sources[0]) if answer.sources else origin("")
        found = await self.find_again(place, question_text(answer))
        if not found and "sha256:" in str(answer.messages):
            where = f" ({', '.join(answer.sources)})" if answer.sources else ""
            self.pane.say(f"The question is here again; its image is gone{where}.")
        data = found.data if isinstance(found, Subject) else None
        if data and not is_same_image(data, answer.messages):
            self.pane.say("The image is another than it was then.", severity="warning")

    async def attach_pasted(self, name: str) -> bool:
        """Attach an image by a name that was pasted; false if there is no such image."""
        web = name.lower().startswith(("http://", "https://"))
        ending = name.partition("?")[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif"))
        if (web and ending) or (not web and await asyncio.to_thread(_is_file, name)):
            await self.attach(name)
            return True
        return False


def _is_file(name: str) -> bool:
    try:
        return is_file(typed_path(name))
    except FileError:
        return False
