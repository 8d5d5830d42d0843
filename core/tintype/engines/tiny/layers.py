"""The differentiable operations.

Each function takes the tape first, computes at once, and notes how its gradient flows back. They
work in whatever precision their inputs have: training is in float32, the tests check every
gradient in float64.

Two things cost more than arithmetic here and shape the code. A product of a 3-D and a 2-D array
makes NumPy loop over the first axis, so arrays are flattened first. And numbers below 1e-38
(denormals) make a processor ten times slower, so exponentials are cut off before they get there.
"""

import math

import numpy as np

from tintype.engines.tiny.tape import Array, Tape, Tensor

FAINT = -60.0
"""Exponents below this count as it: exp(-60) is nothing beside 1 and no denormal either."""


def _unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which its input was repeated."""
    while grad.ndim > len(shape):
        grad = grad.sum(0)
    repeated = tuple(
        axis for axis, (have, want) in enumerate(zip(grad.shape, shape, strict=True)) if have > want
    )
    return grad.sum(repeated, keepdims=True) if repeated else grad


def add(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """The sum, either side repeated where it is of size 1."""
    return tape.note(
        a.value + b.value,
        (a, b),
        lambda grad: (_unbroadcast(grad, a.shape), _unbroadcast(grad, b.shape)),
    )


def weigh(tape: Tape, x: Tensor, weights: Array) -> Tensor:
    """Times fixed numbers, repeated where they are of size 1."""
    return tape.note(x.value * weights, (x,), lambda grad: (grad * weights,))


def linear(tape: Tape, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x @ weight + bias` over the last axis; weight is (in, out)."""
    wide, narrow = x.value.reshape(-1, weight.shape[0]), weight.value
    value = wide @ narrow
    if bias is not None:
        value += bias.value

    def backward(grad: Array) -> list[Array | None]:
        flat = grad.reshape(-1, narrow.shape[1])
        back: list[Array | None] = [
            (flat @ narrow.T).reshape(x.shape) if x.wants_grad else None,
            wide.T @ flat if weight.wants_grad else None,
        ]
        return [*back, flat.sum(0)] if bias is not None else back

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return tape.note(value.reshape(*x.shape[:-1], narrow.shape[1]), inputs, backward)


def convolve(
    tape: Tape, x: Tensor, weight: Tensor, bias: Tensor, *, kernel: int, stride: int, padding: int
) -> Tensor:
    """A convolution of (images, height, width, channels); weight is (kernel² × in, out)."""
    edge = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x.value, edge)
    count, height, width, channels = padded.shape
    rows, cols = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    windows = [
        (slice(None), slice(i, i + stride * rows, stride), slice(j, j + stride * cols, stride))
        for i in range(kernel)
        for j in range(kernel)
    ]
    patches = np.empty((count, rows, cols, len(windows), channels), padded.dtype)
    for at, window in enumerate(windows):
        patches[:, :, :, at] = padded[window]
    flat = patches.reshape(-1, len(windows) * channels)

    def backward(grad: Array) -> list[Array | None]:
        grad = grad.reshape(-1, weight.shape[1])
        back = None
        if x.wants_grad:
            spread = (grad @ weight.value.T).reshape(patches.shape)
            whole = np.zeros_like(padded)
            for at, window in enumerate(windows):
                whole[window] += spread[:, :, :, at]
            back = whole[:, padding : height - padding, padding : width - padding]
        return [back, flat.T @ grad, grad.sum(0)]

    value = (flat @ weight.value + bias.value).reshape(count, rows, cols, -1)
    return tape.note(value, (x, weight, bias), backward)


def gelu(tape: Tape, x: Tensor) -> Tensor:
    """GELU in its sigmoid form, x·σ(1.702 x) (Hendrycks and Gimpel, 2016)."""
    slope = np.asarray(1.702, x.value.dtype)
    gate = 1 / (1 + np.exp(-np.maximum(slope * x.value, FAINT)))
    return tape.note(
        x.value * gate, (x,), lambda grad: (grad * gate * (1 + slope * x.value * (1 - gate)),)
    )


def layer_norm(tape: Tape, x: Tensor, gain: Tensor) -> Tensor:
    """Layer normalisation without a shift; the gain is learnt as its distance from 1."""
    centred = x.value - x.value.mean(-1, keepdims=True)
    scale = 1 / np.sqrt(np.square(centred).mean(-1, keepdims=True) + 1e-5, dtype=x.value.dtype)
    normal = centred * scale

    def backward(grad: Array) -> tuple[Array, Array]:
        gain_grad = (grad * normal).reshape(-1, normal.shape[-1]).sum(0)
        grad = grad * (1 + gain.value)
        shared = normal * (grad * normal).mean(-1, keepdims=True)
        return scale * (grad - grad.mean(-1, keepdims=True) - shared), gain_grad

    return tape.note(normal * (1 + gain.value), (x, gain), backward)


def dropout(tape: Tape, x: Tensor, share: float) -> Tensor:
    """Silence a share of the values, and scale up the rest, while the tape records."""
    if tape.rng is None or not share:
        return x
    kept = tape.rng.random(x.shape, np.float32) >= share
    return weigh(tape, x, kept.astype(x.value.dtype) / x.value.dtype.type(1 - share))


def scattered(pieces: Array, index: Array, table: Array) -> Array:
    """Zeros like `table` with `pieces` added to the rows named by `index`, one each.

    Equal indices are summed over sorted runs: `np.add.at` takes six times as long.
    """
    whole = np.zeros_like(table)
    flat = index.ravel()
    pieces = pieces.reshape(len(flat), *table.shape[1:])
    order = np.argsort(flat, kind="stable")
    rows, starts = np.unique(flat[order], return_index=True)
    if len(rows) == len(flat):
        whole[flat] = pieces
    else:
        whole[rows] = np.add.reduceat(pieces[order], starts, axis=0)
    return whole


def lookup(tape: Tape, table: Tensor, index: Array) -> Tensor:
    """Rows of a table by integer index of any shape."""
    return tape.note(
        table.value[index], (table,), lambda grad: (scattered(grad, index, table.value),)
    )


def pick(tape: Tape, x: Tensor, at: tuple[Array, ...]) -> Tensor:
    """The entries at some places, none of them twice."""

    def backward(grad: Array) -> tuple[Array]:
        whole = np.zeros_like(x.value)
        whole[at] = grad
        return (whole,)

    return tape.note(x.value[at], (x,), backward)


def concatenate(tape: Tape, parts: list[Tensor], axis: int) -> Tensor:
    """Join along an axis."""
    cuts = np.cumsum([part.shape[axis] for part in parts])[:-1]
    return tape.note(
        np.concatenate([part.value for part in parts], axis),
        parts,
        lambda grad: np.split(grad, cuts, axis),
    )


def reshape(tape: Tape, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The same numbers in another shape."""
    return tape.note(x.value.reshape(shape), (x,), lambda grad: (grad.reshape(x.shape),))


def total(tape: Tape, x: Tensor) -> Tensor:
    """The sum over axis 1, kept as size 1."""
    return tape.note(
        x.value.sum(1, keepdims=True), (x,), lambda grad: (np.broadcast_to(grad, x.shape),)
    )


def rectify(tape: Tape, x: Tensor) -> Tensor:
    """Negative values become 0."""
    return tape.note(np.maximum(x.value, 0), (x,), lambda grad: (grad * (x.value > 0),))


def modulate(tape: Tape, x: Tensor, scale_and_shift: Tensor) -> Tensor:
    """FiLM: `x·(1 + scale) + shift`, both halves of the second input (Perez et al., 2018)."""
    half = x.shape[-1]
    scale, shift = scale_and_shift.value[..., :half], scale_and_shift.value[..., half:]

    def backward(grad: Array) -> tuple[Array, Array]:
        both = np.concatenate([grad * x.value, grad], -1)
        return grad * (1 + scale), _unbroadcast(both, scale_and_shift.shape)

    return tape.note(x.value * (1 + scale) + shift, (x, scale_and_shift), backward)


def _heads(x: Array, heads: int) -> Array:
    """(batch, length, width) as (batch, heads, length, width / heads)."""
    batch, length, width = x.shape
    return x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)


def _merged(x: Array) -> Array:
    """The inverse of `_heads`."""
    batch, heads, length, width = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * width)


def attend(
    tape: Tape, query: Tensor, key: Tensor, value: Tensor, *, heads: int, hidden: Array
) -> Tensor:
    """Scaled dot-product attention.

    `hidden`, broadcast to (batch, heads, query, key), is true where a query must not look.
    """
    q, k, v = (_heads(x.value, heads) for x in (query, key, value))
    root = np.asarray(1 / math.sqrt(q.shape[-1]), q.dtype)
    scores = (q * root) @ k.swapaxes(-1, -2)
    np.copyto(scores, -np.inf, where=hidden)
    scores -= scores.max(-1, keepdims=True)
    np.maximum(scores, FAINT, out=scores)
    share = np.exp(scores, out=scores)
    np.copyto(share, 0, where=hidden)
    share /= share.sum(-1, keepdims=True)

    def backward(grad: Array) -> tuple[Array, Array, Array]:
        split = _heads(grad, heads)
        flow = split @ v.swapaxes(-1, -2)
        flow -= (flow * share).sum(-1, keepdims=True)
        flow *= share
        flow *= root
        return (
            _merged(flow @ k),
            _merged(flow.swapaxes(-1, -2) @ q),
            _merged(share.swapaxes(-1, -2) @ split),
        )

    return tape.note(_merged(share @ v), (query, key, value), backward)


def compare(tape: Tape, query: Tensor, key: Tensor) -> Tensor:
    """Scaled products of every query with every key: (count, queries, keys)."""
    root = np.asarray(1 / math.sqrt(query.shape[-1]), query.value.dtype)
    return tape.note(
        (query.value * root) @ key.value.swapaxes(-1, -2),
        (query, key),
        lambda grad: ((grad * root) @ key.value, (grad * root).swapaxes(-1, -2) @ query.value),
    )


def split(tape: Tape, x: Tensor, parts: int) -> list[Tensor]:
    """Cut the last axis into equal parts."""
    width = x.shape[-1] // parts

    def part(at: int) -> Tensor:
        cut = slice(at * width, (at + 1) * width)

        def backward(grad: Array) -> tuple[Array]:
            whole = np.zeros_like(x.value)
            whole[..., cut] = grad
            return (whole,)

        return tape.note(x.value[..., cut], (x,), backward)

    return [part(at) for at in range(parts)]


def cross_entropy(tape: Tape, logits: Tensor, targets: Array, over: int) -> tuple[Tensor, int]:
    """Negative log-likelihood in nats, summed over the targets and divided by `over`.

    targets is (count, length); where it is 0 nothing counts. Also answers how many of the counted
    have the largest logit.
    """
    counted = targets > 0
    right, rows = targets[counted], np.arange(int(counted.sum()))
    kept = logits.value[counted]
    kept -= kept.max(-1, keepdims=True, initial=-np.inf)
    hits = int((kept.argmax(-1) == right).sum())
    chosen = kept[rows, right]
    share = np.exp(np.maximum(kept, FAINT))
    mass = share.sum(-1, keepdims=True)
    loss = np.asarray((np.log(mass[:, 0]) - chosen).sum() / over, kept.dtype)

    def backward(grad: Array) -> tuple[Array]:
        slope = share / mass
        slope[rows, right] -= 1
        slope *= grad / kept.dtype.type(over)
        whole = np.zeros_like(logits.value)
        whole[counted] = slope
        return (whole,)

    return tape.note(loss, (logits,), backward), hits
