"""Images in block characters for slow lines: as good as so many bytes allow.

Most of what such an image costs is changes of colour. So a cell may also be drawn with the colours
of its neighbour to the left, or with one of them, and in the nearest of the terminal's 256 colours,
which take fewer bytes than red, green and blue: whichever has the least squared error plus bytes
times a price, and the price is the one at which the image fits.

R rows of C columns of cells, S shapes, P = 32 points in a cell, W ways to draw it.
"""

from typing import TYPE_CHECKING, Any

from textual.strip import Strip

from tintype_tui.widgets.image.blocks import dimmed, masks, points_of, with_marks
from tintype_tui.widgets.image.marks import Marks

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from tintype_tui.widgets.image.blocks import Floats

SHAPES = "▀▄▌▐▘▟▝▙▖▜▗▛▞▚"
"""Each beside its opposite."""
_NUMBERED, _WHOLE, _SHAPE, _BLANK = 11, 18, 3, 1
"""Bytes of a change to one of 256 colours, of one to any colour, of a block and of a blank."""
LEAST_BYTES, CELL_BYTES = 9_000, 4
"""What an image may cost, and what it may at least for each of its cells."""
_PRICES = 6
"""How many prices are tried, on every third row; each halves the doubt."""


def sparing_strips(image: "Image", columns: int, rows: int, marks: Marks) -> tuple[Strip, ...]:
    """Draw an image, stretched to the cells, within about `LEAST_BYTES`."""
    import numpy as np

    most = max(LEAST_BYTES, CELL_BYTES * columns * rows)
    cells = _Cells(points_of(image, columns, rows))
    some = _Cells(cells.points[::3])
    share = some.rows / rows
    low, high = 10.0, 1e6
    for _ in range(_PRICES):
        price = float(np.sqrt(low * high))
        if some.drawn(price)[3] > most * share:
            low = price
        else:
            high = price
    shapes, fronts, backs, _ = cells.drawn(high)
    text = [[(" " + SHAPES)[one] for one in row] for row in shapes]
    behind = _number(nearest(dimmed(cells.points))).tolist()
    return with_marks(text, fronts.tolist(), backs.tolist(), behind, marks)


class _Cells:
    """What is to be drawn in each cell, and what the drawings of it would be wrong by."""

    def __init__(self, points: "Floats") -> None:
        import numpy as np

        self.points = points
        self.rows, self.columns = points.shape[:2]
        within = masks(SHAPES)
        self._count, self._all = within.sum(axis=1), within.shape[1]
        self._inside = points @ within.T
        self._total = points.sum(axis=3)
        self._squares = (points**2).sum(axis=(2, 3))
        outside = self._total[..., None] - self._inside
        even = (self._inside**2).sum(axis=2) / self._count
        even += (outside**2).sum(axis=2) / (self._all - self._count)
        self._best = even.argmax(axis=2)
        at = self._best[:, :, None, None]
        front_sum = np.take_along_axis(self._inside, at, axis=3)[..., 0]
        count = self._count[self._best][..., None]
        fronts, backs = front_sum / count, (self._total - front_sum) / (self._all - count)
        mean = self._total / self._all
        # By way: what is written in front, its size, and both colours; none is the last one's.
        none = np.zeros_like(mean)
        self._sums = np.stack([front_sum] * 5 + [none] * 2)
        self._counts = np.stack([count[..., 0]] * 5 + [none[..., 0]] * 2)
        self._fronts: list[Floats | None] = [None, nearest(fronts), nearest(fronts), None, fronts]
        self._fronts += [None, None]
        self._backs: list[Floats | None] = [nearest(backs), None, nearest(backs), backs, backs]
        self._backs += [nearest(mean), mean]
        one, two = _NUMBERED, _WHOLE
        self._bytes = np.array((one, one, 2 * one, two, 2 * two, one, two), np.float32)
        self._bytes += np.array([_SHAPE] * 5 + [_BLANK] * 2)

    def drawn(self, price: float) -> tuple[Any, Any, Any, float]:
        """Shapes (0: blank), front and back colours as numbers, R × C each; and the bytes."""
        import numpy as np

        shapes = np.zeros((self.rows, self.columns), int)
        fronts, backs = np.zeros_like(shapes), np.zeros_like(shapes)
        front = back = np.full((self.rows, 3), -1e4, np.float32)
        each, spent = np.arange(self.rows), 0.0
        sizes = np.array([_BLANK] + [_SHAPE] * len(SHAPES))
        for column in range(self.columns):
            kept = self._kept(column, front, back) + price * sizes
            shape = kept.argmin(axis=1)
            new = [
                [front, *_at(self._fronts, column, front)],
                [back, *_at(self._backs, column, back)],
            ]
            costs = self._new(column, np.stack(new[0][1:]), np.stack(new[1][1:]))
            costs += price * self._bytes[:, None]
            way = np.argmin([kept[each, shape], *costs], axis=0)
            best = np.where(way > 5, 0, self._best[:, column] + 1)
            shapes[:, column] = np.where(way == 0, shape, best)
            spent += np.where(way == 0, sizes[shape], self._bytes[way - 1]).sum()
            front, back = np.stack(new[0])[way, each], np.stack(new[1])[way, each]
            fronts[:, column], backs[:, column] = _number(front), _number(back)
        return shapes, fronts, backs, float(spent)

    def _new(self, column: int, fronts: "Floats", backs: "Floats") -> "Floats":
        """The squared error of each way with a new colour: W × R."""
        sums, counts = self._sums[:, :, column], self._counts[:, :, column]
        rest = self._total[:, column] - sums
        wrong: Floats = self._squares[:, column] - 2 * (fronts * sums + backs * rest).sum(axis=2)
        wrong += counts * (fronts**2).sum(axis=2) + (self._all - counts) * (backs**2).sum(axis=2)
        return wrong

    def _kept(self, column: int, front: "Floats", back: "Floats") -> "Floats":
        """The squared error of a blank and of each shape in colours that are there: R × 1+S."""
        import numpy as np

        squares = self._squares[:, column, None]
        back_total = (back * self._total[:, column]).sum(axis=1)[:, None]
        square = (back**2).sum(axis=1)[:, None]
        more = ((front - back)[:, :, None] * self._inside[:, column]).sum(axis=1)
        larger = (front**2).sum(axis=1)[:, None] - square
        blank = squares - 2 * back_total + self._all * square
        shaped: Floats = blank - 2 * more + self._count * larger
        return np.concatenate([blank, shaped], axis=1)


def _at(colours: "list[Floats | None]", column: int, last: "Floats") -> "list[Floats]":
    return [last if one is None else one[:, column] for one in colours]


def nearest(colours: "Floats") -> "Floats":
    """The nearest of the cube of 6³ colours and the 24 greys (… × 3 numbers from 0 to 255)."""
    import numpy as np

    levels = np.array((0, 95, 135, 175, 215, 255), np.float32)
    cube = levels[np.abs(colours[..., None] - levels).argmin(axis=-1)]
    step = np.clip(np.round((colours.mean(axis=-1, keepdims=True) - 8) / 10), 0, 23)
    grey = np.broadcast_to(8 + 10 * step, colours.shape)
    nearer = ((grey - colours) ** 2).sum(-1) < ((cube - colours) ** 2).sum(-1)
    found: Floats = np.where(nearer[..., None], grey, cube).astype(np.float32)
    return found


def _number(colours: "Floats") -> "np.ndarray[Any, Any]":
    import numpy as np

    whole = np.clip(colours, 0, 255).astype(int)
    numbers: np.ndarray[Any, Any] = whole[..., 0] << 16 | whole[..., 1] << 8 | whole[..., 2]
    return numbers
