"""Tokens one after another, with remembered keys and values.

On a GPU a step of the language model is captured once as a graph and replayed for every token:
launching its thousand kernels one by one takes ten times as long as they do.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, StaticCache

from tintype.engines.base import Sampling
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.packing import types_of
from tintype.engines.lora.rows import Encoded

SHORTEST_SLOT = 1024
_WARM_UP = 2


class CacheSlot:
    """A conversation's place: keys and values of a constant length, and a step as a graph."""

    def __init__(self, opened: OpenModel, length: int) -> None:
        self.length = length
        self._opened = opened
        self.cache = StaticCache(config=opened.model.config.get_text_config(), max_cache_len=length)
        axes = 3 if opened.three_axes else 1
        self._token = torch.zeros((1, 1), dtype=torch.long, device=opened.device)
        self._position = torch.zeros((axes, 1), dtype=torch.long, device=opened.device)
        self._graph: Any = None
        self._states: Tensor | None = None

    def forget(self) -> None:
        """Capture again: the layers have other parameters now."""
        self._graph = None

    def step(self, token: int, position: int) -> Tensor:
        """States of a token at a position: (1, 1, width)."""
        self._token.fill_(token)
        self._position.fill_(position)
        if not self._token.is_cuda:
            return self._computed()
        if self._graph is None:
            self._capture()
        self._graph.replay()
        assert self._states is not None
        return self._states

    def _computed(self) -> Tensor:
        embedded = self._opened.text.get_input_embeddings()(self._token)
        return read_text(self._opened, embedded, self._position, self.cache)

    def _capture(self) -> None:
        filled = [layer.cumulative_length for layer in self.cache.layers]
        before = [count.clone() for count in filled]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._computed()
        torch.cuda.current_stream().wait_stream(stream)
        torch._foreach_copy_(filled, before)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._states = self._computed()
        torch._foreach_copy_(filled, before)


def slot_length(tokens: int) -> int:
    """The length of a slot that so many tokens fit into: a power of two."""
    return max(SHORTEST_SLOT, 1 << (tokens - 1).bit_length())


def read_text(
    opened: OpenModel, embedded: Tensor, positions: Tensor, cache: Any, **more: Any
) -> Tensor:
    """Have the language model read on: (1, tokens, width), and positions (axes, tokens)."""
    made = opened.text(
        inputs_embeds=embedded,
        position_ids=positions[:, None] if opened.three_axes else positions,
        past_key_values=cache,
        use_cache=True,
        **more,
    )
    return made.last_hidden_state


class LiveConversation:
    """A conversation that is being answered."""

    def __init__(
        self,
        opened: OpenModel,
        asked: Encoded,
        shown: Sequence[Tensor],
        sampling: Sampling,
        slot: CacheSlot | None = None,
    ) -> None:
        """Without a slot, which has to be long enough, memory is taken as needed."""
        self._opened, self._asked, self._shown = opened, asked, shown
        self._sampling, self._slot = sampling, slot
        if slot is None:
            self._cache = DynamicCache(config=opened.model.config.get_text_config())
        else:
            self._cache = slot.cache
            slot.cache.reset()
        self._generator = torch.Generator()
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)
        self._position = asked.next_position
        self._last: int | None = None

    def next_token(self) -> int:
        """The next token; whatever adapter is in place answers."""
        states = self._read() if self._last is None else self._go_on(self._last)
        logits = self._opened.model.lm_head(states[:, -1:])[0, -1].float()
        self._last = self._chosen(logits)
        return self._last

    def _read(self) -> Tensor:
        """Take in the whole conversation."""
        opened, asked = self._opened, self._asked
        ids = asked.ids[None].to(opened.device)
        if not opened.packs:
            return self._read_both_ways(ids)
        embedded = opened.text.get_input_embeddings()(ids)
        more: dict[str, Any] = {}
        if self._shown:
            shown = torch.cat(list(self._shown), 1)
            mask = ids == opened.image_token
            embedded = embedded.masked_scatter(mask[..., None], shown[0].to(embedded.dtype))
            if shown.shape[0] > 1:
                levels = list(shown[1:].unbind(0))
                more = {"visual_pos_masks": mask, "deepstack_visual_embeds": levels}
        return read_text(opened, embedded, asked.positions.to(opened.device), self._cache, **more)

    def _read_both_ways(self, ids: Tensor) -> Tensor:
        """The same for families that look at an image, or the question, in both directions."""
        opened = self._opened
        more = {"pixel_values": torch.cat(list(self._shown))} if self._shown else {}
        made = opened.inner(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            token_type_ids=types_of(opened, self._asked)[None].to(opened.device),
            past_key_values=self._cache,
            use_cache=True,
            **more,
        )
        return made.last_hidden_state

    def _go_on(self, token: int) -> Tensor:
        opened, position = self._opened, self._position
        self._position += 1
        if self._slot is not None:
            return self._slot.step(token, position)
        ids = torch.tensor([[token]], device=opened.device)
        if not opened.packs:
            made = opened.inner(input_ids=ids, past_key_values=self._cache, use_cache=True)
            return made.last_hidden_state
        axes = 3 if opened.three_axes else 1
        positions = torch.full((axes, 1), position, device=opened.device)
        return read_text(opened, opened.text.get_input_embeddings()(ids), positions, self._cache)

    def _chosen(self, logits: Tensor) -> int:
        """The likeliest token, or one drawn from the likeliest that make up `top_p`."""
        if self._sampling.temperature <= 0:
            return int(logits.argmax())
        shares = torch.softmax(logits.cpu() / self._sampling.temperature, -1)
        sorted_shares, order = shares.sort(descending=True)
        kept = sorted_shares.cumsum(-1) - sorted_shares < self._sampling.top_p
        drawn = torch.multinomial(sorted_shares * kept, 1, generator=self._generator)
        return int(order[drawn])
