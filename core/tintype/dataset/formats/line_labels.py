"""A text file of boxes for each image, one object a line: KITTI, DOTA, VisDrone.

The image of a label file has its name; it lies in the folder that the format gives, or wherever
only one image is called so. An empty label file is a negative; an image without one was not
labelled.

Sources: the KITTI object development kit's readme; captain-whu.github.io/DOTA, "Annotation format";
github.com/VisDrone/VisDrone2018-DET-toolkit.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tintype.dataset.formats.contract import (
    Boxes,
    Detection,
    FilesFormat,
    ImportOptions,
    Item,
    Region,
)
from tintype.dataset.formats.images import nearest
from tintype.dataset.formats.json_files import all_numbers, number
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import Sides, bounds
from tintype.dataset.formats.source_names import folded
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.formats.voc import listed_stems, split_lists
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

_MAX_LABELS_BYTES = 50_000_000
_LOOKED_AT = 100
_MOST_WORDS = 100
"""What follows them is one more word: no line of these formats has so many."""
_ROTATED = "turned boxes become their upright bounds, which are larger."
_SCORED = "boxes have a score (are these a model's?): left out."
_VISDRONE = (
    "ignored", "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle",
    "awning-tricycle", "bus", "motor", "others",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Object:
    """What a line says."""

    label: str
    sides: Sides
    note: tuple[str, str] = ("", "")
    """The code of what it has beside a box, and words for that."""
    used: bool = True
    """Whether it is one object, instead of a region that says nothing."""


@dataclass(frozen=True, slots=True)
class LineLabels(FilesFormat):
    """A format of label files."""

    name: str
    title: str
    about: str
    folders: Mapping[str, str]
    """Where the image of a label lies, by the folder of the label."""
    read_line: Callable[[Sequence[str]], Object | None]
    """Reads the words of a line; none if it is no object."""
    is_head: Callable[[str], bool]
    """Whether a line stands before the objects, and is none."""

    def recognise(self, files: Files) -> Detection | None:
        """Label files whose first object is one of this format, and whose image is there."""
        if files.given:
            return None
        found = (file for file in _labels(files)[:_LOOKED_AT] if self._is_label(file))
        first = next((file for file in found if self._image(file, files)), None)
        return Detection(f"{self.title} labels ({first.name} …)") if first else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the image of every label file."""
        labels = [file for file in _labels(files) if self._is_ours(file)]
        log.total = 2 * len(labels)
        splits = _splits(files)
        used: set[str] = set()
        for label in labels:
            image = self._image(label, files)
            if image is None:
                log.miss(label.name)
                continue
            used.add(image.name)
            split = splits.get(label.stem) or _split(label)
            try:
                boxes = self._boxes(label, log)
            except DatasetError as error:
                log.lose(label.name, 0, error.message)
                continue
            yield Item(boxes, (image.image,), label.name, 0, split)
        for image in files.images:
            if image.name not in used:
                words = "images have no label file: not labelled, so no negatives; left out."
                log.note("unlabelled", words, image.name)

    def _is_ours(self, file: SourceFile) -> bool:
        return folded(file.folder).rpartition("/")[2] in self.folders or self._is_label(file)

    def _is_label(self, file: SourceFile) -> bool:
        lines = file.head(4000).decode("utf-8-sig", "replace").splitlines()
        first = next((line for line in lines if line.strip() and not self.is_head(line)), "")
        return self.read_line(_words(first)) is not None

    def _image(self, label: SourceFile, files: Files) -> SourceFile | None:
        """The image in the folder that belongs to the label's, else the nearest of its name."""
        outer, _, own = label.folder.rpartition("/")
        wanted = f"{outer}/{self.folders.get(folded(own), own)}".strip("/")
        found = files.stems(label.stem)
        there = [image for image in found if folded(image.folder) == folded(wanted)]
        near = there or nearest(found, label.folder, label.folder_split)
        return near[0] if len(near) == 1 else None

    def _boxes(self, label: SourceFile, log: ImportLog) -> Boxes:
        regions, lost = [], False
        text = label.read(_MAX_LABELS_BYTES).decode("utf-8-sig", "replace")
        for at, line in enumerate(text.splitlines(), 1):
            if not line.strip() or self.is_head(line):
                continue
            found = self.read_line(_words(line))
            if found is None:
                log.add(label.name, at, f"The line is no object of {self.title}.", "dropped")
                lost = True
                continue
            code, words = found.note
            if code:
                log.note(code, words, f"{label.name}:{at}")
            if found.used:
                regions.append(Region(found.label, *found.sides, at))
            lost = lost or not found.used
        return Boxes(tuple(regions), lost=lost)


def _labels(files: Files) -> list[SourceFile]:
    return files.named(".txt", deep=4)


def _words(line: str) -> list[str]:
    return line.replace(",", " ").split(maxsplit=_MOST_WORDS)


def _splits(files: Files) -> dict[str, Split]:
    """The splits that lists in `ImageSets` give to the names of images."""
    lists = [file for file in files.names.values() if "imagesets" in folded(file.folder).split("/")]
    return {stem: split for file, split in split_lists(lists) for stem in listed_stems(file)}


def _split(label: SourceFile) -> Split | None:
    """That of a label's folders, also where a name ends so: `VisDrone2019-DET-train`."""
    ends = (re.split("[-_]", name)[-1] for name in label.folder.split("/"))
    return label.folder_split or next((found for end in ends if (found := split_named(end))), None)


def _kitti(words: Sequence[str]) -> Object | None:
    """Type, truncation, occlusion, angle, box, size, place, turn, and perhaps a score."""
    at = next((at for at, word in enumerate(words) if number(word) is not None), 0)
    values = all_numbers(words[at:])
    if not at or len(values) not in (14, 15):
        return None
    label, (left, top, right, bottom) = " ".join(words[:at]), values[3:7]
    if label == "DontCare":
        words_of = "regions are marked DontCare, no objects: left out."
        return Object(label, (left, top, right, bottom), ("regions-left-out", words_of), used=False)
    note = ("scores-not-used", _SCORED) if len(values) == 15 else _depth(values)
    return Object(label, (left, top, right, bottom), note)


def _depth(values: Sequence[float]) -> tuple[str, str]:
    """What is said of an object that has a size in metres."""
    if not any(values[7:13]):
        return "", ""
    return "depth-not-used", "boxes have sizes and places in space: not used."


def _dota(words: Sequence[str]) -> Object | None:
    """Four corners, a class, and perhaps how difficult it is."""
    values = all_numbers(words[:8])
    if len(values) != 8 or len(words) not in (9, 10) or number(words[8]) is not None:
        return None
    sides = bounds(list(zip(values[::2], values[1::2], strict=True)))
    upright = len(set(values[::2])) <= 2 and len(set(values[1::2])) <= 2
    return Object(words[8], sides, ("", "") if upright else ("rotation-not-used", _ROTATED))


def _visdrone(words: Sequence[str]) -> Object | None:
    """Left, top, width, height, score, number of a class, truncation and occlusion."""
    values = all_numbers(words)
    if len(values) != 8 or not all(value.is_integer() for value in values[4:]):
        return None
    kind = int(values[5])
    if not 0 <= kind < len(_VISDRONE) or values[6] not in (-1, 0, 1) or values[7] not in range(3):
        return None
    left, top, width, height = values[:4]
    sides = (left, top, left + width, top + height)
    if not kind or not values[4]:
        said = "regions are to be ignored, no objects: left out."
        return Object(_VISDRONE[kind], sides, ("regions-left-out", said), used=False)
    return Object(_VISDRONE[kind], sides)


KITTI = LineLabels(
    "kitti",
    "KITTI",
    "Boxes in `label_2`, a text file for each image of `image_2`; sizes in space are not used.",
    {"label_2": "image_2", "label_3": "image_3", "labels": "images", "label": "image"},
    _kitti,
    lambda line: False,
)
DOTA = LineLabels(
    "dota",
    "DOTA",
    "Turned boxes in `labelTxt`, a text file for each image; they become upright.",
    {
        "labeltxt": "images",
        "labeltxt-v1.0": "images",
        "labeltxt-v1.5": "images",
        "labels": "images",
    },
    _dota,
    lambda line: line.lower().startswith(("imagesource:", "gsd:")),
)
VISDRONE = LineLabels(
    "visdrone",
    "VisDrone",
    "Boxes in `annotations`, a text file for each image; classes are numbers.",
    {"annotations": "images"},
    _visdrone,
    lambda line: False,
)
FORMATS = (KITTI, DOTA, VISDRONE)
