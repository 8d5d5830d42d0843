"""Conversations: earlier turns that a question goes on from, their images, their branches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Message = Mapping[str, Any]

DROPPED = "(an image of an earlier turn, left out)"
"""What a message says that held nothing but an image."""


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A question that was answered."""

    question: str
    """Its text."""
    messages: tuple[Message, ...]
    """What it added to the request: the first with system prompt and images."""
    answers: Mapping[str, str]
    """By model."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, and those that were left when one was asked otherwise."""

    turns: tuple[AskedTurn, ...] = ()
    branches: tuple[tuple[AskedTurn, ...], ...] = ()
    """Ways that were left, the oldest first."""
    drops_images: bool = False
    """Whether images of earlier turns are left out from now on."""

    def asked(self, messages: Sequence[Message], answers: Mapping[str, str]) -> "Conversation":
        """With a question that was answered: what was sent, whole, and the answers by model."""
        new = tuple(messages[-1:] if self.turns else messages)
        turn = AskedTurn(text_of(new[-1]) if new else "", new, dict(answers))
        return replace(self, turns=(*self.turns, turn))

    def back(self) -> "Conversation":
        """Without the last turn, to ask it otherwise; the way that is left is a branch."""
        if not self.turns:
            return self
        others = tuple(one for one in self.branches if one != self.turns)
        return replace(self, turns=self.turns[:-1], branches=(*others, self.turns))

    def other(self) -> "Conversation":
        """On the way that was left longest ago; the present one is kept, unless it began another.

        Going on with it returns to each way in turn.
        """
        if not self.branches:
            return self
        taken, *rest = self.branches
        longer = any(one[: len(self.turns)] == self.turns for one in self.branches)
        kept = rest if longer or not self.turns else [*rest, self.turns]
        return replace(self, turns=taken, branches=tuple(kept))

    def messages(self, model: str, question: str) -> list[Message]:
        """What to send to a model for another turn: all there was between you and it, then this."""
        sent: list[Message] = []
        for turn in self.turns:
            sent += without_images(turn.messages) if self.drops_images else turn.messages
            if answer := turn.answers.get(model):
                sent.append({"role": "assistant", "content": answer})
        return [*sent, {"role": "user", "content": question}]

    @property
    def images(self) -> int:
        """How many images of earlier turns are sent again with every further question."""
        if self.drops_images:
            return 0
        return sum(_images(message) for turn in self.turns for message in turn.messages)


def text_of(message: Message) -> str:
    """The text of a message."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(one.get("text", "")) for one in parts if one.get("type") == "text")


def without_images(messages: Iterable[Message]) -> list[Message]:
    """Messages with their words alone."""
    return [
        {**message, "content": text_of(message) or DROPPED} if _images(message) else message
        for message in messages
    ]


def _images(message: Message) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return sum(part.get("type") == "image_url" for part in parts)
