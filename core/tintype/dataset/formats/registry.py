"""Which formats there are, and which of them a path is.

Every module of this package with a `FORMAT` or `FORMATS` is one; others come from outside
(`tintype.plugins`).
"""

import functools
import importlib
import os
import pkgutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from tintype.dataset.formats.contract import Detection, Format
from tintype.dataset.formats.json_files import read_json
from tintype.dataset.formats.looking import listing_once
from tintype.dataset.formats.sources import Files
from tintype.errors import DatasetError
from tintype.plugins import Plugin, guarded, plugins

T = TypeVar("T")
_END = object()
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".zip", ".tar", ".tgz"})
_PARTS = frozenset({".xml", ".txt", ".yaml", ".yml", ".names", ".data"})
"""Endings of files that say something of the images beside them, or of their labels."""
_MOST_HIDDEN = 1000
_MOST_HIDDEN_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class RecognisedFormat:
    """A format that recognises a path."""

    format: Format
    detection: Detection

    @property
    def is_read(self) -> bool:
        """Whether it can be imported; others are only called by their names."""
        return reads(self.format)


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
        return part_of_folder(path)
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


def part_of_folder(path: Path) -> DatasetError | None:
    """Why a file is no dataset by itself: labels or a list that belong to a folder's, if so."""
    files = Files.of(path, partial=True)
    given = files.given
    if given is None or given.suffix not in _PARTS:
        return None
    best = next((one for one in detected(files.root) if one.is_read), None)
    if best is None:
        return None
    root = files.root if path.is_absolute() else Path(os.path.relpath(files.root))
    return DatasetError(
        f"{path.name} is one file of {best.detection.what}, not a file of chat rows.",
        advice=f"Import the folder with `tintype import {best.format.name} {root} DIR`.",
        path=path,
    )


def the_format_of(source: Path) -> Format:
    """The format in which a path is imported if nobody names one.

    Raises:
        DatasetError: if it is none that is known, or may be several, naming them.
    """
    found = detected(source)
    able = [each for each in found if reads(each.format)]
    sure = [each for each in able if each.detection.certainty == able[0].detection.certainty]
    if not sure and source.suffix.lower() == ".jsonl" and source.is_file():
        raise DatasetError(
            f"{source} is not in a format that has to be imported: a .jsonl of chat rows is used "
            "as it is.",
            advice=f"Check it with `tintype check {source}`; `tintype embed` writes a fixed copy.",
            path=source,
        )
    if not sure:
        raise not_understood(source)
    if len(sure) > 1:
        names = " or ".join(f"{each.format.name} ({each.detection.what})" for each in sure)
        ways = " or ".join(f"`tintype import {each.format.name} {source} DIR`" for each in sure)
        raise DatasetError(
            f"{source} may be {names}: the same images may be described twice.",
            advice=f"Say which it is: {ways}.",
            path=source,
        )
    return sure[0].format


_BLANK_BYTES = 1_000_000
"""A file of so many blanks at its beginning counts as empty."""


def not_understood(source: Path) -> DatasetError:
    """What is there, and what was looked for."""
    try:
        files = Files.of(source, partial=True)
    except DatasetError as error:
        return error
    kinds = Counter(file.suffix or "without an ending" for file in files.names.values())
    if files.given:
        kinds = Counter({files.given.suffix or "a file without an ending": 1})
    if not kinds or (files.given and not files.given.head(_BLANK_BYTES).strip()):
        return DatasetError(f"{source} is empty.", advice="Choose another.", path=source)
    if files.given and files.given.is_image:
        advice = "Name the folder that it is in, or a file of rows."
        return DatasetError(f"{source} is an image, not a dataset.", advice=advice, path=source)
    there = ", ".join(f"{count:,} × {kind}" for kind, count in kinds.most_common(6))
    images = len(files.images)
    if images and not files.given and images == len(files.names):
        return DatasetError(
            f"{source} holds {images:,} image{'s' * (images > 1)} and nothing that says what is on "
            "them: they are not labelled, which is not the same as negatives.",
            advice="Put each image into a folder named by its class, or add a table or labels.",
            path=source,
        )
    known = _hidden(source, files) or part_of_folder(source)
    if known is not None:
        return known
    names = ", ".join(format.title for format in formats() if reads(format))
    return DatasetError(
        f"{source} has a format that Tintype does not know ({there}).",
        advice=f"Looked for: {names}. Name the format if it is one of these.",
        path=source,
    )


def _hidden(source: Path, files: Files) -> DatasetError | None:
    """Why a file that may hold the dataset cannot be read: it is packed, or no JSON."""
    found = [files.given] if files.given else list(files.names.values())
    for file in found[:_MOST_HIDDEN]:
        if file.packed and not file.head(1):
            return DatasetError(
                f"{file.base} is compressed, and empty or damaged: nothing in it can be read.",
                advice="Download or copy it again.",
                path=source,
            )
        if file.suffix in _PACKED:
            return DatasetError(
                f"{file.base} is packed: what is in it is not looked at.",
                advice=f"Unpack {file.base}, then import what comes out.",
                path=source,
            )
        if file.suffix == ".json" and file.size_bytes <= _MOST_HIDDEN_BYTES:
            try:
                read_json(file)
            except DatasetError as error:
                advice = error.advice or "Put that place right, or export the file once more."
                return DatasetError(error.message, advice=advice, path=source)
    return None


def each_item(items: Iterator[T], plugin: Plugin | None, doing: str) -> Iterator[T]:
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


def plugin_of(chosen: Format) -> Plugin | None:
    """The plug-in that a format comes from; none if it is our own."""
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


def reads(format: Format) -> bool:
    """Whether a format is more than recognised."""
    return hasattr(format, "read")


@functools.cache
def _made(plugin: Plugin) -> Format:
    with guarded(plugin, "to be made"):
        made: Format = plugin.value() if isinstance(plugin.value, type) else plugin.value
        return made


@functools.cache
def _own() -> tuple[Format, ...]:
    package = importlib.import_module(__package__)
    modules = (
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    )
    found: list[Format] = []
    for module in modules:
        found += getattr(module, "FORMATS", ())
        if hasattr(module, "FORMAT"):
            found.append(module.FORMAT)
    return tuple(sorted(found, key=lambda format: format.name))
