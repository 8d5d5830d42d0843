"""Chat rows as tokens: what is learnt of them, and which images they show.

A conversation is rendered by the model's own chat template. What is learnt is found by rendering
it up to an answer and through it: the difference is the answer, its end of turn included. Nothing
is ever cut: a row that is too long is left out, and said so. Within a message, texts and images
stay in their order, when training and when answering.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from PIL.Image import Image
from torch import Tensor

from tintype.engines.lora.loading import OpenModel

IGNORED = -100
MOST_PIXELS = 1280 * 28 * 28
"""Of an image; larger ones are shrunk, when training and when answering."""
_PIXELS = ("pixel_values", "image_grid_thw")
"""What a processor makes of an image; the rest is about tokens."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An image, and what it is known by: the SHA-256 of its bytes."""

    key: str
    image: Image


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a conversation."""

    role: str
    parts: tuple[str | Shown, ...]
    learnt: bool = False
    """Whether it is an answer to be learnt."""

    @property
    def text(self) -> str:
        """All text of the message, joined by a newline."""
        return "\n".join(part for part in self.parts if isinstance(part, str))

    @property
    def images(self) -> tuple[Shown, ...]:
        """The images of the message, in order."""
        return tuple(part for part in self.parts if isinstance(part, Shown))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as tokens."""

    ids: Tensor
    """(tokens,)"""
    labels: Tensor
    """(tokens,): the token itself where it is to be learnt, else IGNORED."""
    positions: Tensor
    """(axes, tokens): 3 axes for Qwen, else 1."""
    images: tuple[str, ...]
    """The keys of its images, in order."""
    pixels: tuple[dict[str, Tensor], ...]
    """Each image as the vision tower takes it in."""

    @property
    def next_position(self) -> int:
        """Where an answer goes on."""
        return int(self.positions.max()) + 1 if self.ids.numel() else 0


@dataclass(frozen=True, slots=True)
class _Segment:
    text: str
    images: tuple[Shown, ...]
    learnt: bool


def shrunk(image: Image) -> Image:
    """An image of at most MOST_PIXELS, in RGB."""
    from PIL import Image as pillow

    image = image.convert("RGB")
    ratio = (MOST_PIXELS / (image.width * image.height)) ** 0.5
    if ratio >= 1:
        return image
    size = (max(1, int(image.width * ratio)), max(1, int(image.height * ratio)))
    return image.resize(size, pillow.Resampling.BICUBIC)


def encode(opened: OpenModel, messages: Sequence[Said]) -> Iterator[Encoded]:
    """A conversation that is learnt from: one; or one an answer, if the template drops turns."""
    for segments in _segments(opened, messages):
        yield _encoded(opened, segments)


def encode_question(opened: OpenModel, messages: Sequence[Said]) -> Encoded:
    """A conversation that is to be answered."""
    text = _render(opened, messages, asking=True)
    images = tuple(shown for message in messages for shown in message.images)
    return _encoded(opened, [_Segment(text, images, learnt=False)])


def _segments(opened: OpenModel, messages: Sequence[Said]) -> list[list[_Segment]]:
    """What is given and what is learnt, in turn."""
    whole: list[_Segment] = []
    apart: list[list[_Segment]] = []
    rendered, seen, steady = "", 0, True
    for at, message in enumerate(messages):
        if not message.learnt:
            continue
        before = _render(opened, messages[:at], asking=True)
        through = _render(opened, messages[: at + 1], asking=False)
        whole_turn = message.text + (opened.tokenizer.eos_token or "")
        answer = through[len(before) :] if through.startswith(before) else whole_turn
        images = tuple(shown for one in messages[:at] for shown in one.images)
        learnt = _Segment(answer, (), learnt=True)
        apart.append([_Segment(before, images, learnt=False), learnt])
        steady = steady and before.startswith(rendered) and through.startswith(before)
        whole += [_Segment(before[len(rendered) :], images[seen:], learnt=False), learnt]
        rendered, seen = through, len(images)
    return [whole] if whole and steady else apart


def _render(opened: OpenModel, messages: Sequence[Said], *, asking: bool) -> str:
    if opened.processor.chat_template is None:
        return _plain(opened, messages, asking=asking)
    chat = [
        {
            "role": "system" if message.role == "developer" else message.role,
            "content": list(_content(message)),
        }
        for message in messages
    ]
    found: str = opened.processor.apply_chat_template(
        chat, tokenize=False, add_generation_prompt=asking
    )
    return found


def _content(message: Said) -> Iterator[dict[str, str]]:
    """A message's parts as a template wants them; adjacent texts are one, as in `Said.text`."""
    for written, parts in groupby(message.parts, lambda part: isinstance(part, str)):
        if not written:
            yield from ({"type": "image"} for _ in parts)
        elif text := "\n".join(map(str, parts)):
            yield {"type": "text", "text": text}


def _plain(opened: OpenModel, messages: Sequence[Said], *, asking: bool) -> str:
    """For a model without a chat template (PaliGemma): images, then every text on a line."""
    images = "".join("<image>" for message in messages for _ in message.images)
    lines = [message.text for message in messages]
    if asking:
        return f"{images}{chr(10).join(lines)}\n"
    end = opened.tokenizer.eos_token
    return f"{images}{chr(10).join(lines[:-1])}\n{lines[-1]}{end}"


def _encoded(opened: OpenModel, segments: Sequence[_Segment]) -> Encoded:
    ids: list[int] = []
    labels: list[int] = []
    keys: list[str] = []
    pixels: list[dict[str, Tensor]] = []
    for segment in segments:
        found, shown = _tokens(opened, segment, first=not ids)
        ids += found
        labels += _learnt(opened, found) if segment.learnt else [IGNORED] * len(found)
        keys += [one.key for one in segment.images]
        pixels += shown
    tokens = torch.tensor(ids, dtype=torch.long)
    return Encoded(
        tokens,
        torch.tensor(labels, dtype=torch.long),
        _positions(opened, tokens, pixels),
        tuple(keys),
        tuple(pixels),
    )


def _learnt(opened: OpenModel, ids: list[int]) -> list[int]:
    """Labels of an answer: everything up to and with the first token that ends it."""
    for at, token in enumerate(ids):
        if token in opened.ends:
            return ids[: at + 1] + [IGNORED] * (len(ids) - at - 1)
    return ids


def _tokens(
    opened: OpenModel, segment: _Segment, *, first: bool
) -> tuple[list[int], list[dict[str, Tensor]]]:
    begin = opened.tokenizer.bos_token
    special = first and not (begin and segment.text.startswith(begin))
    if not segment.images:
        found = opened.tokenizer(segment.text, add_special_tokens=special)
        return list(found["input_ids"]), []
    images = [shown.image for shown in segment.images]
    made = opened.processor(
        text=[segment.text], images=[images], add_special_tokens=special, return_tensors="pt"
    )
    if len(images) == 1:
        shown = [{name: made[name] for name in _PIXELS if name in made}]
    else:
        shown = [pixels_of(opened, image) for image in images]
    return made["input_ids"][0].tolist(), shown


def pixels_of(opened: OpenModel, image: Image) -> dict[str, Tensor]:
    """One image as the vision tower takes it in."""
    made = opened.processor.image_processor(images=[image], return_tensors="pt")
    return {name: made[name] for name in _PIXELS if name in made}


def _positions(opened: OpenModel, ids: Tensor, pixels: Sequence[dict[str, Tensor]]) -> Tensor:
    if not opened.three_axes:
        return torch.arange(ids.numel())[None]
    grids = [one["image_grid_thw"] for one in pixels]
    found = opened.inner.get_rope_index(
        ids[None],
        mm_token_type_ids=(ids == opened.image_token).int()[None],
        image_grid_thw=torch.cat(grids) if grids else None,
    )[0]
    return found[:, 0]
