"""How the boxes of an answer may be written: one entry for each way that models are trained on.

Sources: PaliGemma's model card (`<loc0001>`, y first, 1024 bins, before the label); Florence-2's
(`<loc_1>`, x first, 1000 bins, after the label); Qwen-VL's (`<ref>`, `<box>`, 0…1000),
Qwen2.5-VL's cookbook (`bbox_2d` in absolute pixels) and Qwen3-VL's (`bbox_2d`, 0…1000).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tintype.detection.box import Box
from tintype.detection.convention import clean_label, format_boxes

Size = tuple[int, int]
"""Width and height of the upright image, in pixels."""


@dataclass(frozen=True, slots=True)
class BoxNotation:
    """A way to write the boxes of an answer."""

    name: str
    about: str
    write: Callable[[Sequence[Box], Size], str]
    pixels: bool = False
    """Whether it needs the size of the image."""


def _corners(box: Box, size: tuple[float, float], most: tuple[int, int]) -> list[int]:
    """x_min, y_min, x_max, y_max, rounded and within the image."""
    sides = ((box.x_min, 0), (box.y_min, 1), (box.x_max, 0), (box.y_max, 1))
    return [min(max(round(side * size[axis]), 0), most[axis]) for side, axis in sides]


def _thousandths(box: Box) -> list[int]:
    return _corners(box, (1000, 1000), (1000, 1000))


def _loc(boxes: Sequence[Box], size: Size) -> str:
    return format_boxes(boxes)


def _florence(boxes: Sequence[Box], size: Size) -> str:
    return "".join(
        clean_label(box.label)
        + "".join(f"<loc_{side}>" for side in _corners(box, (1000, 1000), (999, 999)))
        for box in boxes
    )


def _tags(boxes: Sequence[Box], size: Size) -> str:
    written = ((clean_label(box.label), *_thousandths(box)) for box in boxes)
    return "".join(
        f"<ref>{label}</ref><box>({left},{top}),({right},{bottom})</box>"
        for label, left, top, right, bottom in written
    )


def _json(boxes: Sequence[Box], sides: Callable[[Box], object], key: str = "bbox_2d") -> str:
    listed = [{key: sides(box), "label": box.label} for box in boxes]
    return json.dumps(listed, ensure_ascii=False)


def _pixels(boxes: Sequence[Box], size: Size) -> str:
    return _json(boxes, lambda box: _corners(box, size, size))


def _coco(boxes: Sequence[Box], size: Size) -> str:
    def sides(box: Box) -> list[float]:
        left, top = box.x_min * size[0], box.y_min * size[1]
        width, height = box.x_max * size[0] - left, box.y_max * size[1] - top
        return [round(side, 2) for side in (left, top, width, height)]

    return _json(boxes, sides, "bbox")


def _fractions(boxes: Sequence[Box], size: Size) -> str:
    def sides(box: Box) -> list[float]:
        return [round(side, 4) for side in (box.x_min, box.y_min, box.x_max, box.y_max)]

    return _json(boxes, sides, "bbox")


BOX_NOTATIONS: Mapping[str, BoxNotation] = MappingProxyType(
    {
        made.name: made
        for made in (
            BoxNotation("loc", "<loc0001>, y first, 1024 bins, then the label (PaliGemma)", _loc),
            BoxNotation("florence", "the label, then <loc_1>, x first, 1000 bins", _florence),
            BoxNotation("tags", "<ref>label</ref><box>(x,y),(x,y)</box>, 0…1000", _tags),
            BoxNotation(
                "json1000",
                "JSON with bbox_2d, x first, 0…1000 (Qwen3-VL)",
                lambda boxes, size: _json(boxes, _thousandths),
            ),
            BoxNotation("json", "JSON with bbox_2d, x first, pixels (Qwen2.5-VL)", _pixels, True),
            BoxNotation("fractions", "JSON with bbox, x first, 0…1", _fractions),
            BoxNotation("coco", "JSON with bbox: x, y, width, height in pixels", _coco, True),
        )
    }
)
"""By name; `loc` is what Tintype writes by itself."""
