"""A model in memory, answering conversations."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tintype.engines.base import Piece, Sampling, Turn
from tintype.engines.tiny import features, files
from tintype.engines.tiny.batches import batch_of, reading
from tintype.engines.tiny.features import CHANNELS
from tintype.engines.tiny.generation import sampled
from tintype.engines.tiny.layout import Shape
from tintype.engines.tiny.model import Batch, TinyModel
from tintype.engines.tiny.rows import prompt_of
from tintype.engines.tiny.tokenizer import END, AnswerTokens, PromptWords

_BASE_CONTEXT = 48
_BASE_SEED = 0


def open_model(weights: Path | None) -> "TinyAnswerer":
    """Load a checkpoint, or with none the untrained base model.

    Raises:
        EngineError: if the checkpoint is damaged.
    """
    return TinyAnswerer(untrained() if weights is None else files.load_model(weights))


def untrained() -> TinyModel:
    """The base: random weights, always the same, that spell random bytes."""
    model = TinyModel(Shape(context=_BASE_CONTEXT), AnswerTokens(), PromptWords())
    model.weights.draw(np.random.default_rng(_BASE_SEED))
    return model


class TinyAnswerer:
    """Answers about images. Several conversations may be answered at once."""

    def __init__(self, model: TinyModel) -> None:
        self._model = model

    def answer(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[Piece]:
        """Answer a conversation; closing the iterator stops the work.

        Every piece is whole characters. The last is empty and says why the answer ended.
        """
        most = self._model.shape.context
        if sampling.max_tokens is not None:
            most = min(most, sampling.max_tokens)
        tokens = sampled(self._model, self._given(turns), sampling)
        unfinished, waiting = b"", 0
        for _ in range(most):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                token = next(tokens, END)
            if token == END:
                yield Piece("", tokens=0, finish_reason="stop")
                return
            unfinished += self._model.tokens.spell(token)
            waiting += 1
            text = _text(unfinished)
            if text:
                yield Piece(text, tokens=waiting)
                unfinished, waiting = b"", 0
        yield Piece("", tokens=waiting, finish_reason="length")

    def _given(self, turns: Sequence[Turn]) -> Batch:
        """A conversation as the model takes it in."""
        shape = self._model.shape
        images = [image for turn in turns for image in turn.images]
        side = shape.size_px // features.POOL
        seen = np.zeros((len(images), side, side, CHANNELS), np.float32)
        for at, image in enumerate(images):
            seen[at] = features.seen(image, shape.size_px)
        prompt = prompt_of((turn.role, turn.text) for turn in turns)
        read = reading(prompt, self._model.words, shape.prompt_words)
        # Training keeps channels in 16 bits; what is asked should look no different.
        seen = seen.astype(np.float16).astype(np.float32)
        return batch_of(seen, np.arange(len(images))[None], [read])


def _text(data: bytes) -> str:
    """The characters of UTF-8 bytes, or nothing while the last is unfinished."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""
