"""Where everything goes in the cells a chart is given. Pure."""

from dataclasses import dataclass

_LABELS = 7
"""Cells for the labels of the y-axis. Always the same, so that the picture does not jump."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Heights and widths in cells; what is 0 is not there."""

    width: int
    height: int
    title: int
    legend: int
    ruler: int
    """The line that names the pins."""
    rows: int
    """Of the picture."""
    axis: int
    """1 for the labels, 2 with a line above them."""
    labels: int
    """Of the y-axis, without its line."""
    ends: int
    """Beside the picture, for the marks of the curves."""

    @property
    def left(self) -> int:
        """Cells before the picture."""
        return self.labels + 1 if self.labels else 0

    @property
    def columns(self) -> int:
        """Of the picture."""
        return max(self.width - self.left - self.ends, 0)

    @property
    def top(self) -> int:
        """Lines above the picture."""
        return self.title + self.legend + self.ruler


def frame(width: int, height: int, legend: int, pinned: bool, several: bool) -> Frame:
    """Divide a size. Below 24×6 only a line of values and the bare picture are left.

    Args:
        width: cells across.
        height: cells down.
        legend: lines the legend would like.
        pinned: whether there is something to name above the picture.
        several: whether there is more than one curve.
    """
    if width < 24 or height < 6:
        words = 1 if height != 2 or width >= 12 else 0
        return Frame(width, height, 0, words, 0, max(height - words, 0), 0, 0, 0)
    title = 1 if height >= 7 else 0
    legend = legend if height >= 16 else 1
    ruler = 1 if pinned and height >= 14 else 0
    axis = 2 if height >= 8 else 1
    rows = height - title - legend - ruler - axis
    return Frame(width, height, title, legend, ruler, rows, axis, _LABELS, 2 if several else 0)
