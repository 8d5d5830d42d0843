"""Fixes of what is wrong with rows: what there is for which problem, and what each costs and saves.

A fix is a treatment (`dataset.treatment`). What it does is measured with the code that writes the
copy, on every row or, in large sets, on rows taken at equal distances.
"""

import json
from array import array
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tintype.dataset import Dataset
from tintype.dataset.copied_rows import ExportNote, TreatedImages, rows_of_copy
from tintype.dataset.edits import marked_again
from tintype.dataset.nowhere import Nowhere
from tintype.dataset.parsing import ParsedLine, read_line
from tintype.dataset.spread import scattered
from tintype.dataset.statistics import Statistics
from tintype.dataset.treatment import Treatment
from tintype.errors import DatasetError
from tintype.estimation.row_images import ONE_ROW, row_images
from tintype.estimation.what_if import Look, RowTable, least_side
from tintype.threads import in_thread
from tintype.tokens import TokenRule, image_tokens

MOST_TRIED = 120
"""Rows that are fixed in memory to see what becomes of them."""
QUALITY = 85
"""Of JPEG where images are encoded tighter."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Something that can be done about rows."""

    name: str
    title: str
    changes: Mapping[str, Any]
    """Fields of the treatment that does it."""
    rules: tuple[str, ...] = ()
    """The rules whose problems it fixes; none where nothing need be wrong."""

    @property
    def treatment(self) -> Treatment:
        """Does this and embeds images in files, which every copy does."""
        return Treatment(**self.changes)


def fixes(whole: Treatment, most_images: int | None, side: int | None) -> tuple[Fix, ...]:
    """List the fixes that there are.

    Args:
        whole: Of a fixed copy, as the provider wants it (`rules.fixing`).
        most_images: That the provider takes in one row.
        side: The longest side in pixels that costs no tokens (`side_for`); none if there is none.
    """
    split = {"most_images": most_images}
    limits = {"max_bytes": whole.max_bytes}
    formats = {"formats": whole.formats}
    every = (
        Fix("embed", "embed images in files", {}, ("image_file", "image_origin")),
        Fix(
            "fetch",
            "embed images on the web",
            {"fetch": True},
            ("image_url", "image_expires", "image_origin"),
        ),
        Fix("formats", "other formats to JPEG", formats, ("image_format",)),
        Fix("rgb", "other modes to RGB", {"rgb": True}, ("image_mode",)),
        Fix("upright", "turn images upright", {"upright": True}, ("image_orientation",)),
        Fix("still", "first frame of animations", {"still": True}, ("image_animated",)),
        Fix("bytes", "below the largest size that is taken", limits, ("image_size",)),
        Fix("place", "remove where images were taken", {"no_place": True}, ("image_location",)),
        Fix(
            "chat",
            "chat rows, images in their places",
            {"chat": True},
            ("image_in_text", "image_spelling", "image_placeholder", "image_type"),
        ),
        Fix("split", f"rows of {most_images} images at most", split, ("image_count",)),
        Fix("auto", "detail auto for every image", {"detail": "auto"}, ("image_detail",)),
        Fix("side", f"longest side {side} px, which keeps the tokens", {"max_side": side}),
        Fix("smaller", f"JPEG {QUALITY} where smaller", {"quality": QUALITY, "smaller": True}),
        Fix("low", "low detail for every image", {"detail": "low"}),
    )
    return tuple(fix for fix in every if None not in fix.changes.values())


def fixable() -> frozenset[str]:
    """The rules whose problems a fix can do something about."""
    every = fixes(Treatment(formats=("jpeg",), max_bytes=1), 1, None)
    return frozenset(rule for fix in every for rule in fix.rules)


def combined(chosen: Iterable[Fix]) -> Treatment:
    """Return the treatment that does several fixes at once."""
    return Treatment(**{name: value for fix in chosen for name, value in fix.changes.items()})


def side_for(statistics: Statistics, rule: TokenRule) -> int | None:
    """Return the smallest longest side, in pixels, at which no image takes fewer tokens."""
    details = list(statistics.facets.get("detail", {})) or ["auto"]
    sizes = statistics.image_sizes
    looks: list[tuple[Look, ...]] = [((*size, each),) for size in sizes for each in details]
    return least_side(RowTable(rule, array("I"), looks=looks))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fix does, as far as it has been measured."""

    rows: int
    """That are meant."""
    tried: int = 0
    """Of them, fixed in memory; likewise the next."""
    changed: int = 0
    more_rows: int = 0
    """Rows that come in addition, where rows are split."""
    bytes_before: int = 0
    """Of the rows tried, their images inside."""
    bytes_after: int = 0
    tokens_before: int = 0
    """Of images, the likely number."""
    tokens_after: int = 0
    notes: tuple[str, ...] = field(default=())
    """What cannot be done, a sentence each."""

    @property
    def measured(self) -> bool:
        """Whether every row was tried."""
        return self.tried >= self.rows

    def all_rows(self, number: int) -> int:
        """What a number found in the rows tried comes to for all that are meant."""
        return number if self.measured else round(number * self.rows / max(1, self.tried))


async def measure(
    dataset: Dataset, treatment: Treatment, rule: TokenRule, rows: Sequence[int] | None = None
) -> AsyncGenerator[Effect, None]:
    """Fix rows in memory, and say what becomes of them; images on the web stay there for that.

    Args:
        dataset: Open, and read to its end.
        treatment: What is done.
        rule: How the model counts images.
        rows: Indices of the rows that are meant; none means all.

    Raises:
        DatasetError: if the file cannot be read.
    """
    meant = range(dataset.count) if rows is None else rows
    most = len(meant) if len(meant) <= MOST_TRIED else MOST_TRIED
    done = Effect(len(meant))
    yield done
    for at in scattered(len(meant), most):
        lines = await dataset.lines(meant[at], 1, ONE_ROW)
        if not lines[0].row.flaw:
            done = await in_thread(_tried, done, lines[0], dataset, treatment, rule)
        done = replace(done, tried=done.tried + 1)
        yield done


def fixed_value(
    line: ParsedLine, dataset: Dataset, treatment: Treatment, source: ParsedLine
) -> Any:
    """Return a row's JSON as it is fixed, with marks for images that stay as they are in the file.

    Args:
        line: The row as it was edited.
        dataset: That it is of.
        treatment: What is done.
        source: The row as it stands in the file.

    Raises:
        DatasetError: if it cannot be done, or would make several rows.
    """
    notes: list[ExportNote] = []
    rows = _copied(line, dataset, treatment, notes)
    if len(rows) != 1:
        raise DatasetError("The row would become several.", advice="Fix all rows, in a copy.")
    if notes:
        raise DatasetError(notes[0].message)
    return marked_again(json.loads(rows[0]), source)


def _copied(
    line: ParsedLine, dataset: Dataset, treatment: Treatment, notes: list[ExportNote]
) -> list[bytes]:
    """What a row becomes in a copy; nothing is written, nothing fetched."""
    treated = TreatedImages(dataset.folder, treatment, Nowhere(), dataset.folder)
    return rows_of_copy(line, treated, {}, notes)


def _tried(
    done: Effect, line: ParsedLine, dataset: Dataset, treatment: Treatment, rule: TokenRule
) -> Effect:
    notes: list[ExportNote] = []
    base = Treatment(embed=treatment != Treatment())  # what embedding costs is its own fix's
    before = _copied(line, dataset, base, [])
    after = _copied(line, dataset, treatment, notes)
    (size_before, tokens_before), (size_after, tokens_after) = (
        (sum(map(len, made)), sum(_tokens(row, line, dataset, rule) for row in made))
        for made in (before, after)
    )
    return replace(
        done,
        changed=done.changed + (after != before),
        more_rows=done.more_rows + len(after) - len(before),
        bytes_before=done.bytes_before + size_before,
        bytes_after=done.bytes_after + size_after,
        tokens_before=done.tokens_before + tokens_before,
        tokens_after=done.tokens_after + tokens_after,
        notes=(*done.notes, *(f"Line {note.line:,}: {note.message}" for note in notes)),
    )


def _tokens(raw: bytes, line: ParsedLine, dataset: Dataset, rule: TokenRule) -> int:
    row = read_line(raw[:-1], index=line.row.index, line=line.row.line, offset=line.row.offset)
    facts = row_images(row, dataset, {})
    return sum(
        image_tokens(rule, fact.width, fact.height, part.detail).likely
        for part, fact in zip(row.row.images, facts, strict=True)
    )
