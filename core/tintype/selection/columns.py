"""What every row says in every field that can be listed: columns, read once in one pass.

From them come the values of a field with their counts, charts, orders, and the rows for which
conditions hold, all at once and without the file. Twelve bytes or so for each value of a row; so of
a very large file only the first rows are read (`MOST_ROWS`), which `complete` says.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tintype.dataset.handle import Dataset
from tintype.dataset.survey import Surveyed, survey
from tintype.selection.conditions import Condition, fitting
from tintype.selection.fields import FIELDS, NO_REASON, Beside, Kind, SeenRow

MOST_ROWS = 300_000
LISTED: Sequence[str] = tuple(name for name, one in FIELDS.items() if one.listed)
"""The fields that have a column."""
LONGEST = 200
"""Characters of a text that are told apart; a longer one is no value."""
Rows = Collection[int] | None
"""Indices of rows; none for all of them."""


@dataclass(slots=True)
class FieldColumn:
    """What rows say in one field: pairs of a row and a value, in the order of the rows."""

    kind: Kind
    rows: "array[int]" = field(default_factory=lambda: array("I"))
    codes: "array[int]" = field(default_factory=lambda: array("I"))
    """Which of `values` each is."""
    values: list[Any] = field(default_factory=list)
    """The different values: a word, a number, or a pair of numbers."""
    _known: dict[Any, int] = field(default_factory=dict)

    def add(self, row: int, said: Sequence[Any]) -> None:
        """Take note of what a row says; what it says twice counts twice only in a pair."""
        for value in said if self.kind == "pair" else dict.fromkeys(said):
            key = value.casefold() if isinstance(value, str) else value
            if isinstance(key, str) and len(key) > LONGEST:
                continue
            code = self._known.setdefault(key, len(self.values))
            if code == len(self.values):
                self.values.append(value)
            self.rows.append(row)
            self.codes.append(code)

    def pairs(self, rows: Rows = None) -> Iterator[tuple[int, Any]]:
        """Each row with each of its values, of some rows or of all."""
        values, chosen = self.values, None if rows is None else frozenset(rows)
        for row, code in zip(self.rows, self.codes, strict=True):
            if chosen is None or row in chosen:
                yield row, values[code]

    def counts(self, rows: Rows = None) -> dict[Any, int]:
        """How often each value is there in some rows or in all, the commonest first."""
        if rows is None:
            found = Counter(self.codes)
        else:
            chosen = frozenset(rows)
            found = Counter(
                code for row, code in zip(self.rows, self.codes, strict=True) if row in chosen
            )
        return {self.values[code]: times for code, times in found.most_common()}

    def first(self, total: int) -> list[Any]:
        """What each row says first, by its index; none where it says nothing."""
        made: list[Any] = [None] * total
        for row, value in self.pairs():
            if made[row] is None:
                made[row] = value
        return made


@dataclass(frozen=True, slots=True, eq=False)
class FieldColumns:
    """The columns of a dataset."""

    total: int = 0
    """Rows that were read."""
    complete: bool = False
    """Whether those are all."""
    by_field: Mapping[str, FieldColumn] = field(default_factory=dict)

    def __getitem__(self, field: str) -> FieldColumn:
        return self.by_field.get(field) or FieldColumn(FIELDS[field].kind)

    def with_marks(self, marks: Mapping[int, str]) -> "FieldColumns":
        """The columns with these rows marked."""
        column = FieldColumn("name")
        for row in sorted(marks):
            column.add(row, [marks[row] or NO_REASON])
        return replace(self, by_field={**self.by_field, "marked": column})

    def answers(self, conditions: Sequence[Condition]) -> bool:
        """Whether the columns alone say for which rows the conditions hold."""
        return self.complete and all(
            FIELDS[one.field].listed and FIELDS[one.field].kind != "text" for one in conditions
        )

    def rows_with(self, conditions: Sequence[Condition], rows: Rows = None) -> list[int]:
        """The rows, of some or of all, for which all conditions hold, in the file's order.

        Only right if `answers` says so.
        """
        left = sorted(range(self.total) if rows is None else rows)
        for condition in conditions:
            fits, column = fitting(replace(condition, inverse=False)), self[condition.field]
            good = [fits([value]) for value in column.values]
            having = {
                row for row, code in zip(column.rows, column.codes, strict=True) if good[code]
            }
            left = [row for row in left if (row in having) != condition.inverse]
        return left


async def read_columns(
    dataset: Dataset, beside: Beside, *, most: int = MOST_ROWS
) -> AsyncGenerator[FieldColumns, None]:
    """Read what rows say, up to `most` rows; images on the network are not fetched.

    What comes before the last is not complete, and grows while the pass goes on.

    Raises:
        DatasetError: if the file cannot be read.
    """
    made = {name: FieldColumn(FIELDS[name].kind) for name in LISTED}
    total = 0

    def add(batch: Sequence[Surveyed]) -> None:
        for surveyed in batch:
            seen = SeenRow(surveyed, beside)
            for name, column in made.items():
                column.add(surveyed.row.index, FIELDS[name].read(seen))

    async for batch in survey(dataset, fetch=False):
        await asyncio.to_thread(add, batch)
        total = batch[-1].row.index + 1
        yield FieldColumns(total, False, made)
        if total >= most and not (dataset.complete and total == dataset.count):
            return
    yield FieldColumns(total, True, made)
