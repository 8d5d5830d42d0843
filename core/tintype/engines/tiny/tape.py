"""Automatic differentiation: values, and a tape of how gradients flow back through them.

An operation computes its value at once and, while the tape records, leaves behind a function that
turns the gradient of its result into gradients of its inputs. `Tape.backward` plays the functions
in reverse. That is all a model of this size needs, and it keeps every layer testable against
finite differences in double precision.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Backward = Callable[[Array], Sequence[Array | None]]


class Tensor:
    """A value and, after `Tape.backward`, its gradient."""

    __slots__ = ("grad", "owns_grad", "value", "wants_grad")

    def __init__(self, value: Array, *, grad: Array | None = None, wants_grad: bool = True) -> None:
        self.value = value
        self.grad = grad
        self.owns_grad = grad is not None
        """Whether `grad` is a buffer to add to in place (a parameter's). Gradients of activations
        may be shared between tensors and are therefore never changed in place."""
        self.wants_grad = wants_grad
        """False for data: no gradient is computed for it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value."""
        return self.value.shape

    def receive(self, grad: Array) -> None:
        """Add to the gradient."""
        if not self.wants_grad:
            return
        if self.grad is None:
            self.grad = grad
        elif self.owns_grad:
            self.grad += grad
        else:
            self.grad = self.grad + grad


def constant(value: Array) -> Tensor:
    """Data: takes part, but nothing flows back into it."""
    return Tensor(value, wants_grad=False)


class Tape:
    """What was computed, in order.

    `rng` is the source of dropout; a tape without one does not record and drops nothing, which is
    how answers are made.
    """

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self.rng = rng
        self._played: list[tuple[Tensor, Sequence[Tensor], Backward]] = []

    @property
    def recording(self) -> bool:
        """Whether anything is kept for `backward`."""
        return self.rng is not None

    def note(self, value: Array, inputs: Sequence[Tensor], backward: Backward) -> Tensor:
        """Make the tensor of an operation's result; `backward` answers one gradient per input."""
        result = Tensor(value, wants_grad=any(tensor.wants_grad for tensor in inputs))
        if self.recording and result.wants_grad:
            self._played.append((result, inputs, backward))
        return result

    def backward(self, result: Tensor) -> None:
        """Let the gradient of a scalar flow back to every parameter, and forget the tape."""
        result.grad = np.ones_like(result.value)
        while self._played:
            tensor, inputs, backward = self._played.pop()
            if tensor.grad is None:
                continue
            for source, grad in zip(inputs, backward(tensor.grad), strict=True):
                if grad is not None:
                    source.receive(grad)
            tensor.grad = None
