"""What is asked about: a row, a picture from a file, or one from the web."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tintype.dataset import Example
from tintype.detection import prompt_labels


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about."""

    title: str
    """Where the picture comes from, for a person."""
    data: bytes | None = None
    """The encoded picture, if there is one to show."""
    url: str = ""
    """The picture's address, where the provider is to fetch it itself."""
    expected: str = ""
    """The right answer, where a row has one."""
    system: str = ""
    question: str = ""
    """As the row has it; the same words send the row as it is."""
    messages: Sequence[Mapping[str, Any]] = ()
    """The row's own question, ready to send."""
    trouble: str = ""
    """Why there is no picture to show, or nothing to send, where there should be."""


def system_prompt(example: Example) -> str:
    """The first system prompt of a row, or nothing."""
    found = [message.text for message in example.messages if message.role == "system"]
    return found[0] if found else ""


def question_of(example: Example) -> str:
    """The last question of a row, or nothing."""
    asked = [message.text for message in example.prompt if message.role == "user" and message.text]
    return asked[-1] if asked else ""


def in_short(question: str) -> str:
    """A detection prompt names all labels there are; that many is what matters."""
    labels = prompt_labels(question)
    return f"detect {len(labels)} labels: {', '.join(labels)}" if len(labels) > 4 else question


def words_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """The last text in messages as they were sent."""
    for message in reversed(messages):
        content = message.get("content")
        if isinstance(content, str):
            return content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                return str(part["text"])
    return ""
