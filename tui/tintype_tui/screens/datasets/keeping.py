"""A row read to be edited, and edits written down."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tintype import editing
from tintype.dataset import Dataset
from tintype.dataset.edits import EditedRow
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.rewriting import Change, changed, edited_value
from tintype.errors import DatasetError
from tintype_tui.keys import key_of
from tintype_tui.screens.datasets.part import DatasetPart, Edited
from tintype_tui.text import count
from tintype_tui.widgets.image import ImageView

NO_JSON = "This line is no JSON: it cannot be edited here."


async def row_to_edit(dataset: Dataset, index: int) -> tuple[ParsedLine, Any]:
    """Return a row as it stands in the file, and its JSON as it was edited, with marks for images.

    Raises:
        DatasetError: if it is no JSON, or cannot be read.
    """
    line = dataset.line_of(index)
    source = await asyncio.to_thread(dataset.source_at_line, line)
    if source is None or source.row.flaw:
        raise DatasetError(NO_JSON)
    return source, edited_value(source, dataset.edits.rows.get(line))


async def keep_row(part: DatasetPart, dataset: Dataset, source: ParsedLine, change: Change) -> None:
    """Write down what a change makes of a row, if it makes another of it."""
    line = source.row.line
    row = await asyncio.to_thread(changed, source, dataset.edits.rows.get(line), change)
    if row is not None:
        await keep(part, dataset, f"edit line {line}", [row.edit])


async def keep(part: DatasetPart, dataset: Dataset, what: str, rows: Sequence[EditedRow]) -> None:
    """Write a step down, say how it is undone, and have the rows read again."""
    store = await part.session.store()
    await editing.edit(store.edits, dataset, what, rows)
    undo = f"{_undo_key(part)} undoes it; the file is as it was."
    part.pane.say(f"{count(len(rows), 'row')} changed. {undo}")
    part.post_message(Edited())


def _undo_key(part: DatasetPart) -> str:
    """The key that undoes an edit where the focus is: an image takes z to be seen whole."""
    key = key_of(part, "data.undo_edit")
    return "Ctrl+Z" if key == "z" and isinstance(part.screen.focused, ImageView) else key
