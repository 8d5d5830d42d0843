"""Boxes drawn row after row, and written into the answers as they are left."""

import asyncio
from collections.abc import Sequence

from tintype.assessment import Assessment
from tintype.dataset import Dataset
from tintype.dataset.rewriting import last_answer, redrawing
from tintype.detection.box import Box
from tintype.detection.box_edits import DrawnBox, convention_of
from tintype.errors import DatasetError
from tintype_tui.screens.datasets.keeping import keep_row, row_to_edit
from tintype_tui.screens.datasets.part import DatasetPart
from tintype_tui.screens.datasets.shown import image_shown
from tintype_tui.screens.draw_boxes import DrawBoxes
from tintype_tui.words.boxes import boxes_as

MOST_LABELS = 1000


async def draw_rows(part: DatasetPart, dataset: Dataset, index: int, ordinal: int) -> None:
    """Have the boxes of a row drawn, and then those of the rows that one goes on to.

    Raises:
        DatasetError: if a row has no image or no answer for boxes, or cannot be read.
        StoreError: if what was drawn cannot be written down.
    """
    arrangement, verdict = part.arrangement, part.opened.boxes if part.opened else None
    to: int | None = index
    while to is not None:
        source, value = await row_to_edit(dataset, to)
        shown = await image_shown(dataset, to, ordinal)
        size = shown.facts.upright_size if shown.facts else None
        if shown.data is None or size is None:
            why = shown.why or "The image cannot be decoded."
            raise DatasetError(f"Line {source.row.line:,}: {why}")
        answer = last_answer(value).text
        convention = convention_of(answer, size, verdict)
        boxes = convention.read(answer, size).boxes
        now = [DrawnBox(box, at) for at, box in enumerate(boxes)]
        await asyncio.to_thread(redrawing([*now, DrawnBox(_ANY)], convention, size), value)

        def check(drawn: Sequence[DrawnBox]) -> None:
            redrawing(drawn, convention, size)(value)  # noqa: B023 - called before the next row

        title = f"line {source.row.line:,}{boxes_as(verdict)}"
        asked = DrawBoxes(title, shown.data, size, boxes, labels(part.assessed, boxes), check)
        drawn = await part.app.push_screen_wait(asked)
        if drawn.boxes is not None:
            change = redrawing(drawn.boxes, convention, size)
            await keep_row(part, dataset, source, change)
        to, ordinal = arrangement.neighbour(to, drawn.by) if drawn.by else None, 0
        if to is not None:
            part.post_message(part.Select(to))


_ANY = Box("any", 0.0, 0.0, 1.0, 1.0)
"""To find out whether an answer takes boxes before any are drawn."""


def labels(assessed: Assessment | None, boxes: Sequence[Box]) -> tuple[str, ...]:
    """The classes to choose from: those of the set, as far as they are known, the usual first."""
    known = assessed.statistics.boxes if assessed and assessed.statistics else {}
    own = (box.label for box in boxes if box.label)
    return tuple(dict.fromkeys((*list(known)[:MOST_LABELS], *own)))
