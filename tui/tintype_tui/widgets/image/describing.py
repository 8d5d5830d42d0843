"""An image in words, for those who cannot see it or whose terminal cannot show it."""

from collections import Counter
from collections.abc import Sequence

from tintype.detection import Box
from tintype_tui.text import one_line

_MOST_PLACES = 12
"""Boxes that are placed one by one; more are counted."""


def describe(
    size: tuple[int, int], truth: Sequence[Box] = (), predicted: Sequence[Box] = ()
) -> str:
    """The size, and what is where.

    >>> describe((640, 480), [Box("cat", 0.1, 0.1, 0.3, 0.2)])
    'Image 640×480, 1 box: cat at the top left.'
    """
    words = f"Image {size[0]}×{size[1]}"
    if truth:
        words += f", {_listed(truth, 'box')}"
    if predicted:
        words += f"{'; ' if truth else ', '}{_listed(predicted, 'predicted box')}"
    return words + "."


def _listed(boxes: Sequence[Box], kind: str) -> str:
    many = f"{len(boxes)} {kind}{'' if len(boxes) == 1 else 'es'}: "
    if len(boxes) > _MOST_PLACES:
        counts = Counter(_name(box) for box in boxes)
        return many + ", ".join(f"{count} {name}" for name, count in counts.most_common())
    ordered = sorted(boxes, key=lambda box: (_third(*_middle(box)[::-1]), _middle(box)))
    return many + ", ".join(f"{_name(box)} {_place(box)}" for box in ordered)


def _name(box: Box) -> str:
    return one_line(box.label[:80]).strip() or "unnamed"


def _middle(box: Box) -> tuple[float, float]:
    """Across and down."""
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2


def _third(first: float, second: float) -> tuple[int, int]:
    return min(2, max(0, int(first * 3))), min(2, max(0, int(second * 3)))


def _place(box: Box) -> str:
    across, down = _third(*_middle(box))
    words = f"{('top ', '', 'bottom ')[down]}{('left', '', 'right')[across]}".strip()
    return f"at the {words}" if words else "in the middle"
