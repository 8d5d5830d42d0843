"""The messages of a request, as turns with decoded images.

Images come as data URLs, or from the web; none is fetched from this machine or its network.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL.Image import Image

from tintype.engines.base import Turn
from tintype.errors import DatasetError, RefusalError
from tintype.images import decode, fetch, probe, split_data_url
from tintype.server.fields import Fields, refuse
from tintype.tokens import TokenRule, image_tokens, model_tokens, text_tokens

MESSAGES = 2048
IMAGES = 20
IMAGE_BYTES = 20 * 1024 * 1024
IMAGE_SIDE = 2048
"""Pixels; larger images are shrunk, as OpenAI shrinks them."""
REQUEST_PIXELS = 2048 * 2048
"""Of all images of a request together; many are shrunk further, so that memory is bounded."""
FETCH_S = 20.0
ROLES = ("system", "assistant", "user", "developer")
DETAILS = ("auto", "low", "high", "original")
FORMATS = ("png", "jpeg", "gif", "webp")


@dataclass(frozen=True, slots=True)
class ParsedConversation:
    """What a model is asked, and what it counts."""

    turns: Sequence[Turn] = ()
    text_tokens: int = 0
    image_tokens: int = 0

    @property
    def words(self) -> str:
        """All text."""
        return "\n".join(turn.text for turn in self.turns)


@dataclass(frozen=True, slots=True)
class _Image:
    """An image as the request names it."""

    url: str
    detail: str
    place: str


@dataclass(frozen=True, slots=True)
class _Message:
    role: str
    parts: Sequence[str | _Image]


async def read_conversation(
    fields: Fields, model: str, decoding: asyncio.Lock
) -> ParsedConversation:
    """The request's `messages`.

    Args:
        fields: The request.
        model: The base model, by whose rule tokens are counted.
        decoding: Held while an image is decoded, which may take 100 MB for a moment.

    Raises:
        RefusalError: 400 if they are none, or an image cannot be had.
    """
    messages = list(map(_message, fields.objects("messages", minimum=1, maximum=MESSAGES)))
    count = sum(isinstance(part, _Image) for message in messages for part in message.parts)
    if count > IMAGES:
        refuse(f"Too many images: at most {IMAGES} are accepted.", param="messages")
    rule = await asyncio.to_thread(model_tokens, model)
    side = min(IMAGE_SIDE, math.isqrt(REQUEST_PIXELS // max(1, count)))
    turns, counted = [], 0
    for message in messages:
        parts: list[str | Image] = []
        for part in message.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            data = await _bytes(part)
            async with decoding:
                pixels, (width, height) = await asyncio.to_thread(_decoded, data, part.place, side)
            parts.append(pixels)
            counted += image_tokens(rule, width, height, part.detail).likely
        turns.append(Turn(message.role, parts))
    return ParsedConversation(turns, await asyncio.to_thread(_text_tokens, turns, rule), counted)


def _text_tokens(turns: Sequence[Turn], rule: TokenRule) -> int:
    """With the tokens that begin the reply, which a request counts and an example may not."""
    messages = [{"role": turn.role, "content": turn.text} for turn in turns]
    return text_tokens({"messages": messages}, rule).high


def _message(fields: Fields) -> _Message:
    role = fields.text("role", choices=ROLES)
    if fields.has("name"):
        fields.text("name")
    if fields.given("refusal"):
        fields.text("refusal")
    for name in filter(fields.given, ("tool_calls", "function_call", "audio")):
        refuse(f"'{fields.at(name)}' is not supported with this model.", param=fields.at(name))
    content = fields.values.get("content")
    if content is None and role == "assistant":
        return _Message(role, ())
    if isinstance(content, str):
        return _Message(role, (content,))
    if fields.has("content") and not isinstance(content, list):
        fields.mistyped("content", "one of a string or array of content parts")
    return _parts(role, fields)


def _parts(role: str, fields: Fields) -> _Message:
    fields.required("content")
    parts: list[str | _Image] = []
    for part in fields.objects("content", minimum=1):
        kind = part.text("type")
        if kind in ("text", "refusal"):
            parts.append(part.text(kind))
        elif kind == "image_url":
            parts.append(_image(part, role))
        else:
            refuse(
                f"Invalid content type. '{kind[:40]}' is not supported by this model.",
                param=part.at("type"),
                code="invalid_value",
            )
    return _Message(role, parts)


def _image(part: Fields, role: str) -> _Image:
    if role != "user":
        refuse(
            f"Invalid '{part.place}'. Image URLs are only allowed for messages with role 'user', "
            f"but this message with role '{role}' contains an image URL.",
            param=part.place,
            code="invalid_value",
        )
    image = part.inner("image_url")
    detail = image.text("detail", choices=DETAILS) if image.given("detail") else "auto"
    return _Image(image.text("url", minimum=1), detail, image.at("url"))


async def _bytes(image: _Image) -> bytes:
    """The encoded image, from the request itself or from the web."""
    try:
        if image.url[:5].lower() == "data:":
            _, data = await asyncio.to_thread(split_data_url, image.url)
            return data
        return await fetch(image.url, max_bytes=IMAGE_BYTES, timeout_s=FETCH_S)
    except DatasetError as error:
        is_data = image.url[:5].lower() == "data:"
        raise RefusalError(
            400,
            f"Invalid base64 image_url. {error}"
            if is_data
            else f"Failed to download image: {error}",
            param=image.place,
            code="invalid_base64_image" if is_data else "invalid_image_url",
        ) from error


def _decoded(data: bytes, place: str, side: int) -> tuple[Image, tuple[int, int]]:
    """The pixels, shrunk to fit a square, and the size they had."""
    if len(data) > IMAGE_BYTES:
        refuse(
            f"The image is too large: at most {IMAGE_BYTES:,} bytes are accepted.",
            param=place,
            code="image_file_too_large",
        )
    facts = probe(data, verify=False)
    if facts.format not in FORMATS or facts.frames > 1:
        refuse(
            "You uploaded an unsupported image. Please make sure your image has of one the "
            f"following formats: {list(FORMATS)}.",
            param=place,
            code="invalid_image_format",
        )
    try:
        return decode(data, box=(side, side)), (facts.width, facts.height)
    except DatasetError as error:
        raise RefusalError(
            400, f"Invalid image. {error}", param=place, code="image_parse_error"
        ) from error
