"""Which rows of a dataset are shown, and in which order, as one value that is replaced whole.

A filter names the rows, an order says by what they are sorted, and `arranged` turns both into the
indices that a list shows. Nothing here reads a file.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from tintype.dataset.query import Found

Order = Literal["", "tokens", "bytes", "answer", "problems"]
"""As in the file; or by tokens, bytes, length of the answer, the most first; or the worst first."""

ORDERS: tuple[Order, ...] = ("", "tokens", "bytes", "answer", "problems")

_RANKS = {"error": 0, "skip": 1, "warning": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The rows shown, of how many, and why these."""

    total: int = 0
    """Rows of the dataset known so far."""
    chosen: Sequence[int] | None = None
    """Indices of the rows that a filter leaves, in the file's order; none without a filter."""
    why: str = ""
    """The filter in words, e.g. `7 rows with “red”`."""
    query: str = ""
    """The filter as it is typed, if it is made of conditions."""
    order: Order = ""
    found: Found | None = None
    """What was searched for last; it stays when all rows are shown again."""
    indices: Sequence[int] | None = None
    """Indices of the rows as they are shown; none for all of them as in the file."""
    values: Sequence[int] | None = None
    """What the rows are sorted by, by row index; none in the file's order and by problems."""

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return self.total if self.indices is None else len(self.indices)

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

    def of(self, order: Order) -> Sequence[int] | None:
        """The values that an order sorts by; none where it has no number for each row."""
        measured = {"tokens": self.tokens, "bytes": self.bytes, "answer": self.answer_chars}
        return measured.get(order)


def arranged(wanted: Arrangement, values: RowValues) -> Arrangement:
    """The arrangement with its indices made from its filter and order.

    Sorting is stable: rows of the same value stay in the file's order.
    """
    if not wanted.order:
        return replace(wanted, indices=wanted.chosen, values=None)
    rows = range(wanted.total) if wanted.chosen is None else wanted.chosen
    measured = values.of(wanted.order)
    return replace(wanted, indices=sorted(rows, key=_key(measured, values)), values=measured)


def _key(measured: Sequence[int] | None, values: RowValues) -> Callable[[int], int]:
    if measured is None:
        severities = values.severities
        return lambda index: _RANKS.get(severities.get(index, ""), len(_RANKS))
    return lambda index: -measured[index] if index < len(measured) else 0


def next_order(order: Order) -> Order:
    """The order after this one; after the last, that of the file."""
    return ORDERS[(ORDERS.index(order) + 1) % len(ORDERS)]


def written_rows(total: int, marked: Set[int], flawed: Set[int]) -> int:
    """How many rows a copy without the marked ones has: lines that are no JSON have no place in it.

    Args:
        total: Rows of the dataset.
        marked: Indices of the rows that are left out.
        flawed: Indices of the rows that are no JSON.
    """
    return total - len(marked | flawed)
