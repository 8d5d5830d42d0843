"""What if: the same dataset asked for at another detail, shrunk, with fewer rows, other answers.

A table of what each row is made of is read once; every change is then a sum over it. Tokens are
counted by the same rules as the estimate's. Only what files would weigh is measured on a sample.
"""

import random
from array import array
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tintype.dataset import Dataset
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.treatment import Treatment
from tintype.detection import Convention
from tintype.estimation.counts import Counts, EpochTokens
from tintype.estimation.row_images import row_images
from tintype.images.facts import ImageFacts
from tintype.threads import in_thread
from tintype.tokens import (
    DETAILS,
    NOTHING,
    Detail,
    Range,
    TokenRule,
    image_tokens,
    reply_doubt,
    sight,
)

ROWS_AT_ONCE = 256
BYTES_AT_ONCE = 16_000_000
SIDES = (2048, 1536, 1024, 768, 512, 384, 256)
"""Longest sides that are offered, in pixels."""
_ROUNDING = 8
"""Pixels by which shrinking twice may differ from shrinking once."""
_SEED = 0
"""Of the rows that are drawn: the same number draws the same rows."""

Look = tuple[int, int, str]
"""Width and height of an image in pixels, and the detail that its row asks for."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would be different. By itself, nothing."""

    detail: Detail = "as is"
    max_side: int | None = None
    """Images with a longer side are shrunk to it, in pixels."""
    quality: int | None = None
    """Images are encoded as JPEG of this quality, where that is smaller."""
    rows: int | None = None
    """So many rows, drawn by chance, always the same ones."""
    boxes: tuple[Convention, Convention] | None = None
    """Answers in the first convention are written in the second."""
    without: frozenset[int] = frozenset()
    """Rows left out, by their index."""

    @property
    def treatment(self) -> Treatment:
        """What makes it true of the rows that are kept."""
        return Treatment(
            max_side=self.max_side,
            quality=self.quality or 90,
            smaller=self.quality is not None,
            detail="" if self.detail == "as is" else self.detail,
            boxes=self.boxes,
        )


@dataclass(slots=True, eq=False)
class RowTable:
    """What each row is made of, as far as its cost goes."""

    rule: TokenRule
    text: "array[int]"
    """Tokens of text, the likely number, by the row's index."""
    looks: list[tuple[Look, ...]] = field(default_factory=list)
    """The images of rows, each different set of them once."""
    look_of: "array[int]" = field(default_factory=lambda: array("I"))
    """Which of them a row has."""
    sizes: "array[int]" = field(default_factory=lambda: array("Q"))
    """Bytes of each row in the file."""
    image_bytes: "array[int]" = field(default_factory=lambda: array("Q"))
    """Bytes of each row's images, before base64; of those whose bytes are here."""
    outside: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of them, those in image files, which are embedded on the way to the provider."""
    skipped: frozenset[int] = frozenset()
    """Rows that the provider drops."""

    @property
    def rows(self) -> int:
        """How many rows have been looked at."""
        return len(self.look_of)

    @property
    def longest_side(self) -> int:
        """Of all images, in pixels; 0 if no size is known."""
        return max((max(w, h) for look in self.looks for w, h, _ in look), default=0)

    def kept(self, change: WhatIf) -> list[int]:
        """Return the rows that remain, by their index."""
        rows = [row for row in range(self.rows) if row not in change.without]
        if change.rows is None or change.rows >= len(rows):
            return rows
        return sorted(random.Random(_SEED).sample(rows, max(0, change.rows)))


@dataclass(frozen=True, slots=True)
class TableReading:
    """How far the reading of a table has come."""

    rows: int
    table: RowTable | None = None
    """On the last one only."""


async def read_table(
    dataset: Dataset,
    rule: TokenRule,
    text: "array[int]",
    skipped: frozenset[int],
    fetched: Mapping[str, ImageFacts],
) -> AsyncGenerator[TableReading, None]:
    """Read what every row is made of: sizes of images by their headers, bytes; no pixels.

    Args:
        dataset: Open, and counted.
        rule: How it was counted.
        text: Tokens of each row's text.
        skipped: Rows that the provider drops, by their index.
        fetched: What images on the network were found to be, by address.

    Raises:
        DatasetError: if the file cannot be read.
    """
    table = RowTable(rule, text, skipped=skipped)
    known: dict[tuple[Look, ...], int] = {}
    while lines := await dataset.lines(table.rows, ROWS_AT_ONCE, BYTES_AT_ONCE):
        await in_thread(_read, lines, table, known, dataset, fetched)
        yield TableReading(table.rows)
    yield TableReading(table.rows, table)


def _read(
    lines: Sequence[ParsedLine],
    table: RowTable,
    known: dict[tuple[Look, ...], int],
    dataset: Dataset,
    fetched: Mapping[str, ImageFacts],
) -> None:
    for line in lines:
        pairs = list(zip(line.row.images, row_images(line, dataset, fetched), strict=True))
        look = tuple((image.width, image.height, part.detail) for part, image in pairs)
        if look not in known:
            known[look] = len(table.looks)
            table.looks.append(look)
        table.look_of.append(known[look])
        table.sizes.append(line.row.size_bytes + 1)
        table.image_bytes.append(sum(image.size_bytes for _, image in pairs))
        outside = (image.size_bytes for part, image in pairs if part.origin == "file")
        table.outside.append(sum(outside))


def shrunk(width: int, height: int, side: int | None) -> tuple[int, int]:
    """Return the size of an image whose longest side may be so many pixels; never enlarged."""
    longest = max(width, height)
    if side is None or longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def counts_if(
    table: RowTable, counts: Counts, change: WhatIf, answers: Mapping[int, int] | None = None
) -> Counts:
    """Return what would be counted. Takes time in proportion to the rows.

    Args:
        table: What the rows are made of.
        counts: Of the dataset as it is.
        change: What would be different. Bytes are those of the rows kept, images as they are.
        answers: How many tokens each changed answer takes more, by the row's index.
    """
    rows = table.kept(change)
    sums = _Sums(table, change, answers or {})
    for row in rows:
        sums.add(row)
    kept = frozenset(rows)
    left = [dear for dear in counts.dearest if dear.index in kept]
    return replace(
        counts,
        rows=len(rows),
        image_rows=sums.image_rows,
        images=sums.images,
        skipped=sums.skipped,
        skipped_tokens=counts.skipped_tokens if sums.skipped == counts.skipped else NOTHING,
        text=sums.text,
        bills=tuple(EpochTokens(*one) for one in sums.bills),
        doubtful=sums.doubtful,
        unseen=sums.unseen,
        file_bytes=sums.file_bytes,
        embedded_bytes=round(sums.outside * 4 / 3),
        dearest=tuple(left),
    )


class _Sums:
    """Adds up rows by a change."""

    def __init__(self, table: RowTable, change: WhatIf, answers: Mapping[int, int]) -> None:
        self._table, self._answers = table, answers
        self._limit = table.rule.example_tokens
        self._doubt = reply_doubt(table.rule)
        self._seen = [tuple(_tokens(look, table.rule, change, d) for d in DETAILS)
                      for look in table.looks]  # fmt: skip
        self._doubtful = [_doubtful(look, table.rule, change) for look in table.looks]
        self.image_rows = self.images = self.skipped = self.doubtful = self.unseen = 0
        self.file_bytes = self.outside = 0
        self.text = NOTHING
        self.bills = [[NOTHING] * 4 for _ in DETAILS]

    def add(self, row: int) -> None:
        """Count a row."""
        table = self._table
        at = table.look_of[row]
        look = table.looks[at]
        self.image_rows += bool(look)
        self.images += len(look)
        self.file_bytes += table.sizes[row]
        self.outside += table.outside[row]
        if row in table.skipped:
            self.skipped += 1
            return
        unseen = sum(not width for width, _, _ in look)
        self.unseen += unseen
        self.doubtful += self._doubtful[at]
        likely = max(0, table.text[row] + self._answers.get(row, 0))
        text = Range(likely, likely, likely + self._doubt) if likely else NOTHING
        self.text += text
        for bill, (images, not_known) in zip(self.bills, self._seen[at], strict=True):
            total = text + images
            if unseen:
                total = replace(total, low=0)
            if self._limit is not None and total.high > self._limit:
                over = (int(n > self._limit) for n in (total.low, total.likely, total.high))
                bill[2] += Range(*over)
                total = total.most(self._limit)
            bill[0] += images
            bill[1] += total
            bill[3] += not_known


def _tokens(
    look: tuple[Look, ...], rule: TokenRule, change: WhatIf, detail: Detail
) -> tuple[Range, Range]:
    """The tokens of a row's images at a level of detail, and of those whose size is not known."""
    wanted = change.detail if detail == "as is" else detail
    every = unseen = NOTHING
    for width, height, own in look:
        size = shrunk(width, height, change.max_side)
        tokens = image_tokens(rule, *size, own if wanted == "as is" else wanted)
        every += tokens
        if not width:
            unseen += tokens
    return every, unseen


def _doubtful(look: tuple[Look, ...], rule: TokenRule, change: WhatIf) -> int:
    return sum(
        not image_tokens(
            rule,
            *shrunk(width, height, change.max_side),
            own if change.detail == "as is" else change.detail,
        ).exact
        for width, height, own in look
        if width
    )


def least_side(table: RowTable) -> int | None:
    """Return the longest side, in pixels, at which the model still sees and counts the same.

    It shrinks larger images to that itself, or further. None where there is nothing to gain.
    """
    looks = {one for look in table.looks for one in look if one[0]}
    most = max((max(width, height) for width, height, _ in looks), default=0)
    seen = [sight(table.rule, *one) for one in looks]
    side = max((max(one.width, one.height) for one in seen), default=0)
    for longest in range(side, min(side + _ROUNDING, most)):
        if all(
            image_tokens(table.rule, *shrunk(w, h, longest), detail)
            == image_tokens(table.rule, w, h, detail)
            for w, h, detail in looks
        ):
            return longest
    return None
