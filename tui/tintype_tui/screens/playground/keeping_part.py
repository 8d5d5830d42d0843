"""The part that takes answers elsewhere: a row to train on, a mark in the data, a copy."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype.api import ChatRequest
from tintype.dataset import open_dataset
from tintype.dataset.splits import siblings
from tintype.paths import absolute
from tintype.prompting import OpenQuestion, grown, training_row
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask, Confirm
from tintype_tui.screens.playground.copying import answer_offers, request_offers
from tintype_tui.text import count
from tintype_tui.widgets.answer_column import Answer
from tintype_tui.words.answers import short_name

OWN = "playground.jsonl"
"""The file for rows to train on where no dataset is open, in the current folder."""


class KeepingPart(Part):
    """Nothing to see of its own."""

    DEFAULT_CSS = """
    KeepingPart { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("T", "train", "To training", id="play.train", show=False,
                tooltip="the answer, or a better one"),
        Binding("X", "mark", "Mark", id="play.mark", show=False, tooltip="the row, in its dataset"),
        Binding("Y", "copy_what", "Copy …", id="play.curl", show=False,
                tooltip="boxes, curl, Python"),
    ]  # fmt: skip

    question: var[OpenQuestion] = var(OpenQuestion())
    answers: var[Mapping[str, Answer]] = var({})
    sent: var[Mapping[str, ChatRequest]] = var({})
    """What was sent for the answers that are shown, by model."""
    trained_system: var[str] = var("")
    """The system prompt of the first tuned model that is asked."""

    @opens(exclusive=True, group="train")
    async def action_train(self) -> None:
        """Write the question with this answer, or a corrected one, as a row to train on."""
        model = self.question.current
        request, reply = self.sent.get(model), self.answers.get(model, Answer()).reply
        if request is None or reply is None or not reply.done:
            words = "There is no answer to train on yet: {play.ask} asks."
            self.pane.say(with_keys(self, words))
            return
        with self.pane.reporting("Cannot write the row"):
            source, target = await asyncio.to_thread(self._files)
            answer = await self._right_answer(reply.answer, source, target)
            if answer is None:
                return
            row = training_row(request.messages, answer)
            rows = await asyncio.to_thread(grown, source, target, row)
            self.pane.say(f"Written to {target}, which has {count(rows, 'row')} now.")

    def _files(self) -> tuple[Path | None, Path]:
        """The training file, if it is known, and the copy that grows. Blocking."""
        dataset = self.pane.loop_state.dataset
        if dataset is None:
            return None, absolute(Path(OWN))
        source = siblings(dataset).train or dataset
        return source, source.with_name(f"{source.stem.removesuffix('-more')}-more.jsonl")

    async def _right_answer(self, said: str, source: Path | None, target: Path) -> str | None:
        """The answer as a person has it; none if it is not to be trained on after all."""
        hint = f"Goes to the end of {target.name}"
        hint += f", a copy of {source.name}." if source and source != target else "."
        hints = [hint]
        if self.question.subject.is_row:
            hints.append("The next model should not be tested on this row.")
        if "\n" in said.strip():  # too long for a line: as it stands
            words = " ".join(["The answer as it stands.", *hints])
            yes = await self.app.push_screen_wait(
                Confirm("Train on this answer?", words, yes=f"Write to {target.name}")
            )
            return said if yes else None
        answer: str | None = await self.app.push_screen_wait(
            Ask("What is the right answer?", value=said.strip(), hints=hints)
        )
        return answer

    @opens(exclusive=True, group="mark")
    async def action_mark(self) -> None:
        """Mark the row in its dataset, or unmark it."""
        subject, model = self.question.subject, self.question.current
        if not subject.is_row or subject.origin.path is None:
            self.pane.say("Only rows of a dataset can be marked.")
            return
        with self.pane.reporting("Cannot mark the row"):
            path, line = subject.origin.path, subject.origin.line
            async with open_dataset(path) as dataset:
                fingerprint = await dataset.fingerprint()
            marks = (await self.session.store()).marks
            now, known = datetime.now(UTC), line in marks.read(path, fingerprint)
            why = f"playground: {short_name(model)}" if model else "playground"
            new = {} if known else {line: why}
            gone = [line] if known else []
            marks.change(path, fingerprint, marked=new, unmarked=gone, at=now)
            self.pane.say(f"Line {line:,} {'unmarked' if known else 'marked'} in {path.name}.")

    @opens()
    async def action_copy_what(self) -> None:
        """Copy the answer, its boxes, or the request."""
        with self.pane.reporting("Cannot copy"):
            api, model = await self.session.provider(), self.question.current
            request = self.sent.get(model)
            if request is None and model:
                [request] = await self.question.requests((model,), self.trained_system)
            offers = answer_offers(self.answers.get(model, Answer()).reply)
            offers += request_offers(request, self.session.profile, api.base_url)
            if not offers:
                self.pane.say(with_keys(self, "Nothing to copy yet: {play.model} chooses a model."))
                return
            title = "Copy what?"
            chosen = await self.app.push_screen_wait(Choose(title, [words for words, _ in offers]))
            if chosen is not None:
                await self.pane.copy(offers[chosen][1]())
