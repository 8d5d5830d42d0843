"""Attention over several rows laid end to end, as an attention function of transformers.

On CUDA it is PyTorch's own flash attention with row boundaries; elsewhere one masked product, so
that tests without a GPU take the same path. Registered under a name with `flash` in it, for which
transformers passes row boundaries to Qwen's vision tower too, and makes no masks.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

PACKED = "tintype_flash"
PLAIN = "sdpa"


def register() -> None:
    """Make the function known to transformers; may be called again."""
    ALL_ATTENTION_FUNCTIONS.register(PACKED, _attention)


def use(module: Any, name: str) -> None:
    """Have a model, or a part of it, attend by a function: PACKED or PLAIN."""
    for part in module.modules():
        config: Any = getattr(part, "config", None)
        if hasattr(config, "_attn_implementation"):
            config._attn_implementation = name


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int | Tensor | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Shapes as transformers has them: (1, heads, tokens, width), and (1, tokens, heads, width)."""
    if cu_seq_lens_q is None or max_length_q is None:
        return sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            dropout=dropout,
            scaling=scaling,
            is_causal=is_causal,
        )
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    ends = cu_seq_lens_q.to(torch.int32)
    parts = [part[0].transpose(0, 1) for part in (query, key, value)]
    if query.is_cuda:
        found = _flash(parts, ends, int(max_length_q), causal, scaling)
    else:
        found = _masked(parts, ends, causal, scaling)
    return found.unsqueeze(0), None


def _flash(
    parts: list[Tensor], ends: Tensor, longest: int, causal: bool, scale: float | None
) -> Tensor:
    query, key, value = (part.contiguous() for part in parts)
    return torch.ops.aten._flash_attention_forward(
        query, key, value, ends, ends, longest, longest, 0.0, causal, False, scale=scale
    )[0]


def _masked(parts: list[Tensor], ends: Tensor, causal: bool, scale: float | None) -> Tensor:
    query, key, value = (part.transpose(0, 1).unsqueeze(0) for part in parts)
    at = torch.arange(query.shape[2], device=query.device)
    row = torch.searchsorted(ends, at, right=True, out_int32=True)
    seen = row[:, None] == row[None]
    if causal:
        seen = seen & (at[:, None] >= at[None])
    grouped = query.shape[1] != key.shape[1]
    found = scaled_dot_product_attention(
        query, key, value, attn_mask=seen, scale=scale, enable_gqa=grouped
    )
    return found[0].transpose(0, 1)
