"""Edits in words: what changes in a row, and in how many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tintype_tui.text import count, one_line

if TYPE_CHECKING:
    from tintype.dataset.edits import Edits
    from tintype.dataset.rewriting import ChangedRow

MOST_SHOWN = 10
"""Rows of which a preview shows what changes."""


def around(before: str, after: str, width: int = 36) -> tuple[str, str]:
    """The part of two texts in which they differ, on one line each."""
    start = next(
        (at for at, (one, two) in enumerate(zip(before, after, strict=False)) if one != two),
        min(len(before), len(after)),
    )
    begin = max(0, start - 10)

    def cut(text: str) -> str:
        shown = one_line(text[begin : begin + width])
        lead, tail = "…" if begin else "", "…" if len(text) > begin + width else ""
        return f"“{lead}{shown}{tail}”" if text else "nothing"

    return cut(before), cut(after)


def preview(found: "Sequence[ChangedRow]") -> list[str]:
    """`3: “a cat” → “a dog”` for the first rows that a change changes."""
    lines = [
        f"{each.edit.line}: {' → '.join(around(each.before, each.after))}"
        for each in found[:MOST_SHOWN]
    ]
    more = len(found) - MOST_SHOWN
    return [*lines, f"… and {more:,} more"] if more > 0 else lines


def edits_state(edits: "Edits", name: str) -> str:
    """How much lies over a file, and what of it does not apply any more."""
    lost = count(len(edits.lost), "edit")
    missing = f" {lost} belong to rows that the file does not hold any more." if edits.lost else ""
    return f"{count(len(edits.rows), 'row')} of {name} edited.{missing}"
