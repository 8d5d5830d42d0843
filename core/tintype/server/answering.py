"""Models in memory, and answers as they are made.

A few models are kept loaded, the least recently asked is let go. Each answers one question at a
time; different ones answer at the same time, in threads, because an engine blocks.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tintype.engines.base import Answerer, Engine, Piece, Sampling, Turn
from tintype.server.records import Tuned
from tintype.server.state import State
from tintype.threads import in_thread

LOADED = 4
"""Models kept in memory."""


@dataclass(slots=True)
class _Loaded:
    """A model's place in memory, which it may not have reached yet."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the model is loaded or answers."""
    answerer: Answerer | None = None


class Answers:
    """Asks models."""

    def __init__(self, state: State, engines: Mapping[str, Engine]) -> None:
        self._state = state
        self._engines = engines
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()

    def known(self, model: str) -> Engine | None:
        """The engine that answers for a base or fine-tuned model; none if there is none."""
        tuned = self._state.find(Tuned, model)
        return self._engines.get(model if tuned is None else tuned.base)

    def forget(self, model: str) -> None:
        """Let go of a model that has been deleted."""
        self._loaded.pop(model, None)

    async def answer(
        self, model: str, turns: Sequence[Turn], sampling: Sampling
    ) -> AsyncGenerator[Piece, None]:
        """Yield an answer piece by piece; closing the generator stops the work.

        Raises:
            EngineError: if the model cannot be loaded, or cannot answer this.
        """
        async with self._ready(model) as answerer:
            pieces = answerer.answer(turns, sampling)
            try:
                while (piece := await in_thread(next, pieces, None)) is not None:
                    yield piece
            finally:
                await in_thread(_close, pieces)

    @asynccontextmanager
    async def _ready(self, model: str) -> AsyncIterator[Answerer]:
        place = self._loaded.setdefault(model, _Loaded())
        self._loaded.move_to_end(model)
        async with place.lock:
            if place.answerer is None:
                tuned = self._state.find(Tuned, model)
                engine = self._engines[model if tuned is None else tuned.base]
                weights = None if tuned is None else self._state.folder / tuned.path
                place.answerer = await in_thread(engine.open, weights)
            self._let_go()
            yield place.answerer

    def _let_go(self) -> None:
        for name in [name for name, place in self._loaded.items() if not place.lock.locked()]:
            if len(self._loaded) > LOADED:
                del self._loaded[name]


def _close(pieces: Iterator[Piece]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
