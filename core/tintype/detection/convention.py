"""The conventions of model families for boxes in text, under the names their makers use.

A convention is a notation (`written`) and what its numbers mean (`frame`). PaliGemma's is read
tolerantly (`loc_text`), since Tintype's own engine is taught it; of the others whatever has four
numbers is read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tintype.detection import frame as frames
from tintype.detection import written as notations
from tintype.detection.box import Box
from tintype.detection.frame import Frame, Order, Size
from tintype.detection.loc_text import Flaw, Parsed, format_boxes, parse_boxes
from tintype.detection.written import Notation, Written


@dataclass(frozen=True, slots=True)
class Convention:
    """A way to write boxes as text."""

    notation: Notation
    frame: Frame
    name: str = ""
    """Under which it is chosen, e.g. `qwen2.5-vl`; empty for one that no known family has."""
    source: str = ""

    @property
    def title(self) -> str:
        """A phrase for a person."""
        return f"{self.notation.title}, {self.frame.title}"

    @property
    def needs_size(self) -> bool:
        """Whether the size of the image must be known to read and write."""
        return self.frame.unit.needs_size

    def write(self, boxes: Iterable[Box], size: Size | None = None) -> str:
        """Write boxes of an image; no boxes give what the notation has for none.

        Raises:
            ValueError: if pixels are to be written and the size of the image is not given.
        """
        if self.notation is notations.LOC_TOKENS:
            return format_boxes(boxes)
        return self.notation.write((box.label, self.frame.numbers(box, size)) for box in boxes)

    def read(self, text: str, size: Size | None = None) -> Parsed:
        """Read every box of a text, and say what is wrong; never raises."""
        if self.notation is notations.LOC_TOKENS:
            return parse_boxes(text)
        return read_written(tuple(self.notation.find(text)), self.frame, size)


def read_written(found: Iterable[Written], frame: Frame, size: Size | None) -> Parsed:
    """Boxes by what their numbers mean; none of those for which the image's size is missing."""
    boxes: list[Box] = []
    flaws: list[Flaw] = []
    spans: list[tuple[int, int]] = []
    for one in found:
        corners = frame.corners(one.numbers, size)
        box = frame.box(one.label, one.numbers, size)
        if corners is None or box is None:
            flaws.append(Flaw("the size of the image is not known", one.start, one.end))
            continue
        boxes.append(box)
        spans.append((one.start, one.end))
        x_min, y_min, x_max, y_max = corners
        wrong = {
            "the corners are reversed": x_min > x_max or y_min > y_max,
            "the box is empty": box.x_min == box.x_max or box.y_min == box.y_max,
            "the box goes beyond the image": min(corners) < -EDGE or max(corners) > 1 + EDGE,
            "the box has no label": not one.label,
        }
        flaws += [Flaw(message, one.start, one.end) for message, is_so in wrong.items() if is_so]
    return Parsed(tuple(boxes), tuple(flaws), tuple(spans))


def labels_in(text: str) -> tuple[str, ...]:
    """The labels of the boxes a text holds, one for each box, whatever their convention."""
    if boxes := parse_boxes(text).boxes:
        return tuple(box.label for box in boxes)
    return tuple(one.label for one in notations.find_written(text)[1])


EDGE = 0.01
"""How far beyond the image, in its sides, a corner may lie: numbers are rounded."""

_X_FIRST: Order = "xyxy"
_Y_FIRST: Order = "yxyx"
LOC = Convention(
    notations.LOC_TOKENS, Frame(_Y_FIRST, frames.BINS), "paligemma", "PaliGemma's model card"
)
CONVENTIONS: Mapping[str, Convention] = {
    one.name: one
    for one in (
        LOC,
        Convention(
            notations.FLORENCE,
            Frame(_X_FIRST, frames.THOUSAND_BINS),
            "florence-2",
            "Florence-2's processor: bins of a thousandth, the label before its boxes",
        ),
        Convention(
            notations.JSON_KEYS["bbox_2d"],
            Frame(_X_FIRST, frames.PIXELS),
            "qwen2.5-vl",
            "Qwen2.5-VL's cookbooks: pixels of the image as it is given",
        ),
        Convention(
            notations.JSON_KEYS["bbox_2d"],
            Frame(_X_FIRST, frames.RESIZED),
            "qwen2.5-vl-resized",
            "Qwen2.5-VL's processor: pixels of the image as it is resized",
        ),
        Convention(
            notations.JSON_KEYS["bbox_2d"],
            Frame(_X_FIRST, frames.THOUSANDTHS),
            "qwen3-vl",
            "Qwen3-VL's cookbooks: relative, 0…1000",
        ),
        Convention(
            notations.QWEN_TAGS,
            Frame(_X_FIRST, frames.THOUSANDTHS),
            "qwen-vl",
            "Qwen-VL's README: <box> tags, 0…1000",
        ),
        Convention(
            notations.QWEN_TOKENS,
            Frame(_X_FIRST, frames.THOUSANDTHS),
            "qwen2-vl",
            "Qwen2-VL's README: box tokens, 0…1000",
        ),
        Convention(
            notations.INTERN_TAGS,
            Frame(_X_FIRST, frames.THOUSANDTHS),
            "internvl",
            "InternVL's documentation: <box>[[x1, y1, x2, y2]]</box>, 0…1000",
        ),
        Convention(
            notations.JSON_KEYS["box_2d"],
            Frame(_Y_FIRST, frames.THOUSANDTHS),
            "gemini",
            "Gemini API, image understanding: box_2d is [ymin, xmin, ymax, xmax], 0…1000",
        ),
        Convention(
            notations.LISTS,
            Frame(_X_FIRST, frames.FRACTIONS),
            "llava",
            "LLaVA's data: lists of fractions",
        ),
        Convention(
            notations.JSON_KEYS["bbox"],
            Frame("xywh", frames.PIXELS),
            "coco",
            "COCO's data format: bbox is [x, y, width, height] in pixels",
        ),
        Convention(
            notations.JSON_SIDES,
            Frame(_X_FIRST, frames.PIXELS),
            "voc-json",
            "The sides of Pascal VOC's bndbox, in pixels, as JSON",
        ),
    )
}
"""Those that are known by a name, for `--boxes` and for conversion."""

_AROUND = re.compile(r"(?:```(?:json)?|[\s\[\]{}(),;.|*`])*")
"""What stands around boxes in an answer that is nothing but boxes."""


def converted(text: str, source: Convention, target: Convention, size: Size | None) -> str:
    """An answer with its boxes in another convention; as it is if it holds none.

    Raises:
        ValueError: if a box cannot be read, or there is more in the answer than boxes: what else
            it says would be lost. The message says which.
    """
    parsed = source.read(text, size)
    if not parsed.boxes and not parsed.flaws:
        return text
    unread = len(tuple(source.notation.find(text))) - len(parsed.boxes)
    if not parsed.boxes or unread > 0:
        raise ValueError(parsed.flaws[0].message if parsed.flaws else "a box cannot be read")
    at = 0
    for start, end in (*parsed.spans, (len(text), len(text))):
        between = text[at:start]
        if at <= start and _AROUND.fullmatch(between) is None:
            raise ValueError(f"the answer says more than boxes: {_said(between)!r}")
        at = max(at, end)
    return target.write(parsed.boxes, size)


def _said(between: str) -> str:
    return " ".join(between.split()).strip("[]{},;` ")[:40]
