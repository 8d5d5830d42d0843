"""Whether a format keeps the contract: for whoever writes one."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tintype.dataset.formats.contract import (
    Boxes,
    Chat,
    Detection,
    Format,
    FormatOption,
    ImportOptions,
    Item,
    Question,
    Region,
)
from tintype.dataset.formats.report import ImportLog
from tintype.errors import DatasetError
from tintype.plugins import blame


def check_format(format: Any, example: Path | None = None) -> tuple[str, ...]:
    """Return what breaks the contract of a format, a sentence each; nothing if it is kept.

    Args:
        format: The object, or a class that needs no arguments.
        example: A dataset in this format; with it, detecting and reading are tried as well.
    """
    made, broken = _made(format)
    if made is None:
        return tuple(broken)
    broken += _attributes(made)
    if not broken:
        broken += _detecting(made, example)
    if not broken and example is not None:
        broken += _reading(made, example)
    return tuple(broken)


def _made(format: Any) -> tuple[Any, list[str]]:
    try:
        return (format() if isinstance(format, type) else format), []
    except Exception as error:  # whatever its author's code raises
        return None, [blame(error, "The class cannot be called without arguments").message]


def _attributes(format: Any) -> list[str]:
    broken = []
    for name, words in (("name", "one word in lower case"), ("title", "text"), ("about", "text")):
        value = getattr(format, name, None)
        if not isinstance(value, str) or not value:
            broken.append(f"`{name}` is missing: it must be {words}.")
    name = getattr(format, "name", "")
    if isinstance(name, str) and name and not (name.isidentifier() and name == name.lower()):
        broken.append(f"`name` is {name!r}: it must be one word in lower case.")
    options = getattr(format, "options", None)
    if not isinstance(options, Iterable) or not all(
        isinstance(option, FormatOption) for option in options
    ):
        broken.append("`options` must be a list of FormatOption; an empty one will do.")
    broken += [
        f"`{method}` is missing: it must be a method."
        for method in ("detect", "read")
        if not callable(getattr(format, method, None))
    ]
    return broken


def _detecting(format: Format, example: Path | None) -> list[str]:
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other.txt"
        other.write_bytes(b"\x00 not a dataset")
        for path, words in (
            (Path(folder), "an empty folder"),
            (other, "a file of something else"),
            (Path(folder) / "none", "a path that leads nowhere"),
        ):
            try:
                if format.detect(path) is not None:
                    broken.append(f"`detect` recognises {words}.")
            except Exception as error:  # whatever its author's code raises
                broken.append(blame(error, f"`detect` fails for {words}").message)
    if not broken and example is not None:
        found = format.detect(example)
        if not isinstance(found, Detection):
            broken.append(f"`detect` does not recognise {example}: it returned {found!r}.")
    return broken


def _reading(format: Format, example: Path) -> list[str]:
    log = ImportLog()
    try:
        items = list(format.read(example, ImportOptions(), log))
    except DatasetError as error:
        return [f"`read` refuses {example}: {error}"]
    except Exception as error:  # whatever its author's code raises
        return [blame(error, f"`read` fails for {example}").message]
    broken = [words for at, item in enumerate(items, 1) for words in _item(item, at)]
    if not items and not log.problems:
        broken.append("`read` yields nothing, and the log does not say why.")
    return broken[:20]


def _item(item: Any, at: int) -> list[str]:
    if not isinstance(item, Item):
        return [f"Item {at} is {type(item).__name__}, not an Item."]
    broken = []
    if not isinstance(item.content, Boxes | Question | Chat):
        broken.append(f"Item {at}: `content` is {type(item.content).__name__}.")
    if not all(isinstance(image, Path | bytes | str) for image in item.images):
        broken.append(f"Item {at}: an image is no Path, bytes or URL.")
    if not item.file:
        broken.append(f"Item {at}: `file` does not say where it stands.")
    if isinstance(item.content, Boxes):
        odd = [each for each in item.content.regions if not isinstance(each, Region)]
        broken += [f"Item {at}: a region is {type(each).__name__}." for each in odd[:1]]
        if len(item.images) != 1:
            broken.append(f"Item {at}: boxes need one image, and there are {len(item.images)}.")
    return broken
