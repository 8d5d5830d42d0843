"""Positions pointed at: which object comes next, and where it lies.

A position token can be guessed from the decoder's vector alone, and a single object is found that
way. Among many it is not: on photographs of blood cells (13 boxes each) a decoder without this
module never learnt to look, and its boxes overlapped the true ones by 0.13; with it, by 0.45.

Where a box begins, the decoder weighs the cells of the image, and the box comes from the mixture
of their proposals. Given the coordinates already written, a cell's weight is its posterior, so the
four of them agree upon one object. The weight to begin with is made of

* what the cell looks like, against what the decoder looks for;
* where its proposal lies as seen from the box before, which is how an order is learnt;
* how well it explains boxes already written, which tells against it.

One more class beside the tokens, the gate, says how much to trust the pointing. It is a pointer
mixture (Merity et al., 2017, "Pointer sentinel mixture models") with coverage (See et al., 2017,
"Get to the point"), learnt from the likelihood of the next token and nothing else.
"""

import math
from dataclasses import dataclass

import numpy as np

from tintype.engines.tiny.layers import FAINT
from tintype.engines.tiny.layout import COORDINATES, NEIGHBOURHOOD
from tintype.engines.tiny.proposals import BoxRuns, Fit, Proposals, log_density
from tintype.engines.tiny.tape import Array, Tape, Tensor
from tintype.engines.tiny.tokenizer import BINS

_SAME = 8.0
"""Squared distance, summed over the coordinates, at which a proposal is 1/e of the same box."""
_COVER = 5.0
"""How much explaining a box already written tells against a cell, before anything is learnt."""
_NEAR = 0.03
"""Share of the image within which distances from the box before are told apart finely."""
_BUMP = 0.14
_MIDDLES = np.linspace(-1, 1, NEIGHBOURHOOD)


@dataclass(frozen=True, slots=True)
class Heads:
    """What a decoder says of the next token."""

    logits: Tensor
    """(count, length, tokens), and the gate behind them if it can point."""
    looks: Tensor | None = None
    """What it looks for, against every cell: (count, length, C)."""
    order: Tensor | None = None
    """Where from the box before: (count, length, 2 · NEIGHBOURHOOD)."""


def softmax(scores: Array) -> Array:
    """Shares over the last axis: none where minus infinity, and none at all if all are."""
    top = np.maximum(scores.max(-1, keepdims=True, initial=-np.inf), -1e30)
    shares = np.exp(np.maximum(scores - top, FAINT))
    shares[np.isneginf(scores)] = 0
    return np.asarray(shares / np.maximum(shares.sum(-1, keepdims=True), 1e-30))


def log_sum(scores: Array) -> Array:
    """Logarithm of the summed exponentials over the last axis."""
    top = scores.max(-1, keepdims=True)
    return np.asarray(top[..., 0] + np.log(np.exp(np.maximum(scores - top, FAINT)).sum(-1)))


def neighbourhood(mean: Array, corner: Array) -> tuple[Array, Array]:
    """Bumps over how far below and right of a corner proposals lie, and the bumps' slopes.

    mean is (N, C, 2), corner (N, 2), both results (N, C, 2, NEIGHBOURHOOD). Distances are squeezed
    by an arsinh, so that those nearby are told apart and those far off still count.
    """
    kind = mean.dtype.type
    apart = (mean - corner[:, None]) * kind(1 / (BINS * _NEAR))
    scale = math.asinh(1 / _NEAR)
    off = np.arcsinh(apart)[..., None] * kind(1 / (scale * _BUMP))
    off = off - (_MIDDLES / _BUMP).astype(mean.dtype)
    bumps = np.exp(np.maximum(off * off * kind(-0.5), kind(-30)))
    slope = kind(1 / (scale * _BUMP * BINS * _NEAR)) / np.sqrt(1 + apart * apart)
    return bumps, -bumps * off * slope[..., None]


def weights(tape: Tape, fit: Fit, looks: Tensor, order: Tensor, cover: Tensor) -> Tensor:
    """The logarithm of every cell's weight where each box begins: (N, C).

    looks is (N, C), order (N, 2 · NEIGHBOURHOOD), cover (1,).
    """
    count = len(fit.boxes.start)
    kind = fit.mean.dtype.type
    squares = np.square(fit.distance).sum(-1)
    same = np.exp(np.maximum(squares * kind(-1 / _SAME), -30)) * fit.boxes.whole[:, None]
    earlier = fit.boxes.earlier.astype(kind)
    covered = earlier @ same
    dear = kind(_COVER) * (1 + cover.value[0])
    bumps, slopes = neighbourhood(fit.mean[..., :2], fit.boxes.corner.astype(kind))
    wish = order.value.reshape(count, 2, NEIGHBOURHOOD)
    near = np.einsum("ncam,nam->nc", bumps, wish)
    hidden = fit.proposals.hidden[fit.boxes.example]
    value = np.where(hidden, -np.inf, looks.value + near - dear * covered)

    def backward(grad: Array) -> list[Array]:
        to_order = np.einsum("ncam,nc->nam", bumps, grad).reshape(count, 2 * NEIGHBOURHOOD)
        to_cover = np.asarray([-kind(_COVER) * (grad * covered).sum()])
        to_squares = (earlier.T @ (grad * dear)) * same * kind(1 / _SAME)
        to_mean = np.zeros_like(fit.mean)
        to_mean[..., :2] = np.einsum("ncam,nam->nca", slopes, wish) * grad[..., None]
        to_distance = 2 * to_squares[..., None] * fit.distance
        to_box = fit.back(np.zeros_like(fit.like), to_distance, to_mean)
        return [grad, to_order, to_cover, to_box]

    return tape.note(value, (looks, order, cover, fit.proposals.box), backward)


def mixture(tape: Tape, fit: Fit, weight: Tensor) -> Tensor:
    """Log-density of each coordinate of each box, given those before it: (N, 4)."""
    sums = np.concatenate([weight.value[..., None], fit.like], -1).cumsum(-1)
    ranked = np.ascontiguousarray(np.moveaxis(sums, -1, 0))
    value = np.diff(log_sum(ranked), axis=0).T

    def backward(grad: Array) -> list[Array]:
        shares = np.moveaxis(softmax(ranked), 0, -1)
        # Coordinate k is explained by the posterior after it, relative to the one before it.
        change = (shares[..., 1:] - shares[..., :-1]) * grad[:, None]
        later = change[..., ::-1].cumsum(-1)[..., ::-1]
        to_like = later - change + shares[..., 1:] * grad[:, None]
        return [later[..., 0], fit.back(to_like, np.zeros_like(fit.distance))]

    return tape.note(np.ascontiguousarray(value), (weight, fit.proposals.box), backward)


def cross_entropy(
    tape: Tape, logits: Tensor, pointed: Tensor, boxes: BoxRuns, targets: Array, over: int
) -> tuple[Tensor, int]:
    """As `layers.cross_entropy`, where positions may also be pointed at.

    The last of `logits` is the gate; `pointed` is (N, 4); targets of 0 do not count. The hits are
    those of the largest logit.
    """
    kind = logits.value.dtype.type
    counted = targets > 0
    top = logits.value.max(-1, keepdims=True)
    share = np.exp(np.maximum(logits.value - top, FAINT))
    share /= share.sum(-1, keepdims=True)
    which = (*np.indices(targets.shape), targets)
    spots, places = boxes.spots
    by_point = np.zeros(targets.shape, kind)
    by_point[places] = np.exp(np.maximum(pointed.value[spots], FAINT))
    by_point *= share[..., -1]
    likely = share[which] + by_point
    loss = np.asarray(-(np.log(likely) * counted).sum() / over, kind)
    hits = int(((share[..., :-1].argmax(-1) == targets) & counted).sum())

    def backward(grad: Array) -> list[Array]:
        each = counted * (grad / kind(over))
        owed = each * by_point / likely
        to_logits = share * each[..., None]
        to_logits[which] -= each - owed
        to_logits[..., -1] -= owed
        to_pointed = np.zeros_like(pointed.value)
        to_pointed[spots] = -owed[places]
        return [to_logits, to_pointed]

    return tape.note(loss, (logits, pointed), backward), hits


class Pointer:
    """Pointing while answers are written, one token at a time."""

    def __init__(self, proposals: Proposals, cover: float) -> None:
        self._proposals = proposals
        self._mean, self._width = proposals.moments()
        self._dear = _COVER * (1 + cover)
        count, cells = proposals.hidden.shape
        self.weight = np.zeros((count, cells), self._mean.dtype)
        """Logarithm of what every cell counts for in the box being written, or to be begun."""
        self._squares = np.zeros_like(self.weight)
        self._covered = np.zeros_like(self.weight)
        self._coordinate = np.zeros(count, np.intp)
        """Which coordinate comes next."""
        self._box = np.zeros((count, COORDINATES), self._mean.dtype)
        """The box being written, or the last one."""

    def density(self, looks: Array, order: Array) -> Array:
        """Of every position to come next: (count, BINS); looks is (count, C)."""
        bumps, _ = neighbourhood(self._mean[..., :2], self._box[:, :2])
        near = np.einsum("ncam,nam->nc", bumps, order.reshape(len(order), 2, NEIGHBOURHOOD))
        begun = np.where(self._proposals.hidden, -np.inf, looks + near - self._dear * self._covered)
        fresh = (self._coordinate == 0)[:, None]
        self.weight = np.where(fresh, begun, self.weight)
        share = softmax(self.weight)
        mean, width = self._next()
        found = np.zeros((len(share), BINS), share.dtype)
        places = np.arange(BINS, dtype=share.dtype)[:, None]
        for row, part in enumerate(share):
            some = part > 1e-4  # the rest would cost a hundred times as much and change nothing
            apart = (places - mean[row, some]) / width[row, some]
            found[row] = (
                np.exp(np.maximum(log_density(apart, width[row, some]), FAINT)) @ part[some]
            )
        return found

    def write(self, place: Array) -> None:
        """Go on: the position written in each answer, or -1 for another token."""
        rows, is_loc = np.arange(len(place)), place >= 0
        mean, width = self._next()
        distance = (np.maximum(place, 0)[:, None] - mean) / width
        self.weight = self.weight + np.where(is_loc[:, None], log_density(distance, width), 0)
        fresh = (self._coordinate == 0)[:, None]
        self._squares = np.where(fresh, 0, self._squares) + distance * distance
        self._box[is_loc & fresh[:, 0]] = 0
        self._box[rows[is_loc], self._coordinate[is_loc]] = place[is_loc]
        whole = (is_loc & (self._coordinate == COORDINATES - 1))[:, None]
        self._covered += np.where(whole, np.exp(np.maximum(-self._squares / _SAME, -30)), 0)
        self._coordinate = np.where(is_loc, (self._coordinate + 1) % COORDINATES, 0)

    def _next(self) -> tuple[Array, Array]:
        """Mean and width of the coordinate to come: (count, C) each."""
        rows = np.arange(len(self._coordinate))
        return self._mean[rows, :, self._coordinate], self._width[rows, :, self._coordinate]
