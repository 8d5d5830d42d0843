"""Hidden states of some rows, and the loss on what is to be learnt of them."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.packing import PackedRows

CHUNK = 1024
"""Tokens whose logits are in memory together: 600 MB for a vocabulary of 150,000."""


def hidden(opened: OpenModel, rows: PackedRows) -> Tensor:
    """(tokens, width): what the language model makes of every token, padding included."""
    if not opened.packs:
        return _padded(opened, rows)
    text = opened.text
    embedded = text.get_input_embeddings()(rows.ids)
    more: dict[str, Any] = {}
    if rows.features is not None:
        embedded = embedded.index_copy(0, rows.where, rows.features[0].to(embedded.dtype))
        if rows.features.shape[0] > 1:
            levels = list(rows.features[1:].unbind(0))
            more = {"visual_pos_masks": rows.where, "deepstack_visual_embeds": levels}
    positions = rows.positions[:, None] if opened.three_axes else rows.positions
    made = text(
        inputs_embeds=embedded[None],
        position_ids=positions,
        attention_mask=None,
        use_cache=False,
        cu_seq_lens_q=rows.ends,
        max_length_q=rows.longest,
        **more,
    )
    return made.last_hidden_state[0]


def _padded(opened: OpenModel, rows: PackedRows) -> Tensor:
    more = {} if rows.features is None else {"pixel_values": rows.features}
    made = opened.inner(
        input_ids=rows.ids,
        attention_mask=rows.ends,
        token_type_ids=rows.types,
        use_cache=False,
        **more,
    )
    return made.last_hidden_state.flatten(0, 1)


def loss(opened: OpenModel, rows: PackedRows) -> tuple[Tensor, Tensor]:
    """The sum of all losses in nats, and how many tokens were foretold rightly."""
    chosen = hidden(opened, rows)[rows.select]
    total = chosen.new_zeros((), dtype=torch.float32)
    right = torch.zeros((), dtype=torch.long, device=chosen.device)
    for first in range(0, chosen.shape[0], CHUNK):
        part, targets = chosen[first : first + CHUNK], rows.targets[first : first + CHUNK]
        if part.requires_grad and chosen.shape[0] > CHUNK:
            lost, hits = checkpoint(
                _losses, opened, part, targets, use_reentrant=False, preserve_rng_state=False
            )
        else:
            lost, hits = _losses(opened, part, targets)
        total, right = total + lost, right + hits
    return total, right


def _losses(opened: OpenModel, states: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    logits = opened.model.lm_head(states).float()
    hits = (logits.detach().argmax(-1) == targets).sum()
    return cross_entropy(logits, targets, reduction="sum"), hits
