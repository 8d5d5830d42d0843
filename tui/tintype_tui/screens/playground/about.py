"""The layer that holds what is asked about: the rows of a dataset, or an image of one's own."""

import asyncio
from pathlib import Path

from textual import events, getters, on, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.splits import siblings
from tintype.detection import Box, parse_boxes
from tintype.prompting import QuestionOrigin
from tintype_tui.screen import Pane
from tintype_tui.screens.open_image import OpenImage
from tintype_tui.screens.playground.subject import (
    Subject,
    file_subject,
    in_short,
    row_subject,
    web_subject,
)
from tintype_tui.standing import Standing
from tintype_tui.text import visible
from tintype_tui.widgets.composer import Composer, names_image
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.image import ImageView


class AboutPane(Pane):
    """An image and a question, with the right answer where it is known."""

    subject: var[Subject | None] = var(None, bindings=True)
    system: var[str | None] = var(None)
    """Typed in place of the subject's own system prompt; none leaves that."""

    image = getters.query_one(ImageView)
    composer = getters.query_one("#question", Composer)
    truth = getters.query_one("#truth", Static)

    def __init__(self) -> None:
        super().__init__()
        self._dataset: Dataset | None = None
        self._row = 0
        self._from: Path | None = None
        self._typed: str | None = None

    def draw_title(self) -> None:
        """Say what is asked about, and how; the pane does it."""

    def drawn_words(self) -> str:
        """Say whose boxes are drawn; the pane does it."""
        return ""

    @property
    def is_typed_over(self) -> bool:
        """Whether the question is another than the subject's own."""
        own = self.subject.question if self.subject else ""
        return self.composer.typed.strip() != own.strip()

    def watch_standing(self, standing: Standing) -> None:
        """Take the dataset that was chosen elsewhere."""
        if standing.dataset is not None and standing.dataset != self._from and self.is_mounted:
            self._from = standing.dataset
            self.hold(standing.dataset)

    @work(exclusive=True, group="dataset")
    async def hold(self, path: Path, line: int = 0, text: str | None = None) -> None:
        """Hold a dataset open, and take a row of it.

        Args:
            path: One of its files. Without a line, the test rows are taken: the tuned model has not
                seen them.
            line: The row at this line of this very file.
            text: A question to ask in place of the row's.
        """
        with self.reporting("Cannot open the dataset"):
            if not line:
                splits = await asyncio.to_thread(siblings, path)
                path = splits.test or splits.valid or path
            async with open_dataset(path) as dataset:
                self._dataset = dataset
                self._row = await dataset.find_line(line) if line else 0
                self._take_row(text)
                async for _ in dataset.index():
                    pass
                self.draw_title()
                await asyncio.Event().wait()  # held open until another takes its place

    @work(exclusive=True, group="row")
    async def _take_row(self, text: str | None = None) -> None:
        if (dataset := self._dataset) is None:
            return
        with self.reporting("Cannot read the row"):
            self.take(await row_subject(dataset, self._row), text)

    def take(self, subject: Subject, text: str | None = None) -> None:
        """Ask about something else; none for `text` takes its own question."""
        self._typed = text
        self.subject = subject

    def watch_subject(self, subject: Subject | None) -> None:
        if subject is None:
            return
        self.image.data = subject.data
        self.image.truth = parse_boxes(subject.expected).boxes
        self.composer.put(subject.question if self._typed is None else self._typed)
        self._typed = None
        self.draw_boxes(())
        self.draw_title()

    def draw_boxes(self, boxes: tuple[Box, ...]) -> None:
        """Draw predicted boxes over the true ones, and say whose they are."""
        self.image.predicted = boxes
        subject = self.subject
        if subject is None:
            return
        expected = Content(visible(said(subject.expected))) if subject.expected else Content("–")
        blocks = [Content.styled(visible(subject.trouble), "$error")] if subject.trouble else []
        blocks.append(Content.styled("expected\n", "dim") + expected)
        if words := self.drawn_words():
            blocks.append(Content.styled(visible(words), "dim"))
        asked = Content(visible(in_short(subject.question)) or "–")
        blocks.append(Content.styled("question\n", "dim") + asked)
        self.truth.update(Content("\n\n").join(blocks))

    def action_row(self, by: int) -> None:
        """Go on to another row; a question that was typed over goes along."""
        if self._dataset is not None and self._dataset.count:
            on_a_row = self.subject is not None and self.subject.is_row
            self._row = (self._row + (by if on_a_row else 0)) % self._dataset.count
            self._take_row(self.composer.typed if on_a_row and self.is_typed_over else None)

    def action_own(self) -> None:
        """Go back to the subject's own question and system prompt."""
        if self.subject is not None:
            self.system = None
            self.composer.put(self.subject.question)

    def action_full(self) -> None:
        self.maximize(self.image)

    @work
    async def action_attach(self) -> None:
        """Ask about an image from a file, or from the web."""
        name = await self.app.push_screen_wait(OpenImage())
        if name is not None:
            await self.attach(name)

    async def attach(self, name: str) -> bool:
        """Take an image by path or address; what it cannot be taken for is said."""
        with self.reporting("Cannot take the image"):
            if name.lower().startswith(("http://", "https://")):
                self.say("Fetching the image …")
                subject = await web_subject(name, self.composer.typed)
            else:
                path = Path(name.removeprefix("file://"))
                subject = await file_subject(path, self.composer.typed)
            self.take(subject)
            return True
        return False

    async def find_again(self, place: QuestionOrigin, text: str) -> bool:
        """Take up what an earlier question was about, if it is still there."""
        if place.url:
            return await self.attach(place.url)
        if place.path is None:
            return False
        if not await asyncio.to_thread(place.path.is_file):
            return False
        if place.line:
            self.hold(place.path, place.line, text)
            return True
        return await self.attach(str(place.path))

    def on_paste(self, event: events.Paste) -> None:
        """An image's name that is pasted, or dropped onto the terminal, attaches the image."""
        if name := names_image(event.text):
            self._attach_pasted(event.text, name)

    @on(Composer.Pasted)
    def _pasted(self, event: Composer.Pasted) -> None:
        self._attach_pasted(event.text, event.name)

    @work
    async def _attach_pasted(self, text: str, name: str) -> None:
        """Attach what was pasted, or if there is no such file, take it as text."""
        web = name.lower().startswith(("http://", "https://"))
        ending = name.partition("?")[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif"))
        if (web and ending) or (not web and await asyncio.to_thread(_is_file, name)):
            await self.attach(name)
        elif self.focused is self.composer:
            self.composer.insert(text)


def _is_file(name: str) -> bool:
    try:
        return Path(name.removeprefix("file://")).expanduser().is_file()
    except (OSError, ValueError):  # too long a name, or a NUL in it
        return False
