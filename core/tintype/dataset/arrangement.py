"""Which rows of a dataset are shown, and in which order, as one value that is replaced whole.

A filter names the rows, an order says by what they are sorted, and `arranged` turns both into the
indices that a list shows. Nothing here reads a file.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from tintype.dataset.query import Found

Order = str
"""As in the file (empty); by `tokens`, `bytes`, length of the `answer`, the most first; by
`problems`, the worst first; or by any field of a query, the most, or the first in the alphabet."""

ORDERS: tuple[Order, ...] = ("", "tokens", "bytes", "answer", "problems")

_RANKS = {"error": 0, "skip": 1, "warning": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The rows shown, of how many, and why these."""

    total: int = 0
    """Rows of the dataset known so far."""
    chosen: Sequence[int] | None = None
    """Indices of the rows that a filter leaves, in the file's order, or the most alike first; none
    without a filter."""
    why: str = ""
    """The filter in words, e.g. `7 rows with “red”`."""
    query: str = ""
    """The filter as it is typed, if it is made of conditions."""
    order: Order = ""
    backwards: bool = False
    """Whether the order is turned round."""
    columns: tuple[str, ...] = ()
    """The fields that are shown beside each row."""
    found: Found | None = None
    """What was searched for last; it stays when all rows are shown again."""
    indices: Sequence[int] | None = None
    """Indices of the rows as they are shown; none for all of them as in the file."""
    values: Sequence[Any] | None = None
    """What the rows are sorted by, by row index; none in the file's order and by problems."""

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return self.total if self.indices is None else len(self.indices)

    def sorted_by(self, order: Order) -> "Arrangement":
        """The same in an order; what is in it already is turned round."""
        return replace(self, order=order, backwards=self.order == order and not self.backwards)

    def row_at(self, position: int) -> int:
        """The index of the row at a position of the list."""
        return position if self.indices is None else self.indices[position]

    def position_of(self, index: int) -> int | None:
        """Where a row stands in the list; none if it is not shown."""
        if self.indices is None:
            return index if 0 <= index < self.total else None
        try:
            return self.indices.index(index)
        except ValueError:
            return None

    def neighbour(self, index: int, by: int) -> int | None:
        """The index of the row shown so many after a row; none beyond the first and the last."""
        position = (self.position_of(index) or 0) + by
        return self.row_at(position) if 0 <= position < self.shown else None

    def next_of(self, rows: Set[int], index: int, by: int) -> tuple[int, bool] | None:
        """The next shown row that is one of `rows`, going on from `index` and round the end.

        Args:
            rows: Indices of rows.
            index: Where one is; a row that is not shown counts as the first.
            by: 1 forwards, -1 backwards.

        Returns:
            The row's index and whether the end was passed; none if none of them is shown.
        """
        at = self.position_of(index) or 0
        for step in range(1, self.shown + 1):
            position = (at + by * step) % self.shown
            if (row := self.row_at(position)) in rows:
                return row, (position - at) * by <= 0
        return None


@dataclass(frozen=True, slots=True)
class RowValues:
    """What rows can be sorted by: of each row counted so far, in the file's order."""

    tokens: Sequence[int] = ()
    bytes: Sequence[int] = ()
    answer_chars: Sequence[int] = ()
    severities: Mapping[int, str] = field(default_factory=dict)
    """Row index → the worst severity found in it."""
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """What each row says in a field: numbers, words, or none where it says nothing."""

    def rank(self, row: int) -> int:
        """How bad the worst is that was found in a row: 0 is the worst."""
        return _RANKS.get(self.severities.get(row, ""), len(_RANKS))

    def of(self, order: Order) -> Sequence[Any] | None:
        """The values that an order sorts by; none where it has none for each row."""
        measured = {"tokens": self.tokens, "bytes": self.bytes, "answer": self.answer_chars}
        return measured.get(order) or self.fields.get(order)


def arranged(wanted: Arrangement, values: RowValues) -> Arrangement:
    """The arrangement with its indices made from its filter and order.

    Sorting is stable: rows of the same value stay in the file's order. Rows without one are last.
    """
    if not wanted.order:
        return replace(wanted, indices=wanted.chosen, values=None)
    rows = range(wanted.total) if wanted.chosen is None else wanted.chosen
    measured, backwards = values.of(wanted.order), wanted.backwards
    if measured is None:
        ranked = sorted(rows, key=values.rank, reverse=backwards)
        return replace(wanted, indices=ranked, values=None)
    known = [row for row in rows if row < len(measured) and measured[row] is not None]
    words = bool(known) and isinstance(measured[known[0]], str)
    key = (lambda row: measured[row].casefold()) if words else measured.__getitem__
    ordered = sorted(known, key=key, reverse=words == backwards)
    seen = frozenset(known)
    return replace(
        wanted, indices=[*ordered, *(row for row in rows if row not in seen)], values=measured
    )


def next_order(order: Order) -> Order:
    """The order after this one; after the last, that of the file."""
    return ORDERS[(ORDERS.index(order) + 1) % len(ORDERS)] if order in ORDERS else ""


def written_rows(total: int, marked: Set[int], flawed: Set[int]) -> int:
    """How many rows a copy without the marked ones has: lines that are no JSON have no place in it.

    Args:
        total: Rows of the dataset.
        marked: Indices of the rows that are left out.
        flawed: Indices of the rows that are no JSON.
    """
    return total - len(marked | flawed)
