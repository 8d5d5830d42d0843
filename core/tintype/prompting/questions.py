"""Questions: text and images as wire messages, with bad images refused before they are sent."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import Any

from tintype.errors import DatasetError, FileError
from tintype.paths import as_path

Image = bytes | Path | str
"""Encoded bytes, a file, or a URL (http, https or data)."""

_LARGEST_BYTES = 20_000_000
"""OpenAI's limit for one image in a chat, by its error message of 2026."""
_FORMATS = ("png", "jpeg", "webp", "gif")


async def question(
    text: str,
    images: Sequence[Image] = (),
    *,
    system: str = "",
    detail: str = "auto",
) -> list[dict[str, Any]]:
    """Build the messages of a question: the text, then the images in order.

    An http(s) URL is passed on for the provider to fetch; everything else becomes a data URL. For
    the question of a dataset's row use `Dataset.messages`.

    Raises:
        DatasetError: if an image cannot be read, is none, or is one that models do not take.
    """
    urls = [await asyncio.to_thread(_url, image) for image in images]
    content: Any = text
    if urls:
        content = [{"type": "text", "text": text}] if text else []
        content += [
            {"type": "image_url", "image_url": {"url": url, "detail": detail}} for url in urls
        ]
    messages = [{"role": "user", "content": content}]
    return [{"role": "system", "content": system}, *messages] if system else messages


def reword(
    messages: Sequence[Mapping[str, Any]],
    *,
    text: str | None = None,
    system: str | None = None,
    detail: str = "auto",
) -> list[dict[str, Any]]:
    """Ask a row's question in other words: its images and all earlier turns stay.

    Args:
        messages: A row's question, as `Dataset.messages` gives it.
        text: In place of the text of the last user message; none leaves it.
        system: In place of the first system message; empty takes it away, none leaves it.
        detail: Of every image; `auto` leaves what the row asks for.
    """
    worded = [_looked_at(message, detail) for message in messages]
    if text is not None:
        asking = [at for at, message in enumerate(worded) if message.get("role") == "user"]
        if asking:
            worded[asking[-1]]["content"] = _replaced(worded[asking[-1]].get("content"), text)
        else:
            worded.append({"role": "user", "content": text})
    if system is None:
        return worded
    places = [at for at, message in enumerate(worded) if message.get("role") == "system"]
    new = [{"role": "system", "content": system}] if system else []
    at = places[0] if places else 0
    return [*worded[:at], *new, *worded[at + len(places[:1]) :]]


def _replaced(content: Any, text: str) -> Any:
    """A message's content with other text, put where its first text was."""
    if not isinstance(content, list):
        return text
    texts = [at for at, part in enumerate(content) if part.get("type") == "text"]
    others = [part for at, part in enumerate(content) if at not in texts]
    new = [{"type": "text", "text": text}] if text else []
    at = texts[0] if texts else 0
    return [*others[:at], *new, *others[at:]]


def _looked_at(message: Mapping[str, Any], detail: str) -> dict[str, Any]:
    content = message.get("content")
    if detail == "auto" or not isinstance(content, list):
        return dict(message)
    parts = [
        {**part, "image_url": {**part["image_url"], "detail": detail}}
        if isinstance(part.get("image_url"), Mapping)
        else part
        for part in content
    ]
    return {**message, "content": parts}


def check_image(data: bytes, name: str = "The image") -> None:
    """Refuse an image that a provider would refuse, with the reason and a way out.

    Raises:
        DatasetError: if it is damaged, of another format, animated or too large.
    """
    from tintype.images import probe

    facts = probe(data)
    if facts.flaw:
        detail = f" ({facts.detail.rstrip('.')})" if facts.detail else ""
        raise DatasetError(
            f"{name} cannot be used: {facts.flaw}{detail}.", advice="Choose another image."
        )
    if facts.format not in _FORMATS:
        raise DatasetError(
            f"{name} is {facts.format.upper() or 'of an unknown format'}; models take PNG, JPEG, "
            "WEBP and GIF.",
            advice="Convert it to PNG or JPEG.",
        )
    if facts.frames > 1:
        raise DatasetError(
            f"{name} is animated ({facts.frames} frames); models take single images.",
            advice="Save one frame of it as PNG.",
        )
    if facts.size_bytes > _LARGEST_BYTES:
        raise DatasetError(
            f"{name} has {facts.size_bytes / 1e6:.1f} MB; models take up to 20 MB.",
            advice="Shrink it or save it as JPEG.",
        )


def _url(image: Image) -> str:
    from tintype.images import data_url, split_data_url

    if isinstance(image, bytes):
        check_image(image)
        return data_url(image)
    if isinstance(image, str) and image[:8].lower().startswith(("http://", "https://")):
        return image
    if isinstance(image, str) and image[:5].lower() == "data:":
        _, data = split_data_url(image)
        check_image(data)
        return data_url(data)
    return data_url(read_image(Path(image)))


def read_image(path: Path) -> bytes:
    """Read an image from a file, in a thread of one's own.

    Raises:
        DatasetError: if it cannot be read, is no image, or is one that models do not take.
    """
    try:
        path = as_path(path)
    except FileError as error:  # a NUL, half a character, the folder of an unknown user
        raise DatasetError(f"The image cannot be read: {error}", path=path) from error
    data = _read(path)
    check_image(data, path.name)
    return data


def _read(path: Path) -> bytes:
    try:
        facts = path.stat()
        if not S_ISREG(facts.st_mode):
            raise DatasetError(f"{path} is not a file.", path=path)
        if facts.st_size > 5 * _LARGEST_BYTES:  # not even read, to say what it is
            raise DatasetError(
                f"{path} has {facts.st_size / 1e6:.0f} MB; models take images up to 20 MB.",
                path=path,
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "its name cannot be used"
        raise DatasetError(f"{path} cannot be read: {reason}.", path=path) from error
