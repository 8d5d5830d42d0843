"""What a row of chat costs in tokens: text with its overhead, images at each level of detail.

Source of the overhead: OpenAI Cookbook, "How to count tokens with tiktoken": 3 per message, 1 for a
name, and 3 that begin the reply. Whether a training example counts those last 3 is not documented,
so they are the difference between low and high.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tintype.providers.token_rules import TokenRule
from tintype.tokens.images import image_tokens
from tintype.tokens.ranges import NOTHING, Range
from tintype.tokens.text import count_text

PER_MESSAGE, PER_NAME, PER_REPLY = 3, 1, 3

Detail = Literal["as is", "low", "high"]
DETAILS: tuple[Detail, ...] = ("as is", "low", "high")


class Sized(Protocol):
    """Something with a size in pixels, such as `ImageFacts`."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""


class Detailed(Protocol):
    """Something that says how closely to look, such as `ImagePart`."""

    @property
    def detail(self) -> str:
        """`auto`, `low`, `high`, or whatever the row says."""


class ChatRow(Protocol):
    """A parsed line, such as `Row`."""

    @property
    def value(self) -> Any:
        """The JSON value."""

    @property
    def images(self) -> Sequence[Detailed]:
        """Every image of the row."""


@dataclass(frozen=True, slots=True)
class RowTokens:
    """What one row costs, once through."""

    text: Range
    as_is: Range
    """All its images, each at the detail that the row asks for."""
    low: Range
    """All its images if every one asked for `low`."""
    high: Range
    """… and for `high`."""

    def images(self, detail: Detail = "as is") -> Range:
        """Return the tokens of all images at one level of detail."""
        return {"as is": self.as_is, "low": self.low, "high": self.high}[detail]

    def total(self, detail: Detail = "as is") -> Range:
        """Return the tokens of text and images together."""
        return self.text + self.images(detail)


def row_tokens(row: ChatRow, images: Sequence[Sized], rule: TokenRule) -> RowTokens:
    """Return the tokens of a row for one epoch; a row that is no chat has none.

    Args:
        row: The row, its data URLs taken out.
        images: One for each of `row.images`, in the same order.
        rule: The model's way of counting.
    """
    pairs = list(zip(row.images, images, strict=True))

    def seen(detail: str | None) -> Range:
        return sum(
            (
                image_tokens(rule, image.width, image.height, detail or part.detail)
                for part, image in pairs
            ),
            NOTHING,
        )

    return RowTokens(text_tokens(row.value, rule), seen(None), seen("low"), seen("high"))


def text_tokens(value: Any, rule: TokenRule) -> Range:
    """Return the tokens of a row's JSON value, images left out; 0 if it is no chat."""
    if not isinstance(value, dict):
        return NOTHING
    messages = value.get("messages")
    total = NOTHING
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            total += message_tokens(message, rule)
    for key in ("tools", "functions"):
        if value.get(key):
            total += schema_tokens(value[key], rule)
    return total if total == NOTHING else total + Range(0, 0, reply_doubt(rule))


def reply_doubt(rule: TokenRule) -> int:
    """Return the tokens that begin the reply, where it is not known whether a row is billed them.

    Our own engine's bill is certain.
    """
    return 0 if rule.confidence == "certain" else PER_REPLY


def message_tokens(message: dict[str, Any], rule: TokenRule) -> Range:
    """Return the tokens of one message, images left out."""
    counted = PER_MESSAGE
    for key in ("role", "name", "refusal", "tool_call_id"):
        if isinstance(message.get(key), str):
            counted += count_text(message[key], rule.encoding)
    if isinstance(message.get("name"), str):
        counted += PER_NAME
    counted += sum(count_text(text, rule.encoding) for text in content_texts(message))
    total = Range.exactly(counted)
    for key in ("tool_calls", "function_call"):
        if message.get(key):
            total += schema_tokens(message[key], rule)
    return total


def content_texts(message: dict[str, Any]) -> list[str]:
    """Return the texts of a message's content, whether it is one string or parts."""
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    texts = [part.get("text", part.get("refusal")) for part in parts if isinstance(part, dict)]
    return [text for text in texts if isinstance(text, str)]


def schema_tokens(value: Any, rule: TokenRule) -> Range:
    """Return the tokens of tools and calls.

    How providers spell them for the model is not documented: at least the words in them, at most
    the JSON with every brace.
    """
    words = sum(count_text(word, rule.encoding) for word in _strings(value))
    spelt = count_text(json.dumps(value, ensure_ascii=False), rule.encoding)
    return Range(min(words, spelt), spelt, spelt)


def _strings(value: Any) -> list[str]:
    found, stack = [], [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return found
