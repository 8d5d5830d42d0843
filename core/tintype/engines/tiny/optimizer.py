"""AdamW, warm-up and cosine.

Loshchilov and Hutter, 2019, "Decoupled weight decay regularization". Everything works on the flat
array of all weights.
"""

import math

import numpy as np

from tintype.engines.tiny.parameters import ParameterSet
from tintype.engines.tiny.tape import Array

BASE_RATE = 1.5e-3
"""What `learning_rate_multiplier` multiplies."""
WARM_UP_STEPS = 40
FLOOR = 0.02
"""The last step's share of the full rate."""
_FIRST, _SECOND, _DECAY, _EPSILON = 0.9, 0.98, 0.05, 1e-8
_MAX_NORM = 1.0


def learning_rate(step: int, total: int, multiplier: float) -> float:
    """The rate of a step (from 1): a straight rise, then half a cosine down to FLOOR."""
    rise = min(1.0, step / min(WARM_UP_STEPS, max(1, total // 10)))
    fall = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / total))
    return BASE_RATE * multiplier * rise * fall


class AdamW:
    """The moments of every weight's gradient."""

    def __init__(self, size: int) -> None:
        self.first: Array = np.zeros(size, np.float32)
        self.second: Array = np.zeros(size, np.float32)
        self.updates = 0

    def update(self, weights: ParameterSet, rate: float) -> float:
        """Move the weights against their gradients, clipped to norm 1; answers the norm before.

        Gradients that are not finite are not followed.
        """
        grads = weights.grads
        norm = math.sqrt(float(np.dot(grads, grads)))
        if not math.isfinite(norm):
            return norm
        self.updates += 1
        grads *= np.float32(min(1.0, _MAX_NORM / (norm + 1e-6)))
        _approach(self.first, grads, 1 - _FIRST)
        _approach(self.second, grads * grads, 1 - _SECOND)
        step = np.sqrt(self.second / np.float32(1 - _SECOND**self.updates))
        step += np.float32(_EPSILON)
        np.divide(self.first, step, out=step)
        step *= np.float32(rate / (1 - _FIRST**self.updates))
        weights.values -= weights.values * (weights.decayed * np.float32(rate * _DECAY))
        weights.values -= step
        return norm


def _approach(mean: Array, value: Array, share: float) -> None:
    """An exponential mean, kept out of the denormals that it would otherwise decay into."""
    mean *= np.float32(1 - share)
    mean += np.float32(share) * value
    mean[np.abs(mean) < np.float32(1e-25)] = 0
