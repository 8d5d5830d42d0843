"""Boxes in columns: what four numbers mean is found out from all of them together.

Hugging Face's datasets hold `objects` with a list of boxes and one of categories; the numbers may
be x, y, width and height or two corners, in pixels or fractions. What only one reading allows is
decided by it; where both fit, they are x, y, width and height, as in COCO, and that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.formats.contract import Boxes, ImportOptions, Region
from tintype.dataset.formats.json_files import numbers, pixels
from tintype.dataset.formats.report import ImportLog
from tintype.errors import DatasetError

_BOXES = ("bbox", "bboxes", "boxes", "box", "bounding_boxes")
_CATEGORIES = ("category", "categories", "label", "labels", "class", "classes", "category_id",
               "category_ids", "name", "names", "class_label")  # fmt: skip


@dataclass(slots=True)
class ObjectColumns:
    """Reads the `objects` of rows."""

    options: ImportOptions
    log: ImportLog
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    corners: bool | None = None
    """Whether the numbers are two corners; none until it is decided."""
    fractions: bool = False
    evidence: str = ""

    def decide(self, boxes: Sequence[tuple[Sequence[float], tuple[int, int] | None]]) -> None:
        """Find out what the numbers mean from boxes and the sizes of their images."""
        known = [(box, size) for box, size in boxes if size is not None]
        self.fractions = bool(boxes) and all(max(box) <= 1.0 for box, _ in boxes)
        size_of = (1, 1) if self.fractions else None
        corners = all(box[0] < box[2] and box[1] < box[3] for box, _ in boxes)
        beyond = [
            box for box, size in known
            if box[0] + box[2] > (size_of or size)[0] * 1.01 + 1e-9
            or box[1] + box[3] > (size_of or size)[1] * 1.01 + 1e-9
        ]  # fmt: skip
        self.corners = corners and bool(beyond)
        if not corners:
            self.evidence = "as corners some would be reversed"
        elif beyond:
            self.evidence = "as width and height some would reach beyond their images"
        else:
            self.evidence = "corners would fit too; it is COCO's way"

    def four(self, objects: Any) -> list[tuple[float, ...] | None]:
        """The boxes of a cell; none for each that is no box."""
        return [numbers(box) for box in _listed(objects, _BOXES)]

    def boxes(
        self, row: Mapping[str, Any], named: Mapping[str, str], objects: Any, place: str
    ) -> Boxes:
        """The boxes of a row.

        Raises:
            DatasetError: if the cell holds no boxes.
        """
        listed = _listed(objects, _BOXES)
        labels = _listed(objects, _CATEGORIES)
        if not isinstance(objects, (dict, list)) or (listed and len(listed) != len(labels)):
            raise DatasetError(f"There are {len(listed)} boxes and {len(labels)} categories.")
        if self.corners is None:
            self.decide([(box, None) for box in self.four(objects) if box])
        regions: list[Region] = []
        if labels or isinstance(objects, dict):
            self._note_names(labels, objects, place)
        for box, label in zip(listed, labels, strict=True):
            sides = numbers(box)
            if sides is None or label is None:
                flaw = "A box is not four numbers." if sides is None else "A box has no category."
                self.log.add(place, 0, flaw, "dropped")
                continue
            corners = bool(self.corners) and not isinstance(box, dict)  # whose sides have names
            if not isinstance(box, dict):
                meaning = "two corners" if corners else "x, y, width, height"
                words = f"boxes are read as {meaning}: {self.evidence}."
                self.log.note("box-convention", words, place)
            regions.append(Region(self._name(label, objects), *_bounds(sides, corners=corners)))
        width, height = (
            pixels(row[named[key]]) if key in named else 0 for key in ("width", "height")
        )
        size = (width, height) if width and height and not self.fractions else None
        lost = len(regions) < len(listed)
        return Boxes(tuple(regions), size, fractions=self.fractions, lost=lost)

    def _names_of(self, objects: Any) -> Sequence[str]:
        keys = objects if isinstance(objects, dict) else _CATEGORIES
        none: Sequence[str] = ()
        found = next((self.classes[key] for key in keys if key in self.classes), none)
        return found or self.options.names

    def _name(self, label: Any, objects: Any) -> str:
        names = self._names_of(objects)
        if isinstance(label, int) and 0 <= label < len(names):
            return names[label]
        return str(label)

    def _note_names(self, labels: Sequence[Any], objects: Any, place: str) -> None:
        if not self._names_of(objects) and all(isinstance(label, int) for label in labels):
            words = "rows have categories that are numbers without names (--names gives them)."
            self.log.note("no-names", words, place)


def _bounds(box: Sequence[float], *, corners: bool) -> tuple[float, float, float, float]:
    if corners:
        return box[0], box[1], box[2], box[3]
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


def _listed(objects: Any, keys: Sequence[str]) -> list[Any]:
    """The values of a key: of a struct of lists, or of each struct of a list."""
    if isinstance(objects, dict):
        return [*next((objects[key] for key in keys if isinstance(objects.get(key), list)), ())]
    made: list[Any] = []
    for each in objects if isinstance(objects, list) else ():
        if isinstance(each, dict):
            made += [each[key] for key in keys if key in each][:1]
    return made
