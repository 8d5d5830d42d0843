"""What is asked about: a row, an image from a file, or one from the web."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.api import ChatRequest
from tintype.detection import parse_boxes, prompt_labels
from tintype.errors import DatasetError
from tintype.paths import as_path
from tintype.prompting.conversation import Conversation
from tintype.prompting.origins import QuestionOrigin, row_origin
from tintype.prompting.prompt import Prompt
from tintype.prompting.questions import check_image, question, read_image, reword
from tintype.prompting.teaching import question_of, system_prompt

if TYPE_CHECKING:
    from tintype.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about."""

    title: str
    """Where the image comes from, for a person."""
    data: bytes | None = None
    """The encoded image, if there is one to show."""
    url: str = ""
    """The image's address, where the provider is to fetch it itself."""
    expected: str = ""
    """The right answer, where a row has one."""
    system: str = ""
    question: str = ""
    """As the row has it; the same words send the row as it is."""
    messages: Sequence[Mapping[str, Any]] = ()
    """The row's own question, ready to send."""
    trouble: str = ""
    """Why there is no image to show, or nothing to send, where there should be."""
    origin: QuestionOrigin = field(default_factory=QuestionOrigin)
    """Where to find it again."""

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a dataset."""
        return self.origin.line > 0

    def expected_of(self, text: str) -> str:
        """The right answer to a question as typed: boxes stay right, words do not."""
        return self.expected if self.is_own(text) or parse_boxes(self.expected).boxes else ""

    def is_own(self, text: str) -> bool:
        """Whether a question as typed is the subject's own."""
        return text.strip() == self.question.strip()

    async def requests(self, prompt: Prompt, models: Sequence[str]) -> list[ChatRequest]:
        """What to send to each model, the same to all.

        Raises:
            DatasetError: if there is nothing to send.
        """
        messages = await self._messages(prompt)
        return [_request(model, messages, prompt) for model in models]

    async def _messages(self, prompt: Prompt) -> list[dict[str, Any]]:
        text, system, detail = prompt.text, prompt.system, prompt.parameters.detail
        typed = None if self.is_own(text) else text
        if self.messages:
            return reword(self.messages, text=typed, system=system, detail=detail)
        if self.trouble and typed is None:
            raise DatasetError(self.trouble)
        images = [one for one in (self.url or self.data,) if one]
        if not text.strip() and not images:
            raise DatasetError("There is nothing to ask.", advice="Type a question.")
        words = self.system if system is None else system
        return await question(text.strip(), images, system=words, detail=detail)


def _request(model: str, messages: Sequence[Mapping[str, Any]], prompt: Prompt) -> ChatRequest:
    chosen = prompt.parameters
    return ChatRequest(
        model=model,
        messages=messages,
        temperature=chosen.temperature,
        top_p=chosen.top_p,
        max_tokens=chosen.max_tokens,
        seed=chosen.seed,
    )


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What is asked of whom, as it stands."""

    subject: Subject = field(default_factory=lambda: Subject(""))
    """Without a title where nothing is asked about yet."""
    prompt: Prompt = field(default_factory=Prompt)
    models: tuple[str, ...] = ()
    current: str = ""
    """The model that one looks at; empty if there is none."""
    rows: int = 0
    """Rows of the dataset; 0 until they are counted."""
    conversation: Conversation = field(default_factory=Conversation)
    """What has been asked and answered about the subject before."""

    @property
    def is_typed_over(self) -> bool:
        """Whether a row is asked another question than its own."""
        goes_on = bool(self.conversation.turns)
        return self.subject.is_row and not goes_on and not self.subject.is_own(self.prompt.text)

    @property
    def expected(self) -> str:
        """The right answer to the question as it stands; empty where it is not known."""
        return "" if self.conversation.turns else self.subject.expected_of(self.prompt.text)

    async def requests(self, models: Sequence[str], trained_system: str = "") -> list[ChatRequest]:
        """What to send to each model: the same to all, after what each has answered before.

        Args:
            models: Those to ask.
            trained_system: The system prompt that a tuned model was trained with, for an image
                that has none of its own.

        Raises:
            DatasetError: if there is nothing to send.
        """
        prompt, subject = self.prompt, self.subject
        if self.conversation.turns:
            if not (text := prompt.text.strip()):
                raise DatasetError("There is nothing to ask.", advice="Type a question.")
            said = self.conversation.messages
            return [_request(model, said(model, text), prompt) for model in models]
        if prompt.system is None and trained_system and not subject.system and not subject.is_row:
            prompt = replace(prompt, system=trained_system)
        return await subject.requests(prompt, models)


async def row_subject(dataset: "Dataset", index: int) -> Subject:
    """A row of a dataset, with what is wrong with it.

    Raises:
        DatasetError: if there is no such row.
    """
    example = await dataset.example(index)
    data, trouble = None, ""
    messages: list[dict[str, Any]] = []
    try:
        messages = await dataset.messages(index)
        data = await dataset.image(index, 0) if example.images else None
    except DatasetError as error:  # there is more to the row than its image
        trouble = str(error)
    return Subject(
        title=f"{dataset.path.parent.name}/{dataset.path.name} row {index + 1}",
        data=data,
        expected=example.answer,
        system=system_prompt(example),
        question=question_of(example),
        messages=messages,
        trouble=trouble,
        origin=row_origin(dataset.path, example.line),
    )


async def file_subject(path: Path, question: str = "") -> Subject:
    """An image from a file.

    Raises:
        DatasetError: if models would not take it, with the reason.
    """
    data = await asyncio.to_thread(read_image, path)
    whole = await asyncio.to_thread(lambda: as_path(path).absolute())
    return Subject(title=path.name, data=data, question=question, origin=QuestionOrigin(whole))


async def web_subject(url: str, question: str = "") -> Subject:
    """An image from the web, which the provider will fetch, too.

    Raises:
        DatasetError: if it cannot be had, or models would not take it.
    """
    from tintype.images.fetch import fetch

    data = await fetch(url, max_bytes=20_000_000, timeout_s=20)
    await asyncio.to_thread(check_image, data)
    return Subject(title=url, data=data, url=url, question=question, origin=QuestionOrigin(url=url))


def in_short(question: str) -> str:
    """A detection prompt names all labels there are; that many is what matters."""
    labels = prompt_labels(question)
    return f"detect {len(labels)} labels: {', '.join(labels)}" if len(labels) > 4 else question
