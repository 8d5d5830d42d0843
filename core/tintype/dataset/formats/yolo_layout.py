"""Which images a YOLO dataset has, in which splits, and where their labels are.

`data.yaml`, darknet's `obj.data` and lists name folders and files, often of another machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tintype.dataset.formats.images import nearest
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_names import is_absolute
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.splits import Split
from tintype.yaml_reading import read_yaml

CLASS_FILES = (
    "classes.txt",
    "obj.names",
    "_darknet.labels",
    "labels.txt",
    "predefined_classes.txt",
)


NO_LABELS = frozenset({*CLASS_FILES, "train.txt", "valid.txt", "val.txt", "test.txt", "readme.txt"})


_MAX_LIST_BYTES = 200_000_000
_MAX_YAML_BYTES = 2_000_000


_SPLITS: Sequence[tuple[Split, tuple[str, ...]]] = (
    ("train", ("train",)),
    ("valid", ("val", "valid", "validation")),
    ("test", ("test",)),
)


@dataclass(frozen=True, slots=True)
class YoloHead:
    """What describes a dataset: a `data.yaml`, an `obj.data`, or nothing."""

    file: SourceFile | None
    values: Mapping[str, Any]
    unread: tuple[str, ...] = ()
    """Files that would be such, were they YAML."""


def yolo_head(files: Files) -> YoloHead:
    """What describes a dataset, of the files in the folder or one below."""
    unread = []
    for file in files.named(".yaml", ".yml", deep=1)[:20]:
        text = file.head(_MAX_YAML_BYTES).decode("utf-8-sig", "replace").replace("\t", "    ")
        try:
            values = read_yaml(text, as_texts=True)
        except ValueError:
            unread.append(file.name)
            continue
        if not isinstance(values, dict):
            continue
        named = isinstance(values.get("names"), (list, dict)) and values["names"]
        if named and {"train", "val", "test", "nc", "path"} & values.keys():
            return YoloHead(file, values)
    for file in files.named(".data", deep=1)[:20]:
        text = file.head(100_000).decode("utf-8-sig", "replace")
        pairs = (line.partition("=") for line in text.splitlines())
        values = {key.strip(): value.strip() for key, _, value in pairs if value}
        if "names" in values and {"train", "valid"} & values.keys():
            return YoloHead(file, values)
    return YoloHead(None, {}, tuple(unread))


def swapped(name: str, one: str, other: str) -> str:
    """A name with the last folder of one name called by another."""
    parts = name.split("/")
    for at in range(len(parts) - 2, -1, -1):
        if parts[at].lower() == one:
            return "/".join([*parts[:at], other, *parts[at + 1 :]])
    return name


def lines_of(file: SourceFile) -> list[str]:
    """The lines of a list, without what stands around them."""
    text = file.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
    return [line.strip() for line in text.splitlines()]


def images_by_split(files: Files, head: YoloHead, log: ImportLog) -> dict[SourceFile, Split | None]:
    """Every image with its split, by the description, else by the folders."""
    made: dict[SourceFile, Split | None] = {}
    seen: dict[str, Split] = {}
    for split, keys in _SPLITS:
        for said in _said(head.values, keys):
            before = seen.setdefault(said, split)
            if before != split:
                log.note(f"{keys[0]}-is-{before}", f"{before} and {split} are the same: each image "
                         f"once, in {before}.", said)  # fmt: skip
                continue
            for image in _images(said, files, head, log):
                made.setdefault(image, split)
    if made:
        return made
    return {image: image.folder_split for image in files.images}


def _said(values: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    found: Any = next((values[key] for key in keys if values.get(key)), [])
    listed = found if isinstance(found, list) else [found]
    return [said for said in listed if isinstance(said, str)]


def _images(said: str, files: Files, head: YoloHead, log: ImportLog) -> list[SourceFile]:
    """The images of a folder or of a list."""
    found = resolved(files, said, head, log)
    if isinstance(found, SourceFile):
        return _of_list(found, files, log)
    if found is None:
        log.note("missing-folders", "folders or lists are named and not there.", said)
        return []
    return [image for image in files.images if f"{image.name}/".startswith(f"{found}/")]


def resolved(
    files: Files, said: str, head: YoloHead, log: ImportLog | None = None
) -> SourceFile | str | None:
    """The list, or the folder by its name, that a description means; none if it is not there.

    What is on another machine, or leads out of the dataset, is looked for by the end of its name.
    """
    base = head.file.folder if head.file else ""
    path = str(head.values.get("path") or "")
    trials = [] if is_absolute(said) else [f"{base}/{path}/{said}", f"{base}/{said}", said]
    for trial in trials:
        found = _there(files, _plain(trial))
        if found is not None:
            elsewhere = path not in ("", ".") and path not in trial
            return _taken_here(found, path if elsewhere else "", log)
    parts = [part for part in said.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    for at in range(len(parts)):
        inner = "/".join(parts[at:])
        found = _there(files, f"{base}/{inner}".strip("/")) or _there(files, inner)
        if found is not None:
            return _taken_here(found, said if is_absolute(said) or is_absolute(path) else "", log)
    return None


def _there(files: Files, name: str) -> SourceFile | str | None:
    """A file, or the name itself if it is a folder."""
    inside = f"{name}/" if name else ""
    file = files.get(name)
    return file or (name if any(each.startswith(inside) for each in files.names) else None)


def _taken_here(found: SourceFile | str, place: str, log: ImportLog | None) -> SourceFile | str:
    """What was found, and a note if it was looked for elsewhere; of one place once."""
    words = "paths of another machine: what has these names here is taken."
    if log is not None and place and not log.noted("paths-mended", place):
        log.note("paths-mended", words, place)
    return found


def _plain(name: str) -> str:
    """A name without `.` and with `..` resolved as far as there are folders."""
    made: list[str] = []
    for part in name.replace("\\", "/").split("/"):
        if part == "..":
            made = made[:-1]
        elif part not in ("", "."):
            made.append(part)
    return "/".join(made)


def _of_list(listed: SourceFile, files: Files, log: ImportLog) -> list[SourceFile]:
    made = []
    for line in lines_of(listed):
        if not line:
            continue
        found = files.get(_plain(f"{listed.folder}/{line}")) or files.get(_plain(line))
        ending = nearest(files.ending(line), listed.folder, None) if found is None else []
        if found is None and len(ending) != 1:
            log.miss(line)
        else:
            made.append(found or ending[0])
    return made


def label_of(image: SourceFile, files: Files) -> SourceFile | None:
    """The label file of an image: in `labels` for `images`, or beside it."""
    stem = image.name.rpartition(".")[0]
    beside = swapped(stem, "images", "labels")
    folder, _, base = stem.rpartition("/")
    trials = (beside, f"{folder}/labels/{base}", f"labels/{stem}", f"labels/{base}", stem)
    for trial in trials:
        found = files.get(f"{trial.strip('/')}.txt")
        if found is not None and found.base.lower() not in CLASS_FILES:
            return found
    return None
