"""Other formats of datasets: which there are, what a path holds, and bringing it in.

Every module of this package with a `FORMAT` is a format (`contract` says what that is); others come
from outside (`tintype.plugins`). Commands, the app and scripts all read this registry.
"""

import functools
import importlib
import pkgutil
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from tintype.dataset.conversation import example
from tintype.dataset.files import image_bytes
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
from tintype.dataset.formats.importing import write_items
from tintype.dataset.formats.report import (
    ImportLog,
    ImportProblem,
    ImportProgress,
    ImportReport,
    Notice,
)
from tintype.dataset.formats.sources import listing_once
from tintype.dataset.places import origin
from tintype.dataset.reading import read_rows
from tintype.dataset.writing import FileSet, refuse_existing
from tintype.errors import DatasetError
from tintype.plugins import Plugin, guarded, plugins
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
    "recognised",
]


T = TypeVar("T")
_END = object()


@dataclass(frozen=True, slots=True)
class RecognisedFormat:
    """A format that recognises a path."""

    format: Format
    detection: Detection

    @property
    def is_read(self) -> bool:
        """Whether it can be imported; others are only called by their names."""
        return _reads(self.format)


def formats() -> tuple[Format, ...]:
    """All formats by name: our own, then those from outside.

    Raises:
        PluginError: if a plug-in cannot be loaded.
    """
    return tuple(format for format, _ in _known())


def format_named(name: str) -> Format:
    """The format of a name.

    Raises:
        DatasetError: if there is none, naming those that there are.
    """
    for format in formats():
        if format.name == name:
            return format
    names = ", ".join(format.name for format in formats())
    raise DatasetError(f"There is no format {name!r}.", advice=f"Use one of {names}.")


def detected(path: Path) -> tuple[RecognisedFormat, ...]:
    """The formats that recognise a path: those that can be read before others, the surest first.

    Looks into a few files: call it in a thread.

    Raises:
        PluginError: if a plug-in fails.
    """
    found: list[RecognisedFormat] = []
    with listing_once():
        for format, plugin in _known():
            detection = _guarded_detection(format, plugin, path)
            if detection is not None:
                found.append(RecognisedFormat(format, detection))
    return tuple(sorted(found, key=lambda each: (not each.is_read, each.detection.certainty)))


def recognised(path: Path) -> DatasetError | None:
    """Why a path is no file of chat rows but another dataset, and what takes it, if known."""
    found = detected(path)
    if not found:
        return None
    best = found[0]
    if not best.is_read:
        advice = f"Tintype does not read {best.format.title} yet: {best.format.about}"
    else:
        advice = f"Import it with `tintype import {best.format.name} {path} DIR`."
    return DatasetError(
        f"{path.name or path} is {best.detection.what}, not a file of chat rows.",
        advice=advice,
        path=path,
    )


def import_dataset(
    source: Path, target: Path, format: str = "", options: ImportOptions | None = None
) -> AsyncGenerator[ImportProgress, None]:
    """Write a dataset of another format as `train.jsonl`, `valid.jsonl`, `test.jsonl`.

    The last report holds the result; the files appear all together, just before it.

    Args:
        source: A file or folder.
        target: The folder to write into.
        format: The name of its format; empty to have it recognised.
        options: How.

    Raises:
        DatasetError: if the format is not known, the source cannot be read, or the target cannot be
            written or exists.
        PluginError: if a format from outside fails, with its file and line.
    """
    return stepwise(_import(source, target, format, options or ImportOptions()))


def export_dataset(
    source: Path, target: Path, format: str, *, replace: bool = False
) -> AsyncGenerator[ImportProgress, None]:
    """Write a file of chat rows in another format; what that cannot carry is reported.

    The files appear all together, just before the last report, which counts rows and losses.

    Raises:
        DatasetError: if the format cannot be written, the source cannot be read, or the target
            cannot be written or exists.
        PluginError: if a format from outside fails, with its file and line.
    """
    return stepwise(_export(source, target, format, replace))


def _export(
    source: Path, target: Path, name: str, replace: bool
) -> Generator[ImportProgress, None, None]:
    chosen = format_named(name)
    if not hasattr(chosen, "write"):
        raise DatasetError(f"{chosen.title} is not written by Tintype.")
    refuse_existing([target], replace=replace)
    log = ImportLog()
    with FileSet() as files:
        writing = chosen.write(_written_rows(source, log), target, files, log)
        for _ in _each(writing, _plugin_of(chosen), f"writing {target.name}"):
            if log.step():
                yield log.progress()
    rows = log.done - log.lost
    yield log.progress(ImportReport(rows=rows, lost=log.lost, problems=tuple(log.problems)))


def _written_rows(source: Path, log: ImportLog) -> Iterator[WrittenRow]:
    for row, urls in read_rows(source):
        try:
            if row.flaw:
                raise DatasetError(row.flaw)
            images = tuple(
                url if origin(url) == "url" else image_bytes(url, source.parent) for url in urls
            )
        except DatasetError as error:
            log.done += 1
            log.lose("", row.line, error.message)
            continue
        yield WrittenRow(example(row), images, row.line)


def _import(
    source: Path, target: Path, name: str, options: ImportOptions
) -> Generator[ImportProgress, None, None]:
    chosen = format_named(name) if name else _recognise(source)
    log = ImportLog()
    if not _reads(chosen):
        raise DatasetError(f"Tintype does not read {chosen.title} yet: {chosen.about}", path=source)
    yield from write_items(_items(chosen, source, options, log), target, options, log)


def _recognise(source: Path) -> Format:
    found = detected(source)
    able = [each for each in found if _reads(each.format)] or list(found)
    sure = [each for each in able if each.detection.certainty == "certain"] or able
    if not sure and source.suffix.lower() == ".jsonl" and source.is_file():
        raise DatasetError(
            f"{source} is not in a format that has to be imported: a .jsonl of chat rows is used "
            "as it is.",
            advice=f"Check it with `tintype check {source}`; `tintype embed` writes a fixed copy.",
            path=source,
        )
    if not sure:
        names = ", ".join(format.title for format in formats() if _reads(format))
        raise DatasetError(
            f"{source} has a format that Tintype does not know.",
            advice=f"Name the format if it is one of these: {names}.",
            path=source,
        )
    if len(sure) > 1:
        names = " or ".join(f"{each.format.name} ({each.detection.what})" for each in sure)
        raise DatasetError(f"{source} may be {names}.", advice="Say which it is.", path=source)
    return sure[0].format


def _items(format: Format, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
    plugin, doing = _plugin_of(format), f"reading {source.name}"
    if plugin is None:
        return format.read(source, options, log)
    with guarded(plugin, doing):
        return _each(iter(format.read(source, options, log)), plugin, doing)


def _each(items: Iterator[T], plugin: Plugin | None, doing: str) -> Iterator[T]:
    """Go through what a format yields; what a plug-in raises names its file and line."""
    if plugin is None:
        yield from items
        return
    while True:
        with guarded(plugin, doing):
            found = next(items, _END)
        if found is _END:
            return
        yield cast("T", found)


def _plugin_of(chosen: Format) -> Plugin | None:
    return next((plugin for format, plugin in _known() if format is chosen), None)


def _guarded_detection(format: Format, plugin: Plugin | None, path: Path) -> Detection | None:
    if plugin is not None:
        with guarded(plugin, f"looking at {path.name}"):
            return format.detect(path)
    try:
        return format.detect(path)
    except (OSError, DatasetError):  # not readable: then it is nothing that is known
        return None


def _known() -> tuple[tuple[Format, Plugin | None], ...]:
    """Every format, with the plug-in that it comes from."""
    outside = tuple((_made(plugin), plugin) for plugin in plugins("formats"))
    return (*((format, None) for format in _own()), *outside)


def _reads(format: Format) -> bool:
    """Whether a format is more than recognised."""
    return hasattr(format, "read")


@functools.cache
def _made(plugin: Plugin) -> Format:
    with guarded(plugin, "to be made"):
        made: Format = plugin.value() if isinstance(plugin.value, type) else plugin.value
        return made


@functools.cache
def _own() -> tuple[Format, ...]:
    modules = (
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    )
    found: list[Format] = []
    for module in modules:
        found += getattr(module, "FORMATS", ())
        if hasattr(module, "FORMAT"):
            found.append(module.FORMAT)
    return tuple(sorted(found, key=lambda format: format.name))
