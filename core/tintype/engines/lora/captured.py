"""A pass forward and back as a CUDA graph, replayed for every pack.

A pass launches some ten thousand kernels; launching them one by one takes longer than they do. A
graph wants constant shapes, so packs are filled up with a few tokens that nothing is learnt of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tintype.engines.lora import forward
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.packing import PackedRows
from tintype.engines.lora.rows import IGNORED

_WARM_UP = 2
_UNIT = 64


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the largest pack of a training holds."""

    tokens: int
    rows: int
    learnt: int
    """Tokens to be learnt."""
    images: int
    """Tokens of images."""
    longest: int
    """Tokens of the longest row."""


class CapturedPass:
    """One pass over a pack of constant size."""

    def __init__(
        self, opened: OpenModel, parameters: Sequence[Tensor], sizes: Sizes, levels: int
    ) -> None:
        """`levels` of vision; 0 if no row has an image. Nothing is captured yet."""
        self._opened, self._parameters, self._sizes = opened, parameters, sizes
        self._tokens = -(-(sizes.tokens + 1) // _UNIT) * _UNIT
        self._longest = max(sizes.longest, _UNIT)
        device = opened.device

        def zeros(*shape: int, of: Any = torch.long) -> Tensor:
            return torch.zeros(shape, dtype=of, device=device)

        width = opened.base.hidden
        ends = sizes.rows + -(-self._tokens // self._longest) + 2
        self._given = PackedRows(
            ids=zeros(self._tokens),
            positions=zeros(3 if opened.three_axes else 1, self._tokens),
            select=zeros(max(1, sizes.learnt)),
            targets=zeros(max(1, sizes.learnt)),
            where=zeros(max(1, sizes.images)),
            features=zeros(levels, sizes.images, width, of=opened.dtype) if levels else None,
            ends=zeros(ends, of=torch.int32),
            longest=self._longest,
            tokens=self._tokens,
        )
        self._graph: Any = None
        self._made: tuple[Tensor, Tensor] | None = None
        self._grads: list[Tensor] = []

    def fits(self, rows: PackedRows) -> bool:
        """Whether a pack is no larger than expected, and large enough to be filled up."""
        sizes = self._sizes
        return self._tokens // 2 < rows.tokens < self._tokens and all(
            has <= most
            for has, most in (
                (rows.longest, self._longest),
                (rows.select.numel(), sizes.learnt),
                (rows.where.numel(), sizes.images),
                (rows.ends.numel() - 1, sizes.rows),
            )
        )

    def run(self, rows: PackedRows) -> tuple[Tensor, Tensor]:
        """As `forward.loss`, with the gradients of the sum in the parameters."""
        self._fill(rows)
        if not self._given.ids.is_cuda:
            return self._passed()
        if self._graph is None:
            self._capture()
        self._graph.replay()
        for parameter, grad in zip(self._parameters, self._grads, strict=True):
            parameter.grad = grad
        assert self._made is not None
        return self._made

    def _passed(self) -> tuple[Tensor, Tensor]:
        lost, hits = forward.loss(self._opened, self._given)
        lost.backward()
        return lost.detach(), hits

    def _capture(self) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._passed()
                self._forget()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.empty_cache()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._made = self._passed()
        self._grads = [parameter.grad for parameter in self._parameters]
        self._graph = graph

    def _forget(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def _fill(self, rows: PackedRows) -> None:
        """Put a pack in place; the last token is always one to fill up with."""
        given, count = self._given, rows.tokens
        given.ids.zero_()[:count].copy_(rows.ids, non_blocking=True)
        given.positions.zero_()[:, :count].copy_(rows.positions, non_blocking=True)
        learnt = rows.select.numel()
        given.select.zero_()[:learnt].copy_(rows.select, non_blocking=True)
        given.targets.fill_(IGNORED)[:learnt].copy_(rows.targets, non_blocking=True)
        images = rows.where.numel()
        given.where.fill_(self._tokens - 1)[:images].copy_(rows.where, non_blocking=True)
        if given.features is not None:
            given.features.zero_()
            if rows.features is not None:
                given.features[:, :images].copy_(rows.features, non_blocking=True)
        given.ends.copy_(self._boundaries(rows))

    def _boundaries(self, rows: PackedRows) -> Tensor:
        """Those of the rows, then of what fills up, in stretches no longer than the longest row."""
        ends = rows.ends.tolist()
        while ends[-1] < self._tokens:
            ends.append(min(self._tokens, ends[-1] + self._longest))
        ends += [self._tokens] * (self._given.ends.numel() - len(ends))
        return torch.tensor(ends, dtype=torch.int32)
