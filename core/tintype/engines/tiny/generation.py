"""Tokens one after another, each with what was remembered of those before it."""

from collections.abc import Callable, Iterator

import numpy as np

from tintype.engines.base import Sampling
from tintype.engines.tiny.model import Batch, Past, TinyModel
from tintype.engines.tiny.pointing import Heads, Pointer, softmax
from tintype.engines.tiny.tape import Array, Tape
from tintype.engines.tiny.tokenizer import (
    BEGIN,
    END,
    FIRST_BYTE,
    FIRST_PIECE,
    PAD,
    character_bytes,
    next_bytes,
)


class Writing:
    """Answers being written, one per example of a batch."""

    def __init__(self, model: TinyModel, batch: Batch) -> None:
        self._model = model
        self._tape = Tape()
        self._memory = model.encode(self._tape, batch)
        self._past = Past()
        self._pointer = None
        if self._memory.proposals is not None:
            cover = float(model.weights["point.cover"].value[0])
            self._pointer = Pointer(self._memory.proposals, cover)

    def after(self, tokens: Array) -> Array:
        """Probability of what follows these tokens, one per example: (count, tokens)."""
        first_loc = self._model.tokens.first_loc
        if self._pointer is not None and self._past.length:
            self._pointer.write(np.where(tokens >= first_loc, tokens - first_loc, -1))
        heads = self._model.decode(self._tape, self._memory, tokens[:, None], self._past)
        share = self._shares(heads).astype(np.float64)
        share[:, [PAD, BEGIN]] = 0
        return np.asarray(share / share.sum(-1, keepdims=True))

    def _shares(self, heads: Heads) -> Array:
        """Probabilities, positions pointed at included."""
        share = softmax(heads.logits.value[:, -1])
        if self._pointer is None or heads.looks is None or heads.order is None:
            return share
        looks, order = heads.looks.value[:, -1], heads.order.value[:, -1]
        pointed = self._pointer.density(looks, order) * share[:, -1:]
        share = share[:, :-1]
        share[:, self._model.tokens.first_loc :] += pointed
        return share


def likeliest(model: TinyModel, batch: Batch, pulse: Callable[[], None]) -> list[list[int]]:
    """The likeliest next token again and again, for all examples at once; ends left out.

    `pulse` is called for every token and may raise to stop.
    """
    writing = Writing(model, batch)
    token = np.full(len(batch.words), BEGIN)
    written: list[Array] = []
    for _ in range(model.shape.context):
        pulse()
        chosen = best(writing.after(token), model.tokens.first_loc)
        token = np.where(token == END, END, chosen)
        written.append(token)
        if (token == END).all():
            break
    rows = np.stack(written, 1).tolist()
    return [row[: row.index(END)] if END in row else row for row in rows]


def best(share: Array, first_loc: int) -> Array:
    """The likeliest token of each row.

    Whether a position comes next is decided first, by what all positions have together: each of the
    1024 alone would lose against a word that is far less likely than they. Then that position is
    taken which has the most around it: a narrow peak may hold little (on blood cells 0.40 mean IoU,
    and 0.38 with the highest peak).
    """
    words, places = share[:, :first_loc], share[:, first_loc:]
    if not places.shape[1]:
        return np.asarray(words.argmax(-1))
    chosen = words.argmax(-1)
    for row in np.flatnonzero(places.sum(-1) > words.sum(-1)).tolist():
        chosen[row] = first_loc + np.convolve(places[row], _AROUND, "same").argmax()
    return np.asarray(chosen)


_REACH = 16.0
_AROUND = np.exp(-np.square(np.arange(-48, 49) / _REACH) / 2)
"""Weighs what lies around a position."""


def sampled(model: TinyModel, batch: Batch, sampling: Sampling) -> Iterator[int]:
    """The tokens of one answer, its end included if it comes.

    Only what is UTF-8 can be written: within a character nothing but its next byte is allowed.
    """
    rng = np.random.default_rng(sampling.seed)
    writing = Writing(model, batch)
    starts = _starts(model.tokens.count)
    token, pending = BEGIN, b""
    for _ in range(model.shape.context):
        share = writing.after(np.asarray([token]))[0]
        allowed = _following(pending, len(share)) if pending else starts
        share = np.where(allowed, np.maximum(share, 1e-30), 0)
        token = _choose(share / share.sum(), sampling, rng, model.tokens.first_loc)
        yield token
        if token == END:
            return
        pending = _unfinished(pending, token)


def _starts(count: int) -> Array:
    """The tokens with which a character can begin, or an answer end."""
    allowed = np.ones(count, np.bool_)
    allowed[[PAD, BEGIN]] = False
    for byte in range(256):
        allowed[FIRST_BYTE + byte] = character_bytes(byte) > 0
    return allowed


def _following(pending: bytes, count: int) -> Array:
    """The tokens that go on with a character."""
    allowed = np.zeros(count, np.bool_)
    following = next_bytes(pending)
    allowed[FIRST_BYTE + following.start : FIRST_BYTE + following.stop] = True
    return allowed


def _unfinished(pending: bytes, token: int) -> bytes:
    """The bytes of a character that is not complete after this token."""
    if not FIRST_BYTE <= token < FIRST_PIECE:
        return b""
    pending += bytes([token - FIRST_BYTE])
    return b"" if len(pending) == character_bytes(pending[0]) else pending


def _choose(share: Array, sampling: Sampling, rng: np.random.Generator, first_loc: int) -> int:
    """The likeliest token at temperature 0, else one drawn from the likeliest `top_p`."""
    if sampling.temperature <= 0:
        return int(best(share[None], first_loc)[0])
    scaled = np.log(np.maximum(share, 1e-300)) / sampling.temperature
    tempered = np.where(share > 0, np.exp(np.maximum(scaled - scaled.max(), -80)), 0)
    order = np.argsort(-tempered, kind="stable")
    ranked = tempered[order] / tempered.sum()
    # The fewest tokens whose mass reaches top_p: those before which less has been gathered.
    kept = np.cumsum(ranked) - ranked < sampling.top_p
    kept[0] = True
    ranked = np.where(kept, ranked, 0)
    return int(rng.choice(order, p=ranked / ranked.sum()))
