"""Tokens one after another, with remembered keys and values."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from tintype.engines.base import Sampling
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.packing import types_of
from tintype.engines.lora.rows import Encoded


class Conversation:
    """A conversation that is being answered."""

    def __init__(
        self, opened: OpenModel, asked: Encoded, shown: Sequence[Tensor], sampling: Sampling
    ) -> None:
        self._opened, self._asked, self._shown = opened, asked, shown
        self._sampling = sampling
        self._cache = DynamicCache(config=opened.model.config.get_text_config())
        self._generator = torch.Generator()
        self._generator.manual_seed(0 if sampling.seed is None else sampling.seed)
        if sampling.seed is None:
            self._generator.seed()
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
            more = {"pixel_values": torch.cat(list(self._shown))} if self._shown else {}
            made = opened.inner(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                token_type_ids=types_of(opened, asked)[None].to(opened.device),
                past_key_values=self._cache,
                use_cache=True,
                **more,
            )
            return made.last_hidden_state
        embedded = opened.text.get_input_embeddings()(ids)
        extra: dict[str, Any] = {}
        if self._shown:
            shown = torch.cat(list(self._shown), 1)
            mask = ids == opened.image_token
            embedded = embedded.masked_scatter(mask[..., None], shown[0].to(embedded.dtype))
            if shown.shape[0] > 1:
                levels = list(shown[1:].unbind(0))
                extra = {"visual_pos_masks": mask, "deepstack_visual_embeds": levels}
        return self._text(embedded, asked.positions.to(opened.device), extra)

    def _go_on(self, token: int) -> Tensor:
        opened = self._opened
        ids = torch.tensor([[token]], device=opened.device)
        if not opened.packs:
            made = opened.inner(input_ids=ids, past_key_values=self._cache, use_cache=True)
            return made.last_hidden_state
        axes = 3 if opened.three_axes else 1
        position = torch.full((axes, 1), self._position, device=opened.device)
        self._position += 1
        return self._text(opened.text.get_input_embeddings()(ids), position, {})

    def _text(self, embedded: Tensor, positions: Tensor, extra: dict[str, Any]) -> Tensor:
        made = self._opened.text(
            inputs_embeds=embedded,
            position_ids=positions[:, None] if self._opened.three_axes else positions,
            past_key_values=self._cache,
            use_cache=True,
            **extra,
        )
        return made.last_hidden_state

    def _chosen(self, logits: Tensor) -> int:
        """The likeliest token, or one drawn from the likeliest that make up `top_p`."""
        if self._sampling.temperature <= 0:
            return int(logits.argmax())
        shares = torch.softmax(logits.cpu() / self._sampling.temperature, -1)
        sorted_shares, order = shares.sort(descending=True)
        kept = sorted_shares.cumsum(-1) - sorted_shares < self._sampling.top_p
        drawn = torch.multinomial(sorted_shares * kept, 1, generator=self._generator)
        return int(order[drawn])
