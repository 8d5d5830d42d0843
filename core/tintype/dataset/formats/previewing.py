"""What a path is before it is imported: its first rows as they would be, and what would be lost.

Nothing is written. Everything that the source says is read, as far as the time allows; images only
of the rows that are shown.
"""

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.chat_rows import ChatRows
from tintype.dataset.formats.contract import Boxes, Format, ImportOptions, Item, Label
from tintype.dataset.formats.images import ImageKeeper, TakenImage
from tintype.dataset.formats.importing import in_split
from tintype.dataset.formats.registry import detected, format_named, not_understood
from tintype.dataset.formats.report import ImportLog, ImportProblem, Notice
from tintype.dataset.splits import SPLITS, Split, siblings
from tintype.errors import DatasetError

LONGEST_S = 5.0
"""Reading ends after this time, and the numbers are so far."""
FEWEST_READ = 1000
PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it would become."""

    split: Split | None
    """None where splits would be drawn, or all rows are for training."""
    place: str
    """Where it stands in the source."""
    messages: Sequence[Mapping[str, Any]]
    """Of chat; images by their names instead of their data."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a source is and would become."""

    format: str
    """The name of its format."""
    title: str
    what: str
    """`a COCO dataset (annotations.json)`."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Other formats that it may be as well, by name."""
    rows: int = 0
    """Rows that were read so far; those whose image is damaged among them."""
    complete: bool = True
    """Whether that is all of them."""
    splits: Mapping[str, int] = field(default_factory=dict)
    """Rows of each; those without a split under `train`."""
    splits_given: bool = False
    """Whether the source itself says of every row which split it is of: none is drawn then."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Boxes, or images, of each label, the commonest first."""
    negatives: int = 0
    unlabelled: int = 0
    lost: int = 0
    """Rows that cannot be read."""
    shown: tuple[PreviewRow, ...] = ()
    notices: tuple[Notice, ...] = ()
    problems: tuple[ImportProblem, ...] = ()
    """The first few."""


class _NamingKeeper(ImageKeeper):
    """Gives images their names in place of their data, and writes nothing."""

    def url(self, taken: TakenImage) -> str:
        """The name of an image, its address, or what it is."""
        source = taken.source
        if isinstance(source, str):
            return source
        if isinstance(source, bytes):
            return f"{taken.facts.format} image, {len(source):,} bytes"
        return source.name


def preview(
    source: Path | Sequence[Path],
    format: str = "",
    options: ImportOptions | None = None,
    *,
    rows: int = 3,
) -> Preview:
    """Look at a dataset of another format; call it in a thread.

    Args:
        source: A file, a folder or an archive; of several, as `import_dataset` joins them, the
            first says what they are.
        format: The name of its format; empty to have it recognised.
        options: How it would be imported.
        rows: How many rows are shown.

    Raises:
        DatasetError: if it is of no known format, saying what was looked for, or cannot be read.
        PluginError: if a format from outside fails.
    """
    log = ImportLog()
    sources = [source] if isinstance(source, Path) else list(source)
    chosen, what, others = _chosen(sources[0], format)
    options = options or ImportOptions()
    formats = [chosen, *(_chosen(other, format)[0] for other in sources[1:])]
    every = itertools.chain.from_iterable(
        in_split(its.read(path, options, log), path if len(sources) > 1 else None)
        for its, path in zip(formats, sources, strict=True)
    )
    items, complete = _read(every)
    with FileSet() as files:
        making = ChatRows(items, _NamingKeeper(sources[0], "embed", files), options, log)
        shown = tuple(itertools.islice(_shown(items, making), rows))
        making.finish()
    labels, negatives = _labels(items)
    splits = Counter(item.split or "train" for item in items)
    return Preview(
        chosen.name,
        chosen.title,
        what,
        others,
        rows=len(items),
        complete=complete,
        splits={split: splits[split] for split in SPLITS if splits[split]},
        splits_given=bool(items) and all(item.split is not None for item in items),
        labels=dict(labels.most_common()),
        negatives=negatives,
        unlabelled=log.unlabelled,
        lost=log.lost,
        shown=shown,
        notices=_all_negatives(log.notices, negatives),
        problems=tuple(log.problems[:PROBLEMS_SHOWN]),
    )


def readable_splits(source: Path) -> list[Path]:
    """The files beside a file that are its other splits, in the same format and not damaged."""
    others = {} if source.is_dir() else siblings(source).named()
    own = _first(source) if len(others) > 1 else None
    return [path for path in others.values() if path != source and own and _first(path) == own]


def _first(source: Path) -> Format | None:
    """The format of a file, if it has a row that can be read."""
    try:
        chosen = _chosen(source, "")[0]
        return (
            chosen if any(True for _ in chosen.read(source, ImportOptions(), ImportLog())) else None
        )
    except DatasetError:
        return None


def _chosen(source: Path, name: str) -> tuple[Format, str, Mapping[str, str]]:
    found = [each for each in detected(source) if each.is_read]
    if name:
        chosen = format_named(name)
        what = next((each.detection.what for each in found if each.format is chosen), chosen.title)
        return chosen, what, {}
    if not found:
        raise not_understood(source)
    best, *rest = found
    others = {
        each.format.name: each.detection.what
        for each in rest
        if each.detection.certainty == best.detection.certainty
    }
    return best.format, best.detection.what, others


def _read(every: Iterator[Item]) -> tuple[list[Item], bool]:
    """The items that can be read in time, and whether they are all."""
    until = time.monotonic() + LONGEST_S
    items: list[Item] = []
    for item in every:
        items.append(item)
        if len(items) >= FEWEST_READ and time.monotonic() > until:
            return items, False
    return items, True


def _shown(items: Sequence[Item], making: ChatRows) -> Iterator[PreviewRow]:
    for item in items:
        for row in making.rows(item):
            place = f"{item.file}:{item.line}" if item.line else item.file
            yield PreviewRow(item.split, place, row["messages"])


def _labels(items: Sequence[Item]) -> tuple[Counter[str], int]:
    labels: Counter[str] = Counter()
    negatives = 0
    for item in items:
        content = item.content
        if isinstance(content, Boxes):
            labels.update(region.label for region in content.regions)
            negatives += not content.regions and not content.lost
        elif isinstance(content, Label):
            labels[content.name] += 1
    return labels, negatives


def _all_negatives(notices: Sequence[Notice], count: int) -> tuple[Notice, ...]:
    """The notices with the negatives of all rows, not only of those shown."""
    words = "images show nothing of what is annotated, as the source says: negatives."
    kept = [notice for notice in notices if notice.code != "negatives"]
    return (*kept, Notice("negatives", count, words)) if count else tuple(kept)
