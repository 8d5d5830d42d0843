"""Named weights that are views of one flat array.

The optimiser, clipping, states and checkpoints work on the flat array; layers take the tensors by
name. Gradients are laid out alike.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tintype.engines.tiny.tape import Array, Tensor


@dataclass(frozen=True, slots=True)
class Weight:
    """The shape of one parameter and how it begins."""

    shape: tuple[int, ...]
    spread: float | None = None
    """Standard deviation at the beginning; none: 0.577 / √(inputs), as a uniform distribution over
    ±1/√(inputs) has (halving it or doubling it learnt worse)."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class ParameterSet:
    """The weights of a model and their gradients."""

    def __init__(self, layout: Mapping[str, Weight], dtype: npt.DTypeLike = np.float32) -> None:
        size = sum(weight.size for weight in layout.values())
        self.values: Array = np.zeros(size, dtype)
        self.grads: Array = np.zeros(size, dtype)
        self.decayed: Array = np.zeros(size, np.bool_)
        """Where weight decay applies: on matrices, not on biases and gains."""
        self._layout = dict(layout)
        self._tensors: dict[str, Tensor] = {}
        start = 0
        for name, weight in layout.items():
            cut = slice(start, start + weight.size)
            start = cut.stop
            value, grad = (flat[cut].reshape(weight.shape) for flat in (self.values, self.grads))
            self._tensors[name] = Tensor(value, grad=grad)
            self.decayed[cut] = len(weight.shape) > 1

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def names(self) -> tuple[str, ...]:
        """All names, in the order of the flat array."""
        return tuple(self._layout)

    def draw(self, rng: np.random.Generator) -> None:
        """Start again from random weights."""
        for name, weight in self._layout.items():
            inputs = math.prod(weight.shape[:-1])
            spread = 0.577 / math.sqrt(inputs) if weight.spread is None else weight.spread
            if spread:
                self._tensors[name].value[...] = spread * rng.standard_normal(weight.shape)
