"""YOLO: a text file of boxes for each image, in the layouts that its tools write.

`data.yaml` with folders or lists for each split (Ultralytics, Roboflow), darknet's `obj.data`,
`labels` beside `images`, or everything in one folder with `classes.txt` (LabelImg). An image with
an empty label file is a negative, as its labels say; one without a file is taken so by YOLO's
tools, but may have been forgotten, so both are counted apart. Where no image of a folder has a
label, nobody has labelled it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tintype.dataset.file_set import FileSet
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
from tintype.dataset.formats.images import image_data
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_names import folded
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.yolo_labels import Classes, LabelReader, label_words
from tintype.dataset.formats.yolo_layout import (
    CLASS_FILES,
    NO_LABELS,
    YoloHead,
    images_by_split,
    label_of,
    lines_of,
    resolved,
    swapped,
    yolo_head,
)
from tintype.dataset.splits import Split
from tintype.errors import DatasetError


class Yolo(FilesFormat):
    """YOLO in all its layouts."""

    name = "yolo"
    title = "YOLO"
    about = "Boxes in text files beside the images, or in `labels` beside `images`."

    def recognise(self, files: Files) -> Detection | None:
        """A `data.yaml` with names, darknet's lists, or label files that belong to images."""
        head = yolo_head(files)
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
        head = yolo_head(files)
        for name in head.unread:
            log.note("not-yaml", "cannot be read as YAML: what it says is not known.", name)
        classes = _classes(files, head, options)
        images = images_by_split(files, head, log)
        if not images:
            raise DatasetError(f"{files.root} holds no images that YOLO labels belong to.")
        log.total = 2 * len(images)
        labels = {image: label_of(image, files) for image in images}
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


def _labelled(files: Files) -> list[SourceFile]:
    """Label files whose image is there, of the first few."""
    found: list[SourceFile] = []
    for file in files.named(".txt", deep=4)[:300]:
        if file.base.lower() in NO_LABELS:
            continue
        lines = file.head(400).decode("utf-8-sig", "replace").splitlines()
        first = next(filter(None, (line.partition("#")[0].strip() for line in lines)), "")
        if _is_line(label_words(first)) and _image_of(file, files):
            found.append(file)
            if len(found) == 3:
                break
    return found


def _is_line(words: Sequence[str]) -> bool:
    """Whether a line begins with a class, by its number or name, and four numbers follow."""
    try:
        sides = [float(word) for word in words[1:5]]
        if len(sides) < 4 or min(sides) < 0:
            return False
        return (words[0][0].isalpha() and len(words) == 5 and max(sides) <= 1) or (
            float(words[0]).is_integer() and float(words[0]) >= 0
        )
    except (ValueError, OverflowError):
        return False


def _image_of(label: SourceFile, files: Files) -> bool:
    stem = label.name.rpartition(".")[0]
    beside = swapped(stem, "labels", "images")
    return any(
        folded(found.name).rpartition(".")[0] in (folded(stem), folded(beside))
        for found in files.stems(stem)
    )


def _classes(files: Files, head: YoloHead, options: ImportOptions) -> Classes:
    pose = _pose(head.values.get("kpt_shape"))
    if options.names:
        return Classes(dict(enumerate(options.names)), "the names given", pose)
    names = head.values.get("names", "")
    if isinstance(names, dict):
        numbered = {int(key): str(name) for key, name in names.items() if str(key).isdecimal()}
        return Classes(numbered, head.file.name if head.file else "", pose)
    if isinstance(names, list):
        return Classes(dict(enumerate(map(str, names))), head.file.name if head.file else "", pose)
    found = resolved(files, names, head) if names else None
    listed = [found] if isinstance(found, SourceFile) else []
    every = [file for file in files.names.values() if file.base.lower() in CLASS_FILES]
    for file in (*listed, *every):
        lines = lines_of(file)
        return Classes({at: line for at, line in enumerate(lines) if line}, file.name, pose)
    return Classes({}, "", pose)


def _pose(shape: Any) -> int:
    """How many numbers of key points follow a box."""
    try:
        count, each = (int(side) for side in shape)
    except (TypeError, ValueError):
        return 0
    return count * each if 0 < count < 10_000 and each in (2, 3) else 0


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
            log.note("one-label-two-images", words, f"{image.name} ({label.name})")
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
