"""YOLO: a text file of boxes for each image, in the layouts that its tools write.

`data.yaml` with folders or lists for each split (Ultralytics, Roboflow), darknet's `obj.data`,
`labels` beside `images`, or everything in one folder with `classes.txt` (LabelImg). An image with
an empty label file is a negative, as its labels say; one without a file is taken so by YOLO's
tools, but may have been forgotten, so both are counted apart. Where no image of a folder has a
label, nobody has labelled it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.dataset.formats.box_files import write_yolo
from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    WrittenRow,
)
from tintype.dataset.formats.images import image_data, nearest
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.sources import Files, SourceFile, folded, is_absolute
from tintype.dataset.formats.yaml_text import MAX_YAML_BYTES, parse_yaml
from tintype.dataset.formats.yolo_labels import Classes, LabelReader
from tintype.dataset.splits import Split
from tintype.dataset.writing import FileSet
from tintype.errors import DatasetError

_NAMES = ("classes.txt", "obj.names", "_darknet.labels", "labels.txt", "predefined_classes.txt")
_NO_LABELS = frozenset({*_NAMES, "train.txt", "valid.txt", "val.txt", "test.txt", "readme.txt"})
_MAX_LIST_BYTES = 200_000_000
_SPLITS: Sequence[tuple[Split, tuple[str, ...]]] = (
    ("train", ("train",)),
    ("valid", ("val", "valid", "validation")),
    ("test", ("test",)),
)


@dataclass(frozen=True, slots=True)
class _Head:
    """What describes a dataset: a `data.yaml`, an `obj.data`, or nothing."""

    file: SourceFile | None
    values: Mapping[str, Any]


class Yolo(FilesFormat):
    """YOLO in all its layouts."""

    name = "yolo"
    title = "YOLO"
    about = "Boxes in text files beside the images, or in `labels` beside `images`."

    def recognise(self, files: Files) -> Detection | None:
        """A `data.yaml` with names, darknet's lists, or label files that belong to images."""
        head = _head(files)
        if head.file is not None:
            return Detection(f"a YOLO dataset ({head.file.name})", _sureness(head.file))
        if files.given:
            return None
        pairs = _labelled(files)
        if not pairs:
            return None
        return Detection(f"a YOLO dataset ({pairs[0].name} …)", _sureness(pairs[0]))

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image that is labelled, or is a negative."""
        head = _head(files)
        classes = _classes(files, head, options)
        images = _by_split(files, head, log)
        if not images:
            raise DatasetError(f"{files.root} holds no images that YOLO labels belong to.")
        log.total = 2 * len(images)
        labels = {image: _label_of(image, files) for image in images}
        reader = LabelReader(classes, log, _size)
        taken = _once(images, labels, log)
        unlabelled = _unlabelled_folders(labels)
        for image in taken:
            item = _item(image, images[image], labels[image], unlabelled, reader)
            if item is not None:
                yield item
        note_unlisted(files, {image.name for image in images}, log)

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """See `box_files.write_yolo`."""
        yield from write_yolo(rows, target, files, log)


FORMAT = Yolo()


def _sureness(file: SourceFile) -> Any:
    return "certain" if file.files.given or file.name.count("/") < 2 else "likely"


def _head(files: Files) -> _Head:
    for file in files.named(".yaml", ".yml", deep=1)[:20]:
        values = parse_yaml(file.head(MAX_YAML_BYTES).decode("utf-8-sig", "replace"))
        named = isinstance(values.get("names"), (list, dict)) and values["names"]
        if named and {"train", "val", "test", "nc", "path"} & values.keys():
            return _Head(file, values)
    for file in files.named(".data", deep=1)[:20]:
        text = file.head(100_000).decode("utf-8-sig", "replace")
        pairs = (line.partition("=") for line in text.splitlines())
        values = {key.strip(): value.strip() for key, _, value in pairs if value}
        if "names" in values and {"train", "valid"} & values.keys():
            return _Head(file, values)
    return _Head(None, {})


def _labelled(files: Files) -> list[SourceFile]:
    """Label files whose image is there, of the first few."""
    found: list[SourceFile] = []
    for file in files.named(".txt", deep=4)[:300]:
        if file.base.lower() in _NO_LABELS:
            continue
        words = file.head(400).decode("utf-8-sig", "replace").split()
        if len(words) >= 5 and _is_line(words[:5]) and _image_of(file, files):
            found.append(file)
            if len(found) == 3:
                break
    return found


def _is_line(words: Sequence[str]) -> bool:
    try:
        return float(words[0]).is_integer() and all(float(word) >= 0 for word in words)
    except (ValueError, OverflowError):
        return False


def _image_of(label: SourceFile, files: Files) -> bool:
    stem = label.name.rpartition(".")[0]
    beside = _swapped(stem, "labels", "images")
    return any(
        folded(found.name).rpartition(".")[0] in (folded(stem), folded(beside))
        for found in files.stems(stem)
    )


def _swapped(name: str, one: str, other: str) -> str:
    """A name with the last folder of one name called by another."""
    parts = name.split("/")
    for at in range(len(parts) - 2, -1, -1):
        if parts[at].lower() == one:
            return "/".join([*parts[:at], other, *parts[at + 1 :]])
    return name


def _classes(files: Files, head: _Head, options: ImportOptions) -> Classes:
    pose = _pose(head.values.get("kpt_shape"))
    if options.names:
        return Classes(dict(enumerate(options.names)), "the names given", pose)
    names = head.values.get("names", "")
    if isinstance(names, dict):
        numbered = {int(key): str(name) for key, name in names.items() if str(key).isdigit()}
        return Classes(numbered, head.file.name if head.file else "", pose)
    if isinstance(names, list):
        return Classes(dict(enumerate(map(str, names))), head.file.name if head.file else "", pose)
    found = _resolved(files, names, head) if names else None
    listed = [found] if isinstance(found, SourceFile) else []
    every = [file for file in files.names.values() if file.base.lower() in _NAMES]
    for file in (*listed, *every):
        lines = _lines(file)
        return Classes({at: line for at, line in enumerate(lines) if line}, file.name, pose)
    return Classes({}, "", pose)


def _pose(shape: Any) -> int:
    """How many numbers of key points follow a box."""
    try:
        count, each = (int(side) for side in shape)
    except (TypeError, ValueError):
        return 0
    return count * each if 0 < count < 10_000 and each in (2, 3) else 0


def _lines(file: SourceFile) -> list[str]:
    text = file.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
    return [line.strip() for line in text.splitlines()]


def _by_split(files: Files, head: _Head, log: ImportLog) -> dict[SourceFile, Split | None]:
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


def _images(said: str, files: Files, head: _Head, log: ImportLog) -> list[SourceFile]:
    """The images of a folder or of a list."""
    found = _resolved(files, said, head, log)
    if isinstance(found, SourceFile):
        return _of_list(found, files, log)
    if found is None:
        log.note("missing-folders", "folders or lists are named and not there.", said)
        return []
    return [image for image in files.images if f"{image.name}/".startswith(f"{found}/")]


def _resolved(
    files: Files, said: str, head: _Head, log: ImportLog | None = None
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
            return _mended(found, path if elsewhere else "", log)
    parts = [part for part in said.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    for at in range(len(parts)):
        inner = "/".join(parts[at:])
        found = _there(files, f"{base}/{inner}".strip("/")) or _there(files, inner)
        if found is not None:
            return _mended(found, said if is_absolute(said) or is_absolute(path) else "", log)
    return None


def _there(files: Files, name: str) -> SourceFile | str | None:
    """A file, or the name itself if it is a folder."""
    inside = f"{name}/" if name else ""
    file = files.get(name)
    return file or (name if any(each.startswith(inside) for each in files.names) else None)


def _mended(found: SourceFile | str, place: str, log: ImportLog | None) -> SourceFile | str:
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
    for line in _lines(listed):
        if not line:
            continue
        found = files.get(_plain(f"{listed.folder}/{line}")) or files.get(_plain(line))
        ending = nearest(files.ending(line), listed.folder, None) if found is None else []
        if found is None and len(ending) != 1:
            log.miss(line)
        else:
            made.append(found or ending[0])
    return made


def _label_of(image: SourceFile, files: Files) -> SourceFile | None:
    """The label file of an image: in `labels` for `images`, or beside it."""
    stem = image.name.rpartition(".")[0]
    beside = _swapped(stem, "images", "labels")
    folder, _, base = stem.rpartition("/")
    trials = (beside, f"{folder}/labels/{base}", f"labels/{stem}", f"labels/{base}", stem)
    for trial in trials:
        found = files.get(f"{trial.strip('/')}.txt")
        if found is not None and found.base.lower() not in _NAMES:
            return found
    return None


def _once(
    images: Mapping[SourceFile, Split | None],
    labels: Mapping[SourceFile, SourceFile | None],
    log: ImportLog,
) -> list[SourceFile]:
    """The images without those that share a label file: whose it is cannot be known."""
    owners: dict[SourceFile, int] = {}
    for image in images:
        label = labels[image]
        if label is not None:
            owners[label] = owners.get(label, 0) + 1
    taken = []
    for image in images:
        label = labels[image]
        if label is not None and owners[label] > 1:
            words = "images share one label file: whose it is cannot be known; left out."
            log.note("one-label-two-pictures", words, f"{image.name} ({label.name})")
            log.lost += 1
        else:
            taken.append(image)
    return taken


def _unlabelled_folders(labels: Mapping[SourceFile, SourceFile | None]) -> set[str]:
    """The folders in which no image has a label."""
    labelled = {image.folder for image, label in labels.items() if label is not None}
    return {image.folder for image in labels} - labelled


def _item(
    image: SourceFile,
    split: Split | None,
    label: SourceFile | None,
    unlabelled: set[str],
    reader: LabelReader,
) -> Item | None:
    log = reader.log
    if label is None:
        if image.folder in unlabelled:
            words = (
                "images in folders without any label file: not labelled, so no negatives; left out."
            )
            log.note("unlabelled", words, image.name)
            return None
        words = "negatives have no label file: perhaps they were forgotten."
        log.note("negatives-without-file", words, image.name)
        return Item(Boxes((), fractions=True), (image.image,), image.name, 0, split)
    try:
        boxes = reader.boxes(label, image)
    except DatasetError as error:
        log.lose(label.name, 0, error.message)
        return None
    return Item(boxes, (image.image,), label.name, 0, split)


def _size(image: SourceFile) -> tuple[int, int]:
    """Width and height of an image as it is shown."""
    from tintype.images import probe

    found: Path | SourceFile = image.image
    facts = probe(image_data(found), verify=False)
    size = (facts.width, facts.height)
    return size[::-1] if facts.orientation >= 5 else size
