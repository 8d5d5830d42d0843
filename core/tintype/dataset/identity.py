"""What makes two rows, two questions or two images the same: one answer for everybody who asks.

Duplicates, contradictions and leaks are all found by these keys. Images are the same if their bytes
are, whatever their names and wherever they stand; texts are if they differ in nothing but white
space. An image of which nothing is known but that it is damaged is the same as no other.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example, ImagePart, Message, Row
from tintype.images.facts import ImageFacts

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class RowIdentity:
    """A row by what it asks, answers and shows; keys are digests of 16 bytes."""

    row: bytes
    """All of it: every message, weight and tool call, and the tools declared."""
    question: bytes
    """What stands before the last answer."""
    answer: bytes
    """The last answer; empty if there is none."""
    images: tuple[bytes, ...]
    """One for each of the row's images."""


def identify(row: Row, facts: Sequence[ImageFacts], shown: Example | None = None) -> RowIdentity:
    """The identity of a row.

    Args:
        row: Without a flaw.
        facts: One for each of its images.
        shown: The row read as a conversation, if it has been read already.
    """
    shown = shown or read_example(row)
    images = tuple(
        image_key(part, image, row.line) for part, image in zip(row.images, facts, strict=True)
    )
    answer = " ".join(shown.answer.split())
    return RowIdentity(
        row=_digest([*_said(shown.messages, images), _json(shown.tools)]),
        question=_digest(_said(shown.prompt, images)),
        answer=_digest([_bytes(answer)]) if answer else b"",
        images=images,
    )


def short(key: bytes) -> int:
    """The first 64 bits of a key; 0 of none."""
    return int.from_bytes(key[:8], "big")


def image_key(part: ImagePart, facts: ImageFacts, line: int) -> bytes:
    """The key of an image: by its bytes, or by its address where they are not known."""
    if facts.digest:
        return bytes.fromhex(facts.digest)[:KEY_BYTES]
    if part.origin == "data":
        return _digest([_bytes(part.reference), _json([line, part.ordinal])])
    return _digest([_bytes(part.reference)])


def _said(messages: Iterable[Message], images: Sequence[bytes]) -> Iterator[bytes]:
    for message in messages:
        yield _json([message.role, message.weight, message.tool_calls])
        for part in message.parts:
            if isinstance(part, ImagePart):
                yield images[part.ordinal]
            else:
                yield _bytes(" ".join(part.text.split()))
        yield b""


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, default=str).encode("ascii")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()
