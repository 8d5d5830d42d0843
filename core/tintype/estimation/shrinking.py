"""One row's images made smaller, as an edit over the file."""

import asyncio
from collections.abc import Sequence

from tintype.dataset import Dataset
from tintype.dataset.edits import EditedRow, content_key, stored
from tintype.dataset.places import slots
from tintype.dataset.rewriting import edited_value
from tintype.dataset.treatment import Treatment, treat
from tintype.errors import DatasetError
from tintype.estimation.what_if import SIDES, Look, shrunk
from tintype.images import data_url
from tintype.tokens import NOTHING, Range, TokenRule, image_tokens


def cheaper_sides(looks: Sequence[Look], rule: TokenRule) -> tuple[tuple[int, Range], ...]:
    """Return longest sides, in pixels, at which images take fewer tokens; the largest first.

    Of sides that take the same, the largest.
    """
    known = [look for look in looks if look[0]]
    last = _tokens(known, rule, None)
    found = []
    for side in SIDES:
        tokens = _tokens(known, rule, side)
        if tokens.likely < last.likely:
            found.append((side, tokens))
            last = tokens
    return tuple(found)


async def shrunk_row(dataset: Dataset, index: int, side: int) -> EditedRow | None:
    """Return a row with its images shrunk to a longest side, in pixels; none if none is larger.

    Nothing is written: the edit is for `tintype.editing.edit`.

    Raises:
        DatasetError: if the row is no JSON, or an image cannot be had or shrunk.
    """
    line = dataset.line_of(index)
    source = await asyncio.to_thread(dataset.source_at_line, line)
    if source is None or source.row.flaw:
        raise DatasetError("This line is no JSON.", path=dataset.path, line=line)
    value = edited_value(source, dataset.edits.rows.get(line))
    changed = False
    for ordinal, slot in enumerate([slot for slot in slots(value) if slot.image]):
        data = await dataset.image(index, ordinal)
        small = await asyncio.to_thread(treat, data, Treatment(max_side=side))
        if small is not data:
            slot.holder[slot.key] = data_url(small)
            changed = True
    return EditedRow(line, content_key(source), stored(value)) if changed else None


def _tokens(looks: Sequence[Look], rule: TokenRule, side: int | None) -> Range:
    sizes = ((*shrunk(width, height, side), detail) for width, height, detail in looks)
    return sum((image_tokens(rule, *one) for one in sizes), NOTHING)
