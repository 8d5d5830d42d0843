"""What a dataset holds, counted row by row, so that any plan can be estimated from it at once.

Nothing of a plan is in it (epochs, detail, provider): changing one recounts nothing.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tintype.dataset.survey import Surveyed
from tintype.tokens import (
    DETAILS,
    NOTHING,
    Detail,
    Range,
    RowTokens,
    TokenRule,
    image_tokens,
    row_tokens,
)

MOST_DEAREST = 10


@dataclass(frozen=True, slots=True)
class EpochTokens:
    """What an epoch costs at one level of detail."""

    images: Range = NOTHING
    """Tokens of all images, before anything is cut off."""
    total: Range = NOTHING
    """Text and images, each row cut at the longest example that the model takes."""
    cut: Range = NOTHING
    """Rows that are cut."""
    unseen: Range = NOTHING
    """Of the images, those whose size is not known."""

    def __add__(self, other: "EpochTokens") -> "EpochTokens":
        return EpochTokens(
            self.images + other.images,
            self.total + other.total,
            self.cut + other.cut,
            self.unseen + other.unseen,
        )


@dataclass(frozen=True, slots=True, order=True)
class Dear:
    """A row that costs much."""

    tokens: int
    """The likely number, at the detail that the row asks for."""
    image_tokens: int
    index: int
    line: int


@dataclass(frozen=True, slots=True)
class Counts:
    """A dataset, or a part of one, counted. Parts are added with `+`."""

    rule: TokenRule
    rows: int = 0
    image_rows: int = 0
    images: int = 0
    skipped: int = 0
    """Rows that the provider drops; counted here and above, but in no tokens below."""
    skipped_tokens: Range = NOTHING
    """What they would have cost."""
    text: Range = NOTHING
    bills: tuple[EpochTokens, ...] = field(default=(EpochTokens(), EpochTokens(), EpochTokens()))
    """As the rows ask for it, all `low`, all `high`."""
    doubtful: int = 0
    """Images whose tokens are a range, though their size is known."""
    unseen: int = 0
    """Images whose size is not known."""
    file_bytes: int = 0
    embedded_bytes: int = 0
    """What image files would add when they are embedded: base64, a third more than they are."""
    most_images: int = 0
    """In one row."""
    largest_image_bytes: int = 0
    dearest: tuple[Dear, ...] = ()
    """The ten the most expensive rows, the dearest first."""

    def bill(self, detail: Detail = "as is") -> EpochTokens:
        """An epoch at one level of detail."""
        return self.bills[DETAILS.index(detail)]

    @property
    def trained(self) -> int:
        """Rows that are trained on."""
        return self.rows - self.skipped

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rule,
            rows=self.rows + other.rows,
            image_rows=self.image_rows + other.image_rows,
            images=self.images + other.images,
            skipped=self.skipped + other.skipped,
            skipped_tokens=self.skipped_tokens + other.skipped_tokens,
            text=self.text + other.text,
            bills=tuple(a + b for a, b in zip(self.bills, other.bills, strict=True)),
            doubtful=self.doubtful + other.doubtful,
            unseen=self.unseen + other.unseen,
            file_bytes=self.file_bytes + other.file_bytes,
            embedded_bytes=self.embedded_bytes + other.embedded_bytes,
            most_images=max(self.most_images, other.most_images),
            largest_image_bytes=max(self.largest_image_bytes, other.largest_image_bytes),
            dearest=_dearest(self.dearest, other.dearest),
        )


def count(
    surveyed: Surveyed,
    rule: TokenRule,
    *,
    tokens: RowTokens | None = None,
    skipped: bool = False,
) -> Counts:
    """Count one row.

    Args:
        surveyed: The row and what its images are.
        rule: How the model counts tokens.
        tokens: What `row_tokens` said of it, if that has been asked already.
        skipped: Whether the provider will drop the row: then it costs nothing.
    """
    row, images = surveyed.row, surveyed.images
    tokens = tokens or row_tokens(row, images, rule)
    counted = Counts(
        rule,
        rows=1,
        image_rows=min(1, len(images)),
        images=len(images),
        file_bytes=row.size_bytes + 1,
        embedded_bytes=_embedded(surveyed),
        most_images=len(images),
        largest_image_bytes=max((image.size_bytes for image in images), default=0),
    )
    if skipped:
        return replace(counted, skipped=1, skipped_tokens=tokens.total())
    likely = tokens.total().likely
    return replace(
        counted,
        text=tokens.text,
        bills=tuple(_bill(surveyed, tokens, detail, rule) for detail in DETAILS),
        doubtful=_doubtful(surveyed, rule),
        unseen=sum(image.width == 0 for image in images),
        dearest=(Dear(likely, tokens.as_is.likely, row.index, row.line),) if likely else (),
    )


def count_all(
    rows: Iterable[Surveyed], rule: TokenRule, skipped: frozenset[int] = frozenset()
) -> Counts:
    """Count many rows; those whose index is in `skipped` cost nothing."""
    counted = (count(row, rule, skipped=row.row.index in skipped) for row in rows)
    return sum(counted, start=Counts(rule))


def _dearest(one: tuple[Dear, ...], other: tuple[Dear, ...]) -> tuple[Dear, ...]:
    if not other or (len(one) == MOST_DEAREST and other[0] < one[-1]):
        return one  # nearly always, when rows are added one by one
    return tuple(heapq.nlargest(MOST_DEAREST, (*one, *other)))


def _bill(surveyed: Surveyed, tokens: RowTokens, detail: Detail, rule: TokenRule) -> EpochTokens:
    total, limit = tokens.total(detail), rule.example_tokens
    if any(not image.width for image in surveyed.images):
        total = replace(total, low=0)  # a provider that cannot read it either skips the row
    whole = EpochTokens(tokens.images(detail), total, unseen=_unseen(surveyed, detail, rule))
    if limit is None:
        return whole
    over = Range(*(int(size > limit) for size in (total.low, total.likely, total.high)))
    return replace(whole, total=total.most(limit), cut=over)


def _unseen(surveyed: Surveyed, detail: Detail, rule: TokenRule) -> Range:
    """Tokens of the images whose size is not known."""
    return sum(
        (
            image_tokens(rule, 0, 0, part.detail if detail == "as is" else detail)
            for part, image in zip(surveyed.row.images, surveyed.images, strict=True)
            if not image.width
        ),
        NOTHING,
    )


def _doubtful(surveyed: Surveyed, rule: TokenRule) -> int:
    return sum(
        not image_tokens(rule, image.width, image.height, part.detail).exact
        for part, image in zip(surveyed.row.images, surveyed.images, strict=True)
        if image.width
    )


def _embedded(surveyed: Surveyed) -> int:
    return sum(
        len("data:image/jpeg;base64,") + 4 * -(-image.size_bytes // 3)
        for part, image in zip(surveyed.row.images, surveyed.images, strict=True)
        if part.origin == "file"
    )
