"""Boxes in answers, and the boxes that the cells of an image propose.

Every cell proposes one box: a normal distribution for each of y_min, x_min, y_max, x_max. `Fit` is
how well every proposal explains every box of some answers; what is known of it flows back into the
proposals through `Fit.back`.

N stands for the boxes of all examples, C for the cells of an example's images.
"""

import math
from dataclasses import dataclass

import numpy as np

from tintype.engines.tiny.layers import scattered
from tintype.engines.tiny.layout import COORDINATES
from tintype.engines.tiny.tape import Array, Tensor
from tintype.engines.tiny.tokenizer import BINS

_REACH = 100
"""Positions by which one unit of a proposal moves its mean."""
_USUAL, _NARROWEST = 50, 3.0
"""Width (standard deviation) where a proposal says nothing of it, and the least, in positions. The
least keeps densities below 1, so that they can pass for the probability of one position."""
_LEAST_LOG, _MOST_LOG = -6, 3
_LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the cells of each example propose."""

    key: Tensor
    """What a cell is known by: (count, C, width)."""
    box: Tensor
    """(count, C, 8): for each coordinate how far its mean lies from the cell's centre, and for each
    the logarithm of its width, both scaled."""
    centre: Array
    """(C, 4) in positions."""
    hidden: Array
    """True where there is no cell: (count, C)."""

    def moments(self) -> tuple[Array, Array]:
        """Mean and width in positions: (count, C, 4) each."""
        box = self.box.value
        mean = self.centre + _REACH * box[..., :COORDINATES]
        logs = np.clip(box[..., COORDINATES:], _LEAST_LOG, _MOST_LOG)
        return mean, _NARROWEST + _USUAL * np.exp(logs)


def centres(side: int, images: int) -> Array:
    """The middle of every cell, as all four coordinates: (C, 4) in positions."""
    along = (np.arange(side) + 0.5) * (BINS / side)
    down, across = np.repeat(along, side), np.tile(along, side)
    return np.tile(np.stack([down, across, down, across], 1), (images, 1))


def log_density(distance: Array, width: Array) -> Array:
    """Of a normal distribution, so many widths from its mean."""
    return -0.5 * distance * distance - np.log(width) - _LOG_ROOT_TAU


@dataclass(frozen=True, slots=True)
class BoxRuns:
    """The boxes of a batch of answers: each four positions of an unbroken run."""

    example: Array
    """(N,), not falling."""
    start: Array
    """Index of the first position among the example's tokens: (N,)."""
    value: Array
    """The positions, 0 where the run ends early: (N, 4)."""
    known: Array
    """Whether there is such a position: (N, 4)."""

    @classmethod
    def of(cls, tokens: Array, first_loc: int, shown: Array) -> "BoxRuns":
        """Find them in (count, length) tokens; those of examples not `shown` are left out."""
        is_loc = (tokens >= first_loc) & shown[:, None]
        example, at = np.nonzero(is_loc)
        coordinate = coordinates(is_loc)[example, at]
        begins = coordinate == 0
        box = np.cumsum(begins) - 1
        value = np.zeros((int(begins.sum()), COORDINATES))
        value[box, coordinate] = tokens[example, at] - first_loc
        known = np.zeros(value.shape, np.bool_)
        known[box, coordinate] = True
        return cls(example[begins], at[begins], value, known)

    @property
    def whole(self) -> Array:
        """Whether all four positions are there: (N,)."""
        return np.asarray(self.known.all(1))

    @property
    def earlier(self) -> Array:
        """Whether one (column) is whole and stands before another (row) in its answer: (N, N)."""
        same = self.example[:, None] == self.example[None]
        return np.asarray(np.tri(len(same), k=-1, dtype=np.bool_) & same & self.whole[None])

    @property
    def corner(self) -> Array:
        """y_min and x_min of the box before, 0 before the first: (N, 2)."""
        before = np.zeros((len(self.value), 2))
        same = self.example[1:] == self.example[:-1]
        before[1:] = self.value[:-1, :2] * same[:, None]
        return before

    @property
    def spots(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Every position twice: as (box, coordinate) and as (example, index of the token)."""
        box, coordinate = np.nonzero(self.known)
        return (box, coordinate), (self.example[box], self.start[box] + coordinate)


def coordinates(is_loc: Array) -> Array:
    """Which of the four coordinates each position of a (count, length) answer is."""
    steps = np.arange(is_loc.shape[1])
    other = np.maximum.accumulate(np.where(is_loc, -1, steps), 1)
    return np.asarray((steps - other - 1) % COORDINATES)


@dataclass(frozen=True, slots=True)
class Fit:
    """Every box against every proposal of its example."""

    proposals: Proposals
    boxes: BoxRuns
    mean: Array
    """(N, C, 4), as all of the following."""
    width: Array
    distance: Array
    """In widths; 0 where a coordinate is not known."""
    like: Array
    """Logarithm of the density; 0 where a coordinate is not known."""

    @classmethod
    def of(cls, proposals: Proposals, boxes: BoxRuns) -> "Fit":
        """Compare."""
        mean, width = (part[boxes.example] for part in proposals.moments())
        known = boxes.known[:, None]
        value = boxes.value[:, None].astype(mean.dtype)
        distance = (value - mean) / width * known
        like = log_density(distance, width) * known
        return cls(proposals, boxes, mean, width, distance, like)

    def back(self, like: Array, distance: Array, mean: Array | None = None) -> Array:
        """Gradients of `like`, `distance` and `mean` as the gradient of the proposals."""
        known = self.boxes.known[:, None]
        distance = (distance - like * self.distance) * known
        to_width = -(distance * self.distance + like * known) / self.width
        to_mean = -distance / self.width
        if mean is not None:
            to_mean = to_mean + mean
        logs = self.proposals.box.value[self.boxes.example, :, COORDINATES:]
        inside = (logs > _LEAST_LOG) & (logs < _MOST_LOG)
        both = [_REACH * to_mean, to_width * (self.width - _NARROWEST) * inside]
        pieces = np.concatenate(both, -1).astype(logs.dtype, copy=False)
        return scattered(pieces, self.boxes.example, self.proposals.box.value)
