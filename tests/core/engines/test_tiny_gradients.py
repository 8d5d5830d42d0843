"""Every gradient against finite differences, in double precision."""

from collections.abc import Callable

import numpy as np
import pytest

from tintype.engines.tiny import layers, pointing
from tintype.engines.tiny.layout import NEIGHBOURHOOD, Shape
from tintype.engines.tiny.model import Batch, TinyModel
from tintype.engines.tiny.proposals import BoxRuns, Fit, Proposals, centres
from tintype.engines.tiny.tape import Array, Tape, Tensor
from tintype.engines.tiny.tokenizer import AnswerTokens, PromptWords

STEP = 1e-6


def numerical(compute: Callable[[], float], value: Array, at: tuple[int, ...]) -> float:
    """Slope of `compute` along one entry of `value`."""
    kept = value[at]
    value[at] = kept + STEP
    above = compute()
    value[at] = kept - STEP
    below = compute()
    value[at] = kept
    return (above - below) / (2 * STEP)


def agree(function: Callable[..., Tensor], *inputs: Tensor, checked: int = 25) -> None:
    """Check the gradient of a weighted sum of the result for every input."""
    rng = np.random.default_rng(1)
    weights = rng.standard_normal(function(Tape(rng), *inputs).shape)

    def compute() -> float:
        return float((function(Tape(np.random.default_rng(2)), *inputs).value * weights).sum())

    tape = Tape(np.random.default_rng(2))
    result = function(tape, *inputs)
    tape.backward(
        layers.total(tape, layers.reshape(tape, layers.weigh(tape, result, weights), (1, -1)))
    )
    for tensor in inputs:
        assert tensor.grad is not None
        grad, tensor.grad = tensor.grad, None
        assert grad.shape == tensor.shape
        for flat in rng.permutation(tensor.value.size)[:checked]:
            at = np.unravel_index(flat, tensor.shape)
            assert grad[at] == pytest.approx(
                numerical(compute, tensor.value, at), rel=1e-5, abs=1e-7
            )


def normal(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng((seed, *shape)).standard_normal(shape))


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (layers.add, (normal(3, 4, 5), normal(4, 1))),
        (lambda tape, x: layers.weigh(tape, x, np.arange(4.0)), (normal(3, 4),)),
        (layers.linear, (normal(2, 3, 4), normal(4, 5), normal(5))),
        (layers.linear, (normal(2, 3, 4), normal(4, 5))),
        (
            lambda tape, *x: layers.convolve(tape, *x, kernel=4, stride=2, padding=1),
            (normal(2, 6, 6, 3), normal(48, 5), normal(5)),
        ),
        (
            lambda tape, *x: layers.convolve(tape, *x, kernel=3, stride=1, padding=1),
            (normal(2, 4, 4, 3), normal(27, 5), normal(5)),
        ),
        (layers.gelu, (normal(3, 4),)),
        (layers.layer_norm, (normal(3, 4), normal(4))),
        (lambda tape, x: layers.dropout(tape, x, 0.3), (normal(5, 6),)),
        (
            lambda tape, x: layers.lookup(tape, x, np.asarray([[0, 2], [2, 2]])),
            (normal(4, 3),),
        ),
        (
            lambda tape, x: layers.pick(tape, x, (np.asarray([0, 2]), np.asarray([1, 1]))),
            (normal(3, 2, 4),),
        ),
        (
            lambda tape, *x: layers.concatenate(tape, list(x), 1),
            (normal(2, 3, 4), normal(2, 1, 4)),
        ),
        (lambda tape, x: layers.reshape(tape, x, (4, 3)), (normal(2, 6),)),
        (layers.total, (normal(2, 3, 4),)),
        (layers.rectify, (normal(3, 4),)),
        (layers.modulate, (normal(2, 3, 4), normal(2, 1, 8))),
        (
            lambda tape, *x: layers.attend(tape, *x, heads=2, hidden=np.tri(3, 5, k=1) == 0),
            (normal(2, 3, 4), normal(2, 5, 4, seed=1), normal(2, 5, 4, seed=2)),
        ),
        (layers.compare, (normal(2, 3, 4), normal(2, 5, 4))),
        (lambda tape, x: layers.add(tape, *layers.split(tape, x, 2)), (normal(2, 3, 4),)),
        (
            lambda tape, x: layers.cross_entropy(tape, x, np.asarray([[1, 0], [3, 2]]), 7)[0],
            (normal(2, 2, 4),),
        ),
    ],
)
def test_the_gradient_of_every_layer_is_its_slope(
    function: Callable[..., Tensor], inputs: tuple[Tensor, ...]
) -> None:
    agree(function, *inputs)


def answers() -> tuple[Array, int]:
    """Two answers of two boxes and of one and a half, in tokens of which 10 is the first place."""
    first = 10
    tokens = np.zeros((2, 12), int)
    tokens[0] = [first + place for place in (100, 300, 500, 640, 120, 310, 520, 660)] + [3, 4, 2, 0]
    tokens[1] = [5, *(first + place for place in (700, 10, 1000, 400)), 4, 610, 720, 2, 0, 0, 0]
    return tokens, first


def fitted() -> tuple[BoxRuns, Tensor, Callable[[], Fit]]:
    tokens, first = answers()
    boxes = BoxRuns.of(tokens, first, np.asarray([True, True]))
    box = Tensor(normal(2, 9, 8).value * 0.7)
    hidden = np.zeros((2, 9), bool)
    hidden[1, 7:] = True
    return boxes, box, lambda: Fit.of(Proposals(normal(2, 9, 4), box, centres(3, 1), hidden), boxes)


def test_boxes_are_runs_of_four_positions() -> None:
    tokens, first = answers()
    boxes = BoxRuns.of(tokens, first, np.asarray([True, True]))
    assert boxes.example.tolist() == [0, 0, 1, 1]
    assert boxes.start.tolist() == [0, 4, 1, 6]
    assert boxes.value[2].tolist() == [700, 10, 1000, 400]
    assert boxes.known[3].tolist() == [True, True, False, False]
    assert boxes.earlier.tolist() == [
        [False] * 4,
        [True, False, False, False],
        [False] * 4,
        [False, False, True, False],
    ]
    assert boxes.corner.tolist() == [[0, 0], [100, 300], [0, 0], [700, 10]]
    assert not len(BoxRuns.of(tokens, first, np.asarray([False, False])).start)


def test_the_gradient_of_the_weights_of_cells_is_their_slope() -> None:
    _, box, fit = fitted()

    def weights(tape: Tape, box: Tensor, looks: Tensor, order: Tensor, cover: Tensor) -> Tensor:
        made = pointing.weights(tape, fit(), looks, order, cover)
        return layers.pick(tape, made, np.nonzero(np.isfinite(made.value)))

    agree(weights, box, normal(4, 9), normal(4, 2 * NEIGHBOURHOOD), normal(1), checked=80)


def test_the_gradient_of_a_mixture_of_proposals_is_its_slope() -> None:
    _, box, fit = fitted()
    agree(
        lambda tape, box, weight: pointing.mixture(tape, fit(), weight),
        box,
        normal(4, 9),
        checked=80,
    )


def test_the_gradient_of_pointed_cross_entropy_is_its_slope() -> None:
    tokens, _ = answers()
    boxes, _, _ = fitted()
    targets = np.minimum(tokens, 19)
    agree(
        lambda tape, logits, pointed: pointing.cross_entropy(
            tape, logits, pointed, boxes, targets, 20
        )[0],
        normal(2, 12, 21),
        normal(4, 4),
        checked=80,
    )


def test_a_mixture_is_the_chain_rule_of_its_whole() -> None:
    _, _, fit = fitted()
    weight = normal(4, 9)
    steps = pointing.mixture(Tape(), fit(), weight).value
    at_once = pointing.log_sum(weight.value + fit().like.sum(-1)) - pointing.log_sum(weight.value)
    assert steps.sum(-1) == pytest.approx(at_once)


def model_and_batch(answer: str) -> tuple[TinyModel, Batch, Array, Array]:
    """A small model in double precision with three examples: two images, one, and none."""
    words = PromptWords(("where", "what"), ())
    tokens = AnswerTokens.learn([answer])
    shape = Shape(size_px=32, width=8, heads=2, blocks=2, context=16, prompt_words=4)
    model = TinyModel(shape, tokens, words, dropout=0.2, dtype=np.float64)
    rng = np.random.default_rng(4)
    model.weights.draw(rng)
    model.weights.values += 0.05 * rng.standard_normal(model.weights.values.shape)
    batch = Batch(
        rng.standard_normal((2, 8, 8, 15)),
        np.asarray([[0, 1], [1, -1], [-1, -1]]),
        np.asarray([[65, 66, 67], [65, 67, 0], [65, 3, 0]]),
        np.asarray([[0, 0.7, 0.7], [0, 1, 0], [0, 1, 0]]),
    )
    target = np.asarray([*tokens.encode(answer), 2])
    targets = np.stack([target, target, target])
    targets[1, -3:] = 0
    inputs = np.concatenate([np.ones((3, 1), int), targets[:, :-1]], 1)
    return model, batch, inputs, targets


@pytest.mark.parametrize(
    "answer",
    [
        "two circles",
        "<loc0100><loc0300><loc0500><loc0900> cell ; <loc0200><loc0350><loc0550><loc1023>",
    ],
)
def test_the_gradient_of_every_weight_of_the_model_is_its_slope(answer: str) -> None:
    model, batch, inputs, targets = model_and_batch(answer)
    over = int((targets > 0).sum())

    def compute() -> float:
        tape = Tape(np.random.default_rng(3))
        return float(model.loss(tape, batch, inputs, targets, over)[0].value)

    tape = Tape(np.random.default_rng(3))
    tape.backward(model.loss(tape, batch, inputs, targets, over)[0])
    rng = np.random.default_rng(5)
    for name in model.weights.names():
        tensor = model.weights[name]
        assert tensor.grad is not None
        large = np.argsort(-np.abs(tensor.grad), axis=None)[:3]
        for flat in {*large.tolist(), *rng.integers(0, tensor.value.size, 2).tolist()}:
            at = np.unravel_index(flat, tensor.shape)
            slope = numerical(compute, tensor.value, at)
            assert tensor.grad[at] == pytest.approx(slope, rel=1e-4, abs=1e-8), name


def test_every_weight_takes_part() -> None:
    answer = "<loc0100><loc0300><loc0500><loc0900> cell ; <loc0200><loc0350><loc0550><loc1023> x"
    model, batch, inputs, targets = model_and_batch(answer)
    tape = Tape(np.random.default_rng(3))
    tape.backward(model.loss(tape, batch, inputs, targets, 10)[0])
    for name in model.weights.names():
        grad = model.weights[name].grad
        assert grad is not None
        assert np.abs(grad).max() > 0, name


def test_gradients_of_portions_add_up_to_that_of_the_whole() -> None:
    model, batch, inputs, targets = model_and_batch("a <loc0100><loc0300><loc0500><loc0900> b")
    model.dropout = 0
    over = int((targets > 0).sum())
    tape = Tape(np.random.default_rng(0))
    tape.backward(model.loss(tape, batch, inputs, targets, over)[0])
    whole, model.weights.grads[:] = model.weights.grads.copy(), 0
    for row in range(3):
        cut = slice(row, row + 1)
        part = Batch(batch.channels, batch.images[cut], batch.words[cut], batch.asked[cut])
        tape.backward(model.loss(tape, part, inputs[cut], targets[cut], over)[0])
    assert model.weights.grads == pytest.approx(whole, abs=1e-12)
