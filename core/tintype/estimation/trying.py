"""What no sum can tell of a change: it is tried on the rows themselves, in memory, nothing written.

How much smaller images become is measured on a few of them; answers in another convention are
written for every row, and their tokens counted.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from tintype.dataset import Dataset
from tintype.dataset.box_sets import judge_boxes
from tintype.dataset.files import image_bytes
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.reshaping import answers
from tintype.dataset.row_size import upright_size
from tintype.dataset.treatment import treat
from tintype.detection import Convention
from tintype.detection.convention import converted
from tintype.errors import DatasetError
from tintype.estimation.what_if import BYTES_AT_ONCE, ROWS_AT_ONCE, RowTable, WhatIf
from tintype.threads import in_thread
from tintype.tokens import count_text

MOST_TRIED = 12
"""Rows whose images are encoded to see how small they become."""
ONE_ROW = 200_000_000
_EVERY = -1
"""In place of the number of a look: all together."""


@dataclass(frozen=True, slots=True)
class FileWeight:
    """What a file would weigh on its way to the provider."""

    size_bytes: int
    """The file with its images inside; likely where `tried` is less than `rows`."""
    tried: int = 0
    """Rows whose images were encoded."""
    rows: int = 0
    """Rows whose images would be."""

    @property
    def measured(self) -> bool:
        """Whether every image was encoded: then the figure is no guess."""
        return self.tried == self.rows


async def weigh(dataset: Dataset, table: RowTable, change: WhatIf) -> FileWeight:
    """Return what the file would weigh; up to twelve rows are encoded for that.

    Rows are taken at equal distances of those that would change, ordered by the sizes of their
    images; a row counts as those of its sizes that were encoded, else as all of them.

    Raises:
        DatasetError: if the file cannot be read.
    """
    rows = table.kept(change)
    text = sum(table.sizes[row] + round(table.outside[row] * 4 / 3) for row in rows)
    changing = _encoded_again(table, change, rows)
    if not changing:
        return FileWeight(text)
    few = {changing[at * len(changing) // MOST_TRIED] for at in range(MOST_TRIED)}
    shrunk: dict[int, list[int]] = {}
    for row in sorted(few):
        lines = await dataset.lines(row, 1, ONE_ROW)
        before, after = await in_thread(_encoded, lines[0], dataset, change)
        for look in (table.look_of[row], _EVERY):
            one = shrunk.setdefault(look, [0, 0])
            one[0], one[1] = one[0] + before, one[1] + after
    saved = 0.0
    for row in changing:
        before, after = shrunk.get(table.look_of[row], shrunk[_EVERY])
        saved += table.image_bytes[row] * (1 - after / before) if before else 0.0
    return FileWeight(round(text - saved * 4 / 3), len(few), len(changing))


def _encoded_again(table: RowTable, change: WhatIf, rows: Sequence[int]) -> list[int]:
    """The rows with an image that would be encoded again, by their index."""
    side, every = change.max_side, change.quality is not None
    again = [
        any(w and (every or (side is not None and max(w, h) > side)) for w, h, _ in look)
        for look in table.looks
    ]
    changing = [row for row in rows if again[table.look_of[row]] and table.image_bytes[row]]
    return sorted(changing, key=lambda row: (table.looks[table.look_of[row]], row))


def _encoded(line: ParsedLine, dataset: Dataset, change: WhatIf) -> tuple[int, int]:
    """Bytes of a row's images before and after; one that cannot be had stays as it is."""
    before = after = 0
    for ordinal, image in enumerate(line.row.images):
        if image.origin == "url":
            continue
        try:
            data = line.data(ordinal)
            data = image_bytes(line.url(ordinal), dataset.folder) if data is None else data
        except DatasetError:
            continue
        before += len(data)
        try:
            after += len(treat(data, change.treatment))
        except DatasetError:
            after += len(data)
    return before, after


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How far answers have been written in another convention, in memory."""

    rows: int = 0
    changed: int = 0
    left: int = 0
    """Rows with boxes that cannot be converted without loss: they stay as they are."""
    more: Mapping[int, int] = field(default_factory=dict)
    """Tokens that each changed answer takes more, or fewer (below 0), by the row's index."""


async def boxes_in(dataset: Dataset) -> Convention | None:
    """Return the convention that a dataset's boxes are in; none if it has none, or it is in doubt.

    Raises:
        DatasetError: if the file cannot be read.
    """
    verdict = await judge_boxes(dataset)
    sure = verdict is not None and verdict.certainty in ("certain", "likely")
    return verdict.convention if verdict is not None and sure else None


async def rewrite(
    dataset: Dataset, table: RowTable, boxes: tuple[Convention, Convention]
) -> AsyncGenerator[Rewritten, None]:
    """Write every answer in another convention, in memory, and count its tokens.

    Raises:
        DatasetError: if the file cannot be read.
    """
    done = Rewritten()
    while lines := await dataset.lines(done.rows, ROWS_AT_ONCE, BYTES_AT_ONCE):
        found = await in_thread(_rewritten, lines, dataset, table, boxes)
        more = {line.row.index: n for line, n in zip(lines, found, strict=True) if n is not None}
        kept = {row: by for row, by in more.items() if by is not _LEFT}
        done = Rewritten(
            done.rows + len(lines),
            done.changed + len(kept),
            done.left + len(more) - len(kept),
            {**done.more, **kept},
        )
        yield done


_LEFT = 1 << 62
"""In place of a number: the row stays as it is."""


def _rewritten(
    lines: Sequence[ParsedLine],
    dataset: Dataset,
    table: RowTable,
    boxes: tuple[Convention, Convention],
) -> list[int | None]:
    return [_more(line, dataset, table, boxes) for line in lines]


def _more(
    line: ParsedLine, dataset: Dataset, table: RowTable, boxes: tuple[Convention, Convention]
) -> int | None:
    source, to = boxes
    more, changed, size = 0, False, None
    for holder, key in answers(line.row.value):
        if size is None and (source.needs_size or to.needs_size):
            size = upright_size(line, dataset.folder)
        try:
            text = converted(holder[key], source, to, size)
        except ValueError:
            return _LEFT
        if text != holder[key]:
            encoding = table.rule.encoding
            more += count_text(text, encoding) - count_text(holder[key], encoding)
            changed = True
    return more if changed else None
