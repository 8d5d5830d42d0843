"""The order in which boxes are written.

An answer is learnt token by token, so the order must be one that can be seen in the image and
does not turn over when a box moves by a pixel. Sorting by the top edge alone does exactly that: of
two things side by side, either may come first.
"""

from collections.abc import Iterable, Sequence

from tintype.detection.box import Box


def reading_order(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """As one reads: in lines from top to bottom, each from left to right.

    A box belongs to the line above it if its middle is no lower than the lower edge of the line's
    first box.
    """
    ordered: list[Box] = []
    line: list[Box] = []
    limit = 0.0
    for box in sorted(boxes, key=_by_middle):
        middle = (box.y_min + box.y_max) / 2
        if line and middle > limit:
            ordered.extend(_from_left(line))
            line = []
        if not line:
            limit = box.y_max
        line.append(box)
    ordered.extend(_from_left(line))
    return tuple(ordered)


def _by_middle(box: Box) -> tuple[float, float, str]:
    return (box.y_min + box.y_max) / 2, box.x_min, box.label


def _from_left(line: Sequence[Box]) -> list[Box]:
    return sorted(line, key=lambda box: ((box.x_min + box.x_max) / 2, box.y_min, box.label))
