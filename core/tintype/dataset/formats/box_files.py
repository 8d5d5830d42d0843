"""Boxes written as other tools read them: COCO, YOLO and Pascal VOC.

These formats hold images and what is on them, one entry an image, and no questions: rows about the
same image are joined. Numbers keep three decimals of a pixel, six of a fraction, so that boxes
come back as they were.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.contract import WrittenRow
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.splits import Split
from tintype.dataset.treatment import Treatment, treat
from tintype.detection import Box
from tintype.errors import DatasetError

PROMPTS = "rows have a question or a system prompt, which {title} does not hold."
FOLDERS: Mapping[Split, str] = {"train": "train", "valid": "val", "test": "test"}


@dataclass(slots=True)
class AnnotatedImage:
    """An image that has been written, and everything on it."""

    split: Split
    name: str
    width: int
    height: int
    boxes: dict[Box, None] = field(default_factory=dict)


class AnnotatedImages:
    """The images of all rows, each once in a split."""

    def __init__(self, title: str, files: FileSet, log: ImportLog) -> None:
        self._title, self._files, self._log = title, files, log
        self._known: dict[tuple[Split, str], AnnotatedImage] = {}

    @property
    def images(self) -> Sequence[AnnotatedImage]:
        """Those so far, in the order of their rows."""
        return tuple(self._known.values())

    @property
    def labels(self) -> list[str]:
        """The labels on all images, in alphabetical order."""
        return sorted({box.label for image in self.images for box in image.boxes})

    def of(self, split: Split) -> list[AnnotatedImage]:
        """Those of one split."""
        return [image for image in self.images if image.split == split]

    @property
    def splits(self) -> list[Split]:
        """The splits that have an image."""
        return [split for split in FOLDERS if self.of(split)]

    def take(self, rows: Iterable[WrittenRow], folders: Mapping[Split, Path]) -> Iterator[None]:
        """Write the image of each row and remember its boxes; what cannot be held is lost."""
        for row in rows:
            try:
                self._take(row, folders)
            except DatasetError as error:
                self._log.lose(row.file, row.line, error.message)
            yield

    def _take(self, row: WrittenRow, folders: Mapping[Split, Path]) -> None:
        from tintype.images import probe

        if row.boxes is None:
            raise DatasetError(f"The answer holds no boxes, and {self._title} holds nothing else.")
        if len(row.images) != 1 or isinstance(row.images[0], str):
            raise DatasetError("Boxes need one image that is not on the web.")
        data = row.images[0]
        facts = probe(data, verify=False)
        if facts.flaw or not facts.width:
            raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}")
        known = self._known.get((row.split, facts.digest))
        if known is None:
            if facts.orientation != 1:
                data = treat(data, Treatment(upright=True))
                facts = probe(data, verify=False)
                words = "images are turned by their EXIF orientation: their pixels were turned."
                self._log.note("turned", words, f"{row.file}:{row.line}")
            ending = {"jpeg": "jpg"}.get(facts.format, facts.format)
            name = f"{row.split}_{row.line:06}.{ending}"
            self._files.add(folders[row.split] / name, data)
            known = AnnotatedImage(row.split, name, facts.width, facts.height)
            self._known[row.split, probe(row.images[0], verify=False).digest] = known
        known.boxes.update(dict.fromkeys(row.boxes))
        words = PROMPTS.format(title=self._title)
        self._log.note("prompts-left-out", words, f"{row.file}:{row.line}")


def write_coco(
    rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
) -> Iterator[None]:
    """Write `annotations/instances_train.json` and its images in `train/`, and so on."""
    found = AnnotatedImages("COCO", files, log)
    yield from found.take(rows, {split: target / name for split, name in FOLDERS.items()})
    numbers = {label: at for at, label in enumerate(found.labels, 1)}
    for split in found.splits:
        images: list[Any] = []
        annotations: list[Any] = []
        for at, image in enumerate(found.of(split), 1):
            size = {"width": image.width, "height": image.height}
            images.append({"id": at, "file_name": image.name, **size})
            for box in image.boxes:
                sides = _pixels(box, image)
                x, y, right, bottom = sides
                wide, high = round(right - x, 3), round(bottom - y, 3)
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": at,
                        "category_id": numbers[box.label],
                        "bbox": [x, y, wide, high],
                        "area": round(wide * high, 3),
                        "iscrowd": 0,
                    }
                )
        value = {
            "images": images,
            "annotations": annotations,
            "categories": [{"id": at, "name": label} for label, at in numbers.items()],
        }
        path = target / "annotations" / f"instances_{FOLDERS[split]}.json"
        files.add(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def write_yolo(
    rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
) -> Iterator[None]:
    """Write `data.yaml`, `images/train` and `labels/train`, and so on."""
    found = AnnotatedImages("YOLO", files, log)
    yield from found.take(
        rows, {split: target / "images" / name for split, name in FOLDERS.items()}
    )
    numbers = {label: at for at, label in enumerate(found.labels)}
    for image in found.images:
        lines = [
            f"{numbers[box.label]} {(box.x_min + box.x_max) / 2:.6f} "
            f"{(box.y_min + box.y_max) / 2:.6f} {box.x_max - box.x_min:.6f} "
            f"{box.y_max - box.y_min:.6f}\n"
            for box in image.boxes
        ]
        name = f"{Path(image.name).stem}.txt"
        files.add(target / "labels" / FOLDERS[image.split] / name, "".join(lines).encode())
    places = [f"{FOLDERS[split]}: images/{FOLDERS[split]}" for split in found.splits]
    named = [f"  {at}: {json.dumps(label, ensure_ascii=False)}" for label, at in numbers.items()]
    text = "\n".join(["path: .", *places, f"nc: {len(named)}", "names:", *named, ""])
    files.add(target / "data.yaml", text.encode())


def write_voc(
    rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
) -> Iterator[None]:
    """Write `JPEGImages`, `Annotations` and `ImageSets/Main/train.txt`, and so on."""
    found = AnnotatedImages("Pascal VOC", files, log)
    yield from found.take(rows, dict.fromkeys(FOLDERS, target / "JPEGImages"))
    for image in found.images:
        path = target / "Annotations" / f"{Path(image.name).stem}.xml"
        files.add(path, _voc(image).encode("utf-8", "xmlcharrefreplace"))
    for split in found.splits:
        names = "".join(f"{Path(image.name).stem}\n" for image in found.of(split))
        files.add(target / "ImageSets" / "Main" / f"{FOLDERS[split]}.txt", names.encode())


def _voc(image: AnnotatedImage) -> str:
    objects = []
    for box in image.boxes:
        sides = zip(("xmin", "ymin", "xmax", "ymax"), _pixels(box, image), strict=True)
        corners = "".join(f"<{name}>{side:g}</{name}>" for name, side in sides)
        objects.append(
            f"  <object><name>{escape(box.label)}</name><pose>Unspecified</pose>"
            f"<truncated>0</truncated><difficult>0</difficult><bndbox>{corners}</bndbox></object>\n"
        )
    return (
        f"<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{image.name}</filename>\n"
        f"  <size><width>{image.width}</width><height>{image.height}</height>"
        f"<depth>3</depth></size>\n{''.join(objects)}</annotation>\n"
    )


def _pixels(box: Box, image: AnnotatedImage) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    wide, high = image.width, image.height
    return (
        round(box.x_min * wide, 3),
        round(box.y_min * high, 3),
        round(box.x_max * wide, 3),
        round(box.y_max * high, 3),
    )
