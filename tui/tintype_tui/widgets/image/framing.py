"""Which part of an image is seen, and how many cells it takes."""

from dataclasses import dataclass, replace

MOST_ZOOM = 64.0
"""Times the fitted size."""


@dataclass(frozen=True, slots=True)
class Room:
    """The cells an image may take."""

    columns: int
    rows: int
    cell: tuple[int, int]
    """A cell's width and height in pixels."""

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        return self.columns * self.cell[0], self.rows * self.cell[1]


@dataclass(frozen=True, slots=True)
class View:
    """How close one looks, and where to."""

    zoom: float = 1.0
    """Times the size at which the whole image just fits."""
    x: float = 0.5
    """The middle of what is seen, in fractions of the image."""
    y: float = 0.5

    def zoomed(self, factor: float) -> "View":
        """Closer or further away; never further than the whole image."""
        return replace(self, zoom=min(max(1.0, self.zoom * factor), MOST_ZOOM))

    def moved(self, across: float, down: float) -> "View":
        """To a side, by fractions of the image."""
        x, y = (min(max(0.0, at), 1.0) for at in (self.x + across, self.y + down))
        return replace(self, x=x, y=y)


FIT = View()


@dataclass(frozen=True, slots=True)
class Frame:
    """A view of an image of known size in a room."""

    columns: int
    """Cells taken."""
    rows: int
    region: tuple[float, float, float, float]
    """What is seen: left, top, right, bottom, in fractions of the image."""
    view: View
    """The view asked for, kept inside the image."""


def fitted_scale(size: tuple[int, int], room: Room) -> float:
    """Screen pixels per pixel of the image where the whole image just fits."""
    return min(room.pixels[0] / max(1, size[0]), room.pixels[1] / max(1, size[1]))


def filling_zoom(size: tuple[int, int], room: Room) -> float:
    """The zoom at which nothing of the room is left empty."""
    scales = [side / max(1, own) for side, own in zip(room.pixels, size, strict=True)]
    return max(scales) / min(scales)


def frame(size: tuple[int, int], room: Room, view: View) -> Frame:
    """Fit an image of `size` pixels into a room of at least one cell, enlarged if it is small.

    It is stretched to whole cells, by at most half a cell.
    """
    scale = fitted_scale(size, room) * view.zoom
    columns, wide, x = _along(size[0] * scale, room.columns, room.cell[0], view.x)
    rows, high, y = _along(size[1] * scale, room.rows, room.cell[1], view.y)
    region = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
    return Frame(columns, rows, region, replace(view, x=x, y=y))


def _along(pixels: float, cells: int, cell: int, middle: float) -> tuple[int, float, float]:
    """On one axis: cells taken, the share of the image that is seen, and its middle."""
    share = min(1.0, cells * cell / pixels)
    taken = min(cells, max(1, round(pixels * share / cell)))
    return taken, share, min(max(middle, share / 2), 1 - share / 2)
