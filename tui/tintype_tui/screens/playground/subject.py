"""What is asked about: a row, an image from a file, or one from the web."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tintype.dataset import Dataset
from tintype.detection import parse_boxes, prompt_labels
from tintype.errors import DatasetError
from tintype.prompting import (
    QuestionOrigin,
    check_image,
    question,
    question_of,
    read_image,
    reword,
    row_origin,
    system_prompt,
)


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
        same = text.strip() == self.question.strip()
        return self.expected if same or parse_boxes(self.expected).boxes else ""

    async def ask(self, text: str, system: str | None, detail: str) -> list[dict[str, Any]]:
        """The messages to send.

        Args:
            text: The question as typed.
            system: In place of the subject's system prompt; none leaves it.
            detail: How closely the model is to look.

        Raises:
            DatasetError: if there is nothing to send.
        """
        typed = None if text.strip() == self.question.strip() else text
        if self.messages:
            return reword(self.messages, text=typed, system=system, detail=detail)
        if self.trouble and typed is None:
            raise DatasetError(self.trouble)
        images = [one for one in (self.url or self.data,) if one]
        if not text.strip() and not images:
            raise DatasetError("There is nothing to ask.", advice="Press i and type a question.")
        words = self.system if system is None else system
        return await question(text.strip(), images, system=words, detail=detail)


async def row_subject(dataset: Dataset, index: int) -> Subject:
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
    whole = await asyncio.to_thread(lambda: path.expanduser().absolute())
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
