"""Rows that a person has marked, with undo and redo, as one value that is replaced whole.

Marks lie over a dataset: to look at rows again, or to leave them out of a copy. The file is never
changed. `store.marks` keeps them from session to session.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Change:
    """What one action did: row index → reason before and after, none where it is not marked."""

    before: Mapping[int, str | None]
    after: Mapping[int, str | None]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked rows of a dataset, and the way there and back."""

    reasons: Mapping[int, str] = field(default_factory=dict)
    """Row index → why it is marked; the reason may be empty."""
    done: tuple[Change, ...] = ()
    """What `undo` takes back, the latest last."""
    undone: tuple[Change, ...] = ()
    """What `redo` does again, the latest last."""

    def __len__(self) -> int:
        return len(self.reasons)

    def __contains__(self, index: object) -> bool:
        return index in self.reasons

    def __iter__(self) -> Iterator[int]:
        return iter(self.reasons)

    @property
    def rows(self) -> Set[int]:
        """Indices of the marked rows."""
        return self.reasons.keys()

    @property
    def latest_reason(self) -> str:
        """The reason given last, to be proposed for the next row; empty if none was given."""
        return next((why for why in reversed(list(self.reasons.values())) if why), "")

    def by_reason(self) -> dict[str, tuple[int, ...]]:
        """Reason → indices of the rows marked with it, in the file's order."""
        found: dict[str, list[int]] = {}
        for index in sorted(self.reasons):
            found.setdefault(self.reasons[index], []).append(index)
        return {why: tuple(rows) for why, rows in found.items()}

    def toggled(self, index: int) -> "Marks":
        """The marks with one row marked, or unmarked if it was marked."""
        return self.changed({index: None if index in self.reasons else ""})

    def explained(self, index: int, why: str) -> "Marks":
        """The marks with one row marked for a reason; white space in it becomes single spaces."""
        return self.changed({index: " ".join(why.split())})

    def tagged(self, rows: Iterable[int], why: str) -> "Marks":
        """The marks with some rows marked for a reason, whatever they were marked for before."""
        return self.changed(dict.fromkeys(rows, " ".join(why.split())))

    def toggled_all(self, rows: Iterable[int]) -> "Marks":
        """The marks with all of some rows marked; or, if all of them were, unmarked."""
        chosen = tuple(rows)
        new = [index for index in chosen if index not in self.reasons]
        return self.changed(dict.fromkeys(new, "") if new else dict.fromkeys(chosen))

    def changed(self, after: Mapping[int, str | None]) -> "Marks":
        """The marks after a change: row index → its reason, or none to unmark it."""
        before = {index: self.reasons.get(index) for index in after}
        return Marks(_applied(self.reasons, after), (*self.done, Change(before, after)))

    def undo(self) -> "Marks":
        """The marks before the latest change; the same ones if there was none."""
        if not self.done:
            return self
        *done, change = self.done
        reasons = _applied(self.reasons, change.before)
        return Marks(reasons, tuple(done), (*self.undone, change))

    def redo(self) -> "Marks":
        """The marks with what was taken back last done again; the same ones if nothing was."""
        if not self.undone:
            return self
        *undone, change = self.undone
        return Marks(_applied(self.reasons, change.after), (*self.done, change), tuple(undone))

    def over(self, kept: Mapping[int, str], known: "Marks") -> "Marks":
        """The marks that others have made of those once known, with what has changed here since."""
        return replace(self, reasons=_applied(kept, difference(known, self)))


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows that a copy may be made of."""

    words: str
    """Such as `without the 3 rows marked “blurred”`."""
    left_out: Set[int]
    """Indices of the others."""


def selections(marks: Marks, total: int, shown: Iterable[int] | None = None) -> list[Selected]:
    """List what a copy may be made of: without and only the marked rows, and those of a filter.

    Args:
        marks: By their reasons.
        total: Rows of the dataset.
        shown: Indices of the rows that a filter leaves; none without a filter.
    """
    every = frozenset(range(total))
    found: list[Selected] = []

    def add(rows: Iterable[int], which: str) -> None:
        meant = every.intersection(rows)
        noun = f"{len(meant):,} {'row' if len(meant) == 1 else 'rows'}"
        found.append(Selected(f"without the {noun} {which}", meant))
        found.append(Selected(f"only the {noun} {which}", every - meant))

    if marks:
        add(marks, "marked")
    named = {why: rows for why, rows in marks.by_reason().items() if why}
    if len(named) > 1 or (named and "" in marks.reasons.values()):
        for why, rows in named.items():
            add(rows, f"marked “{why}”")
    if shown is not None:
        add(shown, "shown")
    return found


_RANGE = re.compile(r"(\d+)(?:\s*[-–…]\s*(\d*))?\s*(?:,\s*|$|(?=\s))")


def read_ranges(text: str) -> tuple[list[tuple[int, int | None]], str]:
    """Read lines such as `10-20, 35, 100-`, and what is said after them: `10-20 blurred`.

    Returns:
        The first and the last line of each range, the last one none for all that follow; and the
        reason, empty if there is none. No ranges if the text does not begin with a line.
    """
    ranges: list[tuple[int, int | None]] = []
    at, text = 0, text.strip()
    while found := _RANGE.match(text, at):
        first, last = found.groups()
        ranges.append((int(first), int(first) if last is None else int(last) if last else None))
        at = found.end()
        if not found[0].rstrip().endswith(","):
            break
    return ranges, " ".join(text[at:].split())


def difference(before: Marks, after: Marks) -> dict[int, str | None]:
    """What changed: row index → its reason now, or none where it is no longer marked."""
    found: dict[int, str | None] = {
        index: why for index, why in after.reasons.items() if before.reasons.get(index) != why
    }
    found.update((index, None) for index in before.reasons if index not in after.reasons)
    return found


def _applied(reasons: Mapping[int, str], after: Mapping[int, str | None]) -> dict[int, str]:
    result = {index: why for index, why in reasons.items() if index not in after}
    result.update((index, why) for index, why in after.items() if why is not None)
    return result
