"""Items of any format made into `train.jsonl`, `valid.jsonl` and `test.jsonl`.

Each item becomes one row or several (`chat_rows`). Splits that the source does not give are drawn
by the images' content, so that rows that share an image, under whatever name, stay together.
"""

import random
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tintype.dataset.formats.chat_rows import ChatRows, without_system
from tintype.dataset.formats.contract import ImageSource, ImportOptions, Item
from tintype.dataset.formats.images import ImageKeeper, content_key
from tintype.dataset.formats.report import ImportLog, ImportProgress, ImportReport
from tintype.dataset.nowhere import Nowhere
from tintype.dataset.splits import SPLITS, Split, draw_splits, split_of
from tintype.dataset.writing import SplitWriter, refuse_existing
from tintype.errors import DatasetError
from tintype.paths import free_at

_ROW_BYTES = 300
"""Of a row without its image, about."""


def write_items(
    source: Iterable[Item],
    target: Path,
    options: ImportOptions,
    log: ImportLog,
    *,
    dry_run: bool = False,
) -> Generator[ImportProgress, None, None]:
    """Write items as splits; the files appear all together, just before the last report.

    With `dry_run` nothing is written: the reports say what would be.

    Raises:
        DatasetError: if the source cannot be read, the target cannot be written, or exists.
    """
    if not dry_run:
        refuse_existing([target / f"{split}.jsonl" for split in SPLITS], replace=options.replace)
    read: list[Item] = []
    for item in source:
        read.append(item)
        if log.step():
            yield log.progress()
    log.total = log.done + len(read)
    items, splits = yield from _drawn(read, options, log)
    if not dry_run:
        _require_room(items, target, options)
    with SplitWriter(target, Nowhere() if dry_run else None) as writer:
        making = ChatRows(items, ImageKeeper(target, options.keep, writer.beside), options, log)
        for item, split in _taken(items, splits, options, making):
            for row in making.rows(item):
                writer.write(split, row)
            if log.step():
                yield log.progress()
        making.finish()
    yield log.progress(
        ImportReport(
            rows=sum(writer.counts.values()),
            images=len(making.keeper.used),
            splits={split: writer.counts[split] for split in writer.files},
            files=writer.files,
            labels=dict(making.labels.most_common()),
            lost=log.lost,
            negatives=making.negatives,
            unlabelled=log.unlabelled,
            notices=log.notices,
            problems=tuple(log.problems),
        )
    )


def in_split(items: Iterator[Item], source: Path | None) -> Iterator[Item]:
    """Items whose source says no split are in that of the source's name, if it says one."""
    split = split_of(source) if source is not None else None
    for item in items:
        yield replace(item, split=split) if split is not None and item.split is None else item


def _taken(
    items: Sequence[Item], splits: Sequence[Split], options: ImportOptions, making: ChatRows
) -> list[tuple[Item, Split]]:
    """The items to be written, without those that become examples in front of the others."""
    pairs = list(zip(items, splits, strict=True))
    if options.shots < 1:
        return pairs
    order = [at for at, (_, split) in enumerate(pairs) if split == "train"]
    random.Random(options.seed).shuffle(order)
    chosen: dict[int, list[Any]] = {}
    for at in order:
        if len(chosen) == options.shots:
            break
        rows = list(making.rows(pairs[at][0]))
        if rows:
            chosen[at] = without_system(rows[0])
    making.shots = [message for at in sorted(chosen) for message in chosen[at]]
    return [pair for at, pair in enumerate(pairs) if at not in chosen]


def _drawn(
    items: Sequence[Item], options: ImportOptions, log: ImportLog
) -> Generator[ImportProgress, None, tuple[Sequence[Item], list[Split]]]:
    """The items and their splits: the source's, or drawn by the content of their images.

    With a sample, only the items of so many images, drawn by the seed.
    """
    groups = _Groups()
    keys: list[str] = []
    for at, item in enumerate(items):
        if item.split is not None and not options.sample:
            keys.append("")
            continue
        shown = [_key(source) for source in item.images] or [f"row {at}"]
        for other in shown[1:]:
            groups.join(shown[0], other)
        keys.append(shown[0])
        if log.due:
            yield log.progress()
    named = [groups.name(key) if key else "" for key in keys]
    if options.sample:
        items, named = _sampled(items, named, options, log)
    drawn = draw_splits(
        (name for item, name in zip(items, named, strict=True) if item.split is None),
        seed=options.seed,
        valid_share=options.valid_share,
        test_share=options.test_share,
    )
    return items, [item.split or drawn[name] for item, name in zip(items, named, strict=True)]


def _sampled(
    items: Sequence[Item], named: Sequence[str], options: ImportOptions, log: ImportLog
) -> tuple[Sequence[Item], list[str]]:
    names = sorted(set(named))
    chosen = set(random.Random(options.seed).sample(names, min(options.sample, len(names))))
    kept = [(item, name) for item, name in zip(items, named, strict=True) if name in chosen]
    if len(kept) < len(items):
        words = f"not among the {len(chosen):,} images drawn with seed {options.seed}."
        log.note("not-sampled", words, count=len(items) - len(kept))
    return [item for item, _ in kept], [name for _, name in kept]


def _require_room(items: Sequence[Item], target: Path, options: ImportOptions) -> None:
    """Ask for the disk space before anything is written.

    Raises:
        DatasetError: if the rows with their images will not fit.
    """
    sizes = {source: size for item in items for source, size in map(_sized, item.images)}
    times = Counter(source for item in items for source in item.images)
    copies = times if options.keep == "embed" else dict.fromkeys(sizes, 1)
    images = sum(size * copies[source] for source, size in sizes.items())
    needed = len(items) * _ROW_BYTES + (images * 4 // 3 if options.keep == "embed" else images)
    free = free_at(target)
    if free is not None and needed > free:
        raise DatasetError(
            f"The rows need about {needed:,} bytes, and {target} has {free:,} free.",
            advice="Choose a folder on another disk, take a sample, or link the images.",
            path=target,
        )


def _sized(source: ImageSource) -> tuple[ImageSource, int]:
    if isinstance(source, bytes):
        return source, len(source)
    if isinstance(source, str):
        return source, 0
    try:
        return source, source.stat().st_size if isinstance(source, Path) else source.size_bytes
    except OSError:
        return source, 0  # its row will be left out


def _key(source: Any) -> str:
    try:
        return content_key(source)
    except DatasetError:  # its row will be left out
        return str(source)


class _Groups:
    """Images that occur on one row, or on rows that share another image, belong together."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def name(self, key: str) -> str:
        """The name of a key's group."""
        while (parent := self._parents.get(key, key)) != key:
            key = parent
        return key

    def join(self, one: str, other: str) -> None:
        """Make one group of two."""
        first, second = sorted((self.name(one), self.name(other)))
        self._parents[second] = first
