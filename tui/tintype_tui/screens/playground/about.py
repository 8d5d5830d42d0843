"""The layer that holds what is asked about: the rows of a dataset, or a picture of one's own."""

import asyncio
from pathlib import Path

from textual import getters, work
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input, Static

from tintype.dataset import Dataset, open_dataset
from tintype.dataset.splits import siblings
from tintype.detection import parse_boxes
from tintype.errors import DatasetError
from tintype.prompting import check_picture
from tintype_tui.screen import Pane
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.open_path import OpenPath
from tintype_tui.screens.playground.subject import Subject, in_short, question_of, system_prompt
from tintype_tui.standing import Standing
from tintype_tui.text import one_line, visible
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.picture import Picture


class AboutPane(Pane):
    """A picture and a question, with the right answer where it is known."""

    subject: var[Subject | None] = var(None, bindings=True)

    picture = getters.query_one(Picture)
    composer = getters.query_one("#question", Input)
    truth = getters.query_one("#truth", Static)

    def __init__(self) -> None:
        super().__init__()
        self._dataset: Dataset | None = None
        self._row = 0
        self._from: Path | None = None

    def draw_title(self) -> None:
        """Say what is asked about, and how; the pane does it."""

    def watch_standing(self, standing: Standing) -> None:
        """Take the dataset that was chosen elsewhere."""
        if standing.dataset is not None and standing.dataset != self._from:
            self._from = standing.dataset
            self._hold(standing.dataset)

    @work(exclusive=True, group="dataset")
    async def _hold(self, path: Path) -> None:
        """Hold the test rows open: the tuned model has not seen them."""
        with self.reporting("Cannot open the dataset"):
            splits = await asyncio.to_thread(siblings, path)
            unseen = splits.test or splits.valid or path
            async with open_dataset(unseen) as dataset:
                self._dataset, self._row = dataset, 0
                self._take_row()
                async for _ in dataset.index():
                    pass
                self.draw_title()
                await asyncio.Event().wait()  # held open until another takes its place

    @work(exclusive=True, group="row")
    async def _take_row(self) -> None:
        if (dataset := self._dataset) is None:
            return
        with self.reporting("Cannot read the row"):
            example = await dataset.example(self._row)
            data, messages, trouble = None, [], ""
            try:
                messages = await dataset.messages(self._row)
                data = await dataset.picture(self._row, 0) if example.images else None
            except DatasetError as error:  # there is more to the row than its picture
                trouble = str(error)
            self.subject = Subject(
                title=f"{dataset.path.parent.name}/{dataset.path.name} row {self._row + 1}",
                data=data,
                expected=example.answer,
                system=system_prompt(example),
                question=question_of(example),
                messages=messages,
                trouble=trouble,
            )

    def watch_subject(self, subject: Subject | None) -> None:
        if subject is None:
            return
        self.picture.image = subject.data
        self.picture.truth = parse_boxes(subject.expected).boxes
        self.picture.predicted = ()
        self.composer.value = one_line(subject.question)
        expected = Content(visible(said(subject.expected))) if subject.expected else Content("–")
        trouble = f"{subject.trouble}\n\n" if subject.trouble else ""
        self.truth.update(
            Content.styled(visible(trouble), "$error")
            + Content.styled("expected\n", "dim")
            + expected
            + Content.styled("\n\nquestion\n", "dim")
            + Content(visible(in_short(subject.question)) or "–")
        )
        self.draw_title()

    def action_row(self, by: int) -> None:
        if self._dataset is not None and self._dataset.count:
            self._row = (self._row + by) % self._dataset.count
            self._take_row()

    def action_full(self) -> None:
        self.maximize(self.picture)

    @work
    async def action_attach(self) -> None:
        """Ask about a picture from a file, or from the web."""
        text = await self.app.push_screen_wait(
            Ask("A picture's address (https://…), or nothing to choose a file")
        )
        if text is None:
            return
        with self.reporting("Cannot take the picture"):
            if text.strip():
                self.subject = await self._from_web(text.strip())
                return
            endings = (".jpg", ".jpeg", ".png", ".webp", ".gif")
            path = await self.app.push_screen_wait(OpenPath("Choose a picture", endings=endings))
            if path is not None:
                data = await asyncio.to_thread(path.read_bytes)
                await asyncio.to_thread(check_picture, data, path.name)
                self.subject = Subject(title=path.name, data=data, question=self.composer.value)

    async def _from_web(self, url: str) -> Subject:
        from tintype.images.fetch import fetch

        data = await fetch(url, max_bytes=20_000_000, timeout_s=20)
        return Subject(title=url, data=data, url=url, question=self.composer.value)
