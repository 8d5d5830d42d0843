"""WIDER FACE: one text file of faces for each split, images named in it, boxes in pixels.

RetinaFace's form of it is read, too: each image after a `#`, points of a face after its box.
Sources: shuoyang1213.me/WIDERFACE; github.com/deepinsight/insightface, RetinaFace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tintype.dataset.formats.coco import note_unlisted
from tintype.dataset.formats.contract import Boxes, Detection, FilesFormat, ImportOptions, Item
from tintype.dataset.formats.json_files import all_numbers
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.shapes import Named, region
from tintype.dataset.formats.source_file import IMAGE_SUFFIXES
from tintype.dataset.formats.sources import Files, SourceFile

_MAX_BYTES = 200_000_000
_SIDES = 4
_VALUES = 10
_MOST_WORDS = 100
"""What follows them is one more word: no box has so many numbers."""
_INVALID = 7
"""Which number of a line says that it is no face after all."""


@dataclass(slots=True)
class _Named:
    """An image and the lines that belong to it."""

    name: str
    faces: list[tuple[int, Sequence[float]]] = field(default_factory=list)
    """Each with its line."""
    lost: bool = False


class WiderFace(FilesFormat):
    """WIDER FACE."""

    name = "widerface"
    title = "WIDER FACE"
    about = "Faces in a text file for each split; points and what else is said of them is not used."

    def recognise(self, files: Files) -> Detection | None:
        """A text file that begins with an image's name, and a count or a box."""
        found = _files(files)
        return Detection(f"WIDER FACE's faces ({found[0].name})") if found else None

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield every image of the files."""
        named = Named(files, options, log)
        for file in _files(files):
            images = _images(file, log)
            log.total += 2 * len(images)
            for image in images:
                item = named.item(image.name, _boxes(image, file, options, log), file)
                if item is not None:
                    yield item
        note_unlisted(files, named.used, log)


FORMAT = WiderFace()


def _files(files: Files) -> list[SourceFile]:
    return [file for file in files.named(".txt", deep=3)[:100] if _is_ours(file)]


def _is_ours(file: SourceFile) -> bool:
    lines = file.head(2000).decode("utf-8-sig", "replace").splitlines()[:3]
    if len(lines) < 2 or not _is_name(lines[0]):
        return False
    if lines[0].startswith("#"):
        return len(all_numbers(lines[1].split())) >= _SIDES
    return (
        len(lines) == 3
        and lines[1].strip().isdecimal()
        and len(all_numbers(lines[2].split())) == _VALUES
    )


def _is_name(line: str) -> bool:
    return line.strip().lower().endswith(tuple(IMAGE_SUFFIXES))


def _images(file: SourceFile, log: ImportLog) -> list[_Named]:
    images: list[_Named] = []
    text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    for at, line in enumerate(text.splitlines(), 1):
        if _is_name(line):
            images.append(_Named(line.strip().removeprefix("#").strip()))
        elif line.strip() and images and not _take(line, at, images[-1]):
            log.add(file.name, at, "The line is neither an image nor a box.", "dropped")
            images[-1].lost = True
    return images


def _take(line: str, at: int, image: _Named) -> bool:
    """Give an image the box of a line, unless that is a count, or the zeros of no face."""
    values = all_numbers(line.split(maxsplit=_MOST_WORDS))
    if len(values) >= _SIDES and any(values[:_SIDES]):
        image.faces.append((at, values))
    return len(values) == 1 or len(values) >= _SIDES


def _boxes(image: _Named, file: SourceFile, options: ImportOptions, log: ImportLog) -> Boxes:
    regions, lost = [], image.lost
    for at, values in image.faces:
        left, top, width, height = values[:_SIDES]
        if _is_invalid(values) or width <= 0 or height <= 0:
            words = "faces are marked invalid, or have no size: left out."
            log.note("empty-boxes-left-out", words, f"{file.name}:{at}")
            lost = True
            continue
        if len(values) > _VALUES:
            log.note("keypoints-not-used", "sets of key points are not used: boxes only.")
        regions.append(region(options.label or "face", (left, top, left + width, top + height)))
    return Boxes(tuple(regions), lost=lost)


def _is_invalid(values: Sequence[float]) -> bool:
    return len(values) == _VALUES and values[_INVALID] == 1
