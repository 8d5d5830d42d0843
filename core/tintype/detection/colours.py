"""A colour for each class, which follows from its name alone.

So a class has the same colour on every image, in every pane and in every answer, also while it
streams, whatever other classes there are. Two classes may share one: names are always written too.
"""

import re
from collections.abc import Iterable, Sequence
from zlib import crc32

RGB = tuple[int, int, int]

PALETTE: Sequence[RGB] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
    (255, 255, 255),
    (255, 200, 110),
    (160, 220, 255),
    (110, 220, 180),
    (170, 160, 20),
    (255, 150, 100),
    (250, 190, 220),
    (110, 150, 255),
    (170, 170, 170),
)
"""Okabe and Ito's colours, which the colour-blind can tell apart (jfly.uni-koeln.de/color), and a
lighter or darker one of each."""

_COLUMN = re.compile(r" ·\d$")


def class_colour(label: str) -> RGB:
    """The colour of a class; case and the number of an answer's column (`cat ·2`) do not matter."""
    name = _COLUMN.sub("", label).strip().casefold()
    return PALETTE[crc32(name.encode("utf-8", "replace")) % len(PALETTE)]


def colours(labels: Iterable[str]) -> dict[str, RGB]:
    """The colour of each label, by its name in lower case."""
    return {label.casefold(): class_colour(label) for label in labels}
