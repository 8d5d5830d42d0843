"""Models in memory, answering: a base once, and adapters that take turns on it."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

import torch
from PIL.Image import Image
from torch import Tensor

from tintype.engines.base import Piece, Sampling, Turn
from tintype.engines.lora import adapters, attention, features, loading, plan
from tintype.engines.lora.adapters import Adapters
from tintype.engines.lora.bases import Base
from tintype.engines.lora.engine import LONGEST_ANSWER
from tintype.engines.lora.generation import CacheSlot, LiveConversation, slot_length
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.plan import LoraShape
from tintype.engines.lora.rows import Encoded, Said, Shown, encode_question, shrunk

SLOTS = 3
"""Graphs of a step that are kept, each with its keys and values."""
IMAGES = 64
"""Images whose features are remembered: several questions are asked about one."""


@dataclass(slots=True)
class OpenBase:
    """A base in memory, whose adapters take turns."""

    opened: OpenModel
    layers: Adapters
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held for one token: which adapter is in place is the same for the whole process."""
    in_place: object = field(default_factory=object)
    """The adapter that is in place; none for the bare base."""
    seen: dict[str, Tensor] = field(default_factory=dict)
    free: list[CacheSlot] = field(default_factory=list)
    made: WeakSet[CacheSlot] = field(default_factory=WeakSet)
    """All slots that are in use or free."""
    graphs: bool = False
    """Whether steps are captured."""

    def put(self, own: Sequence[Tensor] | None) -> None:
        """Have an adapter in place, or with none the bare base."""
        if self.in_place is not own:
            bare = [torch.zeros_like(part) for part in self.layers.parameters]
            self.layers.take(bare if own is None else own)
            self.in_place = own

    def slot(self, tokens: int) -> CacheSlot | None:
        """A place for a conversation of so many tokens; give it back by `free`."""
        if not self.graphs:
            return None
        length = slot_length(tokens)
        for slot in self.free:
            if slot.length == length:
                self.free.remove(slot)
                return slot
        del self.free[: max(0, len(self.free) - SLOTS + 1)]
        made = CacheSlot(self.opened, length)
        self.made.add(made)
        return made

    def make_room(self, rank: int) -> None:
        """Have room for adapters of a rank; steps that are captured are captured again."""
        with self.lock:
            if rank > self.layers.rank:
                self.layers.grow(rank)
                self.in_place = object()
                for slot in self.made:
                    slot.forget()

    def features(self, key: str, pixels: dict[str, Tensor]) -> Tensor:
        """What the vision tower makes of an image, remembered for the next question about it."""
        if key not in self.seen:
            while len(self.seen) >= IMAGES:
                del self.seen[next(iter(self.seen))]
            self.seen[key] = features.compute(self.opened, [pixels])[0]
        return self.seen[key]


_loading = threading.Lock()


@cache
def _loaded(base: Base) -> OpenBase:
    opened = loading.load(base)
    layers = adapters.attach(opened, LoraShape(plan.RANK, plan.RANK))
    attention.use(opened.text, attention.PLAIN)
    graphs = opened.packs and opened.device.type == "cuda"
    return OpenBase(opened, layers, graphs=graphs)


def open_model(base: Base, weights: Path | None) -> "LoraAnswerer":
    """Load an adapter, or with none the base alone.

    Raises:
        EngineError: if either is damaged or gone.
    """
    with _loading:
        shared = _loaded(base)
    own = None if weights is None else adapters.read(weights, shared.layers)
    if own is not None:
        shared.make_room(max(part.shape[0] for part in own[::2]))
    return LoraAnswerer(shared, own)


class LoraAnswerer:
    """One adapter on a base, or the base. Several conversations may be answered at once."""

    def __init__(self, shared: OpenBase, own: Sequence[Tensor] | None) -> None:
        self._shared = shared
        self._own = own

    def answer(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[Piece]:
        """Answer a conversation; closing the iterator stops the work.

        Every piece is whole characters. The last is empty and says why the answer ended.
        """
        opened = self._shared.opened
        spelled, tokens, said = "", list[int](), 0
        for token in self._tokens(turns, sampling):
            if token in opened.ends:
                yield Piece("", tokens=len(tokens) - said, finish_reason="stop")
                return
            tokens.append(token)
            text = opened.tokenizer.decode(tokens, skip_special_tokens=True)
            if not text.endswith("\ufffd") and len(text) > len(spelled):
                yield Piece(text[len(spelled) :], tokens=len(tokens) - said)
                spelled, said = text, len(tokens)
        yield Piece("", tokens=len(tokens) - said, finish_reason="length")

    def _tokens(self, turns: Sequence[Turn], sampling: Sampling) -> Iterator[int]:
        """Tokens of an answer, each made while nobody else's adapter is in place."""
        most = min(LONGEST_ANSWER, sampling.max_tokens or LONGEST_ANSWER)
        shared = self._shared
        asked = encode_question(shared.opened, [_said(turn) for turn in turns])
        slot: CacheSlot | None = None
        conversation: LiveConversation | None = None
        try:
            for _ in range(most):
                with shared.lock, torch.no_grad():
                    shared.put(self._own)
                    if conversation is None:
                        slot = shared.slot(asked.ids.numel() + most)
                        conversation = self._begun(asked, sampling, slot)
                    token = conversation.next_token()
                yield token
        finally:
            if slot is not None:
                shared.free.append(slot)

    def _begun(
        self, asked: Encoded, sampling: Sampling, slot: CacheSlot | None
    ) -> LiveConversation:
        opened = self._shared.opened
        shown = [
            self._shared.features(key, pixels)
            for key, pixels in zip(asked.images, asked.pixels, strict=True)
        ]
        return LiveConversation(opened, asked, shown, sampling, slot)


def _said(turn: Turn) -> Said:
    return Said(
        turn.role, tuple(part if isinstance(part, str) else _shown(part) for part in turn.parts)
    )


def _shown(image: Image) -> Shown:
    small = shrunk(image)
    return Shown(sha256(small.tobytes() + repr(small.size).encode()).hexdigest(), small)
