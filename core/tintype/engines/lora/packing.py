"""Which rows meet in a step, and how: laid end to end, or padded to one length."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.rows import IGNORED, Encoded


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Some rows of a step, computed together."""

    ids: Tensor
    """(tokens,) laid end to end, or (rows, tokens) padded."""
    positions: Tensor
    """(axes, tokens), or (rows, tokens)."""
    select: Tensor
    """Where, among all tokens one after another, a token to be learnt is foretold."""
    targets: Tensor
    """Those tokens."""
    where: Tensor
    """Where, among all tokens, images are."""
    features: Tensor | None
    """(levels, image tokens, width), or (images, tokens, width) if padded."""
    ends: Tensor
    """Boundaries of the rows, from 0 on; or (rows, tokens): 1 where there is no padding."""
    longest: int
    tokens: int
    """That are no padding."""
    types: Tensor | None = None
    """(rows, tokens) for padded families: what looks in both directions."""

    def to(self, device: Any) -> "PackedRows":
        """The same on a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> "PackedRows":
        """The same in memory that a GPU reads by itself."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "PackedRows":
        moved = {
            field.name: change(value)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)


def row_order(rows: int, seed: int, epoch: int) -> list[int]:
    """In which order rows come up in an epoch (from 0)."""
    order = list(range(rows))
    random.Random(f"{seed} {epoch}").shuffle(order)
    return order


def laid_out(lengths: Sequence[int], most: int, *, packs: bool, least: int = 1) -> list[list[int]]:
    """Indices in groups of at most `most` tokens (padding counted, where there is any).

    A row longer than `most` is alone. Groups without padding are about equally long, and there are
    `least` of them or more.
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    if packs:
        return _even(order, lengths, most, least)
    groups: list[list[int]] = []
    for at in order:
        for group in groups:
            if lengths[group[0]] * (len(group) + 1) <= most:
                group.append(at)
                break
        else:
            groups.append([at])
    return groups


def _even(order: Sequence[int], lengths: Sequence[int], most: int, least: int) -> list[list[int]]:
    """As few groups as will do, each filled up where the least is in it so far."""
    most = max(most, max(lengths))
    for count in range(max(least, -(-sum(lengths) // most)), len(order) + 1):
        groups: list[list[int]] = [[] for _ in range(count)]
        filled = [0] * count
        for at in order:
            emptiest = min(range(count), key=filled.__getitem__)
            groups[emptiest].append(at)
            filled[emptiest] += lengths[at]
        if max(filled) <= most:
            return groups
    return [[at] for at in order]


def together(opened: OpenModel, rows: Sequence[Encoded], known: Mapping[str, Tensor]) -> PackedRows:
    """Some rows, with the features of their images, as one computation."""
    return _end_to_end(rows, known, opened) if opened.packs else _padded(rows, known, opened)


def _end_to_end(
    rows: Sequence[Encoded], known: Mapping[str, Tensor], opened: OpenModel
) -> PackedRows:
    ids = torch.cat([row.ids for row in rows])
    labels = torch.cat([_foretold(row.labels) for row in rows])
    ends = torch.tensor([0, *(row.ids.numel() for row in rows)]).cumsum(0).to(torch.int32)
    keys = [key for row in rows for key in row.images]
    return PackedRows(
        ids=ids,
        positions=torch.cat([row.positions for row in rows], 1),
        select=_at(labels != IGNORED),
        targets=labels[labels != IGNORED],
        where=_at(ids == opened.image_token),
        features=torch.cat([known[key] for key in keys], 1) if keys else None,
        ends=ends,
        longest=max(row.ids.numel() for row in rows),
        tokens=ids.numel(),
    )


def _padded(rows: Sequence[Encoded], known: Mapping[str, Tensor], opened: OpenModel) -> PackedRows:
    longest = max(row.ids.numel() for row in rows)
    fill = opened.tokenizer.pad_token_id or 0
    ids = _filled([row.ids for row in rows], longest, fill)
    labels = _filled([_foretold(row.labels) for row in rows], longest, IGNORED).reshape(-1)
    real = _filled([torch.ones_like(row.ids) for row in rows], longest, 0)
    keys = [key for row in rows for key in row.images]
    return PackedRows(
        ids=ids,
        positions=torch.arange(longest).expand(len(rows), -1),
        select=_at(labels != IGNORED),
        targets=labels[labels != IGNORED],
        where=_at(ids.reshape(-1) == opened.image_token),
        features=torch.stack([known[key][0] for key in keys]) if keys else None,
        ends=real,
        longest=longest,
        tokens=int(real.sum()),
        types=_filled([types_of(opened, row) for row in rows], longest, 1),
    )


def types_of(opened: OpenModel, row: Encoded) -> Tensor:
    """What Gemma's family is told of every token: which are of an image, which are the answer."""
    if opened.base.family == "gemma3":
        return (row.ids == opened.image_token).long()
    learnt = torch.nonzero(row.labels != IGNORED)
    first = int(learnt[0]) if learnt.numel() else row.ids.numel()
    return (torch.arange(row.ids.numel()) >= first).long()


def _foretold(labels: Tensor) -> Tensor:
    """Labels moved to the token before, which foretells them."""
    return torch.cat([labels[1:], labels.new_full((1,), IGNORED)])


def _filled(tensors: Iterable[Tensor], length: int, fill: int) -> Tensor:
    return torch.stack(
        [torch.cat([one, one.new_full((length - one.numel(),), fill)]) for one in tensors]
    )


def _at(mask: Tensor) -> Tensor:
    return torch.nonzero(mask)[:, 0]
