"""Which rows go where: splits, folds and subsets drawn by chance, the same for the same seed.

Rows that share an image stay together, and so do rows of text alone that say the same. Stratified
means: rows are drawn label by label, the rarest label first, so that every part has its share of
each. What is drawn depends on what the rows hold, not on their order in the file.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class RowTraits:
    """What decides where a row may go."""

    index: int
    keys: tuple[str, ...]
    """Of its images, equal for equal bytes; of its text where it has no image."""
    labels: frozenset[str] = frozenset()
    """The labels of its boxes, or its answer if that is short."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows that must stay together."""

    name: str
    rows: tuple[int, ...]
    """Indices, in the file's order."""
    labels: frozenset[str]


class Groups:
    """Keys that occur together, directly or through others, make one group."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def name(self, key: str) -> str:
        """Return the name of a key's group: the first of its keys in alphabetical order."""
        while (parent := self._parents.get(key, key)) != key:
            self._parents[key] = self._parents.get(parent, parent)  # half the way next time
            key = parent
        return key

    def join(self, one: str, other: str) -> None:
        """Make one group of two."""
        first, second = sorted((self.name(one), self.name(other)))
        self._parents[second] = first


def grouped(rows: Iterable[RowTraits]) -> tuple[RowGroup, ...]:
    """Return the rows in groups that share images."""
    every = list(rows)
    groups = Groups()
    for row in every:
        for other in row.keys[1:]:
            groups.join(row.keys[0], other)
    members: dict[str, list[RowTraits]] = {}
    for row in every:
        members.setdefault(groups.name(row.keys[0]), []).append(row)
    return tuple(
        RowGroup(name, tuple(row.index for row in rows), _labels(rows))
        for name, rows in members.items()
    )


def _labels(rows: Iterable[RowTraits]) -> frozenset[str]:
    return frozenset(label for row in rows for label in row.labels)


def apportioned(
    groups: Iterable[RowGroup], shares: Sequence[Fraction], *, seed: int, stratified: bool = False
) -> dict[int, int]:
    """Return the part of each row: its index → 0 for the first share, 1 for the second, ….

    The rows of the parts are as near to the shares as whole groups allow. A part is empty only if
    its share is 0 or there are fewer groups than parts.

    Args:
        groups: Rows that stay together.
        shares: Of the rows, 1 in all.
        seed: Of the draw.
        stratified: Whether each part is to have its share of every label.
    """
    order = sorted(groups, key=lambda group: group.name)
    random.Random(seed).shuffle(order)
    if stratified:
        rows_with = Counter(label for group in order for label in group.labels)
        rarest = {
            group.name: min(((rows_with[label], label) for label in group.labels), default=(0, ""))
            for group in order
        }
        order.sort(key=lambda group: rarest[group.name])
    parts: list[list[RowGroup]] = [[] for _ in shares]
    whole = math.lcm(*(share.denominator for share in shares))
    portions = [int(share * whole) for share in shares]  # whole numbers: fractions are slow
    placed, seen = [0] * len(shares), 0
    for group in order:
        seen += len(group.rows)
        _, _, part = max(
            (share * seen - whole * done, share, -at)
            for at, (share, done) in enumerate(zip(portions, placed, strict=True))
        )
        part = -part
        parts[part].append(group)
        placed[part] += len(group.rows)
    _fill_empty(parts, shares)
    return {row: at for at, part in enumerate(parts) for group in part for row in group.rows}


def _fill_empty(parts: list[list[RowGroup]], shares: Sequence[Fraction]) -> None:
    """Give each part with a share one group at least, of those that have most."""
    for part, share in zip(parts, shares, strict=True):
        richest = max(parts, key=len)
        if share and not part and len(richest) > 1:
            part.append(min(reversed(richest), key=lambda group: len(group.rows)))
            richest.remove(part[0])


def drawn(
    rows: Iterable[RowTraits], count: int, *, seed: int, stratified: bool = False
) -> tuple[int, ...]:
    """Return the indices of so many rows, drawn by chance, in the file's order; all if too few."""
    alone = [RowGroup(_alone(row), (row.index,), row.labels) for row in rows]
    if count >= len(alone):
        return tuple(sorted(group.rows[0] for group in alone))
    share = Fraction(count, len(alone))
    found = apportioned(alone, (share, 1 - share), seed=seed, stratified=stratified)
    return tuple(sorted(index for index, part in found.items() if part == 0))


def drawn_groups(groups: Iterable[RowGroup], count: int, *, seed: int) -> tuple[int, ...]:
    """Return the indices of the rows of so many groups, drawn by chance, in the file's order."""
    order = sorted(groups, key=lambda group: group.name)
    chosen = random.Random(seed).sample(order, min(count, len(order)))
    return tuple(sorted(index for group in chosen for index in group.rows))


def _alone(row: RowTraits) -> str:
    return f"{row.keys[0]} {row.index:012}"
