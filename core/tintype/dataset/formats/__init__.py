"""Other formats of datasets: which there are, what a path holds, and bringing it in.

Every module of this package with a `FORMAT` is a format (`contract` says what that is); others come
from outside (`tintype.plugins`). Commands, the app and scripts all read this registry.
"""

import itertools
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from pathlib import Path

from tintype.dataset.formats.checking import check_format
from tintype.dataset.formats.contract import (
    Boxes,
    Captions,
    Chat,
    Content,
    Detection,
    Format,
    FormatOption,
    ImportOptions,
    Item,
    Label,
    Question,
    Region,
    StoredImage,
    WrittenRow,
)
from tintype.dataset.formats.exporting import export_dataset
from tintype.dataset.formats.importing import in_split, write_items
from tintype.dataset.formats.registry import (
    RecognisedFormat,
    detected,
    each_item,
    format_named,
    formats,
    not_understood,
    plugin_of,
    reads,
    recognised,
    the_format_of,
)
from tintype.dataset.formats.report import (
    ImportLog,
    ImportProblem,
    ImportProgress,
    ImportReport,
    Notice,
)
from tintype.errors import DatasetError
from tintype.plugins import guarded
from tintype.threads import stepwise

__all__ = [
    "Boxes",
    "Captions",
    "Chat",
    "Content",
    "Detection",
    "Format",
    "FormatOption",
    "ImportLog",
    "ImportOptions",
    "ImportProblem",
    "ImportProgress",
    "ImportReport",
    "Item",
    "Label",
    "Notice",
    "Question",
    "RecognisedFormat",
    "Region",
    "StoredImage",
    "WrittenRow",
    "check_format",
    "detected",
    "export_dataset",
    "format_named",
    "formats",
    "import_dataset",
    "not_understood",
    "recognised",
]


def import_dataset(
    source: Path | Sequence[Path],
    target: Path,
    format: str = "",
    options: ImportOptions | None = None,
    *,
    dry_run: bool = False,
) -> AsyncGenerator[ImportProgress, None]:
    """Write a dataset of another format as `train.jsonl`, `valid.jsonl`, `test.jsonl`.

    The last report holds the result; the files appear all together, just before it.

    Args:
        source: A file or folder. Of several, those whose names say a split (`val.json`) are that
            split, and the others are joined.
        target: The folder to write into.
        format: The name of its format; empty to have it recognised.
        options: How.
        dry_run: Whether nothing is written: the reports say what would be.

    Raises:
        DatasetError: if the format is not known, the source cannot be read, or the target cannot be
            written or exists.
        PluginError: if a format from outside fails, with its file and line.
    """
    sources = [source] if isinstance(source, Path) else list(source)
    return stepwise(_import(sources, target, format, options or ImportOptions(), dry_run))


def _import(
    sources: Sequence[Path], target: Path, name: str, options: ImportOptions, dry_run: bool
) -> Generator[ImportProgress, None, None]:
    log = ImportLog()
    readers = [(_reader(source, name), source) for source in sources]
    every = (
        in_split(_items(chosen, source, options, log), source if len(sources) > 1 else None)
        for chosen, source in readers
    )
    items = itertools.chain.from_iterable(every)
    yield from write_items(items, target, options, log, dry_run=dry_run)


def _reader(source: Path, name: str) -> Format:
    chosen = format_named(name) if name else the_format_of(source)
    if not reads(chosen):
        raise DatasetError(f"Tintype does not read {chosen.title} yet: {chosen.about}", path=source)
    return chosen


def _items(format: Format, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
    plugin, doing = plugin_of(format), f"reading {source.name}"
    if plugin is None:
        return format.read(source, options, log)
    with guarded(plugin, doing):
        return each_item(iter(format.read(source, options, log)), plugin, doing)
