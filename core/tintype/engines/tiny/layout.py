"""The sizes of a model, and every weight it has."""

from dataclasses import dataclass

from tintype.engines.tiny.features import CHANNELS, POOL
from tintype.engines.tiny.parameters import Weight
from tintype.engines.tiny.tokenizer import AnswerTokens, PromptWords

MAX_PROMPT_WORDS = 64
IMAGES = 16
"""Images of an example told apart by their order; later ones share the last vector."""
BUMPS = ((16, 64.0), (64, 18.0))
"""How many bumps of which width (standard deviation, in positions) a position is made of."""
WAVES = (1, 2, 4, 8)
"""Half periods over an image's side of the sines and cosines that say where a cell is."""
COORDINATES = 4
NEIGHBOURHOOD = 15
"""Bumps, down and across each, over where a proposal lies as seen from the box before."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model."""

    size_px: int = 96
    """Images are stretched to this square; divisible by 8. With 128 blood cells were found no
    better (0.447 mean IoU against 0.448) and training took half as long again."""
    width: int = 64
    heads: int = 4
    blocks: int = 1
    """Blocks of the decoder; a second one learnt questions about 400 images worse."""
    context: int = 64
    """The longest answer, in tokens, its end included."""
    prompt_words: int = 32
    """The last so many words of a prompt are read."""

    @property
    def side(self) -> int:
        """Cells along an image's side."""
        return self.size_px // POOL // 2

    @property
    def cells(self) -> int:
        """Cells of an image."""
        return self.side**2


def layout(shape: Shape, tokens: AnswerTokens, words: PromptWords) -> dict[str, Weight]:
    """Every weight of a model, in order."""
    width = shape.width
    made = _encoder(shape, words)
    made["tokens"] = Weight((tokens.first_loc, width), 0.05)
    made["tokens.where"] = Weight((shape.context, width), 0.02)
    for block in range(shape.blocks):
        made |= _block(f"block{block}", width)
    made["out.norm"] = Weight((width,), 0)
    made |= _linear("out", width, tokens.first_loc)
    return made | _positions(width) if tokens.boxes else made


def _linear(name: str, inputs: int, outputs: int) -> dict[str, Weight]:
    return {name: Weight((inputs, outputs)), f"{name}.bias": Weight((outputs,), 0)}


def _encoder(shape: Shape, words: PromptWords) -> dict[str, Weight]:
    """What sees and reads."""
    width = shape.width
    return {
        "words": Weight((words.count, width), 0.1),
        "words.film": Weight((words.count, width), 0.3),
        "words.where": Weight((shape.prompt_words + 1, width), 0.02),
        **_linear("see.first", 16 * CHANNELS, width),
        **_linear("see.second", 9 * width, width),
        "cells.where": Weight((2 * (2 * len(WAVES) + 1), width)),
        "cells.where.own": Weight((shape.cells, width), 0.02),
        "film.norm": Weight((width,), 0),
        **_linear("film.by", width, 4 * width),
        **_linear("film.in", width, 2 * width),
        **_linear("film.out", 2 * width, width),
        "cells.norm": Weight((width,), 0),
        **_linear("cells.sum", width, width),
        "images": Weight((IMAGES, width), 0.3),
    }


def _block(name: str, width: int) -> dict[str, Weight]:
    """A block of the decoder."""
    return {
        f"{name}.norm1": Weight((width,), 0),
        **_linear(f"{name}.own", width, 3 * width),
        **_linear(f"{name}.own.out", width, width),
        f"{name}.norm2": Weight((width,), 0),
        **_linear(f"{name}.memory", width, 2 * width),
        **_linear(f"{name}.look", width, width),
        **_linear(f"{name}.look.out", width, width),
        f"{name}.norm3": Weight((width,), 0),
        **_linear(f"{name}.think", width, 4 * width),
        **_linear(f"{name}.think.out", 4 * width, width),
    }


def _positions(width: int) -> dict[str, Weight]:
    """What reads, writes and points at positions."""
    bumps = sum(count for count, _ in BUMPS)
    return {
        "loc.in": Weight((bumps, width), 0.1),
        **_linear("loc.out", width, bumps),
        **_linear("point.key", width, width),
        **_linear("point.box", width, 2 * COORDINATES),
        **_linear("point.query", width, width),
        **_linear("point.order", width, 2 * NEIGHBOURHOOD),
        **_linear("point.gate", width, 1),
        "point.cover": Weight((1,), 0),
    }
